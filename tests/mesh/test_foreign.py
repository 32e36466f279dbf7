"""Which documents are a proxy's own configuration."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.foreign import (
    KINDS,
    is_bootstrap,
    is_dump,
    is_envoy_dump,
    is_foreign,
    is_gloo_values,
    is_secret_file,
    is_standalone,
)

SECRET = {"@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"}
POLICY = {"key": "frontend/a/b:frontend-tcp:a/gw", "target": {}, "policy": {"frontend": {"tcp": {}}}}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"static_resources": {}}, is_bootstrap),
        ({"staticResources": None}, is_bootstrap),
        ({"resources": [SECRET]}, is_secret_file),
        ({"configs": [None, {"@type": "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump"}]}, is_envoy_dump),
        ({"binds": []}, is_standalone),
        ({"frontendPolicies": {}, "config": {}}, is_standalone),
        ({"binds": [], "policies": [POLICY], "version": {}}, is_dump),
        (POLICY, is_dump),
        ({"gloo": {"gatewayProxies": {}}}, is_gloo_values),
        ({"gatewayProxies": {"gatewayProxy": None}}, is_gloo_values),
    ],
)
def test_a_proxys_configuration_is_told_by_its_keys(data: dict[str, Any], told: Any) -> None:
    assert [each for each in KINDS if each(data)] == [told]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"apiVersion": "v1", "static_resources": {}},
        {"resources": ["a.yaml"]},
        {"kind": "Kustomization", "resources": [SECRET], "apiVersion": "x"},
        {"kind": "Thing", "binds": []},
        {"policies": [{"key": 1, "policy": {}}]},
        {"gloo": {"gatewayProxies": []}},
        {"configs": []},
        {"configs": [{"@type": 1}]},
        {"replicas": 2, "gloo": None},
    ],
)
def test_objects_and_values_files_are_none(data: dict[str, Any]) -> None:
    assert not is_foreign(data)


KEYS = st.sampled_from(["static_resources", "resources", "binds", "policies", "policy", "key", "kind", "@type"])


@given(
    data=st.dictionaries(
        KEYS,
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=3),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=2),
            max_leaves=6,
        ),
        max_size=4,
    )
)
def test_no_type_of_value_is_a_traceback(data: dict[str, Any]) -> None:
    assert is_foreign(data) in {True, False}
