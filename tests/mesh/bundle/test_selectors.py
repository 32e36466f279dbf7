from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mesh.bundle import Bundle, Field, Selector
from mesh.manifests import read_documents

word = st.sampled_from(["a", "b", "c"])
OPERATORS = {
    "In": lambda label, values: label in values,
    "NotIn": lambda label, values: label not in values,
    "Exists": lambda label, values: label is not None,
    "DoesNotExist": lambda label, values: label is None,
}


def selector(value: str) -> Selector:
    return Selector.of(Field.root(read_documents(f"s: {value}", "x")[0][0]).at("s"))


expression = st.tuples(word, st.sampled_from(sorted(OPERATORS)), st.lists(word, max_size=2))


@given(
    st.dictionaries(word, word, max_size=2), st.dictionaries(word, word, max_size=2), st.lists(expression, max_size=3)
)
def test_a_selector_takes_what_kubernetes_says(labels: Any, wanted: Any, expressions: Any) -> None:
    listed = [{"key": key, "operator": operator, "values": values} for key, operator, values in expressions]
    found = selector(str({"matchLabels": wanted, "matchExpressions": listed}))
    fits = all(labels.get(key) == value for key, value in wanted.items())
    fits = fits and all(OPERATORS[operator](labels.get(key), values) for key, operator, values in expressions)
    assert found.takes(labels) is fits
    assert found.steps == 1 + len(wanted) + len(listed)


def test_an_absent_selector_takes_nothing_an_empty_one_all_and_an_odd_one_nothing() -> None:
    assert not selector("null").takes({})
    assert not selector("[x]").takes({})
    assert selector("{}").takes({"a": "b"})
    assert not selector("{matchExpressions: [{key: a, operator: Like}]}").takes({"a": "b"})
    assert not selector("{matchExpressions: [x, {operator: [In]}]}").takes({"a": "b"})
    assert not selector("{matchLabels: {a: [b]}}").takes({"a": "b"})


def test_the_nearest_of_a_name_is_in_the_namespace_or_the_first_of_all() -> None:
    text = "---\n".join(f"{{apiVersion: v1, kind: Pod, metadata: {{name: p, namespace: n{n}}}}}\n" for n in range(3))
    bundle = Bundle(read_documents(text, "x")[0])
    found = [bundle.nearest("", "Pod", namespace=space, name="p") for space in ("n1", "n9", "")]
    assert [each.namespace for each in found if each] == ["n1", "n0", "n0"]
    assert bundle.nearest("", "Pod", namespace="n1", name="q") is None
    assert [each.data["metadata"]["namespace"] for each in bundle] == ["n0", "n1", "n2"]
