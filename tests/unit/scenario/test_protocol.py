"""The protocol: a call for every search, and one meaning for every status and body."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import (
    BadFilter,
    BadRequest,
    InvalidKey,
    InvalidUpstreamResponse,
    NotAllowed,
    QuotaExceeded,
    UnknownAsset,
    UpstreamDown,
    UpstreamError,
    UpstreamTimeout,
)
from app.query.params import pairs_of
from app.query.search import Search
from app.scenario.protocol import (
    Call,
    Response,
    parse_response,
    search_call,
)
from app.scenario.retry import LONGEST_WAIT
from tests.support.searches import SEARCHES

SEARCH = Call("POST", "/search/assets")


def error(text: str, code: str = "") -> bytes:
    """Return the usual body of an error."""
    return json.dumps({"error": text, "code": code}).encode()


def raised(call: Call, response: Response) -> UpstreamError:
    """Return the error that a response means."""
    with pytest.raises(UpstreamError) as caught:
        parse_response(call, response)
    return caught.value


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (400, error("Must provide at least one search parameter"), BadRequest, None),
        (400, error("Invalid filter syntax"), BadFilter, None),
        (422, error("Invalid filter syntax"), BadFilter, None),
        (400, error('"colour" is not a filterable field'), BadFilter, None),
        (400, error("Limit exceeds maximum (100)"), BadRequest, None),
        (400, b'{"message": "Invalid filter syntax"}', BadFilter, "Invalid filter syntax"),
        (400, b'{"error": {"message": "Bad"}}', BadRequest, "Bad"),
        (400, b'{"error": "", "message": "Bad"}', BadRequest, "Bad"),
        (400, b"Invalid filter syntax", BadFilter, "Invalid filter syntax"),
        (400, b"", BadRequest, "It responded with status 400."),
        (400, b"<html>no</html>", BadRequest, "It responded with status 400."),
        (401, error("Unauthorized"), InvalidKey, None),
        (403, error("Forbidden"), NotAllowed, None),
        (403, error("Quota", "QUOTA_EXCEEDED"), QuotaExceeded, None),
        (400, error("quota_left is not a parameter", "BAD_REQUEST"), BadRequest, None),
        (403, error("Only administrators see the quota"), NotAllowed, None),
        (404, error("Not found"), InvalidUpstreamResponse, None),
        (408, error("Timeout"), UpstreamTimeout, None),
        (409, error("Conflict"), UpstreamDown, None),
        (413, error("Too large"), BadRequest, None),
        (429, error("Too many requests"), QuotaExceeded, None),
        (500, error("Internal"), UpstreamDown, None),
        (502, b"<html>nginx</html>", UpstreamDown, "It responded with status 502."),
        (503, error("quota service unavailable"), UpstreamDown, None),
        (504, b"", UpstreamTimeout, None),
        (301, b"", InvalidUpstreamResponse, None),
        (418, b"teapot", InvalidUpstreamResponse, "teapot"),
    ],
)
def test_each_refusal_has_its_meaning(
    status: int, body: bytes, kind: type[UpstreamError], message: str | None
) -> None:
    """Its message is that of the API: `error`, else `message`, else the raw text."""
    found = raised(SEARCH, Response(status, {}, body))
    assert type(found) is kind
    assert found.upstream_status == status
    assert found.message == (message or found.message or None)
    assert found.message


def test_not_found_is_an_unknown_asset_only_in_calls_about_assets() -> None:
    """A wrong base URL has this status, too."""
    assert type(raised(Call("GET", "/assets/a"), Response(404))) is UnknownAsset
    by_example = search_call(Search(like=("asset_1",)), str)
    assert type(raised(by_example, Response(404))) is UnknownAsset
    by_words = search_call(Search(query="x"), str)
    assert type(raised(by_words, Response(404))) is InvalidUpstreamResponse
    like = Call("POST", "/search/assets", (), b'{"image": "asset_a"}')
    assert type(raised(like, Response(404))) is UnknownAsset
    assert type(raised(Call("GET", "/collections"), Response(404))) is InvalidUpstreamResponse


@given(
    st.integers(300, 599),
    st.binary(max_size=60),
    st.dictionaries(
        st.sampled_from(["retry-after", "retry-after-ms", "x-should-retry"]), st.text(max_size=12)
    ),
)
def test_any_other_response_is_an_upstream_error(
    status: int, body: bytes, headers: dict[str, str]
) -> None:
    """With a message and a limited wait."""
    found = raised(SEARCH, Response(status, headers, body))
    assert found.message.strip()
    assert len(found.message) <= 500
    assert found.retry_after is None or 0 <= found.retry_after <= LONGEST_WAIT


@given(st.integers(200, 299), st.binary(max_size=20))
def test_a_success_is_its_body(status: int, body: bytes) -> None:
    """Unchanged: it is decoded later."""
    assert parse_response(SEARCH, Response(status, {"x-should-retry": "true"}, body)) == body


@given(SEARCHES)
def test_a_search_is_one_call(search: Search) -> None:
    """With the JSON of the search as its body; equal searches are equal calls."""
    call = search_call(search, str)
    assert json.loads(call.body or b"") == json.loads(json.dumps(search.body()))
    assert (call.method, call.path) == ("POST", "/search/assets")
    assert call.key == search_call(Search.read(search.pairs())[0], str).key


def test_examples_are_expanded_in_the_call() -> None:
    """In every field; the search itself does not change."""
    one = Search.parse(pairs_of("like=ref_1"))
    two = Search.parse(pairs_of("like=ref_1&unlike=asset_2"))
    bodies = [json.loads(search_call(each, "data:{}".format).body or b"") for each in (one, two)]
    assert bodies[0]["image"] == "data:ref_1"
    assert bodies[1]["images"] == {"like": ["data:ref_1"], "unlike": ["data:asset_2"]}
    assert one.body()["image"] == "ref_1"


def test_original_assets_go_into_the_query_string() -> None:
    """The body has no such field."""
    call = search_call(Search(originalAssets=True), str)
    assert call.params == (("originalAssets", "true"),)


def test_different_calls_have_different_keys() -> None:
    """So the cache does not mix them up."""
    calls = [
        Call("GET", "/a"),
        Call("POST", "/a"),
        Call("GET", "/b"),
        Call("GET", "/a", (("p", "1"),)),
        Call("GET", "/a", (), b"{}"),
    ]
    assert len({call.key for call in calls}) == len(calls)
