"""Requests that somebody writes by hand: searches, headers, paths and hosts."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

from tests.attacks.test_answers import BREAKOUTS, foreign
from tests.browser.server import Server
from tests.faults import Upstream
from tests.pages.wire import asset_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from tests.pages.wire import Wire

EVIL = "evil.example"


@pytest.mark.parametrize(
    "name",
    ["query", "filter", "tags", "kind", "width", "like", "sortBy", "page", "nsfw", "<b>", "next"],
)
def test_search_stays_text(client: FlaskClient, name: str) -> None:
    """Whatever stands in an address, the page quotes it."""
    for text in BREAKOUTS:
        for path in ("/", f"/assets/{asset_id(3)}", "/no-such-page"):
            answer = client.get(path, query_string={name: text}, follow_redirects=True)
            assert foreign(BeautifulSoup(answer.data, "html.parser")) == []
            assert answer.status_code < 500


@pytest.mark.parametrize(
    "value",
    [
        '" OR privacy = "private',
        "' OR privacy = 'private",
        '\\" OR privacy = "private',
        "\\",
        "x] OR privacy IN [private",
        "x) OR (privacy = private",
        "x\x00\" OR privacy = 'private",
    ],
)
def test_facet_is_one_value(client: FlaskClient, wire: Wire, value: str) -> None:
    """A value of a facet cannot become a condition of its own: quotes in it stay in it."""
    client.get("/", query_string={"tags": value, "kind": "image"}, follow_redirects=True)
    assert outside_quotes(wire.body()["filter"]) == "kind IN [“”] AND tags IN [“”]"


def outside_quotes(expression: str) -> str:
    """A filter expression with every quoted value left out, as Meilisearch's grammar quotes."""
    kept, quote, escaped = [], "", False
    for char in expression:
        if escaped:
            escaped = False
        elif quote:
            if char == "\\":
                escaped = True
            elif char == quote:
                quote = ""
        elif char in "\"'":
            quote = char
            kept.append("“”")
        else:
            kept.append(char)
    assert quote == ""
    return "".join(kept)


@pytest.mark.parametrize("path", ["/search", "/", "/sign-in"])
def test_no_header_can_be_added(client: FlaskClient, path: str) -> None:
    """A line break in an address ends no header."""
    for name in ("query", "next", "tags", "x\r\ny"):
        answer = client.get(path, query_string={name: "a\r\nX-Evil: yes\r\n\r\n<b>"})
        assert "X-Evil" not in answer.headers
        assert all("\n" not in value for value in answer.headers.values())


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": EVIL},
        {"X-Forwarded-Proto": EVIL},
        {"X-Forwarded-Prefix": f"//{EVIL}"},
        {"X-Forwarded-Port": EVIL},
        {"X-Original-URL": f"//{EVIL}"},
        {"X-Rewrite-URL": f"//{EVIL}"},
        {"Forwarded": f"host={EVIL}"},
        {"X-Host": EVIL},
        {"Referer": f"https://{EVIL}/"},
        {"Accept-Language": EVIL},
    ],
)
def test_headers_name_nobody(client: FlaskClient, headers: dict[str, str]) -> None:
    """No header of a stranger's becomes part of a page, of a feed or of where one leads to."""
    for path in ("/?query=a", "/search?query=a", "/search.atom?query=a", "/opensearch.xml"):
        answer = client.get(path, headers=headers)
        assert EVIL not in answer.text + str(answer.headers)


def test_method_cannot_be_overridden(client: FlaskClient, wire: Wire) -> None:
    """A GET stays one, whatever it says."""
    answer = client.get("/references", headers={"X-HTTP-Method-Override": "POST"})
    assert answer.status_code == 405
    assert client.open("/", method="TRACE").status_code == 405
    assert wire.requests == []


@pytest.mark.parametrize(
    "path",
    [
        "/static/../config.py",
        "/static/%2e%2e/config.py",
        "/static/..%2fconfig.py",
        "/static/js/..%5c..%5cconfig.py",
        "/static//etc/passwd",
        "/static/%00",
        "/assets/../config.py",
        "/assets/%2e%2e%2fusers.json",
        "/.git/config",
        "/instance/users.json",
    ],
)
def test_paths_lead_to_no_file(client: FlaskClient, path: str) -> None:
    """Nothing but what is served is served."""
    assert client.get(path, follow_redirects=True).status_code == 404


def test_enormous_addresses(client: FlaskClient, wire: Wire) -> None:
    """Only so much of an address is read, and only so much is asked of the API."""
    for query in ("query=" + "a" * 200_000, "&".join(["tags=a"] * 50_000), "filter=" + "(" * 3000):
        answer = client.get(f"/?{query}", follow_redirects=True)
        assert answer.status_code < 500
        assert len(answer.data) < 500_000
    assert all(len(request.body) < 10_000 for request in wire.asked())


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a real server before a healthy API."""
    with Upstream(count=20) as upstream:
        settings = {
            "SCENARIO_SDK_API_KEY": "key-of-the-tests",
            "SCENARIO_SDK_API_SECRET": "secret-of-the-tests",
            "SCENARIO_BASE_URL": upstream.url,
            "AKIN_TIMEOUT": "60",
        }
        with Server(tmp_path_factory.mktemp("attacked"), settings) as server:
            yield int(server.url.rpartition(":")[2])


def sent(port: int, *lines: str) -> bytes:
    """What a server answers to these lines."""
    with socket.create_connection(("127.0.0.1", port), 300) as wire:
        wire.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1"))
        answer = b""
        while part := wire.recv(65536):
            answer += part
    return answer


@pytest.mark.parametrize(
    "lines",
    [
        ("Host: evil.example",),
        ("Host: 127.0.0.1", "Host: evil.example"),
        ("Host: evil.example", "Host: 127.0.0.1"),
        ("Host: 127.0.0.1:80@evil.example",),
        ("Host: ",),
        (),
        ("Host: 127.0.0.1", "X-Forwarded-For: 192.0.2.9"),
        ("Host: 127.0.0.1", "X_Forwarded_For: 192.0.2.9"),
        ("Host: 127.0.0.1", "Forwarded: for=192.0.2.9"),
    ],
)
def test_real_server_refuses(listening: int, lines: tuple[str, ...]) -> None:
    """Hosts of others, none, two, and what a proxy handed on: no asset is in the answer."""
    answer = sent(listening, "GET /search.json?query=asset HTTP/1.1", *lines)
    assert answer.split(b" ", 2)[1][:1] == b"4"
    assert b'"hits"' not in answer


def test_real_server_answers_itself(listening: int) -> None:
    """The same request under its own name is answered: the refusals above are no accident."""
    answer = sent(listening, "GET /search.json?query=asset HTTP/1.1", "Host: 127.0.0.1")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"hits"' in answer
