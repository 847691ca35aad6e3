"""The deadline of a whole request, on the encrypted connections that the real exchange is reached by."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cexio.deadline import BoundedTransport, Deadline


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "exchange.test")])
    now = dt.datetime.now(dt.timezone.utc)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "certificate.pem"
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


def serve(listener: socket.socket, context: ssl.SSLContext) -> None:
    """Every request gets `ok`, but on /drip a header a time."""
    while True:
        try:
            plain, _ = listener.accept()
            with context.wrap_socket(plain, server_side=True) as connection:
                if b"/drip" in connection.recv(4096):
                    connection.sendall(b"HTTP/1.1 200 OK\r\n")
                    for _ in range(100):
                        connection.sendall(b"X: 1\r\n")
                        time.sleep(0.02)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except ssl.SSLError:
            continue
        except OSError:
            if listener.fileno() == -1:
                return


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ssl.SSLContext]]:
    path = certificate(tmp_path_factory.mktemp("tls"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener, context), daemon=True).start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}", ssl.create_default_context(cafile=str(path))
        listener.shutdown(socket.SHUT_RDWR)


class TestTheWholeRequestIsBounded:
    """A byte every nine seconds begins every time-out anew, and a bot waits for ever."""

    def test_an_encrypted_answer_arrives(self, server: tuple[str, ssl.SSLContext]) -> None:
        url, trust = server
        deadline = Deadline()
        with httpx.Client(transport=BoundedTransport(deadline, verify=trust)) as client:
            deadline.begin(10)
            assert client.get(f"{url}/").text == "ok"

    def test_an_encrypted_answer_that_drips_is_given_up(self, server: tuple[str, ssl.SSLContext]) -> None:
        url, trust = server
        deadline = Deadline()
        with httpx.Client(transport=BoundedTransport(deadline, verify=trust), timeout=10) as client:
            deadline.begin(0.3)
            with pytest.raises(httpx.ReadTimeout):
                client.get(f"{url}/drip")

    def test_a_time_that_is_over_connects_nowhere(self, server: tuple[str, ssl.SSLContext]) -> None:
        url, trust = server
        deadline = Deadline()
        with httpx.Client(transport=BoundedTransport(deadline, verify=trust)) as client:
            deadline.begin(0)
            with pytest.raises(httpx.TimeoutException):
                client.get(f"{url}/")
