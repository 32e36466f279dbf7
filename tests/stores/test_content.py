import pytest

from stores.content import read_content
from tests.stores.samples import app, key


def read(text):
    return read_content(text.encode(), "f.yaml")


def test_objects_are_found_with_their_place():
    content = read(app("one") + "---\n" + app("two", uid="u-2"))
    assert list(content.objects) == [key("one"), key("two")]
    two = content.objects[key("two")]
    assert two.manifest.where == "f.yaml:11"
    assert (two.uid, content.objects[key("one")].uid) == ("u-2", "")
    assert content.faults == ()


def test_a_resource_version_in_a_file_means_nothing():
    content = read(app().replace("spec:", "  resourceVersion: '5'\nspec:"))
    assert "resourceVersion" not in content.objects[key()].data["metadata"]


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [("v1", "ConfigMap"), ("app.k8s.io/v1beta1", "Application"), ("argoproj.io/v1alpha1", "Rollout")],
)
def test_objects_of_other_kinds_are_passed_over(api_version, kind):
    content = read(f"apiVersion: {api_version}\nkind: {kind}\nmetadata: nonsense\n")
    assert (content.objects, content.faults) == ({}, ())
    assert content.ignored[0][0] == "f.yaml:1"


HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        ("a: 1\n", 1, "no kind"), ("kind: Application\nmetadata: {name: a, namespace: b}\n", 1, "no apiVersion"),
        ("kind: 3\napiVersion: v1\n", 1, "kind must be text"), (HEAD, 1, "without metadata"),
        (HEAD + "metadata: []\n", 3, "without metadata"), (HEAD + "metadata: {namespace: a}\n", 3, "no metadata.name"),
        (HEAD + "metadata:\n  name: a\n", 3, "no metadata.namespace"),
        (HEAD + "metadata:\n  name: 3\n  namespace: a\n", 4, "metadata.name must be text"),
        (HEAD + "metadata:\n  namespace: a\n  name: A_b\n", 5, "metadata.name 'A_b'"),
        (HEAD + "metadata:\n  name: a\n  namespace: ../x\n", 5, "metadata.namespace '../x'"),
        (HEAD + "metadata:\n  name: a\n  namespace: a.b\n", 5, "metadata.namespace 'a.b'"),
        (HEAD + "metadata:\n  name: a\n  namespace: b\n  uid: 7\n", 6, "metadata.uid '7'"),
        ("- 1\n", 1, "not a list"), ("a: [\n", 2, "parsing"),
    ],
)  # fmt: skip
def test_an_unfit_document_is_a_fault_at_its_line_and_the_others_count(text, line, part):
    content = read(app("fine") + "---\n" + text)
    assert list(content.objects) == [key("fine")]
    (fault,) = content.faults
    assert part in fault.message
    assert fault.line in (9 + line, 10 + line)


def test_the_second_of_two_in_one_file_is_a_fault():
    content = read(app(project="first") + "---\n" + app(project="second"))
    assert content.objects[key()].data["spec"] == {"project": "first"}
    assert "line 2 keeps it" in content.faults[0].message


def test_the_items_of_a_list_are_objects():
    item = "{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: a, namespace: b}}"
    content = read(f"apiVersion: v1\nkind: List\nitems:\n- {item}\n")
    assert content.objects[key("a", "b")].manifest.within == ("items", 0)


@pytest.mark.parametrize(
    ("data", "blank"),
    [
        (b"", True), (b" \n\r\n", True), (b"\xef\xbb\xbf", True),
        (b"# all gone\n", False), (b"\xff", False), (b"---\n", False),
    ],
)  # fmt: skip
def test_a_blank_file_is_one_without_a_character(data, blank):
    assert read_content(data, "f").is_blank is blank
