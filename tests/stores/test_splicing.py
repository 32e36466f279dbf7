import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesh.manifests import write_document, write_inline
from stores import splicing
from stores.content import content_of
from stores.editing import DeclinedError, edit_text
from stores.model import StoreError
from stores.splicing import Place, remove_object, replace_objects
from stores.values import copy_of
from tests.stores.samples import app, key


def edited(text, change, wanted=None):
    """Return `text` with the object `wanted` changed by `change`."""
    content = content_of(text, "f.yaml")
    found = content.objects[wanted or key()]
    data = copy_of(found.data)
    change(data)
    after = replace_objects(content, {Place.of(found.manifest): data})
    assert after.objects[wanted or key()].data == data
    return after.text


def removed(text, wanted=None):
    content = content_of(text, "f.yaml")
    after = remove_object(content, Place.of(content.objects[wanted or key()].manifest))
    return None if after is None else after.text


def set_status(data):
    data["status"] = {"sync": {"status": "Synced", "revision": "1e3"}, "note": "yes"}


STATUS = 'status:\n  sync:\n    status: Synced\n    revision: "1e3"\n  note: "yes"\n'


def test_a_new_status_is_added_and_every_other_byte_stays():
    text = app(more="  # inside\n\n  source: {repoURL:   'x' }  # odd\n# tail\n")
    assert edited(text, set_status) == text.replace("# odd\n", "# odd\n" + STATUS)


def test_a_changed_status_is_written_in_its_place():
    text = app(more="status:\n  sync:\n    status: OutOfSync   # now\n    revision: abc\n# after\nother: 1\n")
    assert edited(text, set_status) == text.replace("OutOfSync", "Synced").replace(
        "revision: abc", 'revision: "1e3"'
    ).replace("# after", '  note: "yes"\n# after')


def test_a_removed_field_takes_only_its_lines():
    text = app(more="  one: 1 # c\n  two:\n  - a\n  # between\n  three: 3\n")
    assert edited(text, lambda data: data["spec"].pop("two")) == text.replace("  two:\n  - a\n", "")
    assert edited(text, lambda data: data["spec"].pop("three")) == text.replace("  three: 3\n", "")


def test_the_other_documents_stay_byte_for_byte():
    other = "---\n#   odd\na:   [1,2 ]\nkind: X\napiVersion: v1\n"
    text = f"{other}---\n{app()}...\n{other}"
    assert edited(text, set_status) == f"{other}---\n{app()}{STATUS}...\n{other}"


def test_windows_line_breaks_stay():
    text = app().replace("\n", "\r\n")
    assert edited(text, set_status) == (app() + STATUS).replace("\n", "\r\n")


def test_a_file_without_a_last_line_break_stays_one():
    assert edited(app().rstrip("\n"), set_status) == (app() + STATUS).rstrip("\n")


def test_a_list_is_changed_item_by_item():
    text = app(more="  list:\n    - name: a # keep\n      value: '1'\n    - b\n")

    def change(data):
        data["spec"]["list"][0]["value"] = "2"
        data["spec"]["list"][1] = True

    assert edited(text, change) == text.replace("'1'", '"2"').replace("- b", "- true")


def test_a_list_of_another_length_is_written_anew():
    text = app(more="  list:\n    - a # lost\n  after: 1 # kept\n")
    assert edited(text, lambda data: data["spec"]["list"].append("b")) == text.replace(
        "    - a # lost\n", "  - a\n  - b\n"
    )


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ("{a: 1,  b: 2}", lambda d: d.update(a=5), "{a: 5,  b: 2}"),
        ("{a: 1,  b: 2}", lambda d: d.update(c="x, y"), "{a: 1,  b: 2, c: 'x, y'}"),
        ("{a: 1,  b: 2}", lambda d: d.pop("a"), "{b: 2}"),
        ("{a: 1,  b: 2}", lambda d: d.pop("b"), "{a: 1}"),
        ("{a: {b: 1}}", lambda d: d["a"].update(b="yes"), '{a: {b: "yes"}}'),
        ("{a: [1, 2]}", lambda d: d["a"].append(3), "{a: [1, 2, 3]}"),
        ("{a: [1, {b: 2}]}", lambda d: d["a"][1].update(b=3), "{a: [1, {b: 3}]}"),
        ("{}", lambda d: d.update(a=1), "\n    a: 1"),
    ],
)
def test_braces_stay_braces(before, change, after):
    text = app(more=f"  inner: {before} # c\n")

    def change_inner(data):
        change(data["spec"]["inner"])

    if "\n" in after:
        assert edited(text, change_inner) == text.replace(f"inner: {before} # c", f"inner: # c{after}")
    else:
        assert edited(text, change_inner) == text.replace(f"inner: {before} #", f"inner: {after} #")


def test_a_block_scalar_is_changed_and_what_follows_stays():
    text = app(more="  text: |\n    one\n    two\n\n  after: 1\n")
    assert edited(text, lambda data: data["spec"].update(text="three")) == text.replace(
        "|\n    one\n    two\n", "three\n"
    )
    assert "text: |\n    x\n    y\n" in edited(text, lambda data: data["spec"].update(text="x\ny\n"))


