"""A WSGI application behind a requests session answers as a server on the network would."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import requests
from flask import Flask, Response, request
from hypothesis import given
from hypothesis import strategies as st

from app.transport import WSGIAdapter

if TYPE_CHECKING:
    from collections.abc import Iterable

HOST = "http://in-process.invalid"


def echo() -> Flask:
    """Answers with what it was asked."""
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
    """A session that reaches the application."""
    found = requests.Session()
    found.mount(HOST, WSGIAdapter(application))
    return found


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=10))
def test_paths_and_queries_arrive_as_they_were_meant(text: str) -> None:
    """Percent-encoded on the way, whatever they are."""
    answer = session(echo()).get(f"{HOST}/a{quote(text, safe='')}", params={"q": text}).json()
    assert (answer["path"], answer["query"]) == ("a" + text, {"q": [text]})


def test_bodies_and_headers_arrive() -> None:
    """With the method, the type and who asks."""
    answer = session(echo()).post(f"{HOST}/a", json={"é": 1}, auth=("key", "secret")).json()
    assert (answer["method"], answer["type"]) == ("POST", "application/json")
    assert (answer["body"], answer["authorization"]) == ('{"\\u00e9": 1}', "key")
    assert answer["host"] == "in-process.invalid"


def test_statuses_and_headers_come_back() -> None:
    """A refusal is an answer."""

    def refuse(_: Any, start_response: Any) -> Iterable[bytes]:
        start_response("429 Too Many Requests", [("Retry-After", "3"), ("Content-Length", "2")])
        return [b"n", b"o"]

    answer = session(refuse).get(f"{HOST}/a")
    assert (answer.status_code, answer.reason) == (429, "Too Many Requests")
    assert (answer.headers["retry-after"], answer.content) == ("3", b"no")


def test_packed_bodies_are_unpacked() -> None:
    """As from the network."""
    packed = gzip.compress(b"a" * 1000)
    app = Flask("packed")
    app.add_url_rule("/", view_func=lambda: Response(packed, headers={"Content-Encoding": "gzip"}))
    assert session(app).get(f"{HOST}/").content == b"a" * 1000


def test_a_streamed_answer_is_read_in_pieces() -> None:
    """The client reads so, with a bound."""
    app = Flask("large")
    app.add_url_rule("/", view_func=lambda: Response(b"a" * 100_000))
    with session(app).get(f"{HOST}/", stream=True) as answer:
        assert answer.raw.read1(10) == b"a" * 10


def test_a_body_that_is_no_bytes_is_refused() -> None:
    """A generator cannot be read twice."""
    with pytest.raises(TypeError, match="in memory"):
        session(echo()).post(f"{HOST}/a", data=iter([b"a"]))
