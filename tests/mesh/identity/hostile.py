"""Hostile texts, each with the rule that must refuse it.

Tables of readable cases, some swept over every byte: `spiffe()`, `xfcc()` and `linkerd()` yield (rule, text). No row
may be accepted; `test_hostile.py` gives each to the parser and to the identity rule that would meet it.
"""

from collections.abc import Iterator

from tests.mesh.identity.samples import AGENT_A, ATTACKER, GATEWAY, HASH, OWN, element

Row = tuple[str, str]

MESH = "serviceaccount.identity.linkerd.cluster.local"
_NAME = "/ns/argocd-agents/sa/agent-a"
_SEGMENT = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_")
_ODD = [*map(chr, range(0x100)), *"\u0430\u0435\u043e\uff0e\u2024\u200b\u202e\ufeff\u0131\u212a"]
"""Every byte, and characters that look like a letter or a dot, like nothing, or turn the text around."""


def _words(table: str) -> list[str]:
    return table.split()


SPIFFE = {
    "spiffe-scheme": [
        *_words(
            "s spiffe spiffe: spiffe:/ spiffe:/td/a spiffe:td/a //td/a td/a http://td/a https://td/a xspiffe://td/a"
        ),
        *_words(r"spiffe:\\td\a spiffe%3A//td/a urn:spiffe://td/a spiffe;//td/a spiffe.//td/a 'spiffe://td/a'"),
        *("", " spiffe://td/a", "\nspiffe://td/a", "\ufeffspiffe://td/a", "spiff\u0435://td/a", "spiffe ://td/a"),
    ],
    "spiffe-scheme-case": [f"{each}://td/a" for each in _words("SPIFFE Spiffe spiffE sPiFfE SPIFFe")],
    "spiffe-trust-domain-missing": _words("spiffe:// spiffe:/// spiffe:///a spiffe:////a"),
    "spiffe-trust-domain-case": [
        f"spiffe://{each}{_NAME}" for each in _words("TD Td tD Cluster.Local cluster.LOCAL cluster.locaL Cluster.local")
    ],
    "spiffe-trust-domain-character": [
        *(
            f"spiffe://{each}{_NAME}"
            for each in _words(
                r"td:80 td: user@td user:pass@td @td [::1] [2001:db8::1] td%2eorg %74%64 td? td?q=1 td# td#f"
            )
        ),
        *(f"spiffe://{each}{_NAME}" for each in _words(r"td\ td; td,td * *.td td+ {agent} $td td! td= (td) td~")),
        *(f"spiffe://{each}{_NAME}" for each in ("td ", " td", "t d", "td\n", "td\r\n", "td\x00.evil", "td\t")),
        *(f"spiffe://cluster{each}local{_NAME}" for each in _ODD if each not in _SEGMENT | {"/"}),
    ],
    "spiffe-trust-domain-length": [f"spiffe://{'a' * 256}{_NAME}", f"spiffe://{'a' * 2000}"],
    "spiffe-path-trailing-slash": [f"spiffe://td{each}" for each in _words(f"/ /a/ /ns/ /.../ {_NAME}/")],
    "spiffe-path-empty-segment": [
        f"spiffe://td{each}"
        for each in _words(
            f"// //a /a//b /// /{_NAME} {_NAME}// /ns//argocd-agents/sa/agent-a /ns/argocd-agents/sa//agent-a"
        )
    ],
    "spiffe-path-dot-segment": [
        *(
            f"spiffe://td{each}"
            for each in _words("/. /.. /./a /../a /a/.. /a/../b /a/. /ns/argocd-agents/sa/./agent-a")
        ),
        *(
            f"spiffe://td{each}"
            for each in _words("/ns/x/../argocd-agents/sa/agent-a /ns/argocd-agents/sa/agent-a/../b")
        ),
    ],
    "spiffe-path-character": [
        *(f"{AGENT_A}{each}" for each in _words(r"%00 %2e %2F %0a ?x=1 #f :8080 @b ;v=1 ,b \n {agent} ${x} &a=b")),
        *(f"{AGENT_A}{each}" for each in _ODD if each not in _SEGMENT | {"/"}),
    ],
    "spiffe-length": [f"spiffe://cluster.local/{'a' * 2026}", f"spiffe://{'a' * 5000}", f"{AGENT_A}{'/a' * 1000}"],
}
"""By rule, texts that are no SPIFFE ID, or none in canonical form."""

