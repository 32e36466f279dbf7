import socket
import sys

import pytest

from mesh.socketopts import TABLES, Platform, Setting, keepalive_options, recognise


def test_the_linux_options_are_the_numbers_that_gloo_and_istio_take() -> None:
    options = keepalive_options(time=60, interval=20, probes=2)
    assert [(o.option.level, o.option.name, o.value) for o in options] == [(1, 9, 1), (6, 4, 60), (6, 5, 20), (6, 6, 2)]
    assert [o.option.option_name for o in options] == ["SO_KEEPALIVE", "TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT"]


@pytest.mark.skipif(sys.platform != "linux", reason="the numbers are Linux's")
def test_the_linux_numbers_are_this_kernels() -> None:
    for option in TABLES[Platform.LINUX].values():
        assert getattr(socket, option.level_name) == option.level
        assert getattr(socket, option.option_name) == option.name


@pytest.mark.skipif(sys.platform != "linux", reason="the numbers are Linux's")
def test_the_kernel_takes_the_options() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tried:
        for each in keepalive_options(time=32767, interval=1, probes=127):
            tried.setsockopt(each.option.level, each.option.name, each.value)
            assert tried.getsockopt(each.option.level, each.option.name) == each.value


def test_macos_has_other_numbers() -> None:
    options = keepalive_options(time=60, interval=20, probes=2, platform=Platform.MACOS)
    assert [(o.option.level, o.option.name) for o in options] == [(0xFFFF, 8), (6, 0x10), (6, 0x101), (6, 0x102)]


@pytest.mark.parametrize(("field", "value"), [("time", 0), ("time", 32768), ("interval", 0), ("probes", 128)])
def test_what_the_kernel_refuses_is_refused(field: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{field}: {value}"):
        keepalive_options(**{"time": 60, "interval": 20, "probes": 2, field: value})


def test_raw_numbers_are_recognised() -> None:
    assert recognise(6, 4) is Setting.TIME
    assert recognise(6, 0x10, Platform.MACOS) is Setting.TIME
    assert recognise(6, 18) is None
