"""Proxy headers are applied for named proxies only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.auth.proxy_headers import FROM_PROXY, ProxyHeaders, is_from_this_machine
from app.auth.proxy_notices import MOST, SECONDS, ProxyNotices
from tests.support.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEADERS = {
    "HTTP_X_FORWARDED_FOR": "198.51.100.7",
    "HTTP_X_FORWARDED_PROTO": "https",
    "HTTP_X_FORWARDED_HOST": "akin.example.com",
    "HTTP_X_FORWARDED_USER": "ada",
}
OTHER_HEADERS = {"HTTP_X_FORWARDED_PORT": "444", "HTTP_X_FORWARDED_PREFIX": "/elsewhere"}


def environ_of(peer: str, *, proxies: tuple[str, ...] = (), **environ: str) -> dict[str, Any]:
    """Return the environ that the application gets for a request of `peer`."""
    seen_environ: dict[str, Any] = {}

    def application(environ: dict[str, Any], _start: Callable[..., Any]) -> list[bytes]:
        seen_environ.update(environ)
        return []

    request_environ = {
        "REMOTE_ADDR": peer,
        "wsgi.url_scheme": "http",
        "HTTP_HOST": "127.0.0.1",
        **environ,
    }
    list(
        ProxyHeaders(application, proxies, "X-Forwarded-User")(
            request_environ, lambda *_: lambda _: None
        )
    )
    return seen_environ


@pytest.mark.parametrize("peer", ["10.0.0.2", "::ffff:10.0.0.2", "2001:db8::1"])
def test_named_proxy(peer: str) -> None:
    """A proxy is named by address or network; an IPv4 address may be written as IPv6."""
    environ = environ_of(peer, proxies=("10.0.0.0/24", "2001:db8::/32"), **HEADERS)
    names = ("REMOTE_ADDR", "wsgi.url_scheme", "HTTP_HOST", "HTTP_X_FORWARDED_USER")
    assert [environ[name] for name in names] == [
        "198.51.100.7",
        "https",
        "akin.example.com",
        "ada",
    ]
    assert environ[FROM_PROXY] is True


@pytest.mark.parametrize("peer", ["10.0.1.2", "127.0.0.1", "", "unix:", "10.0.0.2.evil.example"])
def test_other_peers(peer: str) -> None:
    """Proxy headers of any other peer are removed."""
    environ = environ_of(peer, proxies=("10.0.0.0/24",), **HEADERS, **OTHER_HEADERS)
    assert environ["REMOTE_ADDR"] == peer
    assert environ["wsgi.url_scheme"] == "http"
    assert environ["HTTP_HOST"] == "127.0.0.1"
    assert FROM_PROXY not in environ
    assert (HEADERS | OTHER_HEADERS).keys() & environ.keys() == set()


def test_last_address_counts() -> None:
    """Of several addresses the last one counts: a client may have written the others."""
    headers = {"HTTP_X_FORWARDED_FOR": "127.0.0.1, 198.51.100.7"}
    assert environ_of("10.0.0.2", proxies=("10.0.0.2",), **headers)["REMOTE_ADDR"] == "198.51.100.7"


@pytest.mark.parametrize(
    ("peer", "headers", "expected"),
    [
        ("127.0.0.1", {}, True),
        ("127.8.9.1", {}, True),
        ("::1", {}, True),
        ("::ffff:127.0.0.1", {}, True),
        ("192.0.2.1", {}, False),
        ("::ffff:192.0.2.1", {}, False),
        ("", {}, False),
        ("127.0.0.1", {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}, False),
        ("127.0.0.1", {"HTTP_X_FORWARDED_HOST": "localhost"}, False),
        ("127.0.0.1", {"HTTP_X_FORWARDED_PROTO": "http"}, False),
        ("127.0.0.1", {"HTTP_X_FORWARDED_PORT": "80"}, False),
        ("127.0.0.1", {"HTTP_X_FORWARDED_PREFIX": ""}, False),
        ("127.0.0.1", {"HTTP_X_FORWARDED_ANYTHING": "x"}, False),
        ("127.0.0.1", {"HTTP_FORWARDED": "for=127.0.0.1"}, False),
        ("127.0.0.1", {"HTTP_VIA": "1.1 proxy"}, False),
        ("127.0.0.1", {"HTTP_X_REAL_IP": "127.0.0.1"}, False),
        ("127.0.0.1", {"HTTP_CF_CONNECTING_IP": "127.0.0.1"}, False),
        ("127.0.0.1", {"SERVER_PROTOCOL": "HTTP/1.0"}, False),
        ("127.0.0.1", {"SERVER_PROTOCOL": "HTTP/1.1"}, True),
    ],
)
def test_this_machine(peer: str, headers: dict[str, str], *, expected: bool) -> None:
    """A request of this machine has a loopback peer and no trace of a proxy."""
    assert is_from_this_machine(environ_of(peer, **headers)) is expected


def test_named_proxy_is_not_this_machine() -> None:
    """A request of a named proxy is never one of this machine, with or without headers."""
    for headers in ({}, {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}):
        assert not is_from_this_machine(environ_of("127.0.0.1", proxies=("127.0.0.1",), **headers))


@pytest.mark.parametrize(
    ("headers", "scheme"),
    [
        ("https", "https"),
        ("http", "http"),
        ("http, https", "https"),
        ("https, javascript", "http"),
        ("javascript", "http"),
        ("HTTPS:", "http"),
        ("", "http"),
    ],
)
def test_scheme_is_one_of_the_web(headers: str, scheme: str) -> None:
    """A scheme other than http and https is ignored."""
    environ = environ_of("10.0.0.2", proxies=("10.0.0.2",), HTTP_X_FORWARDED_PROTO=headers)
    assert environ["wsgi.url_scheme"] == scheme


def test_environment_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment variables that a server copies into the request are removed."""
    ours = {"SCENARIO_SDK_API_SECRET": "secret", "AKIN_SECRET_KEYS": "key", "LANG": "C.UTF-8"}
    for name, value in ours.items():
        monkeypatch.setenv(name, value)
    environ = environ_of("192.0.2.1", **ours)
    assert {name: environ.get(name) for name in ours} == {
        "SCENARIO_SDK_API_SECRET": None,
        "AKIN_SECRET_KEYS": None,
        "LANG": "C.UTF-8",
    }


