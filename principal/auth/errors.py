"""How a caller is refused, and how a file that decides about callers is."""

from mesh.identity.errors import IdentityError


class RefusedError(IdentityError):
    """A caller is not believed; `rule` names what was broken, the message says what would be accepted."""


class FileError(Exception):
    """A file can't be used; the message names it, what is wrong with it, and what was expected."""
