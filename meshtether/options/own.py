"""Options of our own that principal and agent share, and the themes that help texts are ordered by."""

from typing import Final

from meshtether.options.kinds import COUNT, FILE, FOLDER, TEXT, Kind
from meshtether.options.model import Option

CONNECTION: Final = "Connection"
TLS: Final = "TLS"
IDENTITY: Final = "Identity"
STAY_ALIVE: Final = "Staying alive"
SYNC: Final = "What is synced"
STORE: Final = "Store and Kubernetes"
LOGS: Final = "Logs"
WATCHING: Final = "Admin API, metrics and health"
REDIS: Final = "Redis"
RESOURCE_PROXY: Final = "Resource proxy"
HA: Final = "High availability"

THEMES: Final = (
    CONNECTION,
    IDENTITY,
    STAY_ALIVE,
    SYNC,
    STORE,
    LOGS,
    WATCHING,
    TLS,
    RESOURCE_PROXY,
    REDIS,
    HA,
)
"""In the order of help texts and the reference."""

DEFAULT_VERSION: Final = "99.9.9-unreleased"
"""What argocd-agent claims to be when it was built without a version; peers must claim the same."""

KUBERNETES: Final = "the Kubernetes store"
KUBERNETES_SECRETS: Final = "reading Kubernetes secrets"

CONFIG: Final = Option(
    name="config",
    kind=FILE,
    theme=STORE,
    help="Read further settings from this file: a ConfigMap manifest, or plain YAML with one `key: value` a line.",
    env="MESHTETHER_CONFIG",
)

STORE_DIR: Final = Option(
    name="store",
    kind=FOLDER,
    theme=STORE,
    help="Keep Argo CD resources as manifests in this folder. Every *.yaml, *.yml and *.json below it is read.",
    env="MESHTETHER_STORE",
    keys=("meshtether.store",),
)

PROTOCOL_VERSION: Final = Option(
    name="protocol-version",
    kind=TEXT,
    theme=CONNECTION,
    help="Version to claim to the peer. argocd-agent refuses a peer whose version is not its own, letter by letter.",
    default=DEFAULT_VERSION,
    env="MESHTETHER_PROTOCOL_VERSION",
    keys=("meshtether.protocol-version",),
)

OWN: Final = (CONFIG, STORE_DIR, PROTOCOL_VERSION)


def _variable(name: str, env: str, default: str, help: str, later: str, kind: Kind = COUNT) -> Option:  # noqa: A002
    return Option(name=name, kind=kind, theme=SYNC, help=help, default=default, env=env, later=later, flag=False)


VARIABLES: Final = (
    _variable(
        "recv-queue-size",
        "ARGOCD_AGENT_RECV_QUEUE_SIZE",
        "1000",
        "Events that argocd-agent keeps per agent before it has processed them.",
        "a queue size of your own",
    ),
    _variable(
        "send-queue-size",
        "ARGOCD_AGENT_SEND_QUEUE_SIZE",
        "1000",
        "Events that argocd-agent keeps per agent before it has sent them.",
        "a queue size of your own",
    ),
    _variable(
        "kube-qps",
        "ARGOCD_AGENT_KUBE_QPS",
        "100",
        "Requests per second to the Kubernetes API on average.",
        KUBERNETES,
        TEXT,
    ),
    _variable("kube-burst", "ARGOCD_AGENT_KUBE_BURST", "300", "Requests to the Kubernetes API at once.", KUBERNETES),
    _variable("redis-key-prefix", "ARGOCD_REDIS_KEY_PREFIX", "", "What every key in Redis begins with.", "Redis", TEXT),
)
"""What argocd-agent takes from the environment only."""
