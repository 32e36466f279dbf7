"""What the principal's events do to the store: changes that the store applies to what it holds at that moment.

Each one notes what it makes of the object while it does so. The watch that reports the change may be heard before the
write has returned, and must find nothing to repair.
"""

from collections.abc import Mapping
from typing import Any, Final

from agent.applications import (
    PRINCIPAL_UID,
    Decision,
    Incoming,
    Reference,
    annotation,
    decide,
    fingerprint,
    merged,
    source_uid,
)
from stores.model import ObjectKey

ABSENT: Final = b"absent"
"""Stands for the fingerprint of an object that we deleted."""


class Expectations:
    """What the objects that this process has written should look like: a fingerprint each, or ABSENT."""

    def __init__(self) -> None:
        self._states: dict[ObjectKey, bytes] = {}

    def set(self, key: ObjectKey, state: bytes) -> None:
        """An object is about to be written, or (ABSENT) deleted."""
        self._states[key] = state

    def forget(self, key: ObjectKey) -> None:
        """What was expected has been seen, and nothing more is: the object is gone."""
        self._states.pop(key, None)

    def get(self, key: ObjectKey) -> bytes | None:
        """What is expected under that key; None when this process has not written there."""
        return self._states.get(key)

    def ours(self, key: ObjectKey) -> bool:
        """Whether this process has stored the principal's object under that key."""
        return self._states.get(key, ABSENT) != ABSENT


class Upsert:
    """A change of the store: an Application as the principal has it. Called by the store with what is there now."""

    def __init__(self, expectations: Expectations, key: ObjectKey, incoming: Incoming, *, create: bool) -> None:
        self.key = key
        self.incoming = incoming
        self.decision: Decision | None = None
        self._expectations = expectations
        self._create = create

    def __call__(self, current: dict[str, Any] | None) -> dict[str, Any] | None:
        """The object as it shall be; None when what is there has to go first."""
        ours = self._expectations.ours(self.key)
        self.decision = decide(current, self.incoming, create=self._create, ours=ours)
        if self.decision is Decision.REFUSE:
            return current
        if self.decision is Decision.RECREATE:
            self._expectations.set(self.key, ABSENT)
            return None
        result = merged(current, self.incoming, namespace=self.key.namespace)
        self._expectations.set(self.key, fingerprint(result))
        return result


class Removal:
    """A change of the store: an Application that the principal deleted.

    A principal whose uid is not the one that the object came from does not delete it: one that was started over an
    empty folder knows nothing of what it never held, and would clear every cluster.
    """

    def __init__(self, expectations: Expectations, key: ObjectKey, reference: Reference, *, principal_uid: str) -> None:
        self.key = key
        self.reference = reference
        self.stranger = ""
        """Uid of the principal that the object is from, when it is another one's."""
        self.found = ""
        """Source uid of the object that is there; empty when it is nobody's copy."""
        self.present = False
        self.removed: Mapping[str, Any] | None = None
        self._expectations = expectations
        self._principal_uid = principal_uid

    def __call__(self, current: dict[str, Any] | None) -> dict[str, Any] | None:
        """None if the object is the principal's and the one that is meant, else what is there."""
        self.present = current is not None
        owner = annotation(current, PRINCIPAL_UID) if current is not None else ""
        self.stranger = owner if owner and self._principal_uid and owner != self._principal_uid else ""
        if self.stranger:
            return current
        self.found = source_uid(current) if current is not None else ""
        if current is None or not self.found or self.found != self.reference.uid:
            return current
        self._expectations.set(self.key, ABSENT)
        self.removed = current
        return None


Write = Upsert | Removal
