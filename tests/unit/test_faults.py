"""The fake API and its faults send what their names say.

Read with sockets and the standard library, so that nothing forgives what a client would.
"""

from __future__ import annotations

import gzip
import http.client
import io
import json
import re
import socket
import time
import urllib.error
import urllib.request
import zlib
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.faults import BOMB, FAULTS, HUGE, SEARCH, Upstream
from tests.faults.synthetic import KINDS, asset_id, expiry, hit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 120.0  # seconds for what comes in the end, on a busy machine
MOMENT = 0.2  # for which nothing more comes
PAGE = {"query": "castle", "page": 1, "hitsPerPage": 10}
AUTHORIZATION = "Basic a2V5OnNlY3JldA=="


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """A healthy API with 200 assets, whose server must have had no trouble of its own."""
    with Upstream(count=200) as server:
        yield server
    assert server.errors == []


def raw(
    upstream: Upstream,
    body: dict[str, Any] = PAGE,
    *,
    all_there: Callable[[bytes], bool] = lambda _: False,
) -> tuple[bytes, str]:
    """Everything that answers one search, and how it ended: "fin", "reset" or "silence".

    Silence is what follows, for a moment, when `all_there` says that nothing more is to come; a
    busy machine has all the time it needs before.
    """
    text = json.dumps(body)
    request = (
        f"POST {SEARCH} HTTP/1.1\r\nHost: upstream\r\nConnection: close\r\n"
        f"Authorization: {AUTHORIZATION}\r\nContent-Length: {len(text)}\r\n\r\n{text}"
    )
    received = io.BytesIO()
    with socket.create_connection(("127.0.0.1", upstream.port), timeout=PATIENCE) as wire:
        try:
            wire.sendall(request.encode())
            wire.settimeout(MOMENT if all_there(b"") else PATIENCE)
            while data := wire.recv(1 << 20):
                received.write(data)
                wire.settimeout(MOMENT if all_there(received.getvalue()) else PATIENCE)
        except TimeoutError:
            return received.getvalue(), "silence"
        except ConnectionResetError:
            return received.getvalue(), "reset"
    return received.getvalue(), "fin"


def parted(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a raw answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(first.split()[1]), headers, body


def searched(upstream: Upstream, **changes: Any) -> Any:
    """The JSON that answers a search with these changes to PAGE."""
    status, _, body = parted(raw(upstream, PAGE | changes)[0])
    assert status == 200
    return json.loads(body)


def fetched(url: str, method: str = "GET", body: object = None) -> tuple[int, bytes]:
    """Status and body of one request that follows no redirect."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": AUTHORIZATION}
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - http only
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - http only
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


# --- in good health ----------------------------------------------------------------------------


def test_hits_cover_every_kind_with_unique_ids(upstream: Upstream) -> None:
    """A page of the newest has every kind, each hit once, and exact totals."""
    page = searched(upstream, query="", filter='createdAt >= "1970-01-01"', hitsPerPage=48)
    assert {hit["metadata"]["kind"] for hit in page["hits"]} == set(KINDS)
    assert len({hit["id"] for hit in page["hits"]}) == 48
    assert (page["totalHits"], page["totalPages"], page["page"]) == (200, 5, 1)


def test_half_of_the_images_have_no_thumbnail() -> None:
    """As measured on the live service: many images carry none."""
    images = [h for h in (hit(n, cdn="") for n in range(200)) if h["metadata"]["kind"] == "image"]
    assert [("thumbnail" in image) for image in images[:4]] == [False, True, False, True]


def test_pages_cover_the_library_once(upstream: Upstream) -> None:
    """Paging by page and by offset walks the same list, nothing twice."""
    wanted = {"query": "", "filter": "x"}
    by_page = [
        h["id"]
        for n in (1, 2)
        for h in searched(upstream, **wanted, page=n, hitsPerPage=100)["hits"]
    ]
    by_offset = []
    for offset in (0, 100):
        body = wanted | {"offset": offset, "limit": 100}
        by_offset += [h["id"] for h in json.loads(parted(raw(upstream, body)[0])[2])["hits"]]
    assert by_page == by_offset == [asset_id(n) for n in range(199, -1, -1)]


def test_an_offset_in_the_query_string_wins(upstream: Upstream) -> None:
    """The official client pages that way."""
    body = {"filter": "x", "limit": 5, "offset": 0}
    status, answer = fetched(f"{upstream.url}/search/assets?offset=5", "POST", body)
    assert status == 200
    assert json.loads(answer)["offset"] == 5


def test_references_are_left_out_of_their_own_results(upstream: Upstream) -> None:
    """An example is never its own answer."""
    images = {"like": [asset_id(199)], "unlike": [asset_id(198)]}
    page = searched(upstream, query="", images=images)
    assert page["hits"][0]["id"] == asset_id(197)
    assert page["totalHits"] == 198


def test_an_empty_search_is_refused(upstream: Upstream) -> None:
    """The API lists nothing for nothing."""
    status, _, body = parted(raw(upstream, {"page": 1, "hitsPerPage": 10})[0])
    assert status == 400
    assert json.loads(body)["error"] == "Must provide at least one search parameter"


def test_a_request_without_a_key_is_refused(upstream: Upstream) -> None:
    """Basic or Bearer, or 401."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{upstream.url}/tags", timeout=PATIENCE)  # noqa: S310 - http only
    with refused.value as answer:
        assert answer.code == 401


