"""What holds for every route: headers, who may open it, which host and site it is asked from."""

from __future__ import annotations

import gc
import io
import logging
import os
import traceback
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from bs4 import BeautifulSoup
from flask import request

from app import logs
from app.auth.door import OPEN
from app.errors import UpstreamNonsense
from app.headers import ALWAYS, content_security_policy, viewer_policy
from app.redaction import Redaction
from app.search import Search
from config import Settings
from tests.pages.wire import CDN, KEY, SECRET, Reply, Wire, asset_id, make_app, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.routing import Rule

VALUES = {
    "asset_id": asset_id(7),
    "reference": "ref_" + "0" * 32,
    "filename": "js/akin.js",
    "digest": "0" * 12,
    "name": "akin.js",
}
# The 3D viewer's frame, which Akin alone may frame.
OWN_POLICY = {"asset.viewer"}


def routes(app: Flask) -> list[tuple[str, str, str]]:
    """Every route there is: endpoint, method, path."""

    def path(rule: Rule) -> str:
        values: dict[str, Any] = {}
        for name in rule.arguments:
            converter = rule._converters[name]
            choices = sorted(getattr(converter, "items", ["x"]))  # of any(...)
            values[name] = VALUES.get(name, choices[0])
        built = rule.build(values)
        assert built is not None
        return built[1]

    return sorted(
        (rule.endpoint, method, path(rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}
    )


def test_headers_on_every_route(app: Flask, client: FlaskClient) -> None:
    """Whatever is answered, also where nothing is: nothing inline, no frame, no guessing."""
    asked = routes(app)
    assert len(asked) > 20
    for endpoint, method, path in [*asked, ("", "GET", "/no-such-page"), ("", "PUT", "/")]:
        answer = client.open(path, buffered=True, method=method, query_string={"query": "asset"})
        headers = answer.headers
        policy = headers["Content-Security-Policy"]
        if endpoint in OWN_POLICY:
            assert policy == viewer_policy(("https://*.scenario.com",))
            assert headers["X-Frame-Options"] == "SAMEORIGIN"
        else:
            assert policy == content_security_policy(("https://*.scenario.com",))
            assert headers["X-Frame-Options"] == "DENY"
        others = {name: value for name, value in ALWAYS.items() if name != "X-Frame-Options"}
        assert {name: headers.getlist(name) for name in others} == {
            name: [value] for name, value in others.items()
        }, path
        assert answer.status_code != 500, path


def test_policy_has_nothing_inline() -> None:
    """No script and no style but from Akin itself, no other site in a frame, or around it."""
    policy = content_security_policy((CDN,))
    directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert "unsafe" not in policy
    assert {
        name: directives[name]
        for name in ("default-src", "script-src", "style-src", "frame-ancestors", "form-action")
    } == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "frame-ancestors": "'none'",
        "form-action": "'self'",
    }


def test_pages_have_nothing_inline(client: FlaskClient) -> None:
    """No style attribute, no handler, no script element with content: they would not work."""
    for path in ("/", "/?query=nothing-at-all", f"/assets/{asset_id(7)}", "/no-such-page"):
        page = BeautifulSoup(client.get(path).data, "html.parser")
        assert page.find_all("style") == []
        assert page.find_all(style=True) == []
        assert [tag for tag in page.find_all("script") if tag.get_text(strip=True)] == []
        assert [
            name for tag in page.find_all(True) for name in tag.attrs if name.startswith("on")
        ] == []


def test_every_route_is_behind_the_door(tmp_path: Path) -> None:
    """With sign-in, only the look of the sign-in page and what machines ask is open to all."""
    wire = Wire()
    app = make_app(wire, tmp_path, auth="password")
    client = app.test_client()
    let_in = {
        endpoint
        for endpoint, method, path in routes(app)
        if not (
            (answer := client.open(path, buffered=True, method=method)).status_code == 401
            or (answer.status_code == 303 and str(answer.location).startswith("/sign-in"))
        )
    }
    assert let_in - OPEN == set()
    assert {"results.results", "asset.asset", "references.put"} <= {
        endpoint for endpoint, _, _ in routes(app)
    } - let_in
    assert [each for each in wire.requests if not each.path.endswith("/collections")] == []


def test_every_route_knows_its_host(app: Flask, client: FlaskClient, wire: Wire) -> None:
    """A page whose name leads to this machine by a trick of DNS reads nothing."""
    for endpoint, method, path in routes(app):
        answer = client.open(path, buffered=True, method=method, headers={"Host": "evil.example"})
        is_for_machines = endpoint.startswith("operations.")
        assert (answer.status_code == 400) is not is_for_machines, path
    assert [each for each in wire.requests if each.path.startswith("/v1/search")] == []


def test_every_post_is_ours(app: Flask, client: FlaskClient) -> None:
    """No other site's page can make a browser change something here."""
    posts = [path for _, method, path in routes(app) if method == "POST"]
    assert "/references" in posts
    for path in posts:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            assert client.post(path, headers=headers).status_code == 403


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {}])
def test_own_posts_pass(client: FlaskClient, headers: dict[str, str]) -> None:
    """A form of ours, a script's fetch, and curl."""
    answer = client.post("/references", data={}, headers=headers)
    assert answer.status_code == 400  # it says that no picture came


