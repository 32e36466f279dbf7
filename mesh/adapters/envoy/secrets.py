"""Files in which Envoys look up their certificates: whether what is asked for is there, and is renewed."""

from collections.abc import Iterator, Sequence

from mesh.adapters.common.embedded import lifting
from mesh.adapters.envoy.bootstraps import Bootstrap, secrets
from mesh.adapters.envoy.facts import TYPE, TYPES
from mesh.adapters.envoy.fields import begun, get, items
from mesh.adapters.envoy.identities import watched
from mesh.bundle import Field
from mesh.findings import Document, Finding
from mesh.foreign import is_secret_file


def checked(files: Sequence[Document], bootstraps: Sequence[Bootstrap]) -> Iterator[Finding]:
    """MT1317 and MT1318: secrets that are read once, or that nobody asks for by their name."""
    found = list(secrets(files))
    yield from _untyped(files)
    for secret in found:
        yield from watched(secret)
    names = {get(each, "name").text for each in found}
    for bootstrap in bootstraps:
        for asked in _asked(bootstrap):
            if found and asked.text not in names:
                known = ", ".join(sorted(filter(None, names))) or "none"
                message = f"{begun(bootstrap.node)} asks for the secret {asked.shown}; the files have {known}."
                yield lifting(bootstrap.root)(asked.finding("MT1318", message))


def _untyped(files: Sequence[Document]) -> Iterator[Finding]:
    """MT1302: resources whose type Envoy cannot resolve."""
    for file in files:
        for resource in items(Field.root(file), "resources") if is_secret_file(file.data) else ():
            at = resource.at(TYPE)
            if not (at.text or "").startswith(TYPES):
                yield at.finding("MT1302", f"@type is {at.shown}; accepted: {TYPES} and a type's name.")


def _asked(bootstrap: Bootstrap) -> Iterator[Field]:
    """The names of the secrets that a bootstrap asks for."""
    for tls in bootstrap.contexts:
        for config in items(tls, "common_tls_context", "tls_certificate_sds_secret_configs"):
            yield get(config, "name")
