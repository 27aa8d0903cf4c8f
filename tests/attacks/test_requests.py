"""Attacks by requests: searches, headers, paths and hosts."""

from __future__ import annotations

import io
import socket
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

from app.query.params import MOST_PROBLEMS
from tests.faults import Upstream
from tests.support.injection import BREAKOUTS, foreign
from tests.support.scenario_api import asset_id
from tests.support.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.support.scenario_api import FakeAPI

EVIL = "evil.example"


@pytest.mark.parametrize(
    "name",
    ["query", "filter", "tags", "kind", "width", "like", "sortBy", "page", "nsfw", "<b>", "next"],
)
def test_search_stays_text(client: FlaskClient, name: str) -> None:
    """Text of a URL is escaped in pages."""
    for text in BREAKOUTS:
        for path in ("/", f"/assets/{asset_id(3)}", "/no-such-page"):
            response = client.get(path, query_string={name: text}, follow_redirects=True)
            assert foreign(BeautifulSoup(response.data, "html.parser")) == []
            assert response.status_code < 500


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
def test_facet_is_one_value(client: FlaskClient, api: FakeAPI, value: str) -> None:
    """A value of a facet cannot become a condition of its own: quotes in it are escaped."""
    client.get("/", query_string={"tags": value, "kind": "image"}, follow_redirects=True)
    assert outside_quotes(api.body()["filter"]) == "kind IN [“”] AND tags IN [“”]"


def outside_quotes(expression: str) -> str:
    """Return a filter expression without its quoted values (Meilisearch's grammar)."""
    outside, quote, escaped = [], "", False
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
            outside.append("“”")
        else:
            outside.append(char)
    assert quote == ""
    return "".join(outside)


@pytest.mark.parametrize("path", ["/search", "/", "/sign-in"])
def test_no_header_can_be_added(client: FlaskClient, path: str) -> None:
    """A line break in a URL ends no header."""
    for name in ("query", "next", "tags", "x\r\ny"):
        response = client.get(path, query_string={name: "a\r\nX-Evil: yes\r\n\r\n<b>"})
        assert "X-Evil" not in response.headers
        assert all("\n" not in value for value in response.headers.values())


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
def test_headers_are_not_trusted(client: FlaskClient, headers: dict[str, str]) -> None:
    """No header of a client becomes part of a page, a feed or a redirect."""
    for path in ("/?query=a", "/search?query=a", "/search.atom?query=a", "/opensearch.xml"):
        response = client.get(path, headers=headers)
        assert EVIL not in response.text + str(response.headers)


def test_method_cannot_be_overridden(client: FlaskClient, api: FakeAPI) -> None:
    """A header cannot change the method."""
    response = client.get("/references", headers={"X-HTTP-Method-Override": "POST"})
    assert response.status_code == 405
    assert client.open("/", method="TRACE").status_code == 405
    assert api.requests == []


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
    """Paths lead to no file outside the served folders."""
    assert client.get(path, follow_redirects=True).status_code == 404


def test_enormous_addresses(client: FlaskClient, api: FakeAPI) -> None:
    """Long URLs are bounded, and so are the requests to the API."""
    for query in ("query=" + "a" * 200_000, "&".join(["tags=a"] * 50_000), "filter=" + "(" * 3000):
        response = client.get(f"/?{query}", follow_redirects=True)
        assert response.status_code < 500
        assert len(response.data) < 500_000
    assert all(len(request.body) < 10_000 for request in api.received())


@pytest.mark.parametrize(
    "fields",
    [
        {"sortBy": "," * 100_000},
        {"sortBy": ",".join(["createdAt:asc"] * 8_000)},
        {"id": ["no id!"] * 10_000},
        {"nonsense": ["x"] * 10_000},
        {"density": ["x"] * 10_000},
        {"tags": [f"tag {number}" for number in range(8_000)]},
        {"filter": "(" * 100_000},
    ],
)
def test_forms_are_read_up_to_a_limit(client: FlaskClient, fields: dict[str, object]) -> None:
    """A form of a hundred kilobytes makes a page of usual size that lists a few problems."""
    response = client.post("/selection", data=fields)
    assert response.status_code == 200
    assert len(response.data) < 100_000
    page = BeautifulSoup(response.data, "html.parser")
    assert 1 <= len(page.select(".notices li")) <= MOST_PROBLEMS + 1


