"""The client with an API in this process: calls, retries, limits, listings, caching."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import requests
from cachetools import LRUCache

from app.errors import (
    BadRequest,
    InvalidKey,
    InvalidUpstreamResponse,
    NotAllowed,
    QuotaExceeded,
    UnknownAsset,
    UpstreamDown,
)
from app.network.wsgi_adapter import WSGIAdapter
from app.query.search import Search
from app.scenario.client import Client
from app.scenario.protocol import MOST_BULK, Call
from app.scenario.request_budget import RequestBudget
from app.scenario.response_cache import CachedResponse
from app.scenario.transport import Transport, open_session
from app.web.context import services_of
from tests.support.scenario_api import (
    HOST,
    KEY,
    SEARCH,
    SECRET,
    FakeAPI,
    Reply,
    answer,
    asset_id,
    make_app,
    page,
    refusal,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.errors import UpstreamError
    from app.scenario.request_budget import RequestBudget
from app.scenario.response_cache import CacheKey

BRIEF = {"x_should_retry": "true", "retry_after_ms": "1"}  # as the API asks for, so no test waits
ONE = {"id": "asset_1"}


@pytest.fixture
def api() -> FakeAPI:
    """An API that works."""
    return FakeAPI()


def client(api: FakeAPI, folder: Path, **changes: Any) -> Client:
    """Return the client of an application with this API."""
    return services_of(make_app(api, folder, **changes)).client


def same(example: str) -> str:
    """Return the example: these tests have no references."""
    return example


class Adapter(WSGIAdapter):
    """The API in this process; records how it would be reached over the network."""

    def send(self, request: requests.PreparedRequest, *_: Any, **options: Any) -> Any:
        self.request, self.options = request, options
        return super().send(request)


@pytest.mark.parametrize(
    ("origin", "proxy"),
    [
        ("https://api.invalid", "http://proxy.invalid:3128"),
        ("https://direct.invalid:8443", None),
    ],
)
def test_proxies_and_certificates_are_those_of_the_environment(
    api: FakeAPI, monkeypatch: pytest.MonkeyPatch, origin: str, proxy: str | None
) -> None:
    """As requests reads them, for the server of the API."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    monkeypatch.setenv("NO_PROXY", "direct.invalid")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/studio.pem")
    session, adapter = open_session("key", "secret", ""), Adapter(api)
    session.mount(origin, adapter)
    Transport(base_url=f"{origin}/v1", session=session, timeout=30).exchange(
        Call("GET", "/tags"), RequestBudget()
    )
    assert adapter.options["proxies"].get("https") == proxy
    assert adapter.options["verify"] == "/studio.pem"
    assert adapter.options["stream"] is True


@pytest.mark.parametrize("params", [(), (("projectId", "p&q"),)])
def test_a_request_that_is_sent_again_has_its_own_body(
    api: FakeAPI, params: tuple[tuple[str, str], ...]
) -> None:
    """Requests to one address are prepared once; bodies, lengths and methods are not shared."""
    session, adapter = open_session("key", "secret", ""), Adapter(api)
    session.mount(HOST, adapter)
    transport = Transport(base_url=f"{HOST}/v1", session=session, timeout=30)
    for body in (b'{"query":"a"}', b'{"query":"more"}', b"{}", None):
        for method in ("POST", "GET"):
            transport.exchange(Call(method, "/tags", params, body), RequestBudget())
            request = api.requests[-1]
            assert (request.method, request.body) == (method, body or b"")
            assert request.query == dict(params)
            assert adapter.request.headers.get("Content-Type") == (body and "application/json")


