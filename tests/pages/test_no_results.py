"""Pages without results: counts of the search without each condition, and links to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup, Tag

from tests.faults.synthetic import hit
from tests.support.scenario_api import CDN, make_app, page, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.scenario_api import FakeAPI
    from tests.support.soup import Soup

NOTHING = page()
QUERY = "/?query=castle&tags=red&width=512.."


def found(total: int) -> object:
    return page(hit(0, cdn=CDN), total=total)


def ways(soup: BeautifulSoup) -> list[tuple[str, str]]:
    """What is offered, and where it leads."""
    return [
        (" ".join(item.get_text(" ").split()), str(link["href"]))
        for item in soup.select(".empty-state .suggestions li")
        if isinstance(link := item.find("a"), Tag)
    ]


@pytest.mark.parametrize(
    ("paging", "said", "first"),
    [
        ("page=7", "This search has no page 7.", "/?query=castle"),
        (
            "offset=300&limit=10",
            "This search has fewer than 301 results.",
            "/?query=castle&offset=0&limit=10",
        ),
    ],
)
def test_behind_the_last_page(soup: Soup, paging: str, said: str, first: str) -> None:
    """In the words of the address, with the way to what there is."""
    shown = soup(f"/?query=castle&{paging}")
    assert shown.select_one(".empty-state p").get_text() == said  # type: ignore[union-attr]
    assert [link["href"] for link in shown.select(".empty-state .buttons a")] == [first]


def test_the_costliest_condition_is_named_and_left_out_first(api: FakeAPI, soup: Soup) -> None:
    """Each condition is left out once and counted with one hit; dead ends are not offered."""
    api.next(NOTHING, NOTHING, found(3), found(40), NOTHING)
    shown = soup(QUERY)
    assert shown.select_one(".empty-state p").get_text() == (  # type: ignore[union-attr]
        "No asset matches tag red together with the other conditions."
    )
    assert ways(shown) == [
        ("Without tag red 40 results", "/?query=castle&width=512.."),
        ("Without the words “castle” 3 results", "/?tags=red&width=512.."),
        (
            "Search “castle” by meaning",
            "/?query=castle&querySemanticRatio=1&tags=red&width=512..",
        ),
        ("Newest pictures", "/"),
    ]
    asked = [request.json for request in api.received()]
    assert [(body["page"], body["hitsPerPage"]) for body in asked] == [(1, 48)] * 2 + [(1, 1)] * 3
    assert [body.get("query") for body in asked[2:]] == [None, "castle", "castle"]


def test_an_empty_page_costs_five_more_searches_at_most(api: FakeAPI, soup: Soup) -> None:
    """One by meaning, and four however many conditions there are."""
    api.always(NOTHING)
    soup(QUERY + "&kind=image&height=512..&size=9..&privacy=public&nsfw=hide")
    assert len(api.received()) == 6


def test_a_failure_while_counting_is_no_failure_of_the_page(api: FakeAPI, soup: Soup) -> None:
    """What was counted before it is offered; where nothing was, every condition is."""
    api.next(NOTHING, NOTHING, found(3), refusal(500, "No"))
    assert ways(soup(QUERY))[0] == (
        "Without the words “castle” 3 results",
        "/?tags=red&width=512..",
    )
    api.next(NOTHING, NOTHING, refusal(429, "Quota exceeded", "QUOTA_EXCEEDED"))
    assert [words for words, _ in ways(soup(QUERY))] == [
        "Search “castle” by meaning",
        "Without the words “castle”",
        "Without tag red",
        "Without width from 512",
        "Newest pictures",
    ]


def test_nothing_is_counted_near_the_ceiling(api: FakeAPI, tmp_path: Path) -> None:
    """Optional requests to the API are saved first."""
    client = make_app(api, tmp_path, calls_per_minute=1).test_client()
    api.always(NOTHING)
    response = client.get(QUERY)
    assert (response.status_code, len(api.received())) == (200, 1)
    assert ways(BeautifulSoup(response.data, "html.parser"))[1:3] == [
        ("Without the words “castle”", "/?tags=red&width=512.."),
        ("Without tag red", "/?query=castle&width=512.."),
    ]


def test_a_page_behind_the_last_counts_nothing(api: FakeAPI, soup: Soup) -> None:
    """The conditions are not to blame."""
    api.always(NOTHING)
    shown = soup(QUERY + "&page=9")
    assert len(api.received()) == 1
    link = shown.select_one(".empty-state a")
    assert link is not None
    assert (link.get_text(), link["href"]) == ("First page", QUERY)


def test_a_library_is_called_empty_only_without_conditions(api: FakeAPI, tmp_path: Path) -> None:
    """Otherwise the page names the conditions, and each can be removed."""
    client = make_app(api, tmp_path, by_library=True).test_client()
    api.always(NOTHING)
    assert "The library is empty" in client.get("/").text
    for path, words in (("/?public=true", "everybody’s public assets"), ("/?kind=3d", "kind 3d")):
        page = client.get(path).text
        assert "The library is empty" not in page
        assert ways(BeautifulSoup(page, "html.parser")) == [
            (f"Without {words}", "/"),
            ("Newest pictures", "/"),
        ]


def test_a_project_has_no_folder(api: FakeAPI, soup: Soup) -> None:
    """An empty library has no link to it."""
    api.always(NOTHING)
    assert soup("/").select_one(".empty-state p").get_text() == "There are no assets yet."  # type: ignore[union-attr]


def test_what_is_near_in_meaning_stands_below(api: FakeAPI, soup: Soup) -> None:
    """Under the same filters; the way back from a picture is the search that found it."""
    api.next(NOTHING, NOTHING, NOTHING)
    exact = "query=castle&querySemanticRatio=0&kind=image&sortBy=createdAt:asc"
    part = soup(f"/?{exact}").select_one("lazy-section")
    assert part is not None
    assert part["src"] == f"/closest?{exact}"
    sensitive = hit(1, cdn=CDN) | {"nsfw": ["nudity"]}
    api.next(page(hit(0, cdn=CDN), sensitive, hit(2, cdn=CDN)))
    found = soup(str(part["src"]))
    asked = api.received()[-1].json
    assert (asked["query"], asked["querySemanticRatio"]) == ("castle", 1)
    assert ("sortBy" in asked, asked["filter"]) == (False, 'kind IN ["image"]')
    ids = [hit(number, cdn=CDN)["id"] for number in (0, 2)]
    assert [link["href"] for link in found.select("a")] == [
        f"/assets/{each}?query=castle&querySemanticRatio=1&kind=image" for each in ids
    ]
    assert all(picture["alt"] or picture.find_next("span") for picture in found.select("img"))
    sounds = [
        hit(each, cdn=CDN)
        for each in range(20)
        if hit(each, cdn=CDN)["metadata"]["kind"] == "audio"
    ]
    api.next(page(*sounds))
    names = [each.get_text() for each in soup(str(part["src"])).select("a .name")]
    assert names == [each["metadata"]["name"] for each in sounds[:8]]


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/?kind=3d", "/?query=castle", "/?query=castle&querySemanticRatio=1"),
        "/?query=castle&querySemanticRatio=0&page=2",
    ],
)
def test_meaning_is_offered_where_words_found_nothing(api: FakeAPI, soup: Soup, path: str) -> None:
    """On no other page: the link would lead to no results, or to a different search."""
    api.always(NOTHING)
    assert soup(path).select("lazy-section") == []


def test_nothing_near_is_looked_for_near_the_ceiling(api: FakeAPI, tmp_path: Path) -> None:
    """Nor is a failure: the page stays as it is."""
    client = make_app(api, tmp_path, calls_per_minute=1).test_client()
    api.always(NOTHING)
    assert client.get("/?query=castle&querySemanticRatio=0").status_code == 200
    asked = len(api.received())
    answer = client.get("/closest?query=castle")
    assert (answer.status_code, answer.text.strip(), len(api.received())) == (200, "", asked)