NAMED = ("10.0.0.2",)


@pytest.mark.parametrize(
    ("prefix", "path", "expected"),
    [
        ("/akin", "/assets/x", ("/akin", "/assets/x")),
        ("/akin/", "/assets/x", ("/akin", "/assets/x")),
        ("/akin", "/akin/assets/x", ("/akin", "/assets/x")),
        ("/akin", "/akin", ("/akin", "")),
        ("/akin", "/akinetic", ("/akin", "/akinetic")),
        ("/other, /akin", "/", ("/akin", "/")),
        ("/tools/akin", "/tools/akin/", ("/tools/akin", "/")),
        ("/caf%C3%A9", "/caf\xc3\xa9/x", ("/caf\xc3\xa9", "/x")),
        ("/caf\xc3\xa9", "/x", ("/caf\xc3\xa9", "/x")),
        ("/", "/x", ("/given", "/x")),
        ("", "/x", ("/given", "/x")),
        ("//evil.example", "/x", ("/given", "/x")),
        ("/own/x", "/x", ("/given", "/x")),
    ],
)
def test_prefix(prefix: str, path: str, expected: tuple[str, str]) -> None:
    """It takes the place of the server's, and is removed from the path where it was left."""
    environ: dict[str, Any] = {}

    def application(seen: dict[str, Any], _start: Callable[..., Any]) -> list[bytes]:
        environ.update(seen)
        return []

    request = {"REMOTE_ADDR": "10.0.0.2", "HTTP_HOST": "a.example", "wsgi.url_scheme": "http"}
    request |= {"HTTP_X_FORWARDED_PREFIX": prefix, "PATH_INFO": path, "SCRIPT_NAME": "/given"}
    layer = ProxyHeaders(application, NAMED, "X-Forwarded-User", reserved=lambda: {"own"})
    locations: list[list[tuple[str, str]]] = []
    list(layer(request, lambda _, headers: locations.append(headers)))  # type: ignore[arg-type, func-returns-value]
    if expected[1]:
        assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == expected
    else:
        assert locations == [[("Location", f"{expected[0]}/"), ("Content-Length", "0")]]


def layer_with(notices: ProxyNotices, *proxies: str) -> ProxyHeaders:
    """Return a layer that tells `notices` what it ignores."""
    return ProxyHeaders(lambda *_: [], proxies, "Remote-User", notices=notices)


@pytest.mark.parametrize(
    "header",
    ["X_FORWARDED_FOR", "X_FORWARDED_PROTO", "X_FORWARDED_PREFIX", "X_REAL_IP", "REMOTE_USER"],
)
def test_headers_of_strangers_are_said_once(
    header: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log names header, address and setting once a process; the check does for a day."""
    clock = Clock()
    notices = ProxyNotices(tmp_path, clock)
    layer = layer_with(notices, "10.0.0.0/24")
    for _ in range(3):
        list(layer({"REMOTE_ADDR": "192.0.2.7", f"HTTP_{header}": "x"}, lambda *_: lambda _: None))
        clock.now += SECONDS / 2
    name = header.replace("_", "-").title()
    (said,) = caplog.messages
    assert said.startswith(f"Ignored headers of 192.0.2.7: {name}.")
    assert "AKIN_PROXIES=192.0.2.7" in said
    other = ProxyNotices(tmp_path, clock)  # of another worker, or of the check
    assert layer_with(other).report() == [said]
    assert layer_with(other, "192.0.2.7").report() == []  # as soon as it is corrected
    list(layer_with(other)({"REMOTE_ADDR": "192.0.2.7", f"HTTP_{header}": "x"}, lambda *_: None))  # type: ignore[arg-type, return-value]
    assert len(caplog.messages) == 1
    clock.now += SECONDS * 2
    assert layer_with(other).report() == []


def test_notices_are_few(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Strangers cannot fill the log or the disk; without headers nothing is said."""
    layer = layer_with(ProxyNotices(tmp_path / "missing"), "10.0.0.2")
    list(layer({"REMOTE_ADDR": "192.0.2.1", "HTTP_VIA": "1.1 x"}, lambda *_: lambda _: None))
    assert caplog.messages == layer.report() == []
    for number in range(3 * MOST):
        environ = {"REMOTE_ADDR": f"192.0.2.{number}", "HTTP_X_FORWARDED_FOR": "x"}
        list(layer(environ, lambda *_: lambda _: None))
    assert len(caplog.messages) == len(layer.report()) == MOST
    (tmp_path / "missing" / "proxy-notices.json").write_text("{broken")
    assert layer.report() == []
