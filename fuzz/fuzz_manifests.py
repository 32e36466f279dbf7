"""Fuzz targets of the manifest reader and of the editing of manifests: TARGETS by name."""

from collections.abc import Callable

from mesh.manifests import MAX_NODES, decode_text, expand_lists, read_documents, write_document
from stores.content import content_of
from stores.model import StoreError
from stores.splicing import Place, remove_object, replace_objects
from stores.values import copy_of, same

HEAD = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: a\n  namespace: b\n"


def read_anything(data: bytes) -> None:
    """Whatever it is: documents with true offsets and lines, or faults with a line; never an error."""
    text, faults = decode_text(data, "f")
    if faults:
        return
    manifests, faults = read_documents(text, "f")
    last = text.count("\n") + text.count("\r") + text.count("\x85") + text.count("\u2028") + text.count("\u2029") + 1
    assert all(1 <= fault.line <= last for fault in faults)
    end = 0
    for manifest in manifests:
        assert end <= manifest.outer_start <= manifest.start <= manifest.end <= manifest.outer_end <= len(text)
        end = manifest.outer_end
        assert 1 <= manifest.line <= last
        assert 1 <= manifest.lines.of([*manifest.data][:1]) <= last
    expand_lists(manifests)


def write_back(data: bytes) -> None:
    """What was read is written so that it is read the same."""
    manifests, _ = read_documents(data.decode("utf-8", "ignore"), "f")
    for manifest in manifests:
        try:
            text = write_document(manifest.data)
        except UnicodeEncodeError:
            continue
        if len(text) < MAX_NODES:
            (again,), faults = read_documents(text, "g")
            assert not faults
            assert same(again.data, manifest.data)


def edit_in_place(data: bytes) -> None:
    """A uid and a status go into any manifest; everything else is as it was, or it is refused."""
    cut, text = data[:1], data[1:].decode("utf-8", "ignore")
    content = content_of(HEAD + text if cut < b"\x80" else text, "f")
    for key, found in content.objects.items():
        wanted = copy_of(found.data)
        wanted["metadata"]["uid"] = "u"
        wanted["status"] = {"sync": {"status": "Synced"}, "list": [1, "yes"]}
        place = Place.of(found.manifest)
        try:
            after = replace_objects(content, {place: wanted})
            left = remove_object(content, place)
        except StoreError:
            continue
        assert same(after.objects[key].data, wanted)
        assert after.text.startswith(content.text[: found.manifest.start])
        assert after.text.endswith(content.text[found.manifest.end :])
        assert left is None or key not in left.objects or len(content.faults) > 0


TARGETS: dict[str, Callable[[bytes], None]] = {
    "manifests read": read_anything,
    "manifests write back": write_back,
    "manifests edit in place": edit_in_place,
}
