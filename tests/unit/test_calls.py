"""Spelling a call and deciphering what comes back: every status and body has one meaning."""

from __future__ import annotations

import json
import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calls import MOST_WAIT, Call, Reply, decipher, is_retried, retry_after, spell_search
from app.errors import (
    BadFilter,
    BadKey,
    BadRequest,
    NotAllowed,
    QuotaExceeded,
    UnknownAsset,
    UpstreamDown,
    UpstreamError,
    UpstreamNonsense,
    UpstreamTimeout,
)
from app.reading import pairs_of
from app.search import Search
from tests.unit.searches import SEARCHES

SEARCH = Call("POST", "/search/assets")


def error(text: str, code: str = "") -> bytes:
    """The usual body of an error."""
    return json.dumps({"error": text, "code": code}).encode()


def raised(call: Call, reply: Reply) -> UpstreamError:
    """What the reply means."""
    with pytest.raises(UpstreamError) as caught:
        decipher(call, reply)
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
        (400, b"", BadRequest, "It answered with status 400."),
        (400, b"<html>no</html>", BadRequest, "It answered with status 400."),
        (401, error("Unauthorized"), BadKey, None),
        (403, error("Forbidden"), NotAllowed, None),
        (403, error("Quota", "QUOTA_EXCEEDED"), QuotaExceeded, None),
        (404, error("Not found"), UpstreamNonsense, None),
        (408, error("Timeout"), UpstreamTimeout, None),
        (409, error("Conflict"), UpstreamDown, None),
        (413, error("Too large"), BadRequest, None),
        (429, error("Too many requests"), QuotaExceeded, None),
        (500, error("Internal"), UpstreamDown, None),
        (502, b"<html>nginx</html>", UpstreamDown, "It answered with status 502."),
        (503, error("quota service unavailable"), UpstreamDown, None),
        (504, b"", UpstreamTimeout, None),
        (301, b"", UpstreamNonsense, None),
        (418, b"teapot", UpstreamNonsense, "teapot"),
    ],
)
def test_each_refusal_has_its_meaning(
    status: int, body: bytes, kind: type[UpstreamError], message: str | None
) -> None:
    """And says what the API said: `error`, then `message`, then the raw text."""
    found = raised(SEARCH, Reply(status, {}, body))
    assert type(found) is kind
    assert found.upstream_status == status
    assert found.message == (message or found.message or None)
    assert found.message


def test_not_found_means_an_asset_only_where_one_was_asked_for() -> None:
    """A wrong base URL answers 404, too."""
    assert type(raised(Call("GET", "/assets/a"), Reply(404))) is UnknownAsset
    by_example = spell_search(Search(like=("asset_1",)), str)
    assert type(raised(by_example, Reply(404))) is UnknownAsset
    by_words = spell_search(Search(query="x"), str)
    assert type(raised(by_words, Reply(404))) is UpstreamNonsense
    like = Call("POST", "/search/assets", (), b'{"image": "asset_a"}')
    assert type(raised(like, Reply(404))) is UnknownAsset
    assert type(raised(Call("GET", "/collections"), Reply(404))) is UpstreamNonsense


@given(
    st.integers(300, 599),
    st.binary(max_size=60),
    st.dictionaries(
        st.sampled_from(["retry-after", "retry-after-ms", "x-should-retry"]), st.text(max_size=12)
    ),
)
def test_any_other_reply_is_an_upstream_error(
    status: int, body: bytes, headers: dict[str, str]
) -> None:
    """With a message for the reader and a wait that ends."""
    found = raised(SEARCH, Reply(status, headers, body))
    assert found.message.strip()
    assert len(found.message) <= 500
    assert found.retry_after is None or 0 <= found.retry_after <= MOST_WAIT


@given(st.integers(200, 299), st.binary(max_size=20))
def test_a_success_is_its_body(status: int, body: bytes) -> None:
    """Whatever is in it: that is decoded later."""
    assert decipher(SEARCH, Reply(status, {"x-should-retry": "true"}, body)) == body


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after-ms": "50"}, 0.05),
        ({"retry-after-ms": "50", "retry-after": "3"}, 0.05),
        ({"retry-after-ms": "soon", "retry-after": "3"}, 3.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "²"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after-ms": "inf"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "9" * 12}, MOST_WAIT),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, MOST_WAIT),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
    ],
)
def test_waits(headers: dict[str, str], seconds: float | None) -> None:
    """In milliseconds, seconds or as a date; never endless."""
    assert retry_after(headers) == seconds


def test_a_date_is_so_many_seconds_away() -> None:
    """As an HTTP date tells it."""
    wait = retry_after({"retry-after": formatdate(time.time() + 100, usegmt=True)})
    assert wait is not None
    assert 0 < wait <= 100


@pytest.mark.parametrize(
    ("status", "wish", "expected"),
    [
        (200, None, False),
        (200, "true", False),
        (301, None, False),
        (400, None, False),
        (400, "true", True),
        (401, None, False),
        (404, None, False),
        (408, None, True),
        (409, None, True),
        (429, None, True),
        (429, "false", False),
        (500, None, True),
        (503, "FALSE", False),
        (504, None, True),
    ],
)
def test_what_is_asked_again(status: int, wish: str | None, expected: bool) -> None:
    """As the official client does."""
    assert is_retried(Reply(status, {} if wish is None else {"x-should-retry": wish})) is expected


@given(SEARCHES)
def test_a_search_is_one_call(search: Search) -> None:
    """Its JSON is its body, and equal searches are equal calls."""
    call = spell_search(search, str)
    assert json.loads(call.body or b"") == json.loads(json.dumps(search.body()))
    assert (call.method, call.path) == ("POST", "/search/assets")
    assert call.key == spell_search(Search.read(search.pairs())[0], str).key


def test_examples_are_expanded_on_the_way_out() -> None:
    """Wherever they stand; the search itself keeps their names."""
    one = Search.parse(pairs_of("like=ref_1"))
    two = Search.parse(pairs_of("like=ref_1&unlike=asset_2"))
    bodies = [json.loads(spell_search(each, "data:{}".format).body or b"") for each in (one, two)]
    assert bodies[0]["image"] == "data:ref_1"
    assert bodies[1]["images"] == {"like": ["data:ref_1"], "unlike": ["data:asset_2"]}
    assert one.body()["image"] == "ref_1"


def test_original_assets_go_into_the_query_string() -> None:
    """The body has no such field."""
    call = spell_search(Search(originalAssets=True), str)
    assert call.params == (("originalAssets", "true"),)


def test_calls_that_ask_something_else_have_other_keys() -> None:
    """A cache never takes one for the other."""
    calls = [
        Call("GET", "/a"),
        Call("POST", "/a"),
        Call("GET", "/b"),
        Call("GET", "/a", (("p", "1"),)),
        Call("GET", "/a", (), b"{}"),
    ]
    assert len({call.key for call in calls}) == len(calls)
