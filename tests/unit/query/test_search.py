"""`Search` as an address, a form and the body of an API request."""

from __future__ import annotations

import dataclasses
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.errors import InvalidSearch
from app.query.filters import FACETS, RANGES, Facet, Range
from app.query.params import (
    MOST_HITS,
    MOST_LIKES,
    MOST_PAIRS,
    MOST_UNLIKES,
    MOST_VALUES,
    PARAMETERS,
    is_id,
    pairs_of,
)
from app.query.search import NEWEST, Search
from app.query.sorts import SORTABLE
from tests.support.searches import IDS, NASTY, SEARCHES

ANY_PAIRS = st.lists(st.tuples(st.sampled_from(PARAMETERS) | NASTY, NASTY), max_size=8)


def read(text: str) -> Search:
    """The search of a valid query string."""
    return Search.parse(pairs_of(text))


def problems(text: str) -> list[tuple[str, str]]:
    """The problems of a query string, by parameter."""
    return [(each.parameter, each.message) for each in Search.read(pairs_of(text))[1]]


# --- normalisation -----------------------------------------------------------------------------


@given(SEARCHES)
def test_address_and_search_are_inverse(search: Search) -> None:
    """Search -> pairs -> Search, without problems."""
    assert Search.read(search.pairs()) == (search, ())


@given(SEARCHES)
def test_querystring_is_decoded_as_its_pairs(search: Search) -> None:
    """Without loss, as text and as bytes."""
    assert tuple(pairs_of(search.querystring)) == search.pairs()
    assert tuple(pairs_of(search.querystring.encode())) == search.pairs()


@given(ANY_PAIRS)
@example([("tags", "\x00")])
@example([("guidance", "0.000001")])
@example([("filter", 'name = "a  b"')])
def test_any_pairs_are_parsed_to_a_canonical_search(pairs: list[tuple[str, str]]) -> None:
    """Its address is canonical: no request is redirected twice."""
    search, _ = Search.read(pairs)
    assert Search.read(search.pairs()) == (search, ())


@given(st.binary(max_size=60))
def test_any_bytes_are_parsed(querystring: bytes) -> None:
    """To a search whose address is canonical."""
    search, _ = Search.read(pairs_of(querystring))
    assert Search.read(pairs_of(search.querystring)) == (search, ())


@given(SEARCHES)
def test_a_search_is_normalised_on_construction(search: Search) -> None:
    """Building it again from its fields gives an equal value with an equal hash."""
    again = dataclasses.replace(search)
    assert again == search
    assert hash(again) == hash(search)


def test_order_and_repetition_of_values_have_no_meaning() -> None:
    """Searches for the same are equal and have the same hash."""
    one = read("tags=b&tags=a&like=asset_2&like=asset_1&kind=image&query=+red++dragon+")
    two = read("query=red dragon&kind=image&kind=image&like=asset_1&like=asset_2&tags=a&tags=b")
    assert one == two
    assert hash(one) == hash(two)


def test_the_sequence_of_orders_is_kept() -> None:
    """The second order decides ties of the first; a repetition has no effect."""
    assert read("sortBy=width:asc&sortBy=createdAt:desc").sortBy == ("width:asc", "createdAt:desc")
    again = read("sortBy=width:asc&sortBy=createdAt:desc&sortBy=width:asc")
    assert again.sortBy == ("width:asc", "createdAt:desc")
    assert read("sortBy=createdAt:desc&sortBy=createdAt:desc") == Search()


@pytest.mark.parametrize(
    ("text", "is_empty"),
    [
        ("", True),
        ("page=3&hitsPerPage=10", True),
        ("offset=40", True),
        ("sortBy=width:asc", True),
        ("nsfw=show", True),
        ("query=x", False),
        ("like=asset_1", False),
        ("unlike=asset_1", False),
        ("kind=image", False),
        ("width=512..", False),
        ("nsfw=hide", False),
        ("filter=a=b", False),
        ("public=true", False),
        ("originalAssets=true", False),
    ],
)
def test_empty_searches(text: str, is_empty: bool) -> None:
    """Pagination and display are no conditions."""
    assert read(text).is_empty is is_empty


def test_defaults_are_not_part_of_the_address() -> None:
    """Links stay short."""
    text = "querySemanticRatio=0&imageSemanticRatio=1&nsfw=blur&public=false&page=1&hitsPerPage=48"
    assert read(text).pairs() == ()
    assert read("sortBy=createdAt:desc").pairs() == ()
    assert read("createdAt=1970-01-01..").pairs() == ()