@pytest.mark.parametrize("path", ["/selection", "/selection.zip", "/selection.pdf", "/compare"])
@pytest.mark.parametrize("is_file", [True, False])
def test_forms_without_a_file_are_small(client: FlaskClient, path: str, is_file: bool) -> None:
    """Only the upload form may carry megabytes, and only as its file."""
    content = b"x" * 200_000
    data = {"id": (io.BytesIO(content), "a.png")} if is_file else {"id": content}
    response = client.post(path, data=data)
    assert response.status_code == 413
    assert "This form is too large" in response.text


def test_upload_form_has_few_fields(client: FlaskClient, api: FakeAPI) -> None:
    """Many text fields are refused beside a file, and as a form without one."""
    fields = {f"field{number}": "x" * 20_000 for number in range(15)}
    assert client.post("/references", data=fields).status_code == 413
    upload = {"image": (io.BytesIO(b"x"), "a.png"), **fields}
    assert client.post("/references", data=upload).status_code == 413
    assert api.requests == []


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


def raw_response(port: int, *lines: str) -> bytes:
    """Return the response of a server to these lines."""
    with socket.create_connection(("127.0.0.1", port), 300) as api:
        api.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1"))
        response = b""
        while part := api.recv(65536):
            response += part
    return response


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
        ("Host: 127.0.0.1", "Forwarded: for=192.0.2.9"),
        ("Host: 127.0.0.1", "Via: 1.1 proxy"),
        ("Host: 127.0.0.1", "X-Real-IP: 127.0.0.1"),
    ],
)
def test_real_server_refuses(listening: int, lines: tuple[str, ...]) -> None:
    """Other hosts, none, two, and headers of a proxy: the response contains no asset."""
    response = raw_response(listening, "GET /search.json?query=asset HTTP/1.1", *lines)
    assert response.split(b" ", 2)[1][:1] == b"4"
    assert b'"hits"' not in response


def test_real_server_refuses_old_protocols(listening: int) -> None:
    """HTTP/1.0 is refused: nginx sends it where its configuration is only a `proxy_pass`."""
    response = raw_response(listening, "GET /search.json?query=asset HTTP/1.0", "Host: 127.0.0.1")
    assert response.split(b" ", 2)[1] == b"403"


def test_two_spellings_of_the_user_header(tmp_path: Path) -> None:
    """WSGI has one variable for both: the spelling that a proxy does not check is dropped."""
    settings = {
        "SCENARIO_SDK_API_KEY": "key-of-the-tests",
        "SCENARIO_SDK_API_SECRET": "secret-of-the-tests",
        "SCENARIO_BASE_URL": "http://127.0.0.1:1",
        "AKIN_AUTH": "proxy",
        "AKIN_PROXIES": "127.0.0.1",
    }
    own, client = "X-Forwarded-User: ada", "X_Forwarded_User: eve"
    with Server(tmp_path, settings) as server:
        port = int(server.url.rpartition(":")[2])
        for headers in ((own, client), (client, own)):
            response = raw_response(port, "GET /feeds HTTP/1.1", "Host: 127.0.0.1", *headers)
            assert b"Signed in as </span>ada<" in response
        assert b" 401 " in raw_response(port, "GET /feeds HTTP/1.1", "Host: 127.0.0.1", client)[:20]


def test_real_server_answers_itself(listening: int) -> None:
    """The same request with a loopback host succeeds: the refusals above have other reasons."""
    response = raw_response(listening, "GET /search.json?query=asset HTTP/1.1", "Host: 127.0.0.1")
    assert response.startswith(b"HTTP/1.1 200 ")
    assert b'"hits"' in response
