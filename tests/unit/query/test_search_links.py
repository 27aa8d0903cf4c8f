"""Searches as lines of text: names and addresses, as people copy and paste them."""

from __future__ import annotations

import pytest

from app.query.search_links import MOST_LINKS, MOST_NAME, NamedSearch, parse_links


def test_names_and_addresses_alternate() -> None:
    """As “Copy as links” gives them; the host, the path and the page make no difference."""
    text = "Castles\nhttps://akin.example/akin/?query=castle&page=3\n\n  Sounds \n/?kind=audio\n"
    assert parse_links(text) == (
        [NamedSearch("Castles", "?query=castle"), NamedSearch("Sounds", "?kind=audio")],
        [],
    )


def test_an_address_without_a_name_is_named_by_its_search() -> None:
    assert parse_links("https://a/?query=castle&density=small")[0] == [
        NamedSearch("castle", "?query=castle&density=small")
    ]


def test_names_are_bounded() -> None:
    (found,), _ = parse_links(f"{'x' * 500}\n/?query=a")
    assert found.name == "x" * MOST_NAME


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("Only a name", ["Only a name"]),
        ("First\nSecond\n/?query=a", ["First"]),
        ("Wrong\n/?colour=red", ["/?colour=red"]),
        ("Wrong\nhttps://[::1/?query=a", ["https://[::1/?query=a"]),
        ("", []),
    ],
)
def test_lines_that_are_not_understood_are_returned(text: str, unread: list[str]) -> None:
    """They can be corrected and sent again."""
    assert parse_links(text)[1] == unread


def test_the_number_is_bounded() -> None:
    found, unread = parse_links("\n".join(f"/?query=w{n}" for n in range(MOST_LINKS + 2)))
    assert (len(found), len(unread)) == (MOST_LINKS, 2)
