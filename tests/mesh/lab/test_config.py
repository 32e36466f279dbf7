"""What a lab may be, and what names follow from it."""

import pytest

from mesh.lab import Authority, Flavour, LabConfig, LabConfigError, Workload


def test_an_agents_spiffe_id_follows_from_trust_domain_namespace_and_name():
    config = LabConfig(principal_port=8443, agents=("agent-a",), trust_domain="prod.example", namespace="spokes")
    (agent,) = config.workloads()
    assert config.identity(agent) == "spiffe://prod.example/ns/spokes/sa/agent-a"
    assert config.dns_sans(agent) == ()


def test_an_agents_linkerd_name_follows_likewise_and_is_its_only_name():
    config = LabConfig(principal_port=8443, agents=("agent-a",), flavour=Flavour.LINKERD)
    (agent,) = config.workloads()
    assert config.identity(agent) == "agent-a.argocd-agents.serviceaccount.identity.linkerd.cluster.local"
    assert config.uri_sans(agent) == ()


def test_the_principal_has_a_namespace_of_its_own():
    config = LabConfig(principal_port=8443)
    assert config.identity(config.principal) == "spiffe://cluster.local/ns/argocd/sa/principal"


def test_a_workload_may_carry_other_names_than_those_that_follow():
    config = LabConfig(principal_port=8443)
    other = Workload(name="a", spiffe_id="spiffe://other.domain/x", dns_sans=("a.example",))
    assert config.uri_sans(other) == ("spiffe://other.domain/x",)
    assert config.dns_sans(other) == ("a.example",)
    assert config.identity(Workload(name="a", uri_sans=())) is None


def test_a_foreign_authority_brings_its_trust_domain():
    config = LabConfig(principal_port=8443, authorities=(Authority(name="partner", trust_domain="partner.example"),))
    agent = Workload(name="agent-a", authority="partner")
    assert config.identity(agent) == "spiffe://partner.example/ns/argocd-agents/sa/agent-a"
    assert config.believed_domains() == ["cluster.local"]


@pytest.mark.parametrize("name", ["", "A", "-a", "a-", "a.b", "a/b", "..", "a" * 64, "a\n", "ä"])
def test_a_name_that_is_no_dns_label_is_refused(name):
    with pytest.raises(LabConfigError, match="name"):
        LabConfig(principal_port=8443, agents=(name,))


@pytest.mark.parametrize("agents", [("a", "a"), ("principal",)])
def test_two_workloads_of_one_name_are_refused(agents):
    with pytest.raises(LabConfigError, match="two of this name"):
        LabConfig(principal_port=8443, agents=agents)


@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_a_principal_port_that_is_none_is_refused(port):
    with pytest.raises(LabConfigError, match="principal_port"):
        LabConfig(principal_port=port)


def test_an_authority_that_does_not_exist_is_refused():
    with pytest.raises(LabConfigError, match="authority 'x'"):
        LabConfig(principal_port=8443, agents=(Workload(name="a", authority="x"),))


def test_a_common_name_longer_than_x509_allows_is_refused():
    with pytest.raises(LabConfigError, match="64 bytes"):
        LabConfig(principal_port=8443, agents=(Workload(name="a", common_name="ä" * 33),))


def test_linkerd_certificates_have_one_dns_name():
    with pytest.raises(LabConfigError, match="one DNS SAN"):
        LabConfig(principal_port=8443, flavour=Flavour.LINKERD, agents=(Workload(name="a", dns_sans=("x", "y")),))
