"""Header values as the real proxies write them, used by several tests."""

HASH = "cdbb1fe0a6e54a7ab83ab9fae5dfd4ae5dcb3e2a0e4e5f0d1f2a3b4c5d6ee695"
OWN = "spiffe://cluster.local/ns/argocd/sa/principal"
AGENT_A = "spiffe://cluster.local/ns/argocd-agents/sa/agent-a"
ATTACKER = "spiffe://cluster.local/ns/evil/sa/agent-a"
GATEWAY = "spiffe://cluster.local/ns/istio-system/sa/gateway"
EAST_GATEWAY = "spiffe://cluster.local/ns/istio-system/sa/east-gateway"
LINKERD_AGENT_A = "agent-a.argocd-agents.serviceaccount.identity.linkerd.cluster.local"
LINKERD_GATEWAY = "linkerd-gateway.linkerd-multicluster.serviceaccount.identity.linkerd.cluster.local"
LINKERD_EAST = "linkerd-gateway.east.serviceaccount.identity.linkerd.cluster.local"

XFCC_RULE = "identity:x-forwarded-client-cert:spiffe://cluster.local/ns/argocd-agents/sa/{agent}"
SPIFFE_RULE = "identity:x-spiffe-id:spiffe://cluster.local/ns/argocd-agents/sa/{agent}"
LINKERD_RULE = "identity:l5d-client-id:{agent}.argocd-agents.serviceaccount.identity.linkerd.cluster.local"
SEED_REGEX = "^.*URI=spiffe://[^/]+/ns/[^/]+/sa/([^,;]+)"
SEED_RULE = f"header:x-forwarded-client-cert:{SEED_REGEX}"
SEED_LINKERD_RULE = r"header:l5d-client-id:^([^.]+)\..*"


def element(uri: str, *, by: str = OWN) -> str:
    """An element as Istio's sidecar writes it: an empty Subject, one URI."""
    return f'By={by};Hash={HASH};Subject="";URI={uri}'