def test_a_call_has_authentication_and_content_type(api: FakeAPI, tmp_path: Path) -> None:
    """And the project in the query string."""
    client(api, tmp_path, project_id="project_1").search(Search(query="x"), same)
    (request,) = api.received()
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
    api: FakeAPI, settings: dict[str, str], expected: str
) -> None:
    """The key pair, or the token, which has priority."""
    values = {"api_key": "", "api_secret": "", "jwt": "", **settings}
    session = open_session(values["api_key"], values["api_secret"], values["jwt"])
    session.mount(HOST, WSGIAdapter(api))
    session.get(f"{HOST}/v1/tags")
    assert api.received("/v1/tags")[0].headers["authorization"] == expected


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503])
def test_temporary_failures_are_retried(api: FakeAPI, tmp_path: Path, status: int) -> None:
    """After the pause that the API requests."""
    api.next(refusal(status, "Wait", **BRIEF), page(ONE))
    found = client(api, tmp_path).search(Search(query="x"), same)
    assert [hit.id for hit in found.hits] == ["asset_1"]
    assert len(api.received()) == 2


def test_a_call_is_retried_twice(api: FakeAPI, tmp_path: Path) -> None:
    """As the official client does."""
    api.always(refusal(503, "Down for good", **BRIEF))
    with pytest.raises(UpstreamDown, match="Down for good"):
        client(api, tmp_path).search(Search(query="x"), same)
    assert len(api.received()) == 3


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refusal(401, "No"), InvalidKey),
        (refusal(404, "No such path"), InvalidUpstreamResponse),
        (refusal(429, "No", x_should_retry="false"), QuotaExceeded),
        (refusal(503, "No", x_should_retry="false"), UpstreamDown),
        (refusal(429, "No", retry_after="86400", x_should_retry="true"), QuotaExceeded),
        (Reply(200, b"<html>"), InvalidUpstreamResponse),
        (Reply(301, b"", {"location": f"{HOST}/elsewhere"}), InvalidUpstreamResponse),
    ],
)
def test_other_failures_are_not_retried(
    api: FakeAPI, tmp_path: Path, reply: Reply, error: type[Exception]
) -> None:
    """Nor after a pause that ends after the time of the page; no redirect is followed."""
    api.always(reply)
    with pytest.raises(error):
        client(api, tmp_path).search(Search(query="x"), same)
    assert [request.path for request in api.requests] == [SEARCH]


def test_bulk_calls_keep_their_limit(api: FakeAPI, tmp_path: Path) -> None:
    """The API refuses a call with more than 200 ids; each id is sent once."""
    wanted = [f"asset_{number}" for number in range(MOST_BULK * 2 + 50)] + [asset_id(1)] * 2
    found = client(api, tmp_path).assets(wanted)
    sizes = [len(request.json["assetIds"]) for request in api.received("/v1/assets/get-bulk")]
    assert sizes == [200, 200, 51]
    assert list(found) == [asset_id(1)]
    assert client(api, tmp_path).assets([]) == {}


def test_a_listing_is_read_to_its_end(api: FakeAPI, tmp_path: Path) -> None:
    """By the token of each page."""
    for number in range(3):
        token = {"nextPaginationToken": f"t{number + 1}"} if number < 2 else {}
        listed = [{"id": f"c{number}", "name": f"Folder {number}"}]
        api.next(answer({"collections": listed, **token}), on="/v1/collections")
    named = client(api, tmp_path).collections()
    assert [item.name for item in named] == ["Folder 0", "Folder 1", "Folder 2"]
    queries = [request.query for request in api.received("/v1/collections")]
    assert queries == [
        {"pageSize": "100"},
        {"pageSize": "100", "paginationToken": "t1"},
        {"pageSize": "100", "paginationToken": "t2"},
    ]


def test_an_endless_listing_is_ended(api: FakeAPI, tmp_path: Path) -> None:
    """Also where every page has the same token."""
    api.always(answer({"tags": [{"tagName": "a"}], "nextPaginationToken": "t"}), on="/v1/tags")
    client(api, tmp_path).tags()
    assert len(api.received("/v1/tags")) <= 20


def test_no_models_need_no_call(api: FakeAPI, tmp_path: Path) -> None:
    """The API refuses a call without ids."""
    assert client(api, tmp_path).models([]) == ()
    assert [m.name for m in client(api, tmp_path).models(["model_1"])] == ["Model model_1"]
    assert len(api.requests) == 1


