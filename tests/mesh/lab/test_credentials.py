"""Keys on disk are private, and pairs are replaced whole."""

import json
import stat

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from mesh.lab import Authority, LabConfig, Workload
from mesh.lab.credentials import Issuer, credentials


def mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_whatever_holds_a_key_is_for_its_owner_only(tmp_path):
    Issuer(LabConfig(principal_port=1)).issue(Workload(name="a"), tmp_path)
    files = credentials(tmp_path)
    assert mode(files.key) == 0o600
    assert mode(files.secret) == 0o600


def test_certificate_and_key_belong_together_in_every_file(tmp_path):
    Issuer(LabConfig(principal_port=1)).issue(Workload(name="a"), tmp_path)
    files = credentials(tmp_path)
    certificate = x509.load_pem_x509_certificate(files.certificate.read_bytes())
    key = load_pem_private_key(files.key.read_bytes(), password=None)
    assert key.public_key() == certificate.public_key()
    pair = json.loads(files.secret.read_text())["resources"][0]["tlsCertificate"]
    assert pair["certificateChain"]["inlineString"].encode() == files.certificate.read_bytes()
    assert pair["privateKey"]["inlineString"].encode() == files.key.read_bytes()


def test_issuing_again_replaces_the_pair_and_leaves_nothing_else(tmp_path):
    issuer = Issuer(LabConfig(principal_port=1))
    first = issuer.issue(Workload(name="a"), tmp_path)
    before = sorted(tmp_path.iterdir())
    second = issuer.issue(Workload(name="a"), tmp_path)
    assert first.serial != second.serial
    assert credentials(tmp_path).certificate.read_bytes() == second.certificate
    assert sorted(tmp_path.iterdir()) == before


def test_only_the_principal_believes_a_trusted_foreign_authority(tmp_path):
    config = LabConfig(
        principal_port=1,
        authorities=(
            Authority(name="friend", trust_domain="friend.example", trusted=True),
            Authority(name="foe", trust_domain="cluster.local"),
        ),
    )
    issuer = Issuer(config)

    def roots(workload: Workload) -> int:
        directory = tmp_path / workload.name
        directory.mkdir()
        issuer.issue(workload, directory)
        return len(x509.load_pem_x509_certificates(credentials(directory).trust.read_bytes()))

    assert roots(config.principal) == 2
    assert roots(Workload(name="agent-a")) == 1
    assert roots(Workload(name="mallory", authority="foe")) == 2
