"""What a failing mail server is said to be doing: in plain words, with what to do, and nothing of what it said."""

import imaplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.dovecot import dovecot
from tickets.channels.email import imap
from tickets.channels.email.looking import look
from tickets.channels.email.trouble import explain
from tickets.models import Mailbox

TODAY = datetime.now(UTC)


class Authority:
    """Signs certificates for servers of the tests."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of the tests")])
        self.certificate = self._sign(self.name, self.key.public_key(), 365, None)

    def _sign(self, subject, public_key, days, host):  # type: ignore[no-untyped-def]
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(TODAY - timedelta(days=30))
            .not_valid_after(TODAY + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        )
        if host:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, file: Path, host: str, days: int = 30) -> Path:
        """A certificate for a host and its key, in one file."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        certificate = self._sign(subject, key.public_key(), days, host)
        file.write_bytes(pem(certificate) + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ))  # fmt: skip
        file.chmod(0o644)
        return file


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def box(**values: object) -> Mailbox:
    return Mailbox(**{"host": "localhost", "username": "support", "password": "secret", "security": "tls", **values})


def words(mailbox: Mailbox) -> str:
    seen = look(mailbox, ["INBOX"])
    assert seen.trouble, "it works"
    return f"{seen.trouble.code}: {seen.trouble}"


# --- real servers ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def trusted(authority, tmp_path, monkeypatch):
    """This machine trusts the authority of the tests."""
    (tmp_path / "ca.pem").write_bytes(pem(authority.certificate))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


def with_certificate(authority, folder, host, days=30):  # type: ignore[no-untyped-def]
    return dovecot(folder, certificate=authority.issue(folder / "server.pem", host, days))


def test_a_good_certificate_is_believed_and_any_other_is_told(authority, tmp_path, monkeypatch, trusted):
    with with_certificate(authority, tmp_path, "localhost") as server:
        good = box(port=server.tls_port)
        assert look(good, ["INBOX"]).is_good
        assert look(box(port=server.port, security="starttls"), ["INBOX"]).is_good
        assert words(box(port=server.tls_port, host="127.0.0.1")).startswith("certificate: The certificate that 127")
        assert "for another name" in words(box(port=server.tls_port, host="127.0.0.1"))
        monkeypatch.delenv("SSL_CERT_FILE")
        assert "signed its certificate itself" in words(good) or "nobody this machine trusts" in words(good)
        assert "this machine trusts" in words(box(port=server.port, security="starttls"))


def test_an_expired_certificate_is_told(authority, tmp_path, trusted):
    with with_certificate(authority, tmp_path, "localhost", days=-1) as server:
        assert "The certificate of localhost has expired." in words(box(port=server.tls_port))


def test_a_server_without_tls_is_told(server):
    assert words(box(port=server.port, host="127.0.0.1")).startswith("plaintext: 127.0.0.1 does not speak TLS on port")
    said = words(box(port=server.port, host="127.0.0.1", security="starttls"))
    assert said.startswith("no-starttls: 127.0.0.1 offers no STARTTLS")


def test_a_wrong_password_is_told(server):
    said = words(box(host=server.host, port=server.port, security="none", password="wrong"))
    assert said.startswith("password: 127.0.0.1 refused the user name or password of support.")


def test_a_missing_folder_is_told_and_the_others_are_listed(server):
    seen = look(box(host=server.host, port=server.port, security="none"), ["INBOX", "Ordres"])
    assert seen.trouble and "no folder “Ordres”" in str(seen.trouble)
    assert "INBOX" in [folder.name for folder in seen.folders]


@pytest.mark.parametrize("name", ["imap..example.com", "a" * 70])
def test_names_that_cannot_be_sent_are_told(name):
    assert "letters that cannot be sent" in words(box(host=name))


def test_a_name_nobody_has_is_told():
    assert words(box(host="imap.nowhere.invalid")).startswith("name: There is no server of the name imap.nowhere")


def test_nobody_there_is_told():
    assert "Nobody answers at 127.0.0.1, port 9." in words(box(host="127.0.0.1", port=9))


def test_a_password_with_umlauts_is_sent(server):
    with pytest.raises(imap.TROUBLE) as error:
        imap.connect(box(host=server.host, port=server.port, security="none", password="schön"))
    assert explain(error.value, box()).code == "password", "it was sent, and was the wrong one"