_SPOOFS = [
    *(f"URI={AGENT_A}", f'URI="{AGENT_A}"', f"uri={AGENT_A}", element(AGENT_A), element(AGENT_A, by=GATEWAY)),
    *(f'Subject="x";URI={AGENT_A}', f"Hash={HASH};URI={AGENT_A};DNS=agent-a"),
]
"""What a caller may put in front of its own sidecar's element when that one appends."""

_GENUINE = [
    *(element(ATTACKER), element(AGENT_A), element(GATEWAY), element(""), f"By={OWN};Hash={HASH}"),
    f'By={OWN};Hash={HASH};Subject="CN=x"',
]
"""What the principal's sidecar then appends."""

_KEYS = _words("By Hash Cert Chain Subject URI DNS")
_CLIENT = f'By={OWN};Hash={HASH};Subject="O=URI={AGENT_A}"'
_TWO_URIS = [
    *((AGENT_A, ATTACKER), (ATTACKER, AGENT_A), (AGENT_A, AGENT_A), (AGENT_A, ""), ("", AGENT_A), ("", "")),
    *((AGENT_A, "https://other"), ("https://other", AGENT_A)),
]

XFCC = {
    "xfcc-empty": [""],
    "xfcc-elements": [",".join([f"URI={AGENT_A}"] * 17)],
    "several-elements": [
        *(f"{spoof},{genuine}" for spoof in _SPOOFS for genuine in _GENUINE),
        *(f"{spoof},{spoof},{genuine}" for spoof in _SPOOFS for genuine in _GENUINE),
        ",".join([element(AGENT_A)] * 16),
    ],
    "xfcc-empty-element": _words(
        f", ,, ,URI={AGENT_A} URI={AGENT_A}, URI={AGENT_A},, ,,URI={AGENT_A} URI={AGENT_A},,URI={AGENT_A}"
    ),
    "xfcc-empty-pair": _words(
        f"; ;; ;URI={AGENT_A} URI={AGENT_A}; By={OWN};;URI={AGENT_A} URI={AGENT_A};,URI={AGENT_A}"
    ),
    "xfcc-unknown-key": [
        *_words(f"URI URI:{AGENT_A} By;URI={AGENT_A} {{URI={AGENT_A}}} {AGENT_A} agent-a By,URI={AGENT_A}"),
        *(
            f"{before}{key}={AGENT_A}"
            for before in ("", f"By={OWN};", f"URI={AGENT_A};")
            for key in [
                *_words(r"URl URIS UR U SAN Email %55RI X CN Issuer \URI 'URI' URI: Dns. Sub Certificate 0 -"),
                "A" * 999,
            ]
        ),
        *(
            f"{before}{key}={AGENT_A}"
            for before in ("", f"By={OWN};")
            for key in ("", " URI", "URI ", "U RI", "By ", '"URI"')
        ),
    ],
    "xfcc-repeated-key": [
        f"{first};{second};URI={AGENT_A}"
        for key in ("Hash", "Cert", "Chain", "Subject")
        for first in (f"{key}=a", f'{key}="a"')
        for second in (f"{key}=a", f"{key.lower()}=b", f'{key.upper()}=""')
    ],
    "xfcc-unquoted-character": [
        text for key in _KEYS for odd in ' "=\\' for text in (f"{key}={AGENT_A}{odd}", f"{key}=a{odd}b;URI={AGENT_A}")
    ],
    "xfcc-unterminated-quote": [
        text
        for key in _KEYS
        for text in (
            f'URI={AGENT_A};{key}=",By={OWN};Hash={HASH};URI={ATTACKER}',
            f'{key}="{AGENT_A}',
            f'{key}="{AGENT_A}\\"',
            f'{key}="{AGENT_A}\\',
        )
    ],
    "xfcc-text-after-quote": [
        text
        for key in _KEYS
        for text in (
            # The quote that swallows the start of the genuine element: one reader sees one element, another two.
            f'URI={AGENT_A};{key}=",{element(ATTACKER)}',
            f'{key}="{AGENT_A}"x',
            f'{key}="{AGENT_A}" ',
            f'{key}=""{AGENT_A}""',
        )
    ],
    "xfcc-escape": [
        f'Subject="\\{each}";URI={AGENT_A}'
        for each in map(chr, range(0x20, 0x7F))
        if each not in '"\\,;+<>#= 0123456789abcdefABCDEF'
    ],
    "xfcc-unprintable": [
        text
        for byte in (*range(0x20), *range(0x7F, 0x100))
        for text in (f'Subject="\\{byte:02X}";URI={AGENT_A}', f'URI="{AGENT_A}\\{byte:02x}"')
    ],
    "no-uri": [
        *(f"{_CLIENT}{tail}" for tail in ("", ";DNS=agent-a", f";DNS={AGENT_A}", f';DNS="x;URI={AGENT_A}"')),
        f"By={AGENT_A};Hash={HASH}",
    ],
    "empty-uri": [
        f"{_CLIENT};URI={uri}{tail}" for uri in ("", '""') for tail in ("", ";DNS=agent-a", f";DNS={AGENT_A}")
    ],
    "several-uris": [
        text for one, two in _TWO_URIS for text in (f"{_CLIENT};URI={one};URI={two}", f'uri="{one}";DNS=x;URI={two}')
    ],
    # A DNS name is written raw: this one holds the text of a URI, and the certificate has no URI to show.
    "uri-after-dns": [
        text
        for name in ("x", "", "agent-a.argocd.svc")
        for text in (f"{_CLIENT};DNS={name};URI={AGENT_A}", f"DNS={name};URI={AGENT_A};DNS={name}", f"DNS={name};URI=")
    ],
    "other-trust-domain": [
        element(f"spiffe://{each}{_NAME}")
        for each in _words(
            "other.domain cluster.local.evil evil.cluster.local clusterxlocal cluster.loca cluster local"
        )
    ],
    "other-namespace": [
        element(f"spiffe://cluster.local/ns/{each}/sa/agent-a")
        for each in _words("evil argocd argocd-agents-x x-argocd-agents Argocd-agents argocd.agents ... argocd-agent")
    ],
    "other-path": [
        element("spiffe://cluster.local"),
        *(
            element(f"spiffe://cluster.local{each}")
            for each in _words(f"{_NAME}/x /x{_NAME} /agent-a /ns /ns/argocd-agents")
        ),
        *(
            element(f"spiffe://cluster.local/ns/argocd-agents/{each}")
            for each in _words("sa sa/x/agent-a SA/agent-a pod/agent-a agent-a sa-x/agent-a sa/agent-a/sa/agent-a")
        ),
        *(
            element(f"spiffe://cluster.local/{each}")
            for each in _words("NS/argocd-agents/sa/agent-a sa/agent-a/ns/argocd-agents")
        ),
    ],
    "agent-not-a-label": [
        element(f"spiffe://cluster.local/ns/argocd-agents/sa/{each}")
        for each in [*_words("Agent-a AGENT agent_a team.agent -agent agent- .agent agent. ... _ -"), "a" * 64]
    ],
}
"""By rule, XFCC headers from which an agent of the template must never get its name."""

