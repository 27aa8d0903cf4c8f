"""A search's body is read strictly, by the rules of the API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from library.errors import BadRequest
from library.query import Paging, data_url, read


def ask(arguments: dict[str, str] | None = None, **body: Any):
    return read(json.dumps(body).encode(), arguments or {})


@pytest.mark.parametrize(
    ("body", "paging"),
    [
        ({}, Paging(0, 20, numbered=False)),
        ({"limit": 5}, Paging(0, 5, numbered=False)),
        ({"offset": 40}, Paging(40, 20, numbered=False)),
        ({"offset": 40.0, "limit": 10.0}, Paging(40, 10, numbered=False)),
        ({"page": 3, "hitsPerPage": 100}, Paging(200, 100, numbered=True)),
    ],
)
def test_both_paginations_are_read(body: dict[str, Any], paging: Paging) -> None:
    assert ask(query="x", **body).paging == paging


def test_the_offset_of_the_query_string_wins() -> None:
    assert ask({"offset": "20"}, query="x", offset=0, limit=5).paging.start == 20


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "Must provide at least one search parameter"),
        ({"query": "  ", "filter": " ", "images": {"like": []}}, "Must provide at least one"),
        ({"image": "a", "images": {"unlike": ["b"]}}, "mutually exclusive"),
        ({"query": "x", "limit": 101}, "Limit exceeds maximum (100)"),
        ({"query": "x", "page": 1, "hitsPerPage": 101}, "Limit exceeds maximum (100)"),
        ({"query": "x", "limit": 0}, "`limit` must be at least 1"),
        ({"query": "x", "offset": -1}, "`offset` must be at least 0"),
        ({"query": "x", "page": 0, "hitsPerPage": 5}, "`page` must be at least 1"),
        ({"query": "x", "page": 1}, "must be given together"),
        ({"query": "x", "hitsPerPage": 5}, "must be given together"),
        ({"query": "x", "page": 1, "hitsPerPage": 5, "limit": 5}, "exclude"),
        ({"query": "x", "limit": 1.5}, "whole number"),
        ({"query": "x", "limit": "5"}, "`limit`"),
        ({"query": "x", "limit": True}, "`limit`"),
        ({"query": 5}, "`query`"),
        ({"query": None}, "`query`"),
        ({"query": "x", "querySemanticRatio": 2}, "`querySemanticRatio`"),
        ({"image": "a", "imageSemanticRatio": -0.1}, "`imageSemanticRatio`"),
        ({"images": {"like": "a"}}, "`images.like`"),
        ({"images": {"likes": ["a"]}}, "`likes`"),
        ({"images": {"like": [""]}}, "empty entry"),
        ({"images": {"like": [str(n) for n in range(10_000)]}}, "100 images at most"),
        ({"query": "x", "colour": "red"}, "unknown field `colour`"),
        *(
            ({"query": "x", name: None}, f"`{name}`: Expected number, got null")
            for name in ("limit", "offset", "page", "hitsPerPage", "querySemanticRatio")
        ),
        ({"query": "x", "limit": "9"}, "`limit`: Expected number, got string"),
        ({"query": "x", "public": 1}, "`public`: Expected boolean, got number"),
        ({"query": "x", "images": {"like": [1]}}, "`images.like[0]`: Expected string"),
        ({"query": "x", "offset": 1e300}, "`offset` must be at most"),
        ({"query": "x", "page": 2e16, "hitsPerPage": 1}, "`page` must be at most"),
        ({"query": "x", "limit": 1e300}, "Limit exceeds maximum (100)"),
        ({"query": "x", "sortBy": "createdAt:asc"}, "`sortBy`"),
        ({"query": "x", "sortBy": ["createdAt"]}, "asc or desc"),
        ({"query": "x", "sortBy": ["size:asc"]}, '"size" is not a sortable field'),
        ({"query": "x", "public": "yes"}, "`public`"),
        ({"query": "x", "facets": ["colour"]}, '"colour" is not a field with facets'),
        ({"facets": ["kind"], "facetFilters": {"kind": "width > 1"}}, "at least one search"),
        ({"query": "x", "facetFilters": {"kind": ""}}, '"kind" is not among `facets`'),
        (
            {"query": "x", "facets": ["kind"], "facetFilters": {"tags": ""}},
            '"tags" is not among `facets`',
        ),
        (
            {"query": "x", "facets": ["kind"], "facetFilters": {"kind": "kind ="}},
            "`facetFilters.kind`: ",
        ),
        ({"query": "x", "facets": ["kind"], "facetFilters": {"kind": 1}}, "facetFilters"),
        ({"query": "x", "facets": ["kind"], "facetFilters": ["kind"]}, "`facetFilters`"),
    ],
)
def test_a_broken_rule_is_refused_with_the_fields_name(body: dict[str, Any], says: str) -> None:
    with pytest.raises(BadRequest) as caught:
        ask(**body)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "body", [b"[]", b"{", b'"x"', b'{"query": "\\ud800"}', b"\xff", b"[" * 9999]
)
def test_what_is_not_an_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        read(body, {})


@pytest.mark.parametrize("offset", ["", "-1", "x", "1.5", "²", "9" * 30])
def test_nonsense_in_the_query_string_is_refused(offset: str) -> None:
    with pytest.raises(BadRequest, match="offset"):
        ask({"offset": offset}, query="x")


def test_a_reference_given_twice_counts_once() -> None:
    assert ask(images={"like": ["b", "a", "b"]}).like == ("b", "a")


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("data:image/png;base64,AAEC", b"\0\1\2"),
        ("DATA:;base64,", b""),
        ("data:,a%20b", b"a b"),
        ("asset_x", None),
    ],
)
def test_a_data_url_gives_its_bytes(text: str, content: bytes | None) -> None:
    assert data_url(text) == content


@pytest.mark.parametrize("text", ["data:image/png;base64", "data:image/png;base64,$$$"])
def test_a_broken_data_url_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match="data URL"):
        data_url(text)
