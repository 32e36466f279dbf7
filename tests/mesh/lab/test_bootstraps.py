"""The real Envoy accepts every bootstrap that the options can lead to."""

import asyncio
from dataclasses import fields, replace
from itertools import product

import pytest

from mesh.lab import (
    Authority,
    Flavour,
    Http2Keepalive,
    LabConfig,
    TcpKeepalive,
    Timers,
    Workload,
    XfccDetails,
    XfccMode,
    find_envoy,
)
from mesh.lab.bootstraps import Place, inbound, outbound
from mesh.lab.credentials import Issuer, credentials

AGENT = Workload(name="agent-a")
BASE = LabConfig(principal_port=8443, agents=(AGENT,))

TCP = TcpKeepalive(time=30, interval=5, probes=3)
PINGS = Http2Keepalive(interval=10, timeout=3)
NUMBERS = [field.name for field in fields(Timers) if not field.name.endswith(("_keepalive", "_pings"))]
EVERY_TIMER = replace(
    Timers(**dict.fromkeys(NUMBERS, 7.5)),
    downstream_keepalive=TCP,
    upstream_keepalive=TCP,
    downstream_pings=PINGS,
    upstream_pings=PINGS,
)
ENVOYS_OWN = Timers(stream_idle=None, route=None)
OFF = Timers(**{name: 0 for name in NUMBERS if name.endswith(("idle", "stream_duration"))})

CASES = {
    **{f"{flavour}, {mode}": {"flavour": flavour, "xfcc_mode": mode} for flavour, mode in product(Flavour, XfccMode)},
    **{
        f"{flavour}, {switch}={value}": {"flavour": flavour, switch: value}
        for flavour, (switch, value) in product(
            Flavour,
            [
                ("opaque", True),
                ("permissive", True),
                ("require_client_certificate", False),
                ("match_clients", False),
                ("pin_server", False),
                ("authorities", (Authority(name="x", trust_domain="x.example", trusted=True),)),
            ],
        )
    },
    **{
        f"{name}, opaque={opaque}": {"inbound": timers, "outbound": timers, "opaque": opaque}
        for (name, timers), opaque in product(
            {"every timer": EVERY_TIMER, "envoy's own": ENVOYS_OWN, "all off": OFF}.items(), [False, True]
        )
    },
    "every detail": {"details": XfccDetails(subject=True, uri=True, dns=True, cert=True, chain=True)},
    "no detail": {"details": XfccDetails(subject=False, uri=False, dns=False)},
    "permissive and opaque": {"permissive": True, "opaque": True},
}


def written(config: LabConfig, directory):
    """Both bootstraps of a lab, on disk, with the certificates they name."""
    issuer = Issuer(config)
    for workload in (config.principal, AGENT):
        place = directory / workload.name
        place.mkdir()
        issuer.issue(workload, place)
        files = credentials(place)
        where = Place(
            secret=files.secret, trust=files.trust, access_log=place / "access.log", admin_port=15000, port=15001
        )
        if workload is config.principal:
            bootstrap = inbound(config, where)
        else:
            bootstrap = outbound(config, where, workload, principal_sidecar_port=15006)
        path = place / "bootstrap.json"
        path.write_text(bootstrap.to_json())
        yield path


async def judged(path) -> str:
    """What Envoy says of a bootstrap; empty when it accepts it."""
    process = await asyncio.create_subprocess_exec(
        *(str(find_envoy()), "--mode", "validate", "-c", str(path), "--log-level", "error"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaint = await process.communicate()
    return "" if process.returncode == 0 else complaint.decode("utf-8", "replace") or f"status {process.returncode}"


@pytest.mark.lab
@pytest.mark.parametrize("options", CASES.values(), ids=CASES.keys())
async def test_envoy_accepts_the_bootstraps_of(options, tmp_path):
    for path in written(replace(BASE, **options), tmp_path):
        assert await judged(path) == ""


@pytest.mark.lab
async def test_envoy_refuses_a_bootstrap_that_is_wrong(tmp_path):
    path, _ = written(BASE, tmp_path)
    path.write_text(path.read_text().replace("SANITIZE_SET", "SANITISE"))
    assert "SANITISE" in await judged(path)


def test_a_timer_that_is_none_is_left_to_envoy_and_zero_is_written(tmp_path):
    texts = {}
    for name, timers in {"none": ENVOYS_OWN, "zero": Timers()}.items():
        directory = tmp_path / name
        directory.mkdir()
        path, _ = written(replace(BASE, inbound=timers), directory)
        texts[name] = path.read_text()
    assert "streamIdleTimeout" not in texts["none"]
    assert '"streamIdleTimeout": "0s"' in texts["zero"]
