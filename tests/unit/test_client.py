"""The client on a pretended wire: what is sent, asked again, bounded, paged and put together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from app.errors import (
    BadKey,
    QuotaExceeded,
    UpstreamDown,
    UpstreamNonsense,
)
from app.scenario import MOST_BULK
from app.search import Search
from app.sending import open_session
from app.transport import WSGIAdapter
from tests.pages.wire import (
    HOST,
    KEY,
    SEARCH,
    SECRET,
    Reply,
    Wire,
    answer,
    asset_id,
    make_app,
    page,
    refusal,
)

if TYPE_CHECKING:
    from pathlib import Path

    from app.scenario import Client

BRIEF = {"x_should_retry": "true", "retry_after_ms": "1"}  # as the API asks for, so no test waits
ONE = {"id": "asset_1"}


@pytest.fixture
def wire() -> Wire:
    """A healthy API."""
    return Wire()


def client(wire: Wire, folder: Path, **changes: Any) -> Client:
    """The client of an application on the wire."""
    found: Client = make_app(wire, folder, **changes).extensions["akin"].client
    return found


def same(example: str) -> str:
    """Nothing is expanded here."""
    return example


@pytest.mark.parametrize("stream", [True, None])
@pytest.mark.parametrize("own", [{}, {"https": "http://another.invalid"}])
def test_the_environment_says_the_same_as_to_requests(
    monkeypatch: pytest.MonkeyPatch, stream: bool | None, own: dict[str, str]
) -> None:
    """Which proxy and which certificates, for each server; asked a second time as well."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    monkeypatch.setenv("NO_PROXY", "direct.invalid")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/studio.pem")
    ours, theirs = open_session("key", "secret", ""), requests.Session()
    for path in ("a?b=1", "c"):
        for origin in ("https://api.invalid", "https://direct.invalid:8443", "http://api.invalid"):
            expected, found = (
                session.merge_environment_settings(f"{origin}/{path}", {**own}, stream, None, None)
                for session in (theirs, ours)
            )
            assert expected == found


@pytest.mark.parametrize("params", [None, [], [("projectId", "p&q")]])
def test_a_request_is_the_one_that_requests_makes(params: list[tuple[str, str]] | None) -> None:
    """Also the second one to an address, with another body and a cookie meanwhile."""
    ours, theirs = open_session("key", "secret", ""), requests.Session()
    theirs.auth = ("key", "secret")
    for body in (b'{"query":"a"}', b'{"query":"more"}', b"{}"):
        headers = {"Content-Type": "application/json", "X-Request-ID": str(len(body))}
        request = requests.Request(
            "POST", "https://api.invalid/v1/search", params=params, data=body, headers=headers
        )
        expected, found = (session.prepare_request(request) for session in (theirs, ours))
        assert (expected.url, expected.body) == (found.url, found.body)
        assert dict(expected.headers) == dict(found.headers)
        if len(body) > 15:
            for session in (ours, theirs):
                session.cookies.set("sticky", "1", domain="api.invalid", path="/")


def test_a_call_says_who_asks_and_what_it_wants(wire: Wire, tmp_path: Path) -> None:
    """Authentication, JSON both ways, the project in the query string."""
    client(wire, tmp_path, project_id="project_1").search(Search(query="x"), same)
    (request,) = wire.asked()
    basic = requests.auth._basic_auth_str(KEY, SECRET)
    assert request.headers["authorization"] == basic
    assert request.headers["accept"] == "application/json"
    assert request.query == {"projectId": "project_1"}
    assert request.json == {"query": "x", "page": 1, "hitsPerPage": 48}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"jwt": "token"}, "Bearer token"),
        ({"api_key": KEY, "api_secret": SECRET}, requests.auth._basic_auth_str(KEY, SECRET)),
        ({"api_key": KEY, "api_secret": SECRET, "jwt": "token"}, "Bearer token"),
    ],
)
def test_the_key_of_the_settings_is_used(
    wire: Wire, settings: dict[str, str], expected: str
) -> None:
    """The pair, or the token, which wins."""
    values = {"api_key": "", "api_secret": "", "jwt": "", **settings}
    session = open_session(values["api_key"], values["api_secret"], values["jwt"])
    session.mount(HOST, WSGIAdapter(wire))
    session.get(f"{HOST}/v1/tags")
    assert wire.asked("/v1/tags")[0].headers["authorization"] == expected


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503])
def test_what_may_pass_is_asked_again(wire: Wire, tmp_path: Path, status: int) -> None:
    """After the pause that the API asks for."""
    wire.next(refusal(status, "Wait", **BRIEF), page(ONE))
    found = client(wire, tmp_path).search(Search(query="x"), same)
    assert [hit.id for hit in found.hits] == ["asset_1"]
    assert len(wire.asked()) == 2


