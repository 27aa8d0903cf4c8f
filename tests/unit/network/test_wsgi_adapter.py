"""WSGI adapter: an application behind a session responds like a server on the network."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import requests
from flask import Flask, Response, request
from hypothesis import given
from hypothesis import strategies as st

from app.network.wsgi_adapter import WSGIAdapter

if TYPE_CHECKING:
    from collections.abc import Iterable

HOST = "http://in-process.invalid"


def echo() -> Flask:
    """Respond with the request as JSON."""
    app = Flask("echo")

    @app.route("/<path:path>", methods=["GET", "POST", "DELETE"])
    def asked(path: str) -> dict[str, Any]:
        return {
            "method": request.method,
            "path": path,
            "query": request.args.to_dict(flat=False),
            "body": request.get_data().decode("latin-1"),
            "type": request.headers.get("Content-Type"),
            "authorization": request.authorization and request.authorization.username,
            "host": request.host,
        }

    return app


def session(application: Any) -> requests.Session:
    """Return a session for the application."""
    found = requests.Session()
    found.mount(HOST, WSGIAdapter(application))
    return found


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=10))
def test_paths_and_queries_arrive_unchanged(text: str) -> None:
    """They are percent-encoded in the request."""
    answer = session(echo()).get(f"{HOST}/a{quote(text, safe='')}", params={"q": text}).json()
    assert (answer["path"], answer["query"]) == ("a" + text, {"q": [text]})


def test_bodies_and_headers_arrive() -> None:
    """With the method, the content type and the authentication."""
    answer = session(echo()).post(f"{HOST}/a", json={"é": 1}, auth=("key", "secret")).json()
    assert (answer["method"], answer["type"]) == ("POST", "application/json")
    assert (answer["body"], answer["authorization"]) == ('{"\\u00e9": 1}', "key")
    assert answer["host"] == "in-process.invalid"


def test_statuses_and_headers_are_returned() -> None:
    """An error status is a response, too."""

    def refuse(_: Any, start_response: Any) -> Iterable[bytes]:
        start_response("429 Too Many Requests", [("Retry-After", "3"), ("Content-Length", "2")])
        return [b"n", b"o"]

    answer = session(refuse).get(f"{HOST}/a")
    assert (answer.status_code, answer.reason) == (429, "Too Many Requests")
    assert (answer.headers["retry-after"], answer.content) == ("3", b"no")


def test_compressed_bodies_are_decompressed() -> None:
    """As with responses from the network."""
    packed = gzip.compress(b"a" * 1000)
    app = Flask("packed")
    app.add_url_rule("/", view_func=lambda: Response(packed, headers={"Content-Encoding": "gzip"}))
    assert session(app).get(f"{HOST}/").content == b"a" * 1000


def test_a_streamed_response_is_read_in_parts() -> None:
    """As the client does, to limit the size."""
    app = Flask("large")
    app.add_url_rule("/", view_func=lambda: Response(b"a" * 100_000))
    with session(app).get(f"{HOST}/", stream=True) as answer:
        assert answer.raw.read1(10) == b"a" * 10


def test_a_body_that_is_not_bytes_is_refused() -> None:
    """A generator cannot be read twice."""
    with pytest.raises(TypeError, match="in memory"):
        session(echo()).post(f"{HOST}/a", data=iter([b"a"]))
