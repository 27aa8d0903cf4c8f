"""A search's body is parsed strictly, by the rules of the API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from library.errors import BadRequest
from library.query.filter_parser import parse_filter
from library.query.search_query import (
    Order,
    Paging,
    SearchQuery,
    boolean_argument,
    data_url,
    parse_search,
)


def parse(arguments: dict[str, str] | None = None, **body: Any) -> SearchQuery:
    return parse_search(json.dumps(body).encode(), arguments or {})


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
def test_both_kinds_of_pagination_are_parsed(body: dict[str, Any], paging: Paging) -> None:
    assert parse(query="x", **body).paging == paging


def test_a_page_has_its_number() -> None:
    assert parse(query="x", page=3, hitsPerPage=100).paging.page == 3


def test_all_parameters_are_parsed() -> None:
    query = parse(
        query=" red castle ",
        querySemanticRatio=0.25,
        images={"like": ["a"], "unlike": ["b", "b"]},
        imageSemanticRatio=0.75,
        sortBy=["createdAt:desc", "width:asc"],
        public=True,
        facets=["tags", "kind", "tags"],
        facetFilters={"kind": "width > 1", "tags": ""},
        showRankingScore=True,
    )
    assert (query.words, query.querySemanticRatio) == ("red castle", 0.25)
    assert (query.like, query.unlike, query.imageSemanticRatio) == (("a",), ("b",), 0.75)
    assert (query.filter, query.sortBy) == (None, (Order("createdAt", True), Order("width")))
    assert (query.public, query.facets, query.showRankingScore) == (True, ("tags", "kind"), True)
    assert query.facetFilters == (("kind", parse_filter("width > 1")), ("tags", None))


@pytest.mark.parametrize(
    "body",
    [
        {"query": "x"},
        {"filter": "kind = image"},
        {"image": "a"},
        {"images": {"like": ["a"]}},
        {"images": {"unlike": ["a"]}},
    ],
)
def test_one_parameter_is_enough(body: dict[str, Any]) -> None:
    query = parse(**body)
    assert bool(query.filter) == ("filter" in body)
    assert (query.public, query.facets, query.showRankingScore) == (False, (), False)


def test_image_is_a_like() -> None:
    query = parse(image="a", images={"like": [], "unlike": []})
    assert (query.like, query.unlike) == (("a",), ())


def test_a_hundred_images_of_each_kind_are_accepted() -> None:
    names = [str(number) for number in range(100)]
    query = parse(images={"like": names, "unlike": names})
    assert (list(query.like), list(query.unlike)) == (names, names)


def test_all_facets_are_fields_with_short_values() -> None:
    facets = parse(query="x", facets=["*"]).facets
    assert {"kind", "tags", "width"} <= set(facets)
    assert {"prompt", "text", "*"} & set(facets) == set()


def test_a_query_is_cut_after_ten_thousand_characters() -> None:
    assert parse(query="x" * 10_001).words == "x" * 10_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [("true", True), ("TRUE", True), ("1", True), ("false", False), ("0", False), ("", False)],
)
def test_a_boolean_of_the_query_string_is_parsed(text: str, expected: bool) -> None:
    assert boolean_argument({"public": text}, "public") is expected
    assert boolean_argument({}, "public") is False


def test_an_invalid_boolean_of_the_query_string_is_an_error() -> None:
    with pytest.raises(BadRequest, match="`public` must be true or false, not 'yes'"):
        boolean_argument({"public": "yes"}, "public")


def test_the_offset_of_the_query_string_overrides_the_body() -> None:
    assert parse({"offset": "20"}, query="x", offset=0, limit=5).paging.start == 20
    assert parse({"offset": "0"}, query="x", offset=40, limit=5).paging.start == 0


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Must provide at least one search parameter"),
        ({"query": "  ", "filter": " ", "images": {"like": []}}, "Must provide at least one"),
        ({"image": "a", "images": {"like": ["b"]}}, "mutually exclusive"),
        ({"image": "a", "images": {"unlike": ["b"]}}, "mutually exclusive"),
        ({"query": "x", "limit": 101}, "Limit exceeds maximum (100)"),
        ({"query": "x", "page": 1, "hitsPerPage": 101}, "Limit exceeds maximum (100)"),
        ({"query": "x", "limit": 0}, "`limit` must be at least 1"),
        ({"query": "x", "offset": -1}, "`offset` must be at least 0"),
        ({"query": "x", "page": 0, "hitsPerPage": 5}, "`page` must be at least 1"),
        ({"query": "x", "page": 1}, "must be given together"),
        ({"query": "x", "hitsPerPage": 5}, "must be given together"),
        ({"query": "x", "page": 1, "hitsPerPage": 5, "limit": 5}, "exclude"),
        ({"query": "x", "page": 1, "hitsPerPage": 5, "offset": 0}, "exclude"),
        ({"query": "x", "page": 1, "hitsPerPage": 0}, "`hitsPerPage` must be at least 1"),
        ({"query": "x", "offset": 2**54}, "`offset` must be at most 9007199254740992, not"),
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
        ({"images": {"like": [str(n) for n in range(101)]}}, "`images.like` may name 100 images"),
        ({"images": {"unlike": [str(n) for n in range(101)]}}, "`images.unlike` may name 100"),
        ({"images": {"unlike": [""]}}, "`images.unlike` has an empty entry"),
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
        ({"query": "x", "sortBy": ["createdAt:"]}, "asc or desc"),
        ({"query": "x", "sortBy": ["createdAt:down"]}, "asc or desc"),
        ({"query": "x", "sortBy": ["random:asc"]}, "random:42"),
        ({"query": "x", "sortBy": ["random:1234567890"]}, "random:42"),
        ({"query": "x", "sortBy": ["prompt:asc"]}, '"prompt" is not a sortable field'),
        ({"query": "x", "public": "yes"}, "`public`"),
        ({"query": "x", "facets": ["prompt"]}, '"prompt" is not a field with facets'),
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
def test_an_invalid_body_is_an_error_with_the_parameters_name(
    body: dict[str, Any], message: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        parse(**body)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "body", [b"[]", b"{", b'"x"', b'{"query": "\\ud800"}', b"\xff", b"[" * 9999]
)
def test_a_body_that_is_not_an_object_is_an_error(body: bytes) -> None:
    with pytest.raises(BadRequest):
        parse_search(body, {})


@pytest.mark.parametrize("offset", ["", "-1", "x", "1.5", "²", "9" * 30])
def test_an_invalid_offset_in_the_query_string_is_an_error(offset: str) -> None:
    with pytest.raises(BadRequest, match="offset"):
        parse({"offset": offset}, query="x")


def test_a_reference_given_twice_counts_once() -> None:
    assert parse(images={"like": ["b", "a", "b"]}).like == ("b", "a")


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("data:image/png;base64,AAEC", b"\0\1\2"),
        ("DATA:;base64,", b""),
        ("data:image/png;BASE64,AAEC", b"\0\1\2"),
        ("data:,a%20b", b"a b"),
        ("asset_x", None),
    ],
)
def test_a_data_url_is_decoded(text: str, content: bytes | None) -> None:
    assert data_url(text) == content


@pytest.mark.parametrize("text", ["data:image/png;base64", "data:image/png;base64,$$$"])
def test_a_malformed_data_url_is_an_error(text: str) -> None:
    with pytest.raises(BadRequest, match="data URL"):
        data_url(text)
