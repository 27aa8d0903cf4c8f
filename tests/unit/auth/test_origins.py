"""Checks of host, origin and redirect target."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth.origins import (
    is_cross_site_embed,
    is_cross_site_write,
    is_from_public_page,
    is_known_host,
    safe_redirect_path,
)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8000",
        "127.0.0.1",
        "127.0.0.1:80",
        "[::1]:8000",
        "akin.localhost",
        "akin.example.com",
        "akin.example.com:443",
        "akin.example.com.",
    ],
)
def test_names_of_this_server(host: str) -> None:
    """Loopback's names on any port, and those of AKIN_HOSTS on the usual ones."""
    assert is_known_host(host, ("akin.example.com",))


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "akin.example.com.evil.example",
        "evil-akin.example.com",
        "127.0.0.2",
        "localhost@evil.example",
        "evil.example/localhost",
        "localhost evil.example",
        "localhost#",
        "127.0.0.1.evil.example",
        "[::2]",
        "localhost:8000:1",
        "localhost:x",
        "evillocalhost",
        "localhost\x00",
        "locаlhost",
        "akin.example.com:8443",
    ],
)
def test_names_of_others(host: str) -> None:
    """A page of another site that DNS leads to this server (DNS rebinding) sends its own name."""
    assert not is_known_host(host, ("akin.example.com",))


def test_names_below() -> None:
    """A name with a leading dot stands for every name below it, not for itself."""
    names = (".example.com",)
    assert [is_known_host(host, names) for host in ("a.example.com", "example.com")] == [
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("host", "is_known"),
    [
        ("a.example.com:8443", True),
        ("a.example.com", False),
        ("a.example.com:443", False),
        ("b.example.com:8000", True),
        ("b.example.com", True),
        ("b.example.com:8001", False),
        ("x.c.example.com:81", True),
        ("x.c.example.com:82", False),
    ],
)
def test_ports_of_names(host: str, *, is_known: bool) -> None:
    """A name has the port given in AKIN_HOSTS, else the one that this server listens on."""
    names = ("a.example.com:8443", "b.example.com", ".c.example.com:81")
    assert is_known_host(host, names, 8000) is is_known


@pytest.mark.parametrize(
    ("headers", "is_embedded"),
    [
        ({}, False),
        ({"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, False),
        ({"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "no-cors"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, False),
        ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, True),
    ],
)
def test_is_cross_site_embed(headers: dict[str, str], *, is_embedded: bool) -> None:
    """A link from another site is no embed; an image, a fetch or a frame there is."""
    assert is_cross_site_embed(headers) is is_embedded
    framed = {**headers, "Sec-Fetch-Dest": "iframe"}
    assert is_cross_site_embed(framed) is (
        headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}
    )


@pytest.mark.parametrize("name", ["Sec-Purpose", "Purpose"])
@pytest.mark.parametrize(
    ("site", "is_embedded"), [("cross-site", True), ("same-site", True), ("same-origin", False)]
)
def test_prefetch_is_an_embed(name: str, site: str, *, is_embedded: bool) -> None:
    """What a page of another site requests in advance was followed by no person."""
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", name: "prefetch;prerender"}
    assert is_cross_site_embed(headers) is is_embedded


@pytest.mark.parametrize(
    ("headers", "is_public"),
    [
        ({}, False),
        ({"Origin": "http://localhost:8000", "Referer": "http://127.0.0.1:8000/"}, False),
        ({"Referer": "http://[::1]:8000/?query=a", "Sec-Fetch-Site": "same-origin"}, False),
        ({"Referer": "https://wiki.example/", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "https://akin.example.com"}, True),
        ({"Origin": "https://akin.example.com", "Sec-Fetch-Site": "cross-site"}, True),
        ({"Origin": "https://localhost.evil.example"}, True),
        ({"Origin": "https://[bad"}, True),
        ({"Referer": "https://akin.example.com/"}, True),
        ({"Referer": "https://akin.example.com/", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Referer": "https://localhost@akin.example.com/"}, True),
    ],
)
def test_is_from_public_page(headers: dict[str, str], *, is_public: bool) -> None:
    """A link from another site is allowed; a page of Akin under a public name is not."""
    assert is_from_public_page(headers) is is_public


HOST = "akin.example.com"
ORIGIN = f"https://{HOST}"


@pytest.mark.parametrize(
    ("headers", "is_refused"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": ORIGIN}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN}, True),
        ({"Sec-Fetch-Site": "same-site"}, True),
        ({"Sec-Fetch-Site": ""}, True),
        ({"Origin": ORIGIN, "Cookie": "akin=x"}, False),
        ({"Origin": "http://evil.example"}, True),
        ({"Origin": "null"}, True),
        ({"Origin": f"https://{HOST}.evil.example"}, True),
        ({"Origin": f"https://{HOST}:444"}, True),
        ({"Origin": "https://[bad"}, True),
        ({"Origin": ""}, True),
        ({"Cookie": "akin=x"}, True),
        ({}, False),
    ],
)
def test_is_cross_site_write(headers: dict[str, str], *, is_refused: bool) -> None:
    """A request of another site is refused, and one with a cookie and neither header."""
    assert is_cross_site_write("POST", headers, HOST) is is_refused


@pytest.mark.parametrize("origin", [ORIGIN, "https://Akin.Example.COM"])
@pytest.mark.parametrize("host", [HOST, "AKIN.example.com"])
def test_case_of_hosts(origin: str, host: str) -> None:
    """Hosts are compared without regard to case: a proxy may send capitals."""
    assert is_cross_site_write("POST", {"Origin": origin}, host) is False


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_is_allowed(method: str) -> None:
    """A request that only reads may come from another site."""
    assert not is_cross_site_write(method, {"Sec-Fetch-Site": "cross-site"}, HOST)


@pytest.mark.parametrize("target", ["/", "/?query=a%20b&page=2", "/assets/x?like=y", "/a//b"])
def test_safe_redirect_path(target: str) -> None:
    """A path of this site is unchanged."""
    assert safe_redirect_path(target) == target


def test_long_path_is_not_cut() -> None:
    """A path is complete, or longer than any request that the server accepts."""
    path = "/?query=" + "a" * 60_000
    assert safe_redirect_path(path) == path
    assert safe_redirect_path(path * 2) == "/"


@pytest.mark.parametrize(
    "target",
    [
        "",
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "x",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\n/evil.example",
        "\t//evil.example",
        "///evil",
        " //evil.example",
        "/%0d\r\nSet-Cookie:x",
        "/sign-out",
        "/sign-in?next=/",
        "http:evil",
        "/ /x",
    ],
)
def test_unsafe_redirect_path(target: str) -> None:
    """What a browser might read as another host becomes the first page."""
    assert safe_redirect_path(target) == "/"


@given(st.text())
def test_any_text_becomes_a_path(text: str) -> None:
    """Any text results in a path of this site."""
    for target in (text, f"/{text}", f"//{text}"):
        path = safe_redirect_path(target)
        assert path.startswith("/")
        assert not path.startswith(("//", "/\\"))
        assert urlsplit(path).netloc == ""
