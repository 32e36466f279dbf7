import pytest

from mesh.manifests import Fault
from stores.snapshots import Difference, Signature, Snapshot, difference

ONE, TWO = Signature(1, 1, 1, 1), Signature(2, 2, 2, 2)
DARK = Fault("dark", 0, "cannot be listed")


@pytest.mark.parametrize(
    ("known", "now", "expected"),
    [
        ({}, Snapshot(), Difference({}, (), {})),
        ({}, Snapshot({"a": ONE}), Difference({"a": ONE}, (), {})),
        ({"a": ONE}, Snapshot({"a": ONE}), Difference({}, (), {})),
        ({"a": ONE}, Snapshot({"a": TWO}), Difference({"a": TWO}, (), {})),
        ({"a": ONE, "b": ONE}, Snapshot({"b": ONE}), Difference({}, ("a",), {})),
        ({"a": ONE}, Snapshot(broken={"a": DARK}), Difference({}, (), {"a": DARK})),
        ({}, Snapshot(broken={"a": DARK}), Difference({}, (), {})),
        ({"a": ONE, "d/b": ONE}, Snapshot({"a": ONE}, hidden={"d": DARK}), Difference({}, (), {"d/b": DARK})),
        ({"da": ONE, "d/b": ONE}, Snapshot(hidden={"d": DARK}), Difference({}, ("da",), {"d/b": DARK})),
        ({"a": ONE, "d/b": ONE}, Snapshot(hidden={"": DARK}), Difference({}, (), {"a": DARK, "d/b": DARK})),
    ],
)
def test_two_looks_differ_in_what_changed_went_or_went_dark(known, now, expected):
    assert difference(known, now) == expected
