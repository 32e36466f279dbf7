"""What holds for the whole mesh, where it is among the manifests: the ConfigMap `istio`, or an IstioOperator."""

from collections.abc import Iterator, Sequence
from typing import Final

from mesh.adapters.istio.facts import ROOT_NAMESPACE
from mesh.bundle import Bundle, Field
from mesh.manifests import read_documents

CONFIG_MAP: Final = "istio"
"""The ConfigMap's name; a revision's has it as the beginning (`istio-1-30`)."""

OPERATOR: Final = "install.istio.io"


def mesh_configs(bundle: Bundle) -> Sequence[Field]:
    """Every meshConfig."""
    return bundle.once(_mesh_configs)


def _mesh_configs(bundle: Bundle) -> Sequence[Field]:
    operators = [each.at("spec", "meshConfig") for each in bundle.of(OPERATOR, "IstioOperator")]
    return [*operators, *_of_config_maps(bundle)]


def _of_config_maps(bundle: Bundle) -> Iterator[Field]:
    for item in bundle.of("", "ConfigMap"):
        text = item.at("data", "mesh").text
        if item.namespace == ROOT_NAMESPACE and item.name.startswith(CONFIG_MAP) and text is not None:
            for manifest in read_documents(text, item.document.source)[0][:1]:
                yield Field.root(manifest)


def leads_to_loopback(bundle: Bundle) -> bool:
    """Whether sidecars forward inbound connections to loopback, as they did before Istio 1.10."""
    return any(each.at("inboundTrafficPolicy", "mode").text == "LOCALHOST" for each in mesh_configs(bundle))
