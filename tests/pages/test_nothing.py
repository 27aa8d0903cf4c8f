"""An empty page says which condition costs the most, and offers the search without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup, Tag

from tests.faults.synthetic import hit
from tests.pages.wire import CDN, make_app, page, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.pages.conftest import Soup
    from tests.pages.wire import Wire

NOTHING = page()
QUERY = "/?query=castle&tags=red&width=512.."


def found(total: int) -> object:
    return page(hit(0, cdn=CDN), total=total)


def ways(soup: BeautifulSoup) -> list[tuple[str, str]]:
    """What is offered, and where it leads."""
    return [
        (" ".join(item.get_text(" ").split()), str(link["href"]))
        for item in soup.select(".nothing .ways li")
        if isinstance(link := item.find("a"), Tag)
    ]


@pytest.mark.parametrize(
    ("paging", "said", "first"),
    [
        ("page=7", "This search has no page 7.", "/?query=castle"),
        (
            "offset=300&limit=10",
            "This search has less than 301 results.",
            "/?query=castle&offset=0&limit=10",
        ),
    ],
)
def test_behind_the_last_page(soup: Soup, paging: str, said: str, first: str) -> None:
    """In the words of the address, with the way to what there is."""
    shown = soup(f"/?query=castle&{paging}")
    assert shown.select_one(".nothing p").get_text() == said  # type: ignore[union-attr]
    assert [link["href"] for link in shown.select(".nothing .buttons a")] == [first]


def test_the_costliest_condition_is_named_and_left_out_first(wire: Wire, soup: Soup) -> None:
    """Each condition is left out once and counted with one hit; dead ends are not offered."""
    wire.next(NOTHING, found(3), found(40), NOTHING)
    shown = soup(QUERY)
    assert shown.select_one(".nothing p").get_text() == (  # type: ignore[union-attr]
        "What costs the most: tag red. Nothing has it together with the rest."
    )
    assert ways(shown) == [
        ("Without tag red 40 results", "/?query=castle&width=512.."),
        ("Without the words “castle” 3 results", "/?tags=red&width=512.."),
        (
            "Search “castle” by meaning",
            "/?query=castle&querySemanticRatio=1&tags=red&width=512..",
        ),
        ("The newest pictures", "/"),
    ]
    asked = [request.json for request in wire.asked()]
    assert [(body["page"], body["hitsPerPage"]) for body in asked] == [(1, 48)] + [(1, 1)] * 3
    assert [body.get("query") for body in asked[1:]] == [None, "castle", "castle"]


def test_an_empty_page_costs_four_more_searches_at_most(wire: Wire, soup: Soup) -> None:
    """However many conditions there are."""
    wire.always(NOTHING)
    soup(QUERY + "&kind=image&height=512..&size=9..&privacy=public&nsfw=hide")
    assert len(wire.asked()) == 5


def test_a_failure_while_counting_is_no_failure_of_the_page(wire: Wire, soup: Soup) -> None:
    """What was counted before it is offered; where nothing was, every condition is."""
    wire.next(NOTHING, found(3), refusal(500, "No"))
    assert ways(soup(QUERY))[0] == (
        "Without the words “castle” 3 results",
        "/?tags=red&width=512..",
    )
    wire.next(NOTHING, refusal(429, "Quota exceeded", "QUOTA_EXCEEDED"))
    assert [words for words, _ in ways(soup(QUERY))] == [
        "Search “castle” by meaning",
        "Without the words “castle”",
        "Without tag red",
        "Without width from 512",
        "The newest pictures",
    ]


def test_nothing_is_counted_near_the_ceiling(wire: Wire, tmp_path: Path) -> None:
    """Calls that nobody asked for are spared first."""
    client = make_app(wire, tmp_path, calls_per_minute=1).test_client()
    wire.always(NOTHING)
    response = client.get(QUERY)
    assert (response.status_code, len(wire.asked())) == (200, 1)
    assert ways(BeautifulSoup(response.data, "html.parser"))[1:3] == [
        ("Without the words “castle”", "/?tags=red&width=512.."),
        ("Without tag red", "/?query=castle&width=512.."),
    ]


def test_a_page_behind_the_last_counts_nothing(wire: Wire, soup: Soup) -> None:
    """The conditions are not to blame."""
    wire.always(NOTHING)
    shown = soup(QUERY + "&page=9")
    assert len(wire.asked()) == 1
    link = shown.select_one(".nothing a")
    assert link is not None
    assert (link.get_text(), link["href"]) == ("Its first page", QUERY)


def test_a_library_is_called_empty_only_where_nothing_is_asked(wire: Wire, tmp_path: Path) -> None:
    """Whatever else empties the page is said, and can be left out."""
    client = make_app(wire, tmp_path, by_library=True).test_client()
    wire.always(NOTHING)
    assert "The library is empty" in client.get("/").text
    for path, words in (("/?public=true", "everybody’s public assets"), ("/?kind=3d", "kind 3d")):
        page = client.get(path).text
        assert "The library is empty" not in page
        assert ways(BeautifulSoup(page, "html.parser")) == [
            (f"Without {words}", "/"),
            ("The newest pictures", "/"),
        ]


def test_a_project_has_no_folder(wire: Wire, soup: Soup) -> None:
    """Where nothing is in it, nobody is sent to one."""
    wire.always(NOTHING)
    assert soup("/").select_one(".nothing p").get_text() == "Nothing is here yet."  # type: ignore[union-attr]


def test_what_is_near_in_meaning_stands_below(wire: Wire, soup: Soup) -> None:
    """Under the same filters; the way back from a picture is the search that found it."""
    wire.next(NOTHING, NOTHING, NOTHING)
    part = soup("/?query=castle&kind=image&sortBy=createdAt:asc").select_one("lazy-part")
    assert part is not None
    assert part["src"] == "/closest?query=castle&kind=image&sortBy=createdAt:asc"
    sensitive = hit(1, cdn=CDN) | {"nsfw": ["nudity"]}
    wire.next(page(hit(0, cdn=CDN), sensitive, hit(2, cdn=CDN)))
    found = soup(str(part["src"]))
    asked = wire.asked()[-1].json
    assert (asked["query"], asked["querySemanticRatio"]) == ("castle", 1)
    assert ("sortBy" in asked, asked["filter"]) == (False, 'kind IN ["image"]')
    ids = [hit(number, cdn=CDN)["id"] for number in (0, 2)]
    assert [link["href"] for link in found.select("a")] == [
        f"/assets/{each}?query=castle&querySemanticRatio=1&kind=image" for each in ids
    ]
    assert all(picture["alt"] for picture in found.select("img"))


@pytest.mark.parametrize(
    "path",
    ["/", "/?kind=3d", "/?query=castle&querySemanticRatio=1", "/?query=castle&page=2"],
)
def test_meaning_is_offered_where_words_found_nothing(wire: Wire, soup: Soup, path: str) -> None:
    """Nowhere else: it would find the same nothing, or what nobody asked for."""
    wire.always(NOTHING)
    assert soup(path).select("lazy-part") == []


def test_nothing_near_is_looked_for_near_the_ceiling(wire: Wire, tmp_path: Path) -> None:
    """Nor is a failure: the page stays as it is."""
    client = make_app(wire, tmp_path, calls_per_minute=1).test_client()
    wire.always(NOTHING)
    assert client.get("/?query=castle").status_code == 200
    asked = len(wire.asked())
    answer = client.get("/closest?query=castle")
    assert (answer.status_code, answer.text.strip(), len(wire.asked())) == (200, "", asked)
