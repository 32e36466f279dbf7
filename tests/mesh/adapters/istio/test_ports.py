import pytest

from mesh.adapters.istio.ports import carries_streams, protocol
from mesh.bundle import Field
from mesh.manifests import read_documents


@pytest.mark.parametrize(
    ("port", "kind"),
    [
        ("{name: grpc}", "grpc"),
        ("{name: grpc-principal}", "grpc"),
        ("{name: GRPC-principal}", "grpc"),
        ("{name: grpc-web-ui}", "grpc-web"),
        ("{name: http2-x}", "http2"),
        ("{name: https}", "https"),
        ("{name: principal}", ""),
        ("{name: grpcx}", ""),
        ("{}", ""),
        ("{name: https, appProtocol: grpc}", "grpc"),
        ("{name: grpc, appProtocol: kubernetes.io/h2c}", "http2"),
        ("{name: grpc, appProtocol: kubernetes.io/wss}", "https"),
        ("{name: grpc, appProtocol: example.com/mine}", ""),
        ("{name: 7, appProtocol: null}", ""),
    ],
)
def test_a_ports_protocol_is_what_istio_takes_it_for(port: str, kind: str) -> None:
    field = Field.root(read_documents(port, "x")[0][0])
    assert protocol(field) == kind
    assert carries_streams(field) is (kind in {"grpc", "http2", "grpc-web"})
