"""The log: one line a request, structured, and without secrets whoever writes them."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from app import logs
from app.redaction import Redaction
from tests.pages.wire import KEY, SECRET, Wire, make_app, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

    Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def configured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Lines]]:
    """Configures the log of this process as `configured("json")`; answers what reads it."""
    root = logging.getLogger()
    # One that is used once stays as it was configured then.
    monkeypatch.setattr(logs, "log", structlog.stdlib.get_logger("akin.requests"))
    handlers, level = root.handlers[:], root.level

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    def configure(kind: str) -> Lines:
        logs.configure(kind, Redaction(KEY, SECRET))
        return read

    yield configure
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def wire() -> Wire:
    """A healthy API."""
    return Wire()


@pytest.fixture
def client(wire: Wire, tmp_path: Path) -> FlaskClient:
    """An application that keeps answers."""
    return make_app(wire, tmp_path, cache_seconds=60).test_client()


def requests_in(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those lines that are about a request."""
    return [line for line in lines if line["event"] == "request"]


def test_line_of_a_search(configured: Callable[[str], Lines], client: FlaskClient) -> None:
    """It has the search in words, how long the API took, and where the answer came from."""
    read = configured("json")
    answers = [client.get("/?query=asset&page=2") for _ in range(2)]
    first, second = requests_in(read())
    assert [line["id"] for line in (first, second)] == [
        answer.headers["X-Request-ID"] for answer in answers
    ]
    told = ("page", "status", "search", "level")
    assert [first[name] for name in told] == [
        "results.results",
        200,
        "asset · page 2",
        "info",
    ]
    assert "upstream" in first["cache"]
    assert first["upstream_calls"] >= 1
    assert first["ms"] >= first["upstream_ms"] > 0
    assert second["cache"].startswith("cache")
    assert "upstream_calls" not in second


def test_line_of_a_failure(
    configured: Callable[[str], Lines], client: FlaskClient, wire: Wire
) -> None:
    """What went wrong and the request share an id, which the page has, too."""
    wire.always(refusal(503, "Down for maintenance"))
    read = configured("json")
    answer = client.get("/?query=asset")
    lines = read()
    assert {line["id"] for line in lines if "id" in line} == {answer.headers["X-Request-ID"]}
    assert answer.headers["X-Request-ID"] in answer.text
    assert requests_in(lines)[0]["level"] == "error"
    assert requests_in(lines)[0]["status"] == answer.status_code


def test_id_goes_upstream(client: FlaskClient, wire: Wire) -> None:
    """The API's own log can be read beside ours."""
    answer = client.get("/?query=asset")
    assert {request.headers["x-request-id"] for request in wire.asked()} == {
        answer.headers["X-Request-ID"]
    }


def test_nobody_chooses_the_id(client: FlaskClient) -> None:
    """An id is believed of a named proxy alone."""
    answer = client.get("/healthz", headers={"X-Request-ID": "chosen-by-somebody"})
    assert answer.headers["X-Request-ID"] != "chosen-by-somebody"


def test_proxy_chooses_the_id(wire: Wire, tmp_path: Path) -> None:
    """There, one of sane characters is kept."""
    client = make_app(wire, tmp_path, auth="proxy", proxies=("127.0.0.1",)).test_client()
    given = ["of-the-proxy-1", "x" * 65, "a b c d e f", "short"]
    got = [client.get("/healthz", headers={"X-Request-ID": each}) for each in given]
    kept = [answer.headers["X-Request-ID"] for answer in got]
    assert [each for each in given if each in kept] == ["of-the-proxy-1"]


def test_quiet(
    configured: Callable[[str], Lines],
    client: FlaskClient,
    wire: Wire,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By default nothing is said while nothing is wrong, and what is wrong is."""
    configured("quiet")
    client.get("/?query=asset")
    assert capsys.readouterr().err == ""
    wire.always(refusal(401, "Unauthorized"))
    client.get("/?query=other")
    assert "BAD_KEY" in capsys.readouterr().err


def test_one_line_whatever_is_asked(
    configured: Callable[[str], Lines], client: FlaskClient
) -> None:
    """Nobody writes a line of their own into the log."""
    read = configured("json")
    client.get("/nothing%0A%7B%22event%22:%22forged%22%7D")
    client.get("/?query=a%0A%1b[2Jb")
    assert [line["event"] for line in read()] == ["request", "request"]


@pytest.mark.parametrize("kind", ["text", "json"])
def test_no_secret_whoever_writes_it(
    configured: Callable[[str], Lines], kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A library that logs a request, or fails with it in hand, tells no secret."""
    configured(kind)
    error = RuntimeError(f"could not send {{'Authorization': 'Bearer {SECRET}'}}")
    logging.getLogger("some.library").error("failed with %s", KEY, exc_info=error)
    written = capsys.readouterr().err
    assert "could not send" in written
    assert "[secret]" in written
    assert KEY not in written
    assert SECRET not in written


def test_traceback_has_no_local_variables(
    configured: Callable[[str], Lines], capsys: pytest.CaptureFixture[str]
) -> None:
    """What stood in a variable is nobody's business, whatever pretty-printer is installed."""
    configured("text")
    standing_in_a_variable = "value-of-the-variable-" * 2
    try:
        [].index(standing_in_a_variable[1:0])
    except ValueError:
        logging.getLogger("app").exception("failed")
    written = capsys.readouterr().err
    assert "ValueError" in written
    assert standing_in_a_variable not in written
