"""Downloads: only from allowed origins, without the key, limited in size and time."""

from __future__ import annotations

import io
import socketserver
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
import requests
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from app.errors import (
    InvalidUpstreamResponse,
    UnknownAsset,
    UntrustedAddress,
    UpstreamDown,
    UpstreamTimeout,
)
from app.network.wsgi_adapter import WSGIAdapter
from app.scenario.files import FileFetcher
from tests.faults import Upstream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


class Host:
    """A host in this process that records its requests."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer
        self.asked: list[Request] = []

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        self.asked.append(Request(environ))
        return self.answer(environ, start_response)


def media(host: Host, **options: Any) -> FileFetcher:
    """Return a fetcher for which every address leads to `host`."""
    session = requests.Session()
    session.trust_env = False
    session.auth = ("key", "secret")
    session.mount("http://", WSGIAdapter(host))
    session.mount("https://", WSGIAdapter(host))
    options.setdefault("origins", ("https://*.scenario.com", "http://files.example:8080"))
    return FileFetcher(session, **options)


def fetched(
    media: FileFetcher, url: str, *, most_bytes: int = 1000, seconds: float = 30
) -> tuple[bytes, str]:
    """Return the content and the type of a file."""
    into = io.BytesIO()
    mime = media.fetch(url, into, most_bytes=most_bytes, seconds=seconds)
    return into.getvalue(), mime


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.cloud.scenario.com/assets/asset_1?p=100&Policy=a~b_",
        "https://CDN.cloud.Scenario.com/assets/asset_1",
        "https://cdn.scenario.com:443/assets/asset_1",
        "http://files.example:8080/a.png",
    ],
)
def test_files_of_allowed_origins_are_fetched(url: str) -> None:
    """The origins are those of the settings; case is ignored."""
    host = Host(Response(b"a file", mimetype="image/png"))
    assert fetched(media(host), url) == (b"a file", "image/png")


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/a.png",
        "http://cdn.scenario.com/a.png",
        "https://cdn.scenario.com:8443/a.png",
        "https://scenario.com/a.png",
        "https://scenario.com.example.com/a.png",
        "https://evilscenario.com/a.png",
        "https://cdn.scenario.com@example.com/a.png",
        "https://user:password@cdn.scenario.com/a.png",
        "https://example.com\\@cdn.scenario.com/a.png",
        "https://example.com#@cdn.scenario.com/a.png",
        "https://example.com?@cdn.scenario.com/a.png",
        "http://files.example/a.png",
        "http://files.example:8081/a.png",
        "http://127.0.0.1:8080/a.png",
        "http://[::1]:8080/a.png",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "ftp://cdn.scenario.com/a.png",
        "//cdn.scenario.com/a.png",
        "/library/assets/asset_1",
        "data:image/png;base64,AAAA",
        "https://",
        "https:///a.png",
        "",
        "\x00",
    ],
)
def test_no_other_origin_is_used(url: str) -> None:
    """Other addresses are refused before anything is sent."""
    host = Host(Response(b"a secret"))
    with pytest.raises(UntrustedAddress):
        fetched(media(host), url)
    assert host.asked == []


def test_the_key_is_not_sent() -> None:
    """The host of a file does not receive the authentication of the API."""
    host = Host(Response(b""))
    fetched(media(host), "https://cdn.scenario.com/a.png")
    assert "Authorization" not in host.asked[0].headers


def test_redirects_are_not_followed() -> None:
    """Otherwise an allowed host could send the server anywhere."""
    host = Host(Response(status=302, headers={"Location": "https://cdn.scenario.com/b.png"}))
    with pytest.raises(UpstreamDown, match="302"):
        fetched(media(host), "https://cdn.scenario.com/a.png")
    assert len(host.asked) == 1


def test_paths_of_this_process_go_to_their_mount() -> None:
    """The signed paths of the library lead to it, without the prefix of the mount."""
    host = Host(Response(b"a file"))
    ours = media(host, origins=(), mounts={"/library": "http://library.internal"})
    assert fetched(ours, "/library/assets/asset_1?p=100")[0] == b"a file"
    assert host.asked[0].url == "http://library.internal/assets/asset_1?p=100"
    for url in ("/v1/assets", "/libraryx/a", "/library", "//library/a", "http://library.other/a"):
        with pytest.raises(UntrustedAddress):
            fetched(ours, url)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_missing_file_has_an_error_of_its_own(status: int) -> None:
    """An expired or deleted file is not a connection failure."""
    with pytest.raises(UnknownAsset):
        fetched(media(Host(Response(status=status))), "https://cdn.scenario.com/a.png")


def test_the_size_of_a_file_is_limited() -> None:
    """One byte more than allowed ends the download."""
    host = Host(Response(b"12345"))
    url = "https://cdn.scenario.com/a.png"
    assert fetched(media(host), url, most_bytes=5)[0] == b"12345"
    with pytest.raises(InvalidUpstreamResponse, match="larger"):
        fetched(media(host), url, most_bytes=4)


def test_a_large_file_is_not_read_to_its_end() -> None:
    """Of an endless file only the allowed size is read."""
    made: list[int] = []

    def endless() -> Iterator[bytes]:
        while len(made) < 10_000:
            made.append(1)
            yield b"x" * 65536

    with pytest.raises(InvalidUpstreamResponse):
        fetched(media(Host(Response(endless()))), "https://cdn.scenario.com/a", most_bytes=500_000)
    assert len(made) < 20


# --- over a real connection -----------------------------------------------------------------


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A host with faults."""
    with Upstream(count=3, delay=30, drip=0.05) as running:
        yield running


