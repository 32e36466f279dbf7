"""What somebody probably meant: the verifier's own help, for options."""

from mesh.nearest import nearest

__all__ = ["nearest"]