ELSEWHERE = {
    "redis": "pass-of-redis-in-the-tests",
    "session": "key-of-the-sessions-in-the-tests-0123456789",
    "metrics": "token-of-the-metrics-in-the-tests",
}


# Answers that may make the application fail with the request in its hand.
ODD = (
    *("html", "not-json", "not-utf-8", "deep-json", "empty-body", "shape-list", "hits-missing"),
    *("fields-mistyped", "fields-null", "urls-odd", "400-script", "429-quota", "500"),
)


@pytest.fixture
def everything_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[io.StringIO]:
    """A full log of this process as a text that goes on growing."""
    root = logging.getLogger()
    # One that is used once stays as it was configured then.
    monkeypatch.setattr(logs, "log", structlog.stdlib.get_logger("akin.requests"))
    handlers, level = root.handlers[:], root.level
    # No redaction: what the application itself writes must not need it.
    logs.configure("text", Redaction())
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(root.handlers[0].formatter)
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG)
    yield text
    text.write("".join(capsys.readouterr()))
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def assert_no_secret(text: str, place: str) -> None:
    """None of the secrets of these tests is in it, in any spelling."""
    redaction = Redaction(KEY, SECRET, f"{KEY}:{SECRET}", *ELSEWHERE.values())
    assert redaction.text(text) == text, f"a secret is in {place}"


def test_key_is_nowhere(tmp_path: Path, everything_written: io.StringIO) -> None:
    """Not in a page, a header, a log, an error, a repr or a metric, whatever the API does.

    The API quotes the key back in its errors; the environment of the process has it, as granian
    hands it to every request.
    """
    wire = Wire()

    def make() -> Flask:
        return make_app(
            wire,
            tmp_path,
            api_key=KEY,
            api_secret=SECRET,
            secret_keys=(ELSEWHERE["session"],),
            metrics_token=ELSEWHERE["metrics"],
        )

    given = {"SCENARIO_SDK_API_KEY": KEY, "SCENARIO_SDK_API_SECRET": SECRET}
    quoting = [
        refusal(status, f"The key {KEY} with {SECRET} may not", code=SECRET)
        for status in (400, 401, 403, 404, 429, 500, 503)
    ]
    quoting.append(Reply(502, f"<h1>{KEY}:{SECRET}</h1>".encode(), {"content-type": "text/html"}))
    for answer in [*quoting, *ODD]:
        wire.always(answer)
        client = make().test_client()  # a new one: no breaker is open
        for path in ("/?query=asset", "/search.json?query=asset", "/search.json?page=x"):
            response = client.get(path, environ_overrides=given)
            assert_no_secret(response.text + repr(response.headers), f"{path} at {answer}")
    wire.always("healthy")
    app = make()
    client = app.test_client()
    for endpoint, method, path in routes(app):
        response = client.open(path, buffered=True, method=method, environ_overrides=given)
        shown = response.get_data().decode("utf-8", "replace")
        assert_no_secret(shown + repr(response.headers), endpoint)
    bearer = {"Authorization": f"Bearer {ELSEWHERE['metrics']}"}
    assert_no_secret(client.get("/metrics", headers=bearer).text, "metrics")
    assert "[secret] with [secret] may not" in everything_written.getvalue()
    assert_no_secret(everything_written.getvalue(), "the log")


def test_key_is_in_no_traceback(tmp_path: Path) -> None:
    """Not even in one that shows the local variables of the application's frames."""
    wire = Wire()
    wire.always(Reply(200, b"{"))
    app = make_app(wire, tmp_path, api_key=KEY, api_secret=SECRET)
    with app.test_request_context(), pytest.raises(UpstreamNonsense) as raised:
        app.extensions["akin"].answer(Search(query="asset"))
    shown = "".join(
        traceback.TracebackException.from_exception(raised.value, capture_locals=True).format()
    )
    assert "self = <app." in shown
    assert_no_secret(shown, "a traceback with variables")


def test_key_is_in_no_repr(tmp_path: Path) -> None:
    """Not of the settings, nor of anything that the application is made of."""
    app = make_app(Wire(), tmp_path, api_key=KEY, api_secret=SECRET)
    ours = [
        thing
        for thing in gc.get_objects()
        if str(type(thing).__module__).partition(".")[0] in {"app", "config"}
    ]
    assert any(isinstance(thing, Settings) for thing in ours)
    for thing in ours:
        assert_no_secret(repr(thing), f"the repr of a {type(thing).__name__}")
    assert_no_secret(repr(app.config | {"SECRET_KEY": None}), "the configuration")


def test_environment_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request of granian's brings the process's variables; the application takes ours out."""
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", SECRET)
    app = make_app(Wire(), tmp_path)
    seen: list[dict[str, Any]] = []

    def look() -> None:
        seen.append(dict(request.environ))

    app.before_request(look)
    app.test_client().get("/healthz", environ_overrides=dict(os.environ))
    assert [environ["PATH_INFO"] for environ in seen] == ["/healthz"]
    assert_no_secret(repr(seen), "the environ of a request")