def over_the_network(upstream: Upstream) -> tuple[FileFetcher, str]:
    """Return a fetcher that may use it, and the address of a file."""
    found = FileFetcher(requests.Session(), origins=(upstream.origin,))
    return found, upstream.healthy.hit(0)["url"]


def test_a_file_is_downloaded_over_a_connection(upstream: Upstream) -> None:
    """With its content and its type."""
    found, url = over_the_network(upstream)
    content, mime = fetched(found, url, most_bytes=100_000)
    assert content.startswith(b"\x89PNG")
    assert mime == "image/png"


@pytest.mark.parametrize("fault", ["reset", "hang-up", "no-answer", "500", "not-http"])
def test_faults_of_the_host_are_errors(upstream: Upstream, fault: str) -> None:
    """Every fault of the connection becomes an AkinError."""
    found, url = over_the_network(upstream)
    upstream.always(fault, on="/assets")
    with pytest.raises((UpstreamDown, UpstreamTimeout)):
        fetched(found, url, most_bytes=100_000, seconds=1)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n"


@contextmanager
def sending(*parts: bytes, pause: float) -> Iterator[str]:
    """A host that sends these parts, with a pause after each, until its client leaves."""
    done = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            with suppress(OSError):
                for part in parts:
                    self.request.sendall(part)
                    if done.wait(pause):
                        return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            done.set()
            server.shutdown()
            thread.join()


def test_a_partial_file_is_an_error() -> None:
    """A connection that ends too early is not the end of the file."""
    with sending(HEAD, b"x" * 50, pause=0) as origin:
        found = FileFetcher(requests.Session(), origins=(origin,))
        with pytest.raises(UpstreamDown):
            fetched(found, f"{origin}/a.png")


@pytest.mark.parametrize("parts", [[HEAD, *[b"x"] * 99], [HEAD, b"x"]], ids=["dripping", "stalled"])
def test_a_slow_file_is_ended_in_time(parts: list[bytes]) -> None:
    """The limit is for the whole file, not for each byte."""
    with sending(*parts, pause=0.3) as origin:
        found = FileFetcher(requests.Session(), origins=(origin,))
        with pytest.raises((UpstreamTimeout, UpstreamDown)):
            fetched(found, f"{origin}/a.png", seconds=0.5)


def test_no_password_of_a_netrc_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """The host of a file does not receive the passwords of this machine's owner."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    host = Host(Response(b"a file"))
    server = make_server("127.0.0.1", 0, host)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        origin = f"http://127.0.0.1:{server.server_port}"
        fetched(FileFetcher(requests.Session(), origins=(origin,)), f"{origin}/a.png")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert "Authorization" not in host.asked[0].headers
