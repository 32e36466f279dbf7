"""The names of methods agree with the services that the .proto files describe."""

import pytest

from hubproto import auth_pb2, eventstream_pb2, methods, version_pb2

SERVICES = [
    service
    for file in (auth_pb2, version_pb2, eventstream_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
]
NAMED = {
    methods.AUTHENTICATE,
    methods.REFRESH,
    methods.VERSION,
    methods.SUBSCRIBE,
    methods.PUSH,
    methods.PING,
}


def test_every_method_of_every_service_has_its_path_as_a_name() -> None:
    described = {f"/{service.full_name}/{method.name}" for service in SERVICES for method in service.methods}
    assert described == NAMED


@pytest.mark.parametrize(
    ("path", "ways"),
    [
        (methods.AUTHENTICATE, (False, False)),
        (methods.SUBSCRIBE, (True, True)),
        (methods.PUSH, (True, False)),
        (methods.PING, (False, False)),
    ],
)
def test_streams_are_where_argocd_agent_has_them(path: str, ways: tuple[bool, bool]) -> None:
    method = next(m for s in SERVICES for m in s.methods if f"/{s.full_name}/{m.name}" == path)
    assert (method.client_streaming, method.server_streaming) == ways


def test_only_the_calls_before_the_first_token_need_none() -> None:
    assert {methods.AUTHENTICATE, methods.REFRESH, methods.VERSION} == methods.WITHOUT_TOKEN
    assert methods.SUBSCRIBE not in methods.WITHOUT_TOKEN
