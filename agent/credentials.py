"""What an agent sends in Authenticate: the credentials map of its method."""

from pathlib import Path
from typing import Final

MAX_FILE: Final = 64 * 1024
"""Bytes of a credentials file that are read: one line is used."""


class CredentialsError(Exception):
    """Credentials that cannot be read; the message names the file and what is accepted."""


def load(method: str, config: str) -> dict[str, str]:
    """The credentials map for a method; empty unless it is `userpass`, whose file is read anew at each login."""
    return _userpass(Path(config)) if method == "userpass" else {}


def _userpass(path: Path) -> dict[str, str]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE)
        first = data.split(b"\n", 1)[0].decode().rstrip("\r")
    except OSError as error:
        raise CredentialsError(f"credentials file {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CredentialsError(f"credentials file {path} is not UTF-8") from error
    name, colon, secret = first.partition(":")
    if not (name and colon and secret):
        raise CredentialsError(f"credentials file {path}: the first line is not `clientid:secret`")
    return {"clientid": name, "clientsecret": secret}