def test_newest_first_is_part_of_the_address_of_a_ranked_search() -> None:
    """With words or an example, the default is the best match."""
    assert read("query=x&sortBy=createdAt:desc").sortBy == NEWEST


def test_ratios_need_words_or_examples() -> None:
    """Otherwise they are dropped."""
    assert read("querySemanticRatio=0.5&imageSemanticRatio=0.5") == Search()
    assert read("query=x&querySemanticRatio=.5").pairs() == (
        ("query", "x"),
        ("querySemanticRatio", "0.5"),
    )


def test_an_example_is_on_one_side() -> None:
    """The last one in an address: the button of a card follows the state of the form."""
    assert (
        read("like=asset_1&unlike=asset_1").like,
        read("like=asset_1&unlike=asset_1").unlike,
    ) == (
        (),
        ("asset_1",),
    )
    assert Search(like=("asset_1",), unlike=("asset_1",)).examples == ("asset_1",)


def test_bytes_of_utf_8_need_no_percent_signs() -> None:
    """As a terminal sends an address."""
    assert Search.read(pairs_of("query=قلعة 竜".encode()))[0].query == "قلعة 竜"


def test_invalid_utf_8_is_replaced() -> None:
    """An address can be cut within a character."""
    assert Search.read(pairs_of(b"query=caf%E9"))[0].query == "caf�"


@pytest.mark.parametrize("field", FACETS)
def test_every_facet_has_its_parameters(field: str) -> None:
    """For any and none of some values."""
    search = read(f"{field}=b&{field}=a&{field}.not=c")
    assert search.facet(field) == Facet(field, any=("a", "b"), none=("c",))


def test_only_arrays_can_require_all_values() -> None:
    """An asset has one kind and many tags."""
    assert read("tags.all=a&tags.all=b").facet("tags") == Facet("tags", all=("a", "b"))
    assert problems("kind.all=a") == [("kind.all", "There is no such parameter.")]


# --- ranges ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("width=512..1024", ("512", "1024")),
        ("width=1024..512", ("512", "1024")),
        ("width=0512..", ("512", None)),
        ("width=..1024", (None, "1024")),
        ("width=1024", ("1024", "1024")),
        ("width=0..0", ("0", "0")),
        ("width=..", (None, None)),
        ("guidance=3.50..7", ("3.5", "7")),
        ("guidance=0.000001..", ("0.000001", None)),
        ("createdAt=2025-01-31..2025-02-28", ("2025-01-31", "2025-02-28")),
        ("createdAt=2025-03-01..2025-02-28", ("2025-02-28", "2025-03-01")),
        ("createdAt=2025-01-31T12:00Z..2025-01-31", ("2025-01-31T12:00Z", "2025-01-31")),
        ("createdAt=..2025-01-31T23:59:59.999Z", (None, "2025-01-31")),
        ("createdAt=2025-01-31T23:59:59.999Z..", ("2025-01-31T23:59:59.999Z", None)),
    ],
)
def test_ranges_are_normalised(text: str, expected: tuple[str | None, str | None]) -> None:
    """Reversed ends are swapped, numbers are formatted."""
    field = text.partition("=")[0]
    assert read(text).range(field) == Range(field, *expected)


@pytest.mark.parametrize(
    "text",
    [
        "width=wide",
        "width=-1..",
        "width=1.5..",
        "width=²..",
        "width=1e3..",
        "guidance=nan..",
        "guidance=1e-06..",
        "createdAt=yesterday",
        "createdAt=2025-02-31..",
        "createdAt=2025-01-31T29:00..",
        "createdAt=99999-01-01..",
    ],
)
def test_invalid_ends_are_reported(text: str) -> None:
    """The range is ignored."""
    search, found = Search.read(pairs_of(text))
    assert search == Search()
    assert [each.parameter for each in found] == [text.partition("=")[0]]


