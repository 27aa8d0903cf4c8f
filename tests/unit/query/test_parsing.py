"""Parsing of query strings: complete, and cached."""

from __future__ import annotations

import pytest

from app.query.display import Display
from app.query.parsing import MOST_BYTES, MOST_CACHED, parse, read
from app.query.search import Search


def test_a_query_string_contains_search_and_display() -> None:
    assert parse(b"query=castle&density=large&stacks=on") == (
        Search(query="castle"),
        Display(density="large", stacks=True),
        (),
    )


def test_display_settings_are_no_problems_of_the_search() -> None:
    found = read([("density", "large"), ("query", "castle")])
    assert found == (Search(query="castle"), Display(density="large"), ())


def test_all_problems_are_reported_those_of_the_display_first() -> None:
    _, _, problems = parse(b"page=zero&ground=pink&perpetual=motion&density=huge")
    assert [problem.parameter for problem in problems] == ["ground", "density", "page", "perpetual"]


def test_an_empty_query_string_is_the_default_search() -> None:
    assert parse(b"") == (Search(), Display(), ())


@pytest.mark.parametrize("length", [MOST_BYTES - 1, MOST_BYTES, MOST_BYTES + 1, 5 * MOST_BYTES])
def test_long_query_strings_are_parsed_completely(length: int) -> None:
    last = b"&page=2&density=small"
    querystring = b"query=" + b"a" * (length - len(b"query=" + last)) + last
    search, display, _ = parse(querystring)
    assert (len(querystring), search.page, display.density) == (length, 2, "small")


def test_a_query_string_is_parsed_once() -> None:
    longest = b"query=" + b"b" * (MOST_BYTES - 6)
    assert parse(b"query=tower") is parse(b"query=tower")
    assert parse(longest) is parse(longest)


def test_the_cache_is_limited() -> None:
    """In the number of query strings and in their length."""
    long = b"query=" + b"c" * (MOST_BYTES - 5)
    assert parse(long) is not parse(long)
    first = parse(b"query=first")
    for number in range(MOST_CACHED):
        parse(b"query=other&page=%d" % (number + 1))
    again = parse(b"query=first")
    assert (again == first, again is first) == (True, False)


@pytest.mark.parametrize(
    "parameter",
    ["utm_source=mail", "utm_campaign=", "fbclid=Iw&gclid=a", "mc_cid=1&mc_eid=2", "msclkid=b",
     "igshid=c", "_hsenc=p2&_hsmi=3", "mkt_tok=d", "gbraid"],
)  # fmt: skip
def test_tracking_parameters_are_ignored(parameter: str) -> None:
    """In every place of the query string, without a problem."""
    expected = (Search(query="castle", page=2), Display(), ())
    assert parse(f"{parameter}&query=castle&page=2".encode()) == expected
    assert parse(f"query=castle&{parameter}&page=2&{parameter}".encode()) == expected


@pytest.mark.parametrize("parameter", ["utm=1", "clid=1", "fbclids=1", "x_ga=1", "id=utm_source"])
def test_other_unknown_parameters_are_reported(parameter: str) -> None:
    """Also if their names resemble those of tracking parameters."""
    _, _, problems = parse(f"query=castle&{parameter}".encode())
    assert [problem.message for problem in problems] == ["There is no such parameter."]
