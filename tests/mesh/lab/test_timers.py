"""Timers are refused where Envoy or the kernel would refuse them."""

import math

import pytest

from mesh.lab import Http2Keepalive, TcpKeepalive, TimerError, Timers


def test_the_defaults_are_an_istio_sidecars():
    timers = Timers()
    assert (timers.stream_idle, timers.route) == (0.0, 0.0)
    assert timers.connection_idle is None
    assert timers.max_stream_duration is None


@pytest.mark.parametrize("value", [-1.0, 0.0009, math.inf, math.nan, True])
def test_a_timer_is_a_finite_number_of_seconds(value):
    with pytest.raises(TimerError, match="stream_idle"):
        Timers(stream_idle=value)


@pytest.mark.parametrize(
    "name", ["connect", "max_connection_duration", "cluster_max_connection_duration", "tcp_max_connection_duration"]
)
def test_where_zero_is_not_off_it_is_refused(name):
    with pytest.raises(TimerError, match=name):
        Timers(**{name: 0})


@pytest.mark.parametrize(
    ("name", "value"), [("time", 0), ("time", 32_768), ("interval", 0), ("probes", 0), ("probes", 128), ("time", 1.5)]
)
def test_tcp_keepalive_stays_within_what_the_kernel_takes(name, value):
    with pytest.raises(TimerError, match=name):
        TcpKeepalive(**{"time": 30, "interval": 5, "probes": 3, name: value})


@pytest.mark.parametrize("value", [0, 0.0001])
@pytest.mark.parametrize("name", ["interval", "timeout"])
def test_http2_keepalive_is_at_least_a_millisecond(name, value):
    with pytest.raises(TimerError, match=name):
        Http2Keepalive(**{"interval": 1.0, "timeout": 1.0, name: value})