@pytest.mark.parametrize("field", RANGES)
def test_every_range_has_its_parameter(field: str) -> None:
    """With the name of the API."""
    text = "2025-01-01.." if RANGES[field] == "date" else "1.."
    assert read(f"{field}={text}").pairs() == ((field, text),)


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("width.from=512&width.to=1024", [("width", "512..1024")]),
        ("width.to=1024&width.from=512", [("width", "512..1024")]),
        ("width.from=512", [("width", "512..")]),
        ("width.from=&width.to=1024", [("width", "..1024")]),
        ("width=512..1024&width.to=2048", [("width", "512..2048")]),
        ("createdAt.to=2025-01-31", [("createdAt", "..2025-01-31")]),
    ],
)
def test_a_form_has_a_field_for_each_end(text: str, pairs: list[tuple[str, str]]) -> None:
    """They are one range, in any order."""
    assert list(read(text).pairs()) == pairs


def test_an_invalid_end_of_a_form_is_reported() -> None:
    """The other end is used."""
    search, found = Search.read(pairs_of("width.from=512&width.to=wide"))
    assert search.pairs() == (("width", "512.."),)
    assert [each.parameter for each in found] == ["width"]


# --- lenient and strict parsing ----------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "page=²",
        "page=0",
        "page=-1",
        "page=1.0",
        "page=٣",
        "page=99999999999999999999",
        "hitsPerPage=0",
        "hitsPerPage=101",
        "offset=-1",
        "limit=0",
        "limit=101",
        "querySemanticRatio=2",
        "querySemanticRatio=nan",
        "querySemanticRatio=1e-3",
        "imageSemanticRatio=-0.5",
        "imageSemanticRatio=much",
        "sortBy=prompt:asc",
        "sortBy=random",
        "sortBy=createdAt",
        "sortBy=createdAt:down",
        "nsfw=please",
        "public=perhaps",
        "originalAssets=2",
        "like=../etc/passwd",
        "like=" + "a" * 129,
        "unlike=asset 1",
        "colour=red",
        "filter=kind = image) OR (privacy = public",
        "filter=(((",
        'filter=name = "open',
        "filter=" + "x" * 4001,
        "tags=" + "x" * 201,
        "%00=%00",
    ],
)
def test_invalid_values_are_reported_and_ignored(text: str) -> None:
    """Pages are lenient, JSON is strict."""
    search, found = Search.read(pairs_of(text))
    assert search == Search()
    assert len(found) == 1
    with pytest.raises(InvalidSearch) as raised:
        Search.parse(pairs_of(text))
    assert raised.value.problems == found
    assert raised.value.field == found[0].parameter


@pytest.mark.parametrize(
    "text",
    [
        "page=1000000",
        "hitsPerPage=1",
        "hitsPerPage=100",
        "offset=100000000",
        "limit=1",
        "limit=100",
        "query=x&querySemanticRatio=1",
        "query=" + "x" * 1000,
        "filter=" + "x" * 4000,
        "tags=" + "x" * 200,
        "like=" + "a" * 128,
        "sortBy=width:asc,createdAt:desc&query=x",
        "&".join(f"tags=tag{number}" for number in range(MOST_VALUES)),
        "&".join(f"like=asset_{number}" for number in range(MOST_LIKES)),
        "&".join(f"unlike=asset_{number}" for number in range(MOST_UNLIKES)),
    ],
)
def test_values_at_the_limits_are_valid(text: str) -> None:
    """They are neither shortened nor reported."""
    search = read(text)
    asked = set(pairs_of(text.replace(",createdAt", "&sortBy=createdAt")))
    assert asked <= set(search.pairs())


@pytest.mark.parametrize("text", ["page=1000001", "offset=100000001"])
def test_page_numbers_are_limited(text: str) -> None:
    """An invalid one is reported."""
    search, found = Search.read(pairs_of(text))
    assert (search, len(found)) == (Search(), 1)


@pytest.mark.parametrize("value", ["true", "TRUE", "1", "on", "On"])
def test_true_values(value: str) -> None:
    """As programs, users and checkboxes write them."""
    assert read(f"public={value}&originalAssets={value}").pairs() == (
        ("public", "true"),
        ("originalAssets", "true"),
    )


@pytest.mark.parametrize("value", ["false", "False", "0", "off"])
def test_false_values(value: str) -> None:
    """They override a value before them."""
    assert read(f"public=true&public={value}") == Search()


def test_a_mistake_in_a_filter_has_a_column() -> None:
    """Counted from 1, as in an editor."""
    (problem,) = Search.read(pairs_of("filter=kind = image) OR a"))[1]
    assert (problem.parameter, problem.column) == ("filter", 13)