def test_other_calls_answer(upstream: Upstream) -> None:
    """One asset, many, a download, tags, collections, models."""
    one = asset_id(0)
    asset = json.loads(fetched(f"{upstream.url}/assets/{one}")[1])["asset"]
    assert (asset["id"], asset["kind"], asset["properties"]["width"]) == (one, "image", 1024)
    many = json.loads(fetched(f"{upstream.url}/assets/get-bulk", "POST", {"assetIds": [one]})[1])
    assert [a["id"] for a in many["assets"]] == [one]
    url = json.loads(fetched(f"{upstream.url}/assets/{one}/download", "POST", {})[1])["url"]
    assert fetched(url)[0] == 200
    assert json.loads(fetched(f"{upstream.url}/tags")[1])["tags"][0]["itemCount"] == 200
    assert len(json.loads(fetched(f"{upstream.url}/collections")[1])["collections"]) == 5
    models = fetched(f"{upstream.url}/models/get-bulk", "POST", {"modelIds": ["model_1"]})[1]
    assert [model["name"] for model in json.loads(models)["models"]] == ["Model model_1"]
    assert fetched(f"{upstream.url}/assets/asset_unknown")[0] == 404
    too_many = {"assetIds": [one] * 201}
    assert fetched(f"{upstream.url}/assets/get-bulk", "POST", too_many)[0] == 400


def test_files_are_pictures_as_long_as_their_policy_lasts(upstream: Upstream) -> None:
    """A signed URL works, its path alone does not, a thumbnail is everybody's."""
    url = searched(upstream)["hits"][0]["url"]
    assert fetched(url)[1].startswith(b"\x89PNG")
    assert fetched(url.split("?")[0])[0] == 403
    assert fetched(f"{upstream.origin}/thumbnails/{asset_id(3)}")[0] == 200


def test_requests_are_recorded(upstream: Upstream) -> None:
    """Method, path, query, headers and body, in order."""
    fetched(f"{upstream.url}/search/assets?originalAssets=true", "POST", PAGE)
    fetched(f"{upstream.url}/tags")
    first, second = upstream.requests
    assert (first.method, first.path) == ("POST", SEARCH)
    assert first.query == {"originalAssets": "true"}
    assert first.headers["authorization"] == AUTHORIZATION
    assert first.json == PAGE
    assert second.path == "/v1/tags"
    assert upstream.received() == [first]


def test_a_connection_is_kept_alive(upstream: Upstream) -> None:
    """Two requests go over one connection, as a pool expects."""
    connection = http.client.HTTPConnection("127.0.0.1", upstream.port, timeout=PATIENCE)
    for _ in range(2):
        connection.request("GET", "/v1/tags", headers={"Authorization": AUTHORIZATION})
        assert len(json.loads(connection.getresponse().read())["tags"]) == 1
    connection.close()


# --- whose turn it is --------------------------------------------------------------------------


def test_next_faults_come_in_order_then_health(upstream: Upstream) -> None:
    """Each name of `next` is used up by one search."""
    upstream.next("500", "404")
    assert [parted(raw(upstream)[0])[0] for _ in range(3)] == [500, 404, 200]


