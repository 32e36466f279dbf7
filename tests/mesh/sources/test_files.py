import io
import json
import os
import threading

import pytest

from mesh.sources import files
from mesh.sources.files import STDIN, read_paths, read_texts

SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: %s, namespace: n}\n"


def names(loaded):
    return [manifest.data["metadata"]["name"] for manifest in loaded.manifests]


def codes(loaded):
    return [finding.code for finding in loaded.findings]


def write(folder, **texts):
    for name, text in texts.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_files_are_read_in_the_order_they_are_named(tmp_path):
    (tmp_path / "b.yaml").write_text(SERVICE % "b")
    (tmp_path / "a.txt").write_text(SERVICE % "a" + "---\n" + SERVICE % "c")
    loaded = read_paths([str(tmp_path / "b.yaml"), str(tmp_path / "a.txt")])
    assert names(loaded) == ["b", "a", "c"]
    assert [manifest.line for manifest in loaded.manifests] == [1, 1, 5]
    assert codes(loaded) == []


def test_a_folder_is_read_with_all_below_it_in_order(tmp_path):
    for name in ("z.yaml", "a/b.yml", "a/c.json", "a/d.txt", ".git/x.yaml", "a/.hidden.yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "X", "metadata": {"name": path.stem}}))
    assert names(read_paths([str(tmp_path)])) == ["z", "b", "c"]


def test_links_in_a_circle_end(tmp_path):
    (tmp_path / "a.yaml").write_text(SERVICE % "a")
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)
    assert names(read_paths([str(tmp_path)])) == ["a"]


def test_standard_input_is_a_dash():
    loaded = read_paths([STDIN], stdin=io.BytesIO((SERVICE % "a").encode()))
    assert names(loaded) == ["a"]
    assert loaded.manifests[0].source == "<stdin>"


def test_a_pipe_can_be_named(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(SERVICE % "a",))
    writer.start()
    loaded = read_paths([str(pipe)])
    writer.join()
    assert names(loaded) == ["a"]


def test_pipes_in_a_folder_are_passed_over(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "a.yaml").write_text(SERVICE % "a")
    assert names(read_paths([str(tmp_path)])) == ["a"]


def test_lists_are_their_items(tmp_path):
    (tmp_path / "a.yaml").write_text(
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Service\n  metadata: {name: a}\n- 3\n"
    )
    loaded = read_paths([str(tmp_path / "a.yaml")])
    assert names(loaded) == ["a"]
    assert [(finding.code, finding.line) for finding in loaded.findings] == [("MT1001", 7)]


@pytest.mark.parametrize("name", ["nothing.yaml", "a\0b", "x" * 5000])
def test_what_is_not_there_is_a_finding(tmp_path, name):
    loaded = read_paths([f"{tmp_path}/{name}"])
    assert codes(loaded) == ["MT1007"]
    assert "cannot be read" in loaded.findings[0].message


def test_what_may_not_be_read_is_a_finding(tmp_path, monkeypatch):
    path = tmp_path / "a.yaml"
    path.write_text(SERVICE % "a")

    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.Path, "open", refuse)
    assert [f.message for f in read_paths([str(path)]).findings] == ["cannot be read: Permission denied"]


def test_a_text_that_is_no_yaml_is_a_finding_with_its_line(tmp_path):
    (tmp_path / "a.yaml").write_text(SERVICE % "a" + "---\na: [1\n")
    loaded = read_paths([str(tmp_path / "a.yaml")])
    assert names(loaded) == ["a"]
    assert [(finding.code, finding.file[-6:]) for finding in loaded.findings] == [("MT1001", "a.yaml")]
    assert loaded.findings[0].line >= 5


def test_bytes_that_are_no_text_are_a_finding(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"a: \xff\n")
    assert codes(read_paths([str(tmp_path / "a.yaml")])) == ["MT1001"]


def test_nothing_at_all_is_a_finding(tmp_path):
    assert codes(read_paths([str(tmp_path)])) == ["MT1008"]
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    assert codes(read_paths([str(tmp_path)])) == ["MT1008"]


def test_other_documents_of_a_folder_are_passed_over_and_said(tmp_path):
    (tmp_path / "values.yaml").write_text("replicas: 2\n")
    (tmp_path / "a.yaml").write_text(SERVICE % "a")
    loaded = read_paths([str(tmp_path)])
    assert names(loaded) == ["a"]
    assert codes(loaded) == ["MT1009"]
    named = read_paths([str(tmp_path / "values.yaml")])
    assert len(named.manifests) == 1
    assert codes(named) == []


def test_the_parts_of_a_kustomization_are_no_manifests(tmp_path):
    write(
        tmp_path,
        **{
            "kustomization.yaml": "kind: Kustomization\nresources: [a.yaml]\npatches: [{path: p.yaml}, {patch: x}]\n"
            "patchesStrategicMerge: [./s.yaml, 'a: 1\n  b: 2']\nconfigMapGenerator: [{files: [k=c.yaml]}, 3]\n",
            "a.yaml": SERVICE % "a",
            "p.yaml": SERVICE % "p",
            "s.yaml": SERVICE % "s",
            "c.yaml": SERVICE % "c",
        },
    )
    loaded = read_paths([str(tmp_path)])
    assert names(loaded) == ["a"]
    assert codes(loaded) == ["MT1010"]
    assert "p.yaml" in loaded.findings[0].message


@pytest.mark.parametrize(
    ("bound", "value", "read"),
    [("MAX_DOCUMENTS", 3, 3), ("MAX_NODES", 12, 2), ("MAX_FILES", 2, 2), ("MAX_ALL_BYTES", 150, 2)],
)
def test_bounds_over_all_files_are_said_once_and_end_the_reading(tmp_path, monkeypatch, bound, value, read):
    for number in range(6):
        (tmp_path / f"{number}.yaml").write_text(SERVICE % number)
    monkeypatch.setattr(files, bound, value)
    loaded = read_paths([str(tmp_path), str(tmp_path / "0.yaml")])
    assert len(loaded.manifests) == read
    assert codes(loaded) == ["MT1006"]


def test_a_file_that_is_too_large_is_passed_over_and_the_next_is_read(tmp_path, monkeypatch):
    (tmp_path / "a.yaml").write_text("#" * 1000)
    (tmp_path / "b.yaml").write_text(SERVICE % "b")
    monkeypatch.setattr(files, "MAX_BYTES", 500)
    loaded = read_paths([str(tmp_path)])
    assert names(loaded) == ["b"]
    assert codes(loaded) == ["MT1006"]


def test_texts_are_given_by_source(tmp_path):
    (tmp_path / "a.yaml").write_text("a: 1\n")
    texts, loaded = read_texts([tmp_path, tmp_path / "none.yaml"])
    assert texts == [(str(tmp_path / "a.yaml"), "a: 1\n")]
    assert codes(loaded) == ["MT1007"]