def test_strict_parsing_reports_all_problems() -> None:
    """In one exception."""
    with pytest.raises(InvalidSearch) as raised:
        Search.parse(pairs_of("page=x&colour=red&like=!"))
    assert [each.parameter for each in raised.value.problems] == ["page", "colour", "like"]


def test_empty_parameters_are_ignored() -> None:
    """Forms submit empty fields."""
    assert read("query=&filter=&like=&tags=+&page=&sortBy=&width=%00").pairs() == ()


def test_both_paginations_at_once_are_reported() -> None:
    """The page is used."""
    search, found = Search.read(pairs_of("page=3&offset=40"))
    assert (search.page, search.offset) == (3, None)
    assert [each.parameter for each in found] == ["offset"]


@pytest.mark.parametrize(
    ("text", "first", "size"),
    [
        ("", 0, 48),
        ("page=3", 96, 48),
        ("page=3&hitsPerPage=10", 20, 10),
        ("offset=15", 15, 20),
        ("limit=5", 0, 5),
        ("offset=15&limit=5", 15, 5),
    ],
)
def test_pages_and_offsets(text: str, first: int, size: int) -> None:
    """A lone offset or limit takes the API's default for the other."""
    assert (read(text).first, read(text).size) == (first, size)


def test_offset_and_limit_are_serialized_together() -> None:
    """A page has one address."""
    assert read("offset=15").pairs() == (("offset", "15"), ("limit", "20"))
    assert read("limit=5").pairs() == (("offset", "0"), ("limit", "5"))
    assert read("limit=5").body() == Search().with_(offset=0, limit=5).body()
    assert Search(offset=40, page=3, hitsPerPage=10) == Search(offset=40)


def test_the_number_of_likes_is_limited() -> None:
    """The rest is ignored and reported."""
    text = "&".join(f"like=asset_{number}" for number in range(10_000))
    search, found = Search.read(pairs_of(text))
    assert len(search.like) == MOST_LIKES
    assert [each.message for each in found] == [
        f"Only the first {MOST_PAIRS} parameters were read.",
        f"Only the first {MOST_LIKES} of {MOST_PAIRS} are used.",
    ]


def test_the_number_of_unlikes_is_limited() -> None:
    """Many negative examples make a search meaningless."""
    text = "&".join(f"unlike=asset_{number}" for number in range(MOST_UNLIKES + 1))
    search, found = Search.read(pairs_of(text))
    assert len(search.unlike) == MOST_UNLIKES
    assert [each.parameter for each in found] == ["unlike"]


def test_the_values_of_a_facet_are_limited() -> None:
    """In number and in length."""
    text = "&".join(f"tags=tag{number}" for number in range(MOST_VALUES + 1))
    search, found = Search.read(pairs_of(text))
    assert len(search.facet("tags").any) == MOST_VALUES
    assert [each.message for each in found] == [f"At most {MOST_VALUES} values are used."]


def test_long_queries_are_shortened() -> None:
    """To the first thousand characters."""
    search, found = Search.read([("query", "x" * 1001)])
    assert len(search.query) == 1000
    assert [each.parameter for each in found] == ["query"]


def test_a_hundred_parentheses_are_one_filter() -> None:
    """Nested but balanced: the API decides."""
    deep = "(" * 100 + "kind = image" + ")" * 100
    assert read(urlencode({"filter": deep})).filter == deep


@given(st.text(max_size=20))
def test_ids_are_safe_in_a_path(text: str) -> None:
    """A valid id is a single path segment without encoding."""
    if is_id(text):
        assert urlencode({"": text}) == f"={text}"
        assert text.strip("._-/") != ""


# --- body of an API request --------------------------------------------------------------------