def test_always_goes_on_until_told_otherwise(upstream: Upstream) -> None:
    """`always` stays, `next` comes before it, "healthy" ends it."""
    upstream.always("503")
    upstream.next("401")
    assert [parted(raw(upstream)[0])[0] for _ in range(3)] == [401, 503, 503]
    upstream.always("healthy")
    assert parted(raw(upstream)[0])[0] == 200


def test_faults_of_searches_leave_other_calls_alone(upstream: Upstream) -> None:
    """A fault is for paths that begin with `on`."""
    upstream.always("500")
    assert fetched(f"{upstream.url}/tags")[0] == 200
    upstream.next("403", on="/v1/tags")
    assert fetched(f"{upstream.url}/tags")[0] == 403
    assert parted(raw(upstream)[0])[0] == 500


def test_an_unknown_fault_is_refused(upstream: Upstream) -> None:
    """A mistyped name fails the test that has it, at once."""
    with pytest.raises(ValueError, match="no fault is named '5000'"):
        upstream.next("5000")
    with pytest.raises(ValueError, match="no fault is named"):
        upstream.always("none")
    with pytest.raises(ValueError, match="never seen here"):
        upstream.next("refused")


def test_every_fault_says_what_it_does() -> None:
    """The table is its own documentation."""
    assert [name for name, fault in FAULTS.items() if not fault.__doc__] == []


# --- connections -------------------------------------------------------------------------------


def test_refused(upstream: Upstream) -> None:
    """The port is closed, to kept connections as well, and opens again at the same place."""
    kept = http.client.HTTPConnection("127.0.0.1", upstream.port, timeout=PATIENCE)
    kept.request("GET", "/v1/tags", headers={"Authorization": AUTHORIZATION})
    kept.getresponse().read()
    upstream.always("refused")
    assert kept.sock.recv(1) == b""
    kept.close()
    with pytest.raises(ConnectionRefusedError):
        raw(upstream)
    upstream.always("healthy")
    assert parted(raw(upstream)[0])[0] == 200


@pytest.mark.parametrize(("name", "ending"), [("reset", "reset"), ("hang-up", "fin")])
def test_nothing_then_the_end(upstream: Upstream, name: str, ending: str) -> None:
    """The request is taken and the connection ends without a byte."""
    upstream.next(name)
    assert raw(upstream) == (b"", ending)


def test_stale_connection(upstream: Upstream) -> None:
    """The connection is said to stay open and is closed: the next use of it fails."""
    upstream.next("stale-connection")
    connection = http.client.HTTPConnection("127.0.0.1", upstream.port, timeout=PATIENCE)
    headers = {"Authorization": AUTHORIZATION}
    connection.request("POST", SEARCH, json.dumps(PAGE), headers)
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.headers.get("connection") is None
    answer.read()
    assert connection.sock.recv(1) == b""
    connection.close()


@pytest.mark.parametrize("name", ["no-answer", "slow-first-byte"])
def test_nothing_for_now(upstream: Upstream, name: str) -> None:
    """The client waits, and nothing has come when it gives up."""
    upstream.next(name)
    assert raw(upstream, all_there=lambda _: True) == (b"", "silence")


def test_slow_first_byte_is_a_good_answer_in_the_end() -> None:
    """After the delay comes all of it."""
    with Upstream(delay=0.01) as upstream:
        upstream.next("slow-first-byte")
        assert len(searched(upstream)["hits"]) == 10


def test_slow_body_comes_byte_by_byte() -> None:
    """Each read gets a little: the whole is right, and no single wait is long."""
    with Upstream(drip=0.0) as upstream:
        upstream.next("slow-body")
        assert len(searched(upstream)["hits"]) == 10
    with Upstream(drip=30.0) as upstream:
        upstream.next("slow-body")
        answer, ending = raw(upstream, all_there=lambda got: got.endswith(b"\r\n\r\n{"))
        assert (parted(answer)[2], ending) == (b"{", "silence")