def test_an_empty_value_is_filled_in():
    text = app(more="status:\n")
    assert edited(text, lambda data: data.update(status="x")).endswith("status: x\n")
    assert edited(text, set_status).endswith(STATUS)


ANCHORS = app(more="  base: &base\n    a: 1 # c\n  use:\n    <<: *base\n    own: 1\n")


def test_anchors_are_kept_where_that_is_possible():
    after = edited(ANCHORS, lambda data: data["spec"].update(more=1))
    assert "&base" in after
    assert "<<: *base" in after


def test_a_change_behind_an_anchor_is_right_whatever_it_takes():
    after = edited(ANCHORS, lambda data: data["spec"]["use"].update(a=2))
    assert content_of(after, "f").objects[key()].data["spec"]["base"] == {"a": 1}


def test_json_stays_json_as_it_was_indented():
    content = content_of(app(), "f")
    data = dict(content.objects[key()].data)
    for indent in (None, 2, 4, "\t"):
        text = json.dumps(data, indent=indent) + "\n"
        after = edited(text, set_status)
        wanted = copy_of(data)
        set_status(wanted)
        assert after == json.dumps(wanted, indent=indent) + "\n"


LIST = """\
apiVersion: v1
kind: List   # of two
items:
- apiVersion: argoproj.io/v1alpha1
  kind: Application
  metadata: {name: one, namespace: agent-a}
# between
- apiVersion: argoproj.io/v1alpha1
  kind: Application
  metadata:
    name: two   # c
    namespace: agent-a
"""


def test_an_item_of_a_list_is_changed_in_its_place():
    after = edited(LIST, lambda data: data.update(status={"a": 1}), key("one"))
    assert after == LIST.replace("# between", "  status:\n    a: 1\n# between")
    after = edited(LIST, lambda data: data["metadata"].update(uid="u"), key("two"))
    assert after == LIST + "    uid: u\n"


def test_an_item_of_a_list_is_removed():
    content = content_of(removed(LIST, key("one")), "f")
    assert list(content.objects) == [key("two")]
    assert removed(content.text, key("two")) is None


def test_an_item_of_a_typed_list_gets_no_kind_of_its_own():
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationList\nitems:\n- metadata: {name: web, namespace: agent-a}\n"
    )
    assert edited(text, lambda data: data.update(status=1)) == f"{text}  status: 1\n"


def test_several_objects_of_a_file_are_changed_at_once():
    content = content_of(app("a") + "---\n" + LIST, "f")
    changes = {}
    for found in content.objects.values():
        data = copy_of(found.data)
        data["metadata"]["uid"] = f"u-{found.key.name}"
        changes[Place.of(found.manifest)] = data
    after = replace_objects(content, changes)
    assert [found.uid for found in after.objects.values()] == ["u-a", "u-one", "u-two"]


OTHER = "---\nkind: X\napiVersion: v1\n"


@pytest.mark.parametrize(
    ("text", "name", "left"),
    [
        (app("a") + "---\n" + app("b"), "b", app("a")),
        (app("a") + "---\n" + app("b"), "a", "---\n" + app("b")),
        ("---\n" + app("a") + "---\n" + app("b") + OTHER, "b", "---\n" + app("a") + OTHER),
        (app("a") + "...\n---\n" + app("b") + "...\n", "b", app("a") + "...\n"),
        (app("a") + "# tail of a\n---\n" + app("b"), "b", app("a") + "# tail of a\n"),
        ("# only this\n" + app("a"), "a", None),
        ("---\n" + app("a") + "---\n", "a", None),
    ],
)  # fmt: skip
def test_a_document_is_removed_with_its_own_mark(text, name, left):
    assert removed(text, key(name)) == left


def test_a_file_with_a_broken_document_is_not_removed():
    text = app("a") + "---\nkind: Application\n"
    assert removed(text, key("a")) == "---\nkind: Application\n"


def test_what_no_way_can_write_is_an_error(monkeypatch):
    monkeypatch.setattr(splicing, "_candidates", lambda *_: iter(["a: 1"]))
    with pytest.raises(StoreError, match="reads back the same"):
        edited(app(), set_status)


SCALARS = (
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "yes", "a", "x: y", "one\ntwo\n", "#", "ä"])
)
KEYS = st.sampled_from(["a", "b", "c", "on", "1", "x y"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=12
)
MAPPINGS = st.dictionaries(KEYS, VALUES, min_size=1, max_size=4)


@settings(max_examples=300)
@given(MAPPINGS, MAPPINGS, st.booleans())
def test_any_document_becomes_any_other(old, new, in_braces):
    text = (f"{write_inline(old)}\n" if in_braces else write_document(old)) + "# end\n"
    after = splicing._rewritten(text, old, new)
    assert after.count("---") == 0
    try:
        edit_text(text, old, new)
    except DeclinedError:
        return
    assert "# end" in after or in_braces
