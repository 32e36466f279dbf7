from dataclasses import replace

import pytest

from mesh.adapters.istio.generating import sends_pings
from mesh.adapters.istio.pings import CHECKS
from mesh.intent import DEFAULT_INTENT, Version
from tests.mesh.adapters.istio.edits import codes, edited, findings, generated

PINGING = replace(DEFAULT_INTENT, mesh=replace(DEFAULT_INTENT.mesh, istio=Version(1, 31)))
BLOCK = "http2KeepAlive:\n          interval: 30s\n          timeout: 20s"


def test_pings_are_generated_where_the_release_knows_them_and_the_principal_bears_them() -> None:
    assert not sends_pings(DEFAULT_INTENT)
    assert sends_pings(PINGING)
    assert not sends_pings(replace(PINGING, keepalive=replace(PINGING.keepalive, ping=0)))
    assert codes(CHECKS, generated(PINGING)) == []
    assert codes(CHECKS, generated(PINGING), PINGING) == []


@pytest.mark.parametrize(
    ("block", "found"),
    [
        ("http2KeepAlive: {interval: 30s}", ["MT1118"]),
        ("http2KeepAlive: {timeout: 20s}", ["MT1118"]),
        ("http2KeepAlive: {interval: 30, timeout: 20s}", ["MT1118"]),
        ("http2KeepAlive: {interval: 10s, timeout: 5s}", ["MT1117"]),
        ("http2KeepAlive: {interval: 11s, timeout: 5s}", []),
    ],
)
def test_pings_need_two_times_and_a_principal_that_bears_them(block: str, found: list[str]) -> None:
    assert codes(CHECKS, edited((BLOCK, block), intent=PINGING)) == found


def test_an_older_release_has_no_such_field() -> None:
    found = findings(CHECKS, generated(PINGING), DEFAULT_INTENT)
    assert {each.code for each in found} == {"MT1119", "MT1817"}


def test_a_port_that_is_not_declared_gets_no_pings() -> None:
    edits = (("appProtocol: grpc", "appProtocol: tcp"),)
    assert codes(CHECKS, edited(*edits, intent=PINGING)) == ["MT1119"]


def test_other_pings_than_the_intents_are_told() -> None:
    found = findings(CHECKS, edited((BLOCK, BLOCK.replace("20s", "19s")), intent=PINGING), PINGING)
    assert [(each.code, each.path.rpartition(".")[2]) for each in found] == [("MT1817", "timeout")]
