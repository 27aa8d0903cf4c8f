"""What a request says of where it comes from, and where it may go on to."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.auth.origins import LOOPBACK, is_forged, is_known_host, path_of_ours


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
    """Loopback's names and those of AKIN_HOSTS, on any port."""
    assert is_known_host(host, (*LOOPBACK, "akin.example.com"))


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
    ],
)
def test_names_of_others(host: str) -> None:
    """A page of another site whose name was made to lead here (DNS rebinding) has its own name."""
    assert not is_known_host(host, (*LOOPBACK, "akin.example.com"))


def test_names_below() -> None:
    """A name with a dot in front stands for all below it, and not for itself."""
    names = (".example.com",)
    assert [is_known_host(host, names) for host in ("a.example.com", "example.com")] == [
        True,
        False,
    ]


HOST = "akin.example.com"
OURS = f"https://{HOST}"


@pytest.mark.parametrize(
    ("headers", "forged"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": OURS}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": OURS}, True),
        ({"Sec-Fetch-Site": "same-site"}, True),
        ({"Sec-Fetch-Site": ""}, True),
        ({"Origin": OURS, "Cookie": "akin=x"}, False),
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
def test_forged(headers: dict[str, str], *, forged: bool) -> None:
    """A browser says when another site sends; what says nothing may bring no cookie."""
    assert is_forged("POST", headers, HOST) is forged


@pytest.mark.parametrize("origin", [OURS, "https://Akin.Example.COM"])
@pytest.mark.parametrize("host", [HOST, "AKIN.example.com"])
def test_names_are_the_same_in_capitals(origin: str, host: str) -> None:
    """A browser sends small letters; whatever stands in front of this server may not."""
    assert is_forged("POST", {"Origin": origin}, host) is False


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_reading_is_never_forged(method: str) -> None:
    """A link from another site opens a page."""
    assert not is_forged(method, {"Sec-Fetch-Site": "cross-site"}, HOST)


@pytest.mark.parametrize("target", ["/", "/?query=a%20b&page=2", "/assets/x?like=y", "/a//b"])
def test_path_of_ours(target: str) -> None:
    """A path of this site stays as it is."""
    assert path_of_ours(target) == target


def test_path_has_an_end() -> None:
    """An address that is longer than any honest one is cut."""
    assert path_of_ours("/?query=" + "a" * 5000) == "/?query=" + "a" * 3992


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
def test_path_of_others(target: str) -> None:
    """Anything that a browser might read as another host leads to the first page."""
    assert path_of_ours(target) == "/"


@given(st.text())
def test_no_text_leads_elsewhere(text: str) -> None:
    """Whatever is asked for, the answer is a path of one site."""
    for target in (text, f"/{text}", f"//{text}"):
        found = path_of_ours(target)
        assert found.startswith("/")
        assert not found.startswith(("//", "/\\"))
        assert urlsplit(found).netloc == ""
