"""Whom a request comes from: what proxies say is believed of named proxies only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.auth.peers import PEER, Peers, is_this_machine

if TYPE_CHECKING:
    from collections.abc import Callable

SAID = {
    "HTTP_X_FORWARDED_FOR": "198.51.100.7",
    "HTTP_X_FORWARDED_PROTO": "https",
    "HTTP_X_FORWARDED_HOST": "akin.example.com",
    "HTTP_X_FORWARDED_USER": "ada",
}
MORE = {"HTTP_X_FORWARDED_PORT": "444", "HTTP_X_FORWARDED_PREFIX": "/elsewhere"}


def seen(peer: str, *, proxies: tuple[str, ...] = (), **environ: str) -> dict[str, Any]:
    """What the application sees of a request that `peer` makes."""
    found: dict[str, Any] = {}

    def application(environ: dict[str, Any], _start: Callable[..., Any]) -> list[bytes]:
        found.update(environ)
        return []

    asked = {"REMOTE_ADDR": peer, "wsgi.url_scheme": "http", "HTTP_HOST": "127.0.0.1", **environ}
    list(Peers(application, proxies, "X-Forwarded-User")(asked, lambda *_: lambda _: None))
    return found


@pytest.mark.parametrize("peer", ["10.0.0.2", "::ffff:10.0.0.2", "2001:db8::1"])
def test_named_proxy_is_believed(peer: str) -> None:
    """By address or network, also as IPv6 writes an IPv4 address."""
    environ = seen(peer, proxies=("10.0.0.0/24", "2001:db8::/32"), **SAID)
    names = ("REMOTE_ADDR", "wsgi.url_scheme", "HTTP_HOST", "HTTP_X_FORWARDED_USER")
    assert [environ[name] for name in names] == [
        "198.51.100.7",
        "https",
        "akin.example.com",
        "ada",
    ]
    assert environ[PEER] is True


@pytest.mark.parametrize("peer", ["10.0.1.2", "127.0.0.1", "", "unix:", "10.0.0.2.evil.example"])
def test_nobody_else_is_believed(peer: str) -> None:
    """What anybody else says is forgotten, before anything can read it."""
    environ = seen(peer, proxies=("10.0.0.0/24",), **SAID, **MORE)
    assert environ["REMOTE_ADDR"] == peer
    assert environ["wsgi.url_scheme"] == "http"
    assert environ["HTTP_HOST"] == "127.0.0.1"
    assert PEER not in environ
    assert (SAID | MORE).keys() & environ.keys() == set()


def test_last_proxy_is_believed_alone() -> None:
    """Of a list of addresses, the one that our own proxy wrote: the others a client can write."""
    said = {"HTTP_X_FORWARDED_FOR": "127.0.0.1, 198.51.100.7"}
    assert seen("10.0.0.2", proxies=("10.0.0.2",), **said)["REMOTE_ADDR"] == "198.51.100.7"


@pytest.mark.parametrize(
    ("peer", "said", "expected"),
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
        ("127.0.0.1", {"HTTP_FORWARDED": "for=127.0.0.1"}, False),
    ],
)
def test_this_machine(peer: str, said: dict[str, str], *, expected: bool) -> None:
    """Made here, and not handed on to here."""
    assert is_this_machine(seen(peer, **said)) is expected


def test_our_own_variables_are_not_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that puts its whole environment into each request puts the key there, too."""
    ours = {"SCENARIO_SDK_API_SECRET": "secret", "AKIN_SECRET_KEYS": "key", "LANG": "C.UTF-8"}
    for name, value in ours.items():
        monkeypatch.setenv(name, value)
    environ = seen("192.0.2.1", **ours)
    assert {name: environ.get(name) for name in ours} == {
        "SCENARIO_SDK_API_SECRET": None,
        "AKIN_SECRET_KEYS": None,
        "LANG": "C.UTF-8",
    }
