"""The log: one structured line for each request, without secrets."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from app.telemetry.redaction import Redaction
from app.web import request_log
from tests.support.scenario_api import KEY, SECRET, FakeAPI, make_app, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask.testing import FlaskClient

    Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def configured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Lines]]:
    """Return a function that configures the log and returns a function that reads it."""
    root = logging.getLogger()
    # A logger caches the configuration at its first use.
    monkeypatch.setattr(request_log, "log", structlog.stdlib.get_logger("akin.requests"))
    handlers, level = root.handlers[:], root.level

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    def configure(kind: str) -> Lines:
        request_log.configure(kind, Redaction(KEY, SECRET))
        return read

    yield configure
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def api() -> FakeAPI:
    """Return a healthy API."""
    return FakeAPI()


@pytest.fixture
def client(api: FakeAPI, tmp_path: Path) -> FlaskClient:
    """Return a client of an application with a cache."""
    return make_app(api, tmp_path, cache_seconds=60).test_client()


def requests_in(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines about requests."""
    return [line for line in lines if line["event"] == "request"]


def test_line_of_a_search(configured: Callable[[str], Lines], client: FlaskClient) -> None:
    """It has the search in words, the time of the API, and the source of the response."""
    read = configured("json")
    responses = [client.get("/?query=asset&page=2") for _ in range(2)]
    first, second = requests_in(read())
    assert [line["id"] for line in (first, second)] == [
        response.headers["X-Request-ID"] for response in responses
    ]
    names = ("page", "status", "search", "level")
    assert [first[name] for name in names] == [
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
    configured: Callable[[str], Lines], client: FlaskClient, api: FakeAPI
) -> None:
    """The error, the request and the page have the same id."""
    api.always(refusal(503, "Down for maintenance"))
    read = configured("json")
    response = client.get("/?query=asset")
    lines = read()
    assert {line["id"] for line in lines if "id" in line} == {response.headers["X-Request-ID"]}
    assert response.headers["X-Request-ID"] in response.text
    assert requests_in(lines)[0]["level"] == "error"
    assert requests_in(lines)[0]["status"] == response.status_code


def test_id_goes_upstream(client: FlaskClient, api: FakeAPI) -> None:
    """The API's own log can be compared with this one."""
    response = client.get("/?query=asset")
    assert {request.headers["x-request-id"] for request in api.received()} == {
        response.headers["X-Request-ID"]
    }


def test_a_client_cannot_choose_the_id(client: FlaskClient) -> None:
    """The id of a trusted proxy alone is used."""
    response = client.get("/healthz", headers={"X-Request-ID": "chosen-by-somebody"})
    assert response.headers["X-Request-ID"] != "chosen-by-somebody"


def test_a_trusted_proxy_chooses_the_id(api: FakeAPI, tmp_path: Path) -> None:
    """If it has only letters, digits and a few other characters."""
    client = make_app(api, tmp_path, auth="proxy", proxies=("127.0.0.1",)).test_client()
    given = ["of-the-proxy-1", "x" * 65, "a b c d e f", "short"]
    responses = [client.get("/healthz", headers={"X-Request-ID": each}) for each in given]
    ids = [response.headers["X-Request-ID"] for response in responses]
    assert [each for each in given if each in ids] == ["of-the-proxy-1"]


def test_quiet(
    configured: Callable[[str], Lines],
    client: FlaskClient,
    api: FakeAPI,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By default only errors are logged."""
    configured("quiet")
    client.get("/?query=asset")
    assert capsys.readouterr().err == ""
    api.always(refusal(401, "Unauthorized"))
    client.get("/?query=other")
    assert "BAD_KEY" in capsys.readouterr().err


def test_a_request_has_one_line(configured: Callable[[str], Lines], client: FlaskClient) -> None:
    """A line break in a URL does not start a new line of the log."""
    read = configured("json")
    client.get("/nothing%0A%7B%22event%22:%22forged%22%7D")
    client.get("/?query=a%0A%1b[2Jb")
    assert [line["event"] for line in read()] == ["request", "request"]


@pytest.mark.parametrize("kind", ["text", "json"])
def test_secrets_of_other_loggers_are_removed(
    configured: Callable[[str], Lines], kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Secrets are removed from messages and tracebacks of other libraries as well."""
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
    """Variables may contain secrets; no installed formatter may print them."""
    configured("text")
    value = "value-of-the-variable-" * 2
    try:
        [].index(value[1:0])
    except ValueError:
        logging.getLogger("app").exception("failed")
    written = capsys.readouterr().err
    assert "ValueError" in written
    assert value not in written