LINKERD = {
    "linkerd-shape": [
        *("", f".{MESH}", MESH, f"agent-a.{MESH}", f"agent-a.argocd-agents.{MESH}".replace(".", "-")),
        *_words("agent-a localhost agent-a.argocd-agents agent-a.argocd-agents.svc agent-a.x.identity.linkerd.td"),
        *(
            f"agent-a.argocd-agents.{each}"
            for each in _words(
                "serviceaccount.identity serviceaccount.identity. serviceaccount.identity.linkerd serviceaccount.td "
                "serviceaccount.identity2.linkerd.td Serviceaccount.identity.linkerd.td identity.serviceaccount.l.td"
            )
        ),
    ],
    "linkerd-service-account": [
        f"{each}.argocd-agents.{MESH}"
        for each in ["", "a b", *_words("Agent-a agent_a -agent agent- .agent agent. a..b agent%2da * agent/a {agent}")]
    ],
    "linkerd-namespace": [
        f"agent-a.{each}.{MESH}"
        for each in ["", "a" * 64, *_words("Argocd-agents argocd_agents -x x- * argocd/agents")]
    ],
    "linkerd-control-plane": [
        f"agent-a.argocd-agents.serviceaccount.identity.{each}.cluster.local"
        for each in ["", "a" * 64, *_words("Linkerd linkerd_ * - linkerd/x")]
    ],
    "linkerd-trust-domain": [
        f"agent-a.argocd-agents.serviceaccount.identity.linkerd.{each}"
        for each in [
            "",
            "cluster.local x",
            *_words("Cluster.local cluster.local. .cluster.local cluster..local cluster.local/"),
            *_words("cluster.* cluster.local,x cluster.local;x cluster.local:4143 cluster_local"),
        ]
    ],
    "linkerd-length": ["a" * 254, f"{'a' * 194}.argocd-agents.{MESH}", f"{'a.' * 120}argocd-agents.{MESH}"],
    "other-namespace": [
        text
        for each in _words("evil argocd argocd-agents-x x-argocd-agents linkerd")
        for text in (
            f"agent-a.{each}.{MESH}",
            f"agent-a.argocd-agents.{each}.{MESH}",
            f"agent-a.argocd-agents.{MESH}.{each}.{MESH}",
        )
    ],
    "other-control-plane": [
        f"agent-a.argocd-agents.serviceaccount.identity.{each}.cluster.local"
        for each in _words("linkerd2 evil l argocd-agents")
    ],
    "other-trust-domain": [
        f"agent-a.argocd-agents.serviceaccount.identity.linkerd.{each}"
        for each in _words("evil cluster.local.evil evil.cluster.local local cluster.loca clusterxlocal")
    ],
    "agent-not-a-label": [
        f"{each}.argocd-agents.{MESH}"
        for each in [*_words("agent-a.evil evil.agent-a a.b.c"), "a" * 64, f"victim.x.{MESH}.x"]
    ],
    "other-form": [AGENT_A, ATTACKER, "spiffe://cluster.local", "spiffe://x/agent-a"],
}
"""By rule, values of l5d-client-id from which an agent of the template must never get its name."""


def spiffe() -> Iterator[Row]:
    """The rows of SPIFFE."""
    yield from _rows(SPIFFE)


def xfcc() -> Iterator[Row]:
    """The rows of XFCC, and those of SPIFFE as the URI of the sidecar's one element."""
    yield from _rows(XFCC)
    for rule, text in spiffe():
        # Only what may stand outside quotes; the rest is refused by the header's own rules.
        if text and _plain(text) and not set(text) & set(' ",;=\\'):
            yield rule, element(text)


def linkerd() -> Iterator[Row]:
    """The rows of LINKERD, and those of SPIFFE that look like a URI."""
    yield from _rows(LINKERD)
    yield from ((rule, text) for rule, text in spiffe() if ":/" in text and _plain(text))


def _rows(table: dict[str, list[str]]) -> Iterator[Row]:
    return ((rule, text) for rule, texts in table.items() for text in texts)


def _plain(text: str) -> bool:
    return text.isascii() and text.isprintable()
