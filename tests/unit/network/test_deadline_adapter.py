"""Deadline adapter: one time-out for name lookup and connection, one for a whole response."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from requests.adapters import HTTPAdapter

from app.network.deadline_adapter import DeadlineAdapter
from tests.faults import Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """A session with the adapter."""
    with requests.Session() as made:
        made.trust_env = False
        made.mount("http://", DeadlineAdapter())
        made.mount("https://", DeadlineAdapter())
        yield made


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[tuple[int, set[Any]]]:
    """Run a server of ten bytes per request; yield its port and the connections to it."""
    clients = set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            clients.add(self.client_address)
            self.send_response(200)
            self.send_header("Content-Length", "10")
            self.end_headers()
            self.wfile.write(b"x" * 10)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_port, clients
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def certificate(folder: Path) -> tuple[Path, Path]:
    """Return a self-signed certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(encoding))
    files[1].write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


def test_a_connection_is_used_again(session: requests.Session) -> None:
    """Responses are read one after the other over one connection."""
    with serving() as (port, clients):
        texts = [session.get(f"http://127.0.0.1:{port}/", timeout=120).text for _ in range(3)]
        session.close()
    assert texts == ["x" * 10] * 3
    assert len(clients) == 1


def test_over_tls(session: requests.Session, tmp_path: Path) -> None:
    """The certificate is verified, and the connection is used again."""
    chain, key = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    with serving(context) as (port, clients):
        url = f"https://127.0.0.1:{port}/"
        texts = [session.get(url, timeout=120, verify=str(chain)).text for _ in range(2)]
        with pytest.raises(requests.exceptions.SSLError):
            session.get(url, timeout=120)
        session.close()
    assert texts == ["x" * 10] * 2
    assert len(clients) == 1


@pytest.mark.parametrize("fault", ["slow-status", "slow-headers", "slow-body"])
def test_a_slow_response_is_ended_in_time(session: requests.Session, fault: str) -> None:
    """Each byte arrives quickly, and the first two responses never end."""
    with Upstream(count=60, drip=0.01) as upstream:
        upstream.always(fault)
        with pytest.raises(requests.exceptions.RequestException, match=r"[Tt]imed? ?out"):
            session.post(
                f"{upstream.url}/search/assets",
                json={"query": "a"},
                headers={"Authorization": "Basic eDp5"},
                timeout=0.3,
            )


@pytest.mark.parametrize("fault", ["healthy", "slow-headers"])
def test_through_a_proxy(session: requests.Session, fault: str) -> None:
    """Responses through a proxy are bounded as well."""
    with Upstream(count=60, drip=0.01) as upstream:
        upstream.always(fault)

        def ask(seconds: float) -> int:
            return session.post(
                "http://api.invalid/v1/search/assets",
                json={"query": "castle"},
                headers={"Authorization": "Basic eDp5"},
                proxies={"http": upstream.origin},
                timeout=seconds,
            ).status_code

        if fault == "healthy":
            assert ask(120) == 200
        else:
            with pytest.raises(requests.exceptions.RequestException, match=r"[Tt]imed? ?out"):
                ask(0.3)


def test_a_slow_name_lookup(session: requests.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller gets an error in time; the late connection is closed."""
    known, asked = threading.Event(), socket.getaddrinfo
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def late(_host: str, *rest: Any, **named: Any) -> Any:
            known.wait()
            return asked("127.0.0.1", *rest, **named)

        monkeypatch.setattr(socket, "getaddrinfo", late)
        with pytest.raises(requests.exceptions.ConnectTimeout):
            session.get(f"http://name.invalid:{port}/", timeout=0.1)
        known.set()
        server.settimeout(300)
        accepted, _ = server.accept()
        with accepted:
            accepted.settimeout(300)
            assert accepted.recv(1) == b""


def test_an_unknown_name(session: requests.Session) -> None:
    """Errors of the connection are raised in the caller's thread."""
    with pytest.raises(requests.exceptions.ConnectionError):
        session.get("http://name.invalid/", timeout=120)


def test_a_refused_connection(session: requests.Session) -> None:
    """As above."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(requests.exceptions.ConnectionError):
            session.get(f"http://127.0.0.1:{taken.getsockname()[1]}/", timeout=120)


def send_slowly(server: socket.socket) -> None:
    """Answer one request with four bytes, 0.8 seconds apart."""
    connection, _ = server.accept()
    with connection, suppress(OSError):
        connection.recv(1000)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")
        for _ in range(4):
            time.sleep(0.8)
            connection.sendall(b"x")


@pytest.mark.parametrize("adapter", [HTTPAdapter, DeadlineAdapter])
def test_why_this_module_exists(adapter: type[HTTPAdapter]) -> None:
    """The time-out of requests bounds each read alone: 3.2 seconds pass under one of two seconds.

    When this fails for HTTPAdapter, requests has learned it and the module can be deleted.
    """
    with socket.create_server(("127.0.0.1", 0)) as server, requests.Session() as session:
        session.trust_env = False
        session.mount("http://", adapter())
        thread = threading.Thread(target=send_slowly, args=(server,))
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        if adapter is HTTPAdapter:
            assert session.get(url, timeout=2).content == b"xxxx"
        else:
            with pytest.raises(requests.exceptions.RequestException, match=r"[Tt]imed? ?out"):
                session.get(url, timeout=2)
        thread.join()