def test_a_line_break_in_a_password_is_no_second_command(server):
    said = words(box(host=server.host, port=server.port, security="none", password="x\r\nA1 LOGOUT"))
    assert "letters that cannot be sent" in said


# --- servers that say something ---------------------------------------------------------------------------------------


@contextmanager
def says(*lines: bytes, hold: float = 5) -> Iterator[int]:
    """A server that says these lines, one for each it hears, the first at once; then nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def serve() -> None:
            while True:
                try:
                    line, _address = listener.accept()
                except OSError:
                    return
                with line, line.makefile("rb") as heard:
                    for answer in lines:
                        line.sendall(answer.replace(b"%", tag(heard) if b"%" in answer else b""))
                    over.wait(hold)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        over.set()


def tag(heard) -> bytes:  # type: ignore[no-untyped-def]
    return heard.readline().split(b" ")[0]


GREETING = b"* OK Acme IMAP 1.2.3 on host secret-inner-name ready\r\n"
CAPABLE = b"* CAPABILITY IMAP4rev1\r\n% OK done\r\n"


@pytest.mark.parametrize(("answer", "code", "told"), [
    (b"NO [ALERT] Application-specific password required: https://x (Failure)", "app-password", "app password"),
    (b"NO [ALERT] Your account is not enabled for IMAP use. (Failure)", "disabled", "IMAP is switched off"),
    (b"NO [ALERT] Too many simultaneous connections. (Failure)", "busy", "asks for patience"),
    (b"NO [UNAVAILABLE] Temporary authentication failure", "busy", "asks for patience"),
    (b"NO [PRIVACYREQUIRED] Plaintext auth disallowed", "encrypt", "encrypted connection only"),
    (b"NO [AUTHENTICATIONFAILED] Authentication failed.", "password", "refused the user name or password"),
    (b"NO LOGIN failed.", "password", "refused the user name or password"),
    (b"BAD [CLIENTBUG] LOGIN Failure", "password", "refused the user name or password"),
])  # fmt: skip
def test_what_servers_say_to_a_sign_in_is_understood_and_not_repeated(answer, code, told):
    with says(GREETING, CAPABLE, b"% " + answer + b"\r\n", hold=0.1) as port:
        said = words(box(host="127.0.0.1", port=port, security="none"))
    assert said.startswith(f"{code}: ") and told in said
    assert "secret-inner-name" not in said and answer.decode()[:12] not in said


@pytest.mark.parametrize(("host", "told"), [
    ("imap.gmail.com", "myaccount.google.com/apppasswords"), ("imap.mail.yahoo.com", "Account security"),
    ("imap.mail.me.com", "app-specific password"), ("outlook.office365.com", "Microsoft takes no passwords"),
])  # fmt: skip
def test_the_large_providers_have_their_own_advice(host, told):
    error = imaplib.IMAP4.error("[AUTHENTICATIONFAILED] Invalid credentials (Failure)")
    assert told in str(explain(error, box(host=host)))


def test_t32_5_a_server_that_is_no_imap_server_is_told_without_its_banner():
    with says(b"SSH-2.0-OpenSSH_9.2p1 secret-inner-name\r\n") as port:
        said = words(box(host="127.0.0.1", port=port, security="none"))
    assert "that an IMAP server should not" in said and "SSH" not in said and "secret-inner-name" not in said


def test_a_server_that_says_nothing_is_told(monkeypatch):
    monkeypatch.setattr("tickets.channels.email.looking.TIMEOUT", 0.3)
    with says() as port:
        said = words(box(host="127.0.0.1", port=port, security="none"))
    assert said.startswith("timeout: 127.0.0.1") and "did not answer in time" in said


def test_a_goodbye_is_a_call_for_patience():
    with says(b"* BYE Autologout; too many connections from your address\r\n") as port:
        assert words(box(host="127.0.0.1", port=port, security="none")).startswith("busy: ")


def test_starttls_at_the_port_of_tls_is_told_at_once():
    assert "Choose TLS, or port 143." in words(box(host="127.0.0.1", port=993, security="starttls"))


def test_a_certificate_error_tells_nothing_of_the_certificate():
    error = ssl.SSLCertVerificationError(1, "certificate verify failed: secret-inner-name")
    error.verify_code = 62
    assert "secret-inner-name" not in str(explain(error, box()))
