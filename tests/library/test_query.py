"""A search's body is read strictly, by the rules of the API."""

from __future__ import annotations

import json
from typing import Any

import pytest

from library.errors import BadRequest
from library.filters import parse
from library.query import Paging, data_url, flag, read


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


def test_a_page_has_its_number() -> None:
    assert ask(query="x", page=3, hitsPerPage=100).paging.page == 3


def test_all_that_can_be_asked_is_read() -> None:
    found = ask(
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
    assert (found.words, found.querySemanticRatio) == ("red castle", 0.25)
    assert (found.like, found.unlike, found.imageSemanticRatio) == (("a",), ("b",), 0.75)
    assert (found.filter, found.sortBy) == (None, (("createdAt", True), ("width", False)))
    assert (found.public, found.facets, found.showRankingScore) == (True, ("tags", "kind"), True)
    assert found.facetFilters == (("kind", parse("width > 1")), ("tags", None))


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
def test_one_thing_asked_is_enough(body: dict[str, Any]) -> None:
    found = ask(**body)
    assert bool(found.filter) == ("filter" in body)
    assert (found.public, found.facets, found.showRankingScore) == (False, (), False)


def test_an_image_beside_no_images_is_one_to_be_like() -> None:
    found = ask(image="a", images={"like": [], "unlike": []})
    assert (found.like, found.unlike) == (("a",), ())


def test_as_many_images_as_may_be_named_are_read() -> None:
    names = [str(number) for number in range(100)]
    found = ask(images={"like": names, "unlike": names})
    assert (list(found.like), list(found.unlike)) == (names, names)


def test_every_facet_is_a_field_of_short_values() -> None:
    facets = ask(query="x", facets=["*"]).facets
    assert {"kind", "tags", "width"} <= set(facets)
    assert {"prompt", "text", "*"} & set(facets) == set()


def test_a_query_is_read_as_far_as_ten_thousand_characters() -> None:
    assert ask(query="x" * 10_001).words == "x" * 10_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [("true", True), ("TRUE", True), ("1", True), ("false", False), ("0", False), ("", False)],
)
def test_a_flag_of_the_query_string_is_a_boolean(text: str, expected: bool) -> None:
    assert (flag({"public": text}, "public"), flag({}, "public")) == (expected, False)


def test_a_flag_that_is_neither_is_refused_by_name() -> None:
    with pytest.raises(BadRequest, match="`public` must be true or false, not 'yes'"):
        flag({"public": "yes"}, "public")


def test_the_offset_of_the_query_string_wins() -> None:
    assert ask({"offset": "20"}, query="x", offset=0, limit=5).paging.start == 20
    assert ask({"offset": "0"}, query="x", offset=40, limit=5).paging.start == 0


@pytest.mark.parametrize(
    ("body", "says"),
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
        ({"query": "x", "sortBy": ["size:asc"]}, '"size" is not a sortable field'),
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
        ("data:image/png;BASE64,AAEC", b"\0\1\2"),
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
