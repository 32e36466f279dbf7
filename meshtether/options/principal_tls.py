"""The principal's options about TLS of its own."""

from typing import Final

from meshtether.options import own
from meshtether.options.kinds import BOOL, FILE, LIST, TEXT
from meshtether.options.model import Option

TLS: Final = (
    Option(
        name="tls-cert",
        kind=FILE,
        theme=own.TLS,
        help="PEM file of the server's certificate chain; read again when it changes. Not with --insecure-plaintext.",
        env="ARGOCD_PRINCIPAL_TLS_SERVER_CERT_PATH",
        keys=("principal.tls.server.cert-path",),
    ),
    Option(
        name="tls-key",
        kind=FILE,
        theme=own.TLS,
        help="PEM file of the private key of that certificate.",
        env="ARGOCD_PRINCIPAL_TLS_SERVER_KEY_PATH",
        keys=("principal.tls.server.key-path",),
    ),
    Option(
        name="insecure-tls-generate",
        kind=BOOL,
        theme=own.TLS,
        help="Make a self-signed certificate at start where no files are given; agents then need --insecure-tls.",
        default="false",
        env="ARGOCD_PRINCIPAL_TLS_SERVER_ALLOW_GENERATE",
        keys=("principal.tls.server.allow-generate",),
    ),
    Option(
        name="root-ca-path",
        kind=FILE,
        theme=own.TLS,
        help="PEM file of the authorities that sign agents' certificates; read again when it changes. Needed where "
        "certificates are required.",
        env="ARGOCD_PRINCIPAL_TLS_SERVER_ROOT_CA_PATH",
        keys=("principal.tls.server.root-ca-path",),
    ),
    Option(
        name="require-client-certs",
        kind=BOOL,
        theme=own.TLS,
        help="Take only agents with a certificate of those authorities. `--auth=mtls:` does so in any case.",
        default="false",
        env="ARGOCD_PRINCIPAL_TLS_CLIENT_CERT_REQUIRE",
        keys=("principal.tls.client-cert.require",),
    ),
    Option(
        name="client-cert-subject-match",
        kind=BOOL,
        theme=own.TLS,
        help="Where certificates are required, their common name must be the agent's name.",
        default="false",
        env="ARGOCD_PRINCIPAL_TLS_CLIENT_CERT_MATCH_SUBJECT",
        keys=("principal.tls.client-cert.match-subject",),
    ),
    Option(
        name="tls-blocklist",
        kind=FILE,
        theme=own.TLS,
        help="File of agents' certificates to turn away, the hex SHA-256 of one in each line; read again when it "
        "changes, which ends the sessions that it names.",
        env="MESHTETHER_TLS_BLOCKLIST",
        keys=("meshtether.tls-blocklist",),
    ),
    Option(
        name="tls-min-version",
        kind=TEXT,
        theme=own.TLS,
        help="Oldest version of TLS to speak, tls1.2 or tls1.3. gRPC's server (--server-transport=grpcio) takes both "
        "and no choice: there tls1.3 is refused, and unset, TLS 1.2 is taken too, with a warning.",
        default="tls1.3",
        env="ARGOCD_PRINCIPAL_TLS_MIN_VERSION",
        keys=("principal.tls.min-version",),
    ),
    Option(
        name="tls-max-version",
        kind=TEXT,
        theme=own.TLS,
        help="Newest version of TLS to speak; empty is the newest there is. Under gRPC's server only tls1.3 can be "
        "had; all else is refused.",
        env="ARGOCD_PRINCIPAL_TLS_MAX_VERSION",
        keys=("principal.tls.max-version",),
    ),
    Option(
        name="tls-ciphersuites",
        kind=LIST,
        theme=own.TLS,
        help="Cipher suites to offer for TLS 1.2, by their names in Go; empty offers all that HTTP/2 permits. Those of "
        "TLS 1.3 can't be chosen. Refused under gRPC's server, which has its own.",
        env="ARGOCD_PRINCIPAL_TLS_CIPHERSUITES",
        keys=("principal.tls.ciphersuites",),
    ),
)
