"""TLS to the database: which certificates are accepted, and the errors for the others."""

import contextlib
import datetime
import ipaddress
import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from support.engines import PASSWORD, MariaDb
from support.processes import SLOWNESS
from support.server import BINARY, base_environment


class Authority:
    """Makes certificates, as NAME.pem and NAME.key in its folder; that of the authority is ca.pem."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{folder.name} CA")])
        self.file = self._write("ca", self._name, self._key, x509.BasicConstraints(ca=True, path_length=None))

    def _write(self, name: str, subject: x509.Name, key, *extensions) -> str:
        now = datetime.datetime.now(datetime.UTC)
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
                   .not_valid_after(now + datetime.timedelta(days=2)))  # fmt: skip
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        certificate = builder.sign(self._key, hashes.SHA256())
        (self.folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        (self.folder / f"{name}.key").write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))  # fmt: skip
        return str(self.folder / f"{name}.pem")

    def issue(self, name: str, *alternatives: x509.GeneralName) -> tuple[str, str]:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        extensions = [x509.SubjectAlternativeName(alternatives)] if alternatives else []
        file = self._write(name, subject, ec.generate_private_key(ec.SECP256R1()), *extensions)
        return file, file.removesuffix(".pem") + ".key"


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "right")


@pytest.fixture(scope="module")
def mariadb(authority):
    """Its certificate is for the name localhost, not for an address."""
    cert, key = authority.issue("server", x509.DNSName("localhost"))
    with contextlib.closing(MariaDb(options=(f"--ssl-ca={authority.file}", f"--ssl-cert={cert}", f"--ssl-key={key}"))) as server:
        server.query(f"CREATE USER plain@'%' IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON *.* TO plain@'%';"
                     f"CREATE USER secured@'%' IDENTIFIED BY '{PASSWORD}' REQUIRE SSL; GRANT ALL ON *.* TO secured@'%';"
                     f"CREATE USER known@'%' IDENTIFIED BY '{PASSWORD}' REQUIRE X509; GRANT ALL ON *.* TO known@'%'")  # fmt: skip
        yield server


@pytest.fixture(scope="module")
def database(mariadb):
    return mariadb.database()


@pytest.fixture
def connect(mariadb, database):
    def run(query: str, user: str = "plain", host: str = "localhost") -> subprocess.CompletedProcess:
        url = f"mysql://{user}:{PASSWORD}@{host}:{mariadb.port}/{database.name}" + (f"?{query}" if query else "")
        return subprocess.run([str(BINARY), "migrate"], env=base_environment() | {"DATABASE_URL": url}, capture_output=True, text=True,
                              timeout=60 * SLOWNESS)  # fmt: skip

    return run


def works(run: subprocess.CompletedProcess) -> None:
    assert run.returncode == 0, run.stderr


def refused(run: subprocess.CompletedProcess, *why: str) -> None:
    lines = [line for line in run.stderr.splitlines() if not line.startswith("{") and "[warning]" not in line]
    assert run.returncode == 1 and any(reason in lines[-1] for reason in why), run.stderr
    assert PASSWORD not in run.stdout + run.stderr


def test_the_right_certificate(connect, authority):
    works(connect(f"ssl-mode=required&ssl-ca={quote(authority.file)}"))
    works(connect(f"ssl-mode=verify-identity&ssl-ca={quote(authority.file)}"))
    works(connect(f"ssl-ca={quote(authority.file)}"))


@pytest.mark.parametrize("mode", ["required", "verify-identity", "verify-ca"])
def test_of_an_authority_that_is_not_trusted(connect, authority, tmp_path, mode):
    wrong = Authority(tmp_path / "wrong")
    refused(connect(f"ssl-mode={mode}&ssl-ca={quote(wrong.file)}"), "certificate is refused")
    refused(connect(f"ssl-mode={mode}"), "certificate is refused")  # the system does not trust it either


def test_for_another_name(connect, authority):
    for mode in ("required", "verify-identity"):
        refused(connect(f"ssl-mode={mode}&ssl-ca={quote(authority.file)}", host="127.0.0.1"), "not for 127.0.0.1")
    works(connect(f"ssl-mode=verify-ca&ssl-ca={quote(authority.file)}", host="127.0.0.1"))


def test_for_an_address(authority):
    cert, key = authority.issue("address", x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    with contextlib.closing(MariaDb(options=(f"--ssl-ca={authority.file}", f"--ssl-cert={cert}", f"--ssl-key={key}"))) as server:
        url = f"{server.database().url}?ssl-mode=required&ssl-ca={quote(authority.file)}"
        works(subprocess.run([str(BINARY), "migrate"], env=base_environment() | {"DATABASE_URL": url}, capture_output=True, text=True, timeout=60 * SLOWNESS))


def test_unverified_only_when_that_is_written(connect):
    works(connect("ssl-mode=required&ssl-verify=false"))
    works(connect("ssl-mode=preferred"))
    works(connect("ssl-mode=disabled"))


def test_accounts_that_require_tls(connect, authority):
    works(connect("", user="secured"))
    works(connect("", user="secured", host="127.0.0.1"))
    refused(connect("ssl-mode=disabled", user="secured"), "Access denied")


def test_a_certificate_of_the_client(connect, authority, tmp_path):
    ca = f"ssl-ca={quote(authority.file)}"
    cert, key = authority.issue("focus")
    works(connect(f"{ca}&ssl-cert={quote(cert)}&ssl-key={quote(key)}", user="known"))
    refused(connect(ca, user="known"), "Access denied")
    wrong, its_key = Authority(tmp_path / "wrong").issue("focus")
    refused(connect(f"{ca}&ssl-cert={quote(wrong)}&ssl-key={quote(its_key)}", user="known"), "connect")


@pytest.mark.parametrize("query", ["ssl-ca=/nowhere.pem", "ssl-cert=/nowhere.pem&ssl-key=/nowhere.pem", "ssl-mode=maybe", "ssl-cert=/only.pem"])
def test_settings_that_make_no_sense(connect, query):
    run = connect(query)
    assert run.returncode == 2 and "ssl-" in run.stderr.splitlines()[-1], run.stderr