def test_the_same_search_is_sent_once(api: FakeAPI, tmp_path: Path) -> None:
    """While its response is fresh; another page is another search."""
    asking = client(api, tmp_path, cache_seconds=60)
    for _ in range(3):
        asking.search(Search(query="x"), same)
    asking.search(Search(query="x", page=2), same)
    assert len(api.received()) == 2


def test_a_failure_is_not_cached(api: FakeAPI, tmp_path: Path) -> None:
    """The next search is sent again."""
    asking = client(api, tmp_path, cache_seconds=60)
    api.next(refusal(403, "No"))
    with pytest.raises(Exception, match="No"):
        asking.search(Search(query="x"), same)
    asking.search(Search(query="x"), same)
    assert len(api.received()) == 2


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [(400, "", BadRequest), (403, "", NotAllowed), (404, "NOT_FOUND", UnknownAsset)],
)
def test_retry_after_on_a_refused_call_does_not_block_others(
    api: FakeAPI, tmp_path: Path, status: int, code: str, error: type[UpstreamError]
) -> None:
    """The refusal concerns that call only; its error is not raised for another asset."""
    found = client(api, tmp_path)
    api.next(refusal(status, "No", code, retry_after="600"), on="/v1/assets")
    with pytest.raises(error):
        found.asset(asset_id(1))
    assert found.asset(asset_id(2)).id == asset_id(2)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refusal(429, "Slow down", retry_after="600"), QuotaExceeded),
        (refusal(403, "No", "QUOTA_EXCEEDED", retry_after="600"), QuotaExceeded),
        (refusal(503, "Maintenance", retry_after="600"), UpstreamDown),
    ],
)
def test_an_exhausted_quota_or_a_503_blocks_its_family_for_as_long_as_it_says(
    api: FakeAPI, tmp_path: Path, reply: Reply, error: type[UpstreamError]
) -> None:
    """No call of the family is sent until then; other families have a quota of their own."""
    found = client(api, tmp_path)
    api.next(reply)
    for _ in range(2):
        with pytest.raises(error) as raised:
            found.search(Search(query="x"), same)
        assert 590 < (raised.value.retry_after or 0) <= 600
    assert len(api.received()) == 1
    assert found.asset(asset_id(2)).id == asset_id(2)


class StoredPages:
    """A response cache that has a page of one hit for every search."""

    def get(self, key: CacheKey, _: RequestBudget) -> CachedResponse:
        body = page({"id": f"asset_{key.key}"}).body
        return CachedResponse(body, 0.0, 0.0, 0.0, 0.0, 0, CachedResponse.digest_of(body))


class WatchedCache(LRUCache[Any, Any]):
    """A cache that counts the threads which are in it at the same time."""

    def __init__(self, maxsize: float) -> None:
        super().__init__(maxsize)
        self.most_inside = self._inside = 0
        self._entered = threading.Condition()

    @contextmanager
    def _enter(self) -> Iterator[None]:
        with self._entered:
            self._inside += 1
            self.most_inside = max(self.most_inside, self._inside)
            self._entered.notify_all()
            self._entered.wait_for(lambda: self._inside > 1, 0.2)  # without a lock, another comes
        yield
        with self._entered:
            self._inside -= 1

    def __getitem__(self, key: Any) -> Any:
        with self._enter():
            return super().__getitem__(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        with self._enter():
            super().__setitem__(key, value)


def test_one_thread_at_a_time_uses_the_cache_of_decoded_pages(api: FakeAPI, tmp_path: Path) -> None:
    """An LRU cache without a lock raises, or loses count of its size and shrinks for good."""
    shared = Client(client(api, tmp_path)._transport, StoredPages())  # type: ignore[arg-type]
    shared._decoded = cache = WatchedCache(2)
    searches = [Search(query=f"castle {number}") for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(lambda each: shared.search(each, same), searches))
    assert len({each.hits[0].id for each in pages}) == 4
    assert cache.most_inside == 1
    assert cache.currsize == len(cache) == 2