def test_it_is_asked_twice_again_and_no_more(wire: Wire, tmp_path: Path) -> None:
    """As the official client does."""
    wire.always(refusal(503, "Down for good", **BRIEF))
    with pytest.raises(UpstreamDown, match="Down for good"):
        client(wire, tmp_path).search(Search(query="x"), same)
    assert len(wire.asked()) == 3


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refusal(401, "No"), BadKey),
        (refusal(404, "No such path"), UpstreamNonsense),
        (refusal(429, "No", x_should_retry="false"), QuotaExceeded),
        (refusal(503, "No", x_should_retry="false"), UpstreamDown),
        (refusal(429, "No", retry_after="86400", x_should_retry="true"), QuotaExceeded),
        (Reply(200, b"<html>"), UpstreamNonsense),
        (Reply(301, b"", {"location": f"{HOST}/elsewhere"}), UpstreamNonsense),
    ],
)
def test_what_will_not_pass_is_asked_once(
    wire: Wire, tmp_path: Path, reply: Reply, error: type[Exception]
) -> None:
    """Nor is a pause waited for that ends after the page's time; no redirect is followed."""
    wire.always(reply)
    with pytest.raises(error):
        client(wire, tmp_path).search(Search(query="x"), same)
    assert [request.path for request in wire.requests] == [SEARCH]


def test_a_bulk_call_is_never_over_its_limit(wire: Wire, tmp_path: Path) -> None:
    """A call over 200 is refused whole; each asset is asked for once."""
    wanted = [f"asset_{number}" for number in range(MOST_BULK * 2 + 50)] + [asset_id(1)] * 2
    found = client(wire, tmp_path).assets(wanted)
    sizes = [len(request.json["assetIds"]) for request in wire.asked("/v1/assets/get-bulk")]
    assert sizes == [200, 200, 51]
    assert list(found) == [asset_id(1)]
    assert client(wire, tmp_path).assets([]) == {}


def test_a_listing_is_followed_to_its_end(wire: Wire, tmp_path: Path) -> None:
    """By the token of each page."""
    for number in range(3):
        token = {"nextPaginationToken": f"t{number + 1}"} if number < 2 else {}
        listed = [{"id": f"c{number}", "name": f"Folder {number}"}]
        wire.next(answer({"collections": listed, **token}), on="/v1/collections")
    named = client(wire, tmp_path).collections()
    assert [item.name for item in named] == ["Folder 0", "Folder 1", "Folder 2"]
    queries = [request.query for request in wire.asked("/v1/collections")]
    assert queries == [
        {"pageSize": "100"},
        {"pageSize": "100", "paginationToken": "t1"},
        {"pageSize": "100", "paginationToken": "t2"},
    ]


def test_a_listing_that_never_ends_is_left(wire: Wire, tmp_path: Path) -> None:
    """The same token for ever is no reason to ask for ever."""
    wire.always(answer({"tags": [{"tagName": "a"}], "nextPaginationToken": "t"}), on="/v1/tags")
    client(wire, tmp_path).tags()
    assert len(wire.asked("/v1/tags")) <= 20


def test_names_of_no_models_are_not_asked_for(wire: Wire, tmp_path: Path) -> None:
    """An empty call is an error of the API's."""
    assert client(wire, tmp_path).models([]) == ()
    assert [m.name for m in client(wire, tmp_path).models(["model_1"])] == ["Model model_1"]
    assert len(wire.requests) == 1


def test_the_same_search_is_paid_for_once(wire: Wire, tmp_path: Path) -> None:
    """While its answer is fresh; another page of it is another search."""
    asking = client(wire, tmp_path, cache_seconds=60)
    for _ in range(3):
        asking.search(Search(query="x"), same)
    asking.search(Search(query="x", page=2), same)
    assert len(wire.asked()) == 2


def test_a_failure_is_not_kept(wire: Wire, tmp_path: Path) -> None:
    """The next reader's search is sent."""
    asking = client(wire, tmp_path, cache_seconds=60)
    wire.next(refusal(403, "No"))
    with pytest.raises(Exception, match="No"):
        asking.search(Search(query="x"), same)
    asking.search(Search(query="x"), same)
    assert len(wire.asked()) == 2