def test_stalled_body(upstream: Upstream) -> None:
    """Half of what was promised, then nothing."""
    upstream.next("stalled-body")

    def half(got: bytes) -> bool:
        length = re.search(rb"(?i)content-length: ([0-9]+)", got)
        return length is not None and 2 * len(got.partition(b"\r\n\r\n")[2]) >= int(length[1]) - 1

    answer, ending = raw(upstream, all_there=half)
    _, headers, body = parted(answer)
    assert (len(body), ending) == (int(headers["content-length"]) // 2, "silence")


@pytest.mark.parametrize(("name", "ending"), [("cut-body", "fin"), ("reset-body", "reset")])
def test_cut_body(upstream: Upstream, name: str, ending: str) -> None:
    """Half of what was promised, then the end."""
    upstream.next(name)
    answer, how = raw(upstream)
    assert how == ending
    if name == "cut-body":  # an RST may overtake what was sent before it
        _, headers, body = parted(answer)
        assert len(body) == int(headers["content-length"]) // 2


def test_cut_body_chunked(upstream: Upstream) -> None:
    """One chunk and no last one: http.client finds it incomplete."""
    upstream.next("cut-body-chunked")
    connection = http.client.HTTPConnection("127.0.0.1", upstream.port, timeout=PATIENCE)
    connection.request("POST", SEARCH, json.dumps(PAGE), {"Authorization": AUTHORIZATION})
    with pytest.raises(http.client.IncompleteRead):
        connection.getresponse().read()
    connection.close()


def test_not_http(upstream: Upstream) -> None:
    """Another protocol's greeting."""
    upstream.next("not-http")
    assert raw(upstream) == (b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n", "fin")


def test_long_header(upstream: Upstream) -> None:
    """One header is longer than http.client's 65,536."""
    upstream.next("long-header")
    assert len(parted(raw(upstream)[0])[1]["x-long"]) == 100_000


# --- bodies ------------------------------------------------------------------------------------


def body_of(upstream: Upstream, name: str) -> bytes:
    """The body of a 200 whose length is what was said."""
    upstream.next(name)
    status, headers, body = parted(raw(upstream)[0])
    assert status == 200
    assert int(headers["content-length"]) == len(body)
    return body


def test_html(upstream: Upstream) -> None:
    """200 and a page for people."""
    upstream.next("html")
    status, headers, body = parted(raw(upstream)[0])
    assert (status, headers["content-type"]) == (200, "text/html")
    assert body.startswith(b"<!doctype html>")


def test_bodies_that_are_no_json(upstream: Upstream) -> None:
    """Half a text, another encoding, nothing."""
    with pytest.raises(json.JSONDecodeError):
        json.loads(body_of(upstream, "not-json"))
    with pytest.raises(UnicodeDecodeError):
        body_of(upstream, "not-utf-8").decode()
    assert body_of(upstream, "empty-body") == b""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("shape-list", []),
        ("shape-string", "hits"),
        ("shape-null", None),
        ("shape-number", 7),
        ("hits-missing", {"totalHits": 3, "totalPages": 1, "page": 1, "hitsPerPage": 48}),
        ("hits-null", {"hits": None, "asset": None, "totalHits": 3}),
        ("hits-object", {"hits": {"0": {"id": "asset_x"}}, "asset": [], "totalHits": 1}),
    ],
)
def test_shapes(upstream: Upstream, name: str, value: object) -> None:
    """Valid JSON of another shape."""
    assert json.loads(body_of(upstream, name)) == value


def test_odd_hits_stand_between_good_ones(upstream: Upstream) -> None:
    """Seven that are no hits, ten that are."""
    hits = json.loads(body_of(upstream, "hits-odd"))["hits"]
    good = [h for h in hits if isinstance(h, dict) and isinstance(h.get("id"), str)]
    assert (len(hits), len(good)) == (17, 10)


def changed(upstream: Upstream, name: str) -> list[dict[str, Any]]:
    """The hits of a page with a fault."""
    return list(json.loads(body_of(upstream, name))["hits"])


def test_fields_missing_and_null(upstream: Upstream) -> None:
    """The id alone is left, or alone has a value."""
    assert {tuple(h) for h in changed(upstream, "fields-missing")} == {("id",)}
    nulls = changed(upstream, "fields-null")
    assert {name for h in nulls for name, value in h.items() if value is not None} == {"id"}
    inner = changed(upstream, "metadata-null")
    assert {value for h in inner for value in h["metadata"].values()} == {None}
    assert {tuple(h["tags"]) for h in inner} == {(None,)}


def test_every_field_is_of_another_type(upstream: Upstream) -> None:
    """Field by field, none but the id has the type of the good answer."""
    good = searched(upstream)["hits"]
    for before, after in zip(good, changed(upstream, "fields-mistyped"), strict=True):
        assert after.keys() == before.keys()
        same = [name for name in before if type(before[name]) is type(after[name])]
        assert set(same) <= {"id", "metadata", "thumbnail"}
        for name, value in before["metadata"].items():
            assert type(after["metadata"][name]) is not type(value)


