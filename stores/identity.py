"""The identity of a directory store: a UUID in a file of its own, made once."""

import os
import uuid
from pathlib import Path
from typing import Final

from stores.atomic import put_new, sync_folder
from stores.files import read_file, why
from stores.model import StoreError

FOLDER: Final = ".meshtether"
"""Where the store keeps what is its own; hidden, so no manifest is looked for there."""

FILE: Final = "principal-uid"
"""The file that holds the UUID, and a line break."""


def load_identity(root: Path) -> str | None:
    """Return the identity kept below `root`; None when there is none yet; StoreError when it cannot be read."""
    path = root / FOLDER / FILE
    try:
        text = read_file(path).data.decode("ascii", "replace").strip()
        return str(uuid.UUID(text))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {why(error)}", retryable=True) from error
    except ValueError:
        raise StoreError(f"{path}: holds no UUID; delete it to have a new one made", retryable=False) from None


def make_identity(root: Path) -> str:
    """Make an identity and keep it below `root`, in one step; return what is kept there then; OSError, StoreError."""
    folder = root / FOLDER
    folder.mkdir(exist_ok=True)
    identity = str(uuid.uuid4())
    part = folder / f".{FILE}.{identity}"
    with part.open("w", encoding="ascii") as file:
        file.write(f"{identity}\n")
        file.flush()
        os.fsync(file.fileno())
    made = put_new(part, folder / FILE)
    sync_folder(folder)
    sync_folder(root)
    return identity if made else load_identity(root) or identity


def fixed_identity(root: Path) -> str:
    """Return the identity of a root that cannot be written: made of its real path, so the same after every restart."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, root.resolve().as_uri()))
