"""Events for the tests, ready made and generated."""

from hypothesis import strategies as st

from hubproto.events import Event, EventType, Target
from hubproto.vocabulary import is_extension

TYPES = {
    "C": EventType.CREATE,
    "S": EventType.SPEC_UPDATE,
    "T": EventType.STATUS_UPDATE,
    "D": EventType.DELETE,
    "O": EventType.SET_OPERATION,
}
"""The letters by which tests name event types: create, spec-update, status-update, delete, set-operation."""

APPLICATION = {"metadata": {"name": "guestbook", "namespace": "agent-a", "uid": "u1", "resourceVersion": "7"}}


def event(word: str, resource: str = "guestbook_u1") -> Event:
    """`S3` is a spec-update of version 3."""
    return Event(TYPES[word[0]], Target.APPLICATION, resource_id=resource, event_id=f"{resource}_{word[1:]}")


def word(an_event: Event) -> str:
    """The reverse of `event`."""
    letter = next(letter for letter, kind in TYPES.items() if kind == an_event.type)
    return letter + an_event.event_id.rpartition("_")[2]


def words(events: list[Event] | tuple[Event, ...]) -> list[str]:
    return [word(one) for one in events]


any_text = st.text(st.characters() | st.characters(categories=["Cs"]), max_size=10)
"""Text with lone surrogates in it, which JSON can bring and UTF-8 cannot say."""
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
needed = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
extension_names = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=10).filter(is_extension)
events = st.builds(
    Event,
    type=st.sampled_from(EventType) | needed,
    target=st.sampled_from(Target) | needed,
    resource_id=needed,
    event_id=needed,
    data=st.binary(max_size=40),
    subject=texts,
    sent_at=texts,
    principal_uid=texts,
    source=texts,
    extra=st.dictionaries(extension_names, texts, max_size=4).map(lambda extra: tuple(extra.items())),
)