def test_new_fields_and_kinds(upstream: Upstream) -> None:
    """What the API may add one day."""
    first = changed(upstream, "fields-new")[0]
    assert first["metadata"]["kind"] == "hologram"
    assert first["aura"] == [{"b": None}]


def test_lone_surrogates(upstream: Upstream) -> None:
    """JSON can carry them, UTF-8 cannot."""
    body = body_of(upstream, "lone-surrogates")
    body.decode("ascii")
    name = json.loads(body)["hits"][0]["metadata"]["name"]
    with pytest.raises(UnicodeEncodeError):
        name.encode()


def test_odd_values(upstream: Upstream) -> None:
    """Numbers, dates and URLs that no page expects, several kinds of each on a page."""
    widths = {str(h["metadata"]["width"])[:4] for h in changed(upstream, "odd-numbers")}
    dates = {h["createdAt"] for h in changed(upstream, "dates-odd")}
    urls = {h["url"] for h in changed(upstream, "urls-odd")}
    assert (len(widths) > 2, len(dates) > 2, len(urls) > 2) == (True, True, True)


def test_deep_json(upstream: Upstream) -> None:
    """Deeper than any recursion."""
    body = body_of(upstream, "deep-json")
    assert body.count(b"[") == body.count(b"]") == 100_001 - 1


@pytest.mark.parametrize("name", ["100-mb", "100-mb-chunked"])
def test_a_hundred_megabytes(upstream: Upstream, name: str) -> None:
    """All of it comes for those who read it, as valid JSON with no hit."""
    upstream.next(name)
    connection = http.client.HTTPConnection("127.0.0.1", upstream.port, timeout=PATIENCE)
    connection.request("POST", SEARCH, json.dumps(PAGE), {"Authorization": AUTHORIZATION})
    body = connection.getresponse().read()
    connection.close()
    assert len(body) == HUGE
    assert json.loads(body) == {"hits": []}


def test_gzip_bomb(upstream: Upstream) -> None:
    """About a megabyte of valid gzip that unpacks to a gigabyte."""
    upstream.next("gzip-bomb")
    _, headers, body = parted(raw(upstream)[0])
    assert headers["content-encoding"] == "gzip"
    assert len(body) < 2 * 1024 * 1024
    unpacked, ends = 0, []
    with gzip.open(io.BytesIO(body)) as file:
        while block := file.read(1 << 24):
            unpacked += len(block)
            ends = [ends[0] if ends else block[:10], block[-2:]]
    assert (unpacked, ends) == (BOMB, [b'{"hits": [', b"]}"])


def test_gzip_broken(upstream: Upstream) -> None:
    """It is called gzip and is not."""
    with pytest.raises(zlib.error):
        zlib.decompress(body_of(upstream, "gzip-broken"), wbits=31)


# --- statuses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status", "error"),
    [
        ("400-empty", 400, "Must provide at least one search parameter"),
        ("400-filter", 400, "Invalid filter syntax"),
        ("400-field", 400, '"colour" is not a filterable field'),
        ("400-limit", 400, "Limit exceeds maximum (100)"),
        ("401", 401, "Unauthorized"),
        ("403", 403, "Forbidden"),
        ("404", 404, "Not found"),
        ("408", 408, "Request timeout"),
        ("409", 409, "Conflict"),
        ("429", 429, "Too many requests"),
        ("429-quota", 429, "Asset search quota exceeded"),
        ("500", 500, "Internal server error"),
        ("503", 503, "Service unavailable"),
    ],
)
def test_statuses_with_the_apis_own_words(
    upstream: Upstream, name: str, status: int, error: str
) -> None:
    """Status and `error`, and no word of when to come again."""
    upstream.next(name)
    said, headers, body = parted(raw(upstream)[0])
    assert (said, json.loads(body)["error"]) == (status, error)
    assert not {"retry-after", "retry-after-ms", "x-should-retry"} & headers.keys()


@pytest.mark.parametrize(
    ("name", "status", "body"),
    [
        ("400-message", 400, b'{"message": "Invalid filter syntax"}'),
        ("400-object", 400, b'{"error": {"message": ["Invalid filter syntax"]}}'),
        ("400-text", 400, b"Invalid filter syntax"),
        ("400-no-body", 400, b""),
    ],
)
def test_errors_spelled_otherwise(upstream: Upstream, name: str, status: int, body: bytes) -> None:
    """Bodies vary."""
    upstream.next(name)
    said, _, text = parted(raw(upstream)[0])
    assert (said, text) == (status, body)


