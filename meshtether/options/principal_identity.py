"""The principal's options about identities; `meshtether mesh explain` takes the same."""

from typing import Final

from mesh.identity.options import ALLOW_AGENT, OWN_IDENTITY, TRUSTED_GATEWAY
from meshtether.options import own
from meshtether.options.kinds import LIST, TEXT
from meshtether.options.model import Option

IDENTITY: Final = (
    Option(
        name=TRUSTED_GATEWAY,
        kind=LIST,
        theme=own.IDENTITY,
        help="SPIFFE ID (with Linkerd: name) of a gateway that ends mTLS in front of the sidecar: who called it is "
        "looked for behind it. Once for each; empty looks behind none.",
        env="MESHTETHER_TRUSTED_GATEWAY",
        keys=("meshtether.trusted-gateway",),
    ),
    Option(
        name=OWN_IDENTITY,
        kind=TEXT,
        theme=own.IDENTITY,
        help="The principal's own SPIFFE ID, which its sidecar must have written as By into x-forwarded-client-cert. "
        "Empty asks nothing.",
        env="MESHTETHER_OWN_IDENTITY",
        keys=("meshtether.own-identity",),
    ),
    Option(
        name=ALLOW_AGENT,
        kind=LIST,
        theme=own.IDENTITY,
        help="Name of an agent that may come, or a glob: *, ?, [a-c]. Once for each; empty lets every agent come that "
        "is recognised.",
        env="MESHTETHER_ALLOW_AGENT",
        keys=("meshtether.allow-agent",),
    ),
)
