"""What an address asks for is read whole, and read once."""

from __future__ import annotations

import pytest

from app.asking import MOST_BYTES, MOST_KEPT, asked, read
from app.display import Display
from app.search import Search


def test_an_address_says_what_is_searched_and_how_it_is_shown() -> None:
    assert asked(b"query=castle&density=large&stacks=on") == (
        Search(query="castle"),
        Display(density="large", stacks=True),
        (),
    )


def test_how_results_are_shown_is_told_and_no_mistake_of_the_search() -> None:
    found = read([("density", "large"), ("query", "castle")])
    assert found == (Search(query="castle"), Display(density="large"), ())


def test_every_mistake_in_an_address_is_told_those_of_the_display_first() -> None:
    _, _, problems = asked(b"page=zero&ground=pink&perpetual=motion&density=huge")
    assert [problem.parameter for problem in problems] == ["ground", "density", "page", "perpetual"]


def test_an_empty_address_asks_for_everything() -> None:
    assert asked(b"") == (Search(), Display(), ())


@pytest.mark.parametrize("length", [MOST_BYTES - 1, MOST_BYTES, MOST_BYTES + 1, 5 * MOST_BYTES])
def test_an_address_is_read_to_its_end_however_long_it_is(length: int) -> None:
    last = b"&page=2&density=small"
    querystring = b"query=" + b"a" * (length - len(b"query=" + last)) + last
    search, display, _ = asked(querystring)
    assert (len(querystring), search.page, display.density) == (length, 2, "small")


def test_an_address_that_is_asked_for_again_is_not_read_again() -> None:
    longest = b"query=" + b"b" * (MOST_BYTES - 6)
    assert asked(b"query=tower") is asked(b"query=tower")
    assert asked(longest) is asked(longest)


def test_what_is_kept_of_addresses_is_bounded() -> None:
    """Whoever sends addresses without end, or one that is very long, fills no memory."""
    long = b"query=" + b"c" * (MOST_BYTES - 5)
    assert asked(long) is not asked(long)
    first = asked(b"query=first")
    for number in range(MOST_KEPT):
        asked(b"query=other&page=%d" % (number + 1))
    again = asked(b"query=first")
    assert (again == first, again is first) == (True, False)
