"""Connections whose time-outs are those of the whole: names, headers and bodies together."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from requests.adapters import HTTPAdapter

from app.connecting import TimedAdapter
from tests.faults import Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """A session of that kind."""
    with requests.Session() as made:
        made.trust_env = False
        made.mount("http://", TimedAdapter())
        made.mount("https://", TimedAdapter())
        yield made


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[tuple[int, set[Any]]]:
    """A server of ten letters a request; its port, and the connections that were made to it."""
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
    """A certificate for 127.0.0.1, by itself, and its key."""
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
    """Answers are read whole, one after the other, over one connection."""
    with serving() as (port, clients):
        texts = [session.get(f"http://127.0.0.1:{port}/", timeout=120).text for _ in range(3)]
        session.close()
    assert texts == ["x" * 10] * 3
    assert len(clients) == 1


def test_over_tls(session: requests.Session, tmp_path: Path) -> None:
    """The certificate is checked, and the same holds."""
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
def test_an_answer_in_drops_is_over_in_time(session: requests.Session, fault: str) -> None:
    """Each drop comes at once, and the first two never end: without a bound, this does not."""
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
    """One that the environment names is bounded as well."""
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


def test_a_name_that_nobody_knows_in_time(
    session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller goes on; the connection that is made too late is closed and not kept."""
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


def test_a_name_that_there_is_not(session: requests.Session) -> None:
    """What connecting raises comes to the caller."""
    with pytest.raises(requests.exceptions.ConnectionError):
        session.get("http://name.invalid/", timeout=120)


def test_nobody_listens(session: requests.Session) -> None:
    """The same."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(requests.exceptions.ConnectionError):
            session.get(f"http://127.0.0.1:{taken.getsockname()[1]}/", timeout=120)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.invalid/v1/search/assets?projectId=a",
        "HTTP://Api.invalid:8080?a=/b",
        "https://[::1]:8443/v1",
        "https://name:word@api.invalid#x",
    ],
)
def test_a_server_is_described_as_requests_does(url: str, tmp_path: Path) -> None:
    """However often it is asked, and whatever somebody does to the answer before."""
    ours, theirs = TimedAdapter(), HTTPAdapter()
    request = requests.PreparedRequest()
    request.url = url
    for verify, cert in ((True, None), (False, None), (str(tmp_path), ("a", "b")), ("a.pem", "c")):
        expected = theirs.build_connection_pool_key_attributes(request, verify, cert)
        ours.build_connection_pool_key_attributes(request, verify, cert)[1].clear()
        assert expected == ours.build_connection_pool_key_attributes(request, verify, cert)