@given(SEARCHES)
def test_body_obeys_the_rules_of_the_api(search: Search) -> None:
    """It is not empty; image and images, and the two paginations, exclude each other."""
    body = search.without_extensions().body()
    assert {"query", "filter", "image", "images"} & body.keys()
    assert not {"image", "images"} <= body.keys()
    assert ("page" in body, "hitsPerPage" in body) in {(True, True), (False, False)}
    assert ("page" in body) != ("offset" in body)
    assert 1 <= (body["hitsPerPage"] if "page" in body else body["limit"]) <= MOST_HITS
    assert all(sort.partition(":")[0] in SORTABLE for sort in body.get("sortBy", ()))
    assert all(body["images"].values()) if "images" in body else True


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {"filter": 'createdAt >= "1970-01-01"', "sortBy": ["createdAt:desc"]}),
        ("query=castle", {"query": "castle"}),
        ("query=castle&querySemanticRatio=1", {"query": "castle", "querySemanticRatio": 1.0}),
        ("like=asset_1", {"image": "asset_1"}),
        ("like=asset_1&like=asset_2", {"images": {"like": ["asset_1", "asset_2"]}}),
        ("unlike=asset_1", {"images": {"unlike": ["asset_1"]}}),
        (
            "like=asset_1&unlike=asset_2&imageSemanticRatio=0",
            {"images": {"like": ["asset_1"], "unlike": ["asset_2"]}, "imageSemanticRatio": 0.0},
        ),
        ("kind=image", {"filter": 'kind IN ["image"]', "sortBy": ["createdAt:desc"]}),
        ("query=x&nsfw=hide", {"query": "x", "filter": "nsfw IS EMPTY"}),
        (
            "query=x&tags=a&tags.all=b&tags.not=c&width=512..&filter=kind = image OR kind = video",
            {
                "query": "x",
                "filter": 'tags IN ["a"] AND tags = "b" AND tags NOT IN ["c"] AND width >= 512 '
                "AND (kind = image OR kind = video)",
            },
        ),
        (
            "query=x&public=true&sortBy=width:asc",
            {"query": "x", "public": True, "sortBy": ["width:asc"]},
        ),
    ],
)
def test_bodies(text: str, expected: dict[str, Any]) -> None:
    """Compared literally."""
    assert read(text).body() == {**expected, "page": 1, "hitsPerPage": 48}


def test_original_assets_is_not_part_of_the_body() -> None:
    """The API expects it in the query string."""
    assert read("originalAssets=true").body() == Search().body()


# --- changed searches --------------------------------------------------------------------------


@given(SEARCHES, st.integers(1, 10**5))
def test_another_page_is_the_same_search(search: Search, page: int) -> None:
    """Only the pagination and the address differ."""
    there = search.on_page(page)
    assert there.first == (page - 1) * search.size
    assert there.pairs(paging=False) == search.pairs(paging=False)
    assert Search.read(there.pairs()) == (there, ())


@given(SEARCHES, IDS)
def test_an_example_leads_to_the_first_page(search: Search, picture: str) -> None:
    """It is on the side that was chosen last; everything else stays."""
    liked, unliked = search.with_like(picture), search.with_unlike(picture)
    assert (picture in liked.like, picture in liked.unlike, liked.first) == (True, False, 0)
    assert (picture in unliked.like, picture in unliked.unlike, unliked.first) == (False, True, 0)
    assert set(liked.examples) == set(unliked.examples) == {*search.examples, picture}
    assert search.with_like(picture).with_unlike(picture) == unliked


@given(SEARCHES, IDS)
def test_similar_has_a_single_example(search: Search, picture: str) -> None:
    """Words and other examples are removed, filters stay."""
    similar = search.similar(picture)
    assert (similar.like, similar.unlike, similar.query, similar.sortBy) == ((picture,), (), "", ())
    assert (similar.expression, similar.first) == (search.expression, 0)


@given(SEARCHES)
@example(Search(query="x", offset=40, limit=20))
def test_each_condition_can_be_removed(search: Search) -> None:
    """Removing all of them gives the empty search, on its first page."""
    for name, value in search.pairs(paging=False):
        less = search.without(name, value)
        # A limit taken away is the API's own, which may be the one that was there.
        assert (name, value) not in less.pairs() or (name, value) == ("limit", "20")
        assert less.first == 0
    left = search
    for name, _ in search.pairs():
        left = left.without(name)
    assert left.is_empty
    assert left.pairs() == (() if search.offset is None else (("offset", "0"), ("limit", "20")))


@given(SEARCHES, st.sampled_from(FACETS), NASTY)
def test_adding_a_value_keeps_the_others(search: Search, field: str, value: str) -> None:
    """All pairs stay."""
    more = search.adding(field, value)
    assert set(search.pairs(paging=False)) <= set(more.pairs(paging=False))


@given(SEARCHES)
def test_before_and_after_are_inverse(search: Search) -> None:
    """No hit is repeated or skipped."""
    assert search.after().first == search.first + search.size
    assert search.after().before() == search
    assert search.before().first == max(0, search.first - search.size)
