"""Rules for every route: headers, access, host, other sites, secrets."""

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

from app.auth.access import Access, access_of
from app.errors import InvalidUpstreamResponse
from app.query.search import Search
from app.telemetry.redaction import Redaction
from app.web import request_log
from app.web.context import services_of
from app.web.security_headers import ALWAYS, content_security_policy, viewer_policy
from config import Settings
from tests.support.scenario_api import CDN, KEY, SECRET, FakeAPI, Reply, asset_id, make_app, refusal

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
    "place": 1,
}
# The frame of the 3D viewer, which only pages of Akin may embed.
VIEWERS = {"asset.viewer"}


def routes(app: Flask) -> list[tuple[str, str, str]]:
    """Return every route: endpoint, method, path."""

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
    """Every response has the security headers, errors included."""
    all_routes = routes(app)
    assert len(all_routes) > 20
    for endpoint, method, path in [*all_routes, ("", "GET", "/no-such-page"), ("", "PUT", "/")]:
        answer = client.open(path, buffered=True, method=method, query_string={"query": "asset"})
        headers = answer.headers
        policy = headers["Content-Security-Policy"]
        if endpoint in VIEWERS:
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
    """Scripts and styles come from Akin only, and no other site may frame a page."""
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
    """Pages contain no style attribute, no handler and no inline script."""
    for path in ("/", "/?query=nothing-at-all", f"/assets/{asset_id(7)}", "/no-such-page"):
        page = BeautifulSoup(client.get(path).data, "html.parser")
        assert page.find_all("style") == []
        assert page.find_all(style=True) == []
        assert [tag for tag in page.find_all("script") if tag.get_text(strip=True)] == []
        assert [
            name for tag in page.find_all(True) for name in tag.attrs if name.startswith("on")
        ] == []


STATIC = Access(is_public=True, embeddable=True)
MACHINES = Access(is_public=True, any_host=True)
PUBLIC = Access(is_public=True)
LINK = Access(is_signed_link=True, embeddable=True)
# Every endpoint that is not for signed-in users alone.
ACCESS = {
    "original.original": Access(for_local_programs=True),
    "static": STATIC,
    "icons": STATIC,
    "drawn_icons": STATIC,
    "robots.robots": STATIC,
    "style": STATIC,
    "scripts": STATIC,
    "operations.healthz": MACHINES,
    "operations.readyz": MACHINES,
    "operations.metrics": MACHINES,
    "sign_in.form": PUBLIC,
    "sign_in.sign_in": PUBLIC,
    "sign_in.begin": PUBLIC,
    "sign_in.callback": PUBLIC,
    "sign_in.sign_out": PUBLIC,
    "sign_in.back_channel_logout": PUBLIC,
    "sign_in.signed_out": PUBLIC,
    "feeds.feed": LINK,
    "feeds.picture": LINK,
    "exports.png": Access(is_preview=True),
    # Their blueprint verifies the token of the review first (tests/attacks/test_review_links.py).
    **{
        f"review_links.{view}": PUBLIC
        for view in (
            *("review", "answer_all", "review_asset", "answer", "result", "result_csv"),
            *("someone_else", "picture", "original"),
        )
    },
}


def test_access_of_every_endpoint(app: Flask) -> None:
    """A decorator on a view function, and with it a change of this table, opens a route."""
    declared = {endpoint: access_of(view) for endpoint, view in app.view_functions.items()}
    assert {name: each for name, each in declared.items() if each != Access()} == ACCESS


def test_every_route_needs_a_sign_in(tmp_path: Path) -> None:
    """Without a cookie only public routes respond; links and previews are closed as well."""
    api = FakeAPI()
    app = make_app(api, tmp_path, auth="password")
    client = app.test_client()
    opened = {
        endpoint
        for endpoint, method, path in routes(app)
        if not (
            (answer := client.open(path, buffered=True, method=method)).status_code == 401
            or (answer.status_code == 303 and str(answer.location).startswith("/sign-in"))
        )
    }
    assert opened <= {name for name, access in ACCESS.items() if access.is_public}
    assert {"results.results", "asset.asset", "reference_images.upload"} <= {
        endpoint for endpoint, _, _ in routes(app)
    } - opened
    assert [each for each in api.requests if not each.path.endswith("/collections")] == []


def test_every_route_checks_the_host(app: Flask, client: FlaskClient, api: FakeAPI) -> None:
    """A request with another host is refused (DNS rebinding)."""
    for endpoint, method, path in routes(app):
        answer = client.open(path, buffered=True, method=method, headers={"Host": "evil.example"})
        is_for_machines = endpoint.startswith("operations.")
        assert (answer.status_code == 400) is not is_for_machines, path
    assert [each for each in api.requests if each.path.startswith("/v1/search")] == []


def test_every_post_checks_the_origin(app: Flask, client: FlaskClient) -> None:
    """A POST from a page of another site is refused."""
    posts = [path for _, method, path in routes(app) if method == "POST"]
    assert "/references" in posts
    for path in posts:
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            assert client.post(path, headers=headers).status_code == 403


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {}])
def test_own_posts_are_accepted(client: FlaskClient, headers: dict[str, str]) -> None:
    """A POST of Akin's own pages, and one of curl, is accepted."""
    answer = client.post("/references", data={}, headers=headers)
    assert answer.status_code == 400  # the form has no image