@pytest.mark.parametrize(("name", "status"), [("502", 502), ("504", 504)])
def test_gateways_answer_in_html(upstream: Upstream, name: str, status: int) -> None:
    """What stands before the API answers in its own way."""
    upstream.next(name)
    said, headers, body = parted(raw(upstream)[0])
    assert (said, headers["content-type"]) == (status, "text/html")
    assert b"nginx" in body


@pytest.mark.parametrize(
    ("name", "status", "header", "value"),
    [
        ("429-retry-after-seconds", 429, "retry-after", "1"),
        ("429-retry-after-ms", 429, "retry-after-ms", "50"),
        ("429-retry-after-far", 429, "retry-after", "86400"),
        ("429-retry-after-nonsense", 429, "retry-after", "soon"),
        ("429-should-not-retry", 429, "x-should-retry", "false"),
        ("400-should-retry", 400, "x-should-retry", "true"),
        ("503-should-retry", 503, "x-should-retry", "true"),
        ("503-should-not-retry", 503, "x-should-retry", "false"),
    ],
)
def test_when_to_come_again(
    upstream: Upstream, name: str, status: int, header: str, value: str
) -> None:
    """The headers that the official client obeys."""
    upstream.next(name)
    said, headers, _ = parted(raw(upstream)[0])
    assert (said, headers[header]) == (status, value)


def test_retry_after_as_a_date_is_soon(upstream: Upstream) -> None:
    """An HTTP date two seconds ahead."""
    upstream.next("429-retry-after-date")
    asked = time.time()
    date = parsedate_to_datetime(parted(raw(upstream)[0])[1]["retry-after"])
    assert asked < date.timestamp() <= time.time() + 2


@pytest.mark.parametrize(
    ("name", "status", "place"),
    [
        ("301", 301, "/moved"),
        ("301-elsewhere", 301, "http://localhost:{port}/v1/elsewhere"),
        ("301-loop", 308, SEARCH),
    ],
)
def test_redirects(upstream: Upstream, name: str, status: int, place: str) -> None:
    """Where a client is sent."""
    upstream.next(name)
    said, headers, _ = parted(raw(upstream)[0])
    assert (said, headers["location"]) == (status, place.format(port=upstream.port))


# --- well formed and not true ------------------------------------------------------------------


def test_expired_urls(upstream: Upstream) -> None:
    """Each URL's policy has ended, and the CDN says so."""
    hits = changed(upstream, "expired-urls")
    ends = [expiry(dict(parse_qsl(urlsplit(hit["url"]).query))) for hit in hits]
    assert all(0 < end < time.time() for end in ends)
    assert {fetched(hit["url"])[0] for hit in hits} == {403}


def test_totals(upstream: Upstream) -> None:
    """Counts and lists that disagree."""
    upstream.next("totals-lie", "totals-short", "totals-odd", "totals-missing")
    pages = [searched(upstream) for _ in range(4)]
    assert [len(page["hits"]) for page in pages] == [0, 10, 10, 10]
    assert [page.get("totalHits") for page in pages] == [10**6, 0, "many", None]


def test_pages_shrink_while_paging(upstream: Upstream) -> None:
    """Each search finds fewer than the one before."""
    upstream.always("shrinking-pages")
    wanted = {"query": "", "filter": "x", "hitsPerPage": 100}
    totals = [searched(upstream, **wanted, page=page)["totalHits"] for page in (1, 2, 3)]
    assert totals == [190, 180, 170]


def test_duplicate_hits(upstream: Upstream) -> None:
    """One hit is there three times."""
    ids = [hit["id"] for hit in changed(upstream, "duplicate-hits")]
    assert [ids.count(i) for i in dict.fromkeys(ids)] == [3] + [1] * 9


def test_faults_work_on_one_asset_too(upstream: Upstream) -> None:
    """The faults of hits change the asset of GET /assets/{id} as well."""
    upstream.next("fields-missing", on="/v1/assets/")
    status, body = fetched(f"{upstream.url}/assets/{asset_id(1)}")
    assert (status, json.loads(body)) == (200, {"asset": {"id": asset_id(1)}})
