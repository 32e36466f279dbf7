"""Kubernetes' `url(…)`: what Go's url.ParseRequestURI takes, and its parts."""

import string
import urllib.parse
from dataclasses import dataclass
from typing import Final

from mesh.schema.cel.budget import Budget
from mesh.schema.cel.function import Function, typed
from mesh.schema.cel.readable import is_readable
from mesh.schema.cel.values import CelError

MAX_SHOWN: Final = 100
_LETTERS: Final = frozenset(string.ascii_letters)
_SCHEME: Final = frozenset(string.ascii_letters + string.digits + "+-.")
_DIGITS: Final = frozenset(string.digits)
_HEX: Final = frozenset(string.hexdigits)
_UNRESERVED: Final = frozenset(string.ascii_letters + string.digits + "-_.~")
_HOST: Final = _UNRESERVED | frozenset("!$&'()*+,;=:[]<>\"")
_USER: Final = _UNRESERVED | frozenset("!$&'()*+,;=:%@")
_PATH_KEPT: Final = "/$&+,:;=@!'()*[]%~"


@dataclass(frozen=True, slots=True)
class Url:
    """A URL in its parts."""

    cel_text: str
    scheme: str = ""
    host: str = ""
    """With the port."""
    path: str = ""
    query: str = ""

    @property
    def port(self) -> str:
        """The digits behind the host, or nothing."""
        _, colon, port = self.host.rpartition(":")
        return port if colon and "]" not in port else ""

    @property
    def hostname(self) -> str:
        """The host without port and brackets."""
        host = self.host.removesuffix(f":{self.port}") if self.port else self.host.removesuffix(":")
        return host[1:-1] if host.startswith("[") and host.endswith("]") else host


class UrlError(ValueError):
    """A text that is no URL as Go reads it."""


def read_url(text: str) -> Url:
    """Return the URL `text`; UrlError when Go's url.ParseRequestURI would refuse it."""
    if not text:
        raise UrlError("empty url")
    if any(character < " " or character == "\x7f" for character in text):
        raise UrlError("net/url: invalid control character in URL")
    scheme, rest = _scheme(text)
    rest, _, query = rest.partition("?")
    if not rest.startswith("/"):
        if text == "*":
            return Url(text, path="*")
        if not scheme:
            raise UrlError("invalid URI for request")
        return Url(text, scheme, query=query)
    host = ""
    if scheme and rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        host, rest = _host(authority), slash + path
    _check_escapes(rest)
    return Url(text, scheme, host, rest, query)


def _scheme(text: str) -> tuple[str, str]:
    if text[0] == ":":
        raise UrlError("missing protocol scheme")
    for at, character in enumerate(text):
        if character == ":":
            return text[:at].lower(), text[at + 1 :]
        if character not in (_SCHEME if at else _LETTERS):
            break
    return "", text


def _host(authority: str) -> str:
    user, at, host = authority.rpartition("@")
    if at and not _USER.issuperset(user):
        raise UrlError("net/url: invalid userinfo")
    if host.startswith("["):
        address, bracket, port = host.rpartition("]")
        if not bracket:
            raise UrlError("missing ']' in host")
        host_part = address + bracket
    else:
        name, colon, digits = host.rpartition(":")
        host_part, port = (name, colon + digits) if colon else (host, "")
    if port and (port[0] != ":" or not _DIGITS.issuperset(port[1:])):
        raise UrlError(f'invalid port "{port[:MAX_SHOWN]}" after host')
    _check_escapes(host_part)
    if any(character < "\x80" and character not in _HOST and character != "%" for character in host_part):
        raise UrlError("invalid character in host name")
    return urllib.parse.unquote(host)


def _check_escapes(text: str) -> None:
    at = text.find("%")
    while at >= 0:
        if len(text) < at + 3 or not _HEX.issuperset(text[at + 1 : at + 3]):
            raise UrlError(f'invalid URL escape "{text[at : at + 3]}"')
        at = text.find("%", at + 3)


def _url(budget: Budget, text: str) -> Url:
    budget.spend_length(len(text))
    try:
        return read_url(text)
    except UrlError as error:
        raise CelError(f'URL parse error during conversion from string: parse "{text[:MAX_SHOWN]}": {error}') from None


def _is_url(budget: Budget, text: str) -> bool:
    budget.spend_length(len(text))
    return is_readable(read_url, text)


def _escaped_path(_: Budget, url: Url) -> str:
    return urllib.parse.quote(url.path, safe=_PATH_KEPT)


def _query(budget: Budget, url: Url) -> dict[str, list[str]]:
    budget.spend_length(len(url.query))
    found: dict[str, list[str]] = {}
    for pair in url.query.split("&"):
        if pair and ";" not in pair:
            key, _, value = pair.partition("=")
            found.setdefault(urllib.parse.unquote_plus(key), []).append(urllib.parse.unquote_plus(value))
    return found


GLOBALS: Final[dict[str, Function]] = {"url": typed(_url, str), "isURL": typed(_is_url, str)}
METHODS: Final[dict[str, Function]] = {
    "getScheme": typed(lambda _, url: url.scheme, Url),
    "getHost": typed(lambda _, url: url.host, Url),
    "getHostname": typed(lambda _, url: url.hostname, Url),
    "getPort": typed(lambda _, url: url.port, Url),
    "getEscapedPath": typed(_escaped_path, Url),
    "getQuery": typed(_query, Url),
}
