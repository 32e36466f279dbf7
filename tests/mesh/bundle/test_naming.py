import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.bundle import Names, same_namespace, service_names, split_host

label = st.sampled_from(["a", "b", "c", ""])


@given(st.lists(st.tuples(label, label)), label, label)
def test_names_are_asked_as_if_each_were_looked_at(pairs: list[tuple[str, str]], name: str, namespace: str) -> None:
    each = any(one == name and same_namespace(space, namespace) for one, space in pairs)
    assert Names(pairs).has(name, namespace) is each


def test_no_names_are_false() -> None:
    assert not Names([])
    assert Names([("a", "")])


@pytest.mark.parametrize("seen_from", ["there", "elsewhere"])
def test_every_name_of_a_service_leads_back_to_it(seen_from: str) -> None:
    for host in service_names("hub", "there", seen_from=seen_from):
        assert split_host(host, seen_from) == ("hub", "there")


@pytest.mark.parametrize(
    ("host", "found"),
    [
        ("hub", ("hub", "ns")),
        ("hub.x", ("hub", "x")),
        ("hub.x.corp.example", ("hub", "x.corp.example")),
        ("", ("", "ns")),
    ],
)
def test_a_host_of_another_form_is_in_no_namespace_that_there_can_be(host: str, found: tuple[str, str]) -> None:
    assert split_host(host, "ns") == found