OTHER_SECRETS = {
    "redis": "pass-of-redis-in-the-tests",
    "session": "key-of-the-sessions-in-the-tests-0123456789",
    "metrics": "token-of-the-metrics-in-the-tests",
}


# Responses of the API that make requests fail.
INVALID_RESPONSES = (
    *("html", "not-json", "not-utf-8", "deep-json", "empty-body", "shape-list", "hits-missing"),
    *("fields-mistyped", "fields-null", "urls-odd", "400-script", "429-quota", "500"),
)


@pytest.fixture
def complete_log(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[io.StringIO]:
    """The complete log of this process, as a growing text."""
    root = logging.getLogger()
    # A logger keeps the configuration of its first use.
    monkeypatch.setattr(request_log, "log", structlog.stdlib.get_logger("akin.requests"))
    handlers, level = root.handlers[:], root.level
    # Without redaction: the application's own lines must not need it.
    request_log.configure("text", Redaction())
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
    """Fail where a text contains a secret of these tests, in any encoding."""
    redaction = Redaction(KEY, SECRET, f"{KEY}:{SECRET}", *OTHER_SECRETS.values())
    assert redaction.text(text) == text, f"a secret is in {place}"


def test_no_secret_leaks(tmp_path: Path, complete_log: io.StringIO) -> None:
    """No page, header, log line, error or metric contains a secret, whatever the API does.

    The API quotes the key back in its errors; the environment of the process has it, as granian
    hands it to every request.
    """
    api = FakeAPI()

    def make() -> Flask:
        return make_app(
            api,
            tmp_path,
            api_key=KEY,
            api_secret=SECRET,
            secret_keys=(OTHER_SECRETS["session"],),
            metrics_token=OTHER_SECRETS["metrics"],
        )

    environment = {"SCENARIO_SDK_API_KEY": KEY, "SCENARIO_SDK_API_SECRET": SECRET}
    quoting = [
        refusal(status, f"The key {KEY} with {SECRET} may not", code=SECRET)
        for status in (400, 401, 403, 404, 429, 500, 503)
    ]
    quoting.append(Reply(502, f"<h1>{KEY}:{SECRET}</h1>".encode(), {"content-type": "text/html"}))
    for answer in [*quoting, *INVALID_RESPONSES]:
        api.always(answer)
        client = make().test_client()  # a new one: no circuit breaker is open
        for path in ("/?query=asset", "/search.json?query=asset", "/search.json?page=x"):
            response = client.get(path, environ_overrides=environment)
            assert_no_secret(response.text + repr(response.headers), f"{path} at {answer}")
    api.always("healthy")
    app = make()
    client = app.test_client()
    for endpoint, method, path in routes(app):
        response = client.open(path, buffered=True, method=method, environ_overrides=environment)
        shown = response.get_data().decode("utf-8", "replace")
        assert_no_secret(shown + repr(response.headers), endpoint)
    bearer = {"Authorization": f"Bearer {OTHER_SECRETS['metrics']}"}
    assert_no_secret(client.get("/metrics", headers=bearer).text, "metrics")
    assert "[secret] with [secret] may not" in complete_log.getvalue()
    assert_no_secret(complete_log.getvalue(), "the log")


def test_no_secret_in_a_traceback(tmp_path: Path) -> None:
    """A traceback with local variables contains no secret."""
    api = FakeAPI()
    api.always(Reply(200, b"{"))
    app = make_app(api, tmp_path, api_key=KEY, api_secret=SECRET)
    with app.test_request_context(), pytest.raises(InvalidUpstreamResponse) as raised:
        services_of(app).catalog.response(Search(query="asset"))
    shown = "".join(
        traceback.TracebackException.from_exception(raised.value, capture_locals=True).format()
    )
    assert "self = <app." in shown
    assert_no_secret(shown, "a traceback with variables")


def test_no_secret_in_a_repr(tmp_path: Path) -> None:
    """No repr of the settings or of the application's objects contains a secret."""
    app = make_app(FakeAPI(), tmp_path, api_key=KEY, api_secret=SECRET)
    objects = [
        thing
        for thing in gc.get_objects()
        if str(type(thing).__module__).partition(".")[0] in {"app", "config"}
    ]
    assert any(isinstance(thing, Settings) for thing in objects)
    for thing in objects:
        assert_no_secret(repr(thing), f"the repr of a {type(thing).__name__}")
    assert_no_secret(repr(app.config | {"SECRET_KEY": None}), "the configuration")


def test_environment_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment variables that a server copies into requests are removed."""
    monkeypatch.setenv("SCENARIO_SDK_API_SECRET", SECRET)
    app = make_app(FakeAPI(), tmp_path)
    environs: list[dict[str, Any]] = []

    def record() -> None:
        environs.append(dict(request.environ))

    app.before_request(record)
    app.test_client().get("/healthz", environ_overrides=dict(os.environ))
    assert [environ["PATH_INFO"] for environ in environs] == ["/healthz"]
    assert_no_secret(repr(environs), "the environ of a request")
