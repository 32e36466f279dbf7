from pathlib import Path

import pytest

from agent.credentials import CredentialsError, load


@pytest.mark.parametrize("method", ["header", "mtls"])
def test_the_mesh_and_certificates_need_no_credentials(method: str) -> None:
    assert load(method, "whatever") == {}


@pytest.mark.parametrize("text", [b"agent-a:secret", b"agent-a:secret\n", b"agent-a:secret\r\nmore"])
def test_userpass_is_the_first_line_of_the_file(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "creds").write_bytes(text)
    assert load("userpass", str(tmp_path / "creds")) == {"clientid": "agent-a", "clientsecret": "secret"}


@pytest.mark.parametrize("text", [b"", b"agent-a", b":secret", b"agent-a:", b"\nagent-a:secret", b"\xff:\xff"])
def test_a_line_without_name_and_secret_is_refused(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "creds").write_bytes(text)
    with pytest.raises(CredentialsError, match="creds"):
        load("userpass", str(tmp_path / "creds"))


def test_a_folder_is_no_credentials_file(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="Is a directory"):
        load("userpass", str(tmp_path))


def test_the_secret_is_never_in_the_message(tmp_path: Path) -> None:
    (tmp_path / "creds").write_bytes(b":s3cret")
    with pytest.raises(CredentialsError) as caught:
        load("userpass", str(tmp_path / "creds"))
    assert "s3cret" not in str(caught.value)
