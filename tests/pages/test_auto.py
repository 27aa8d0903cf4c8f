"""Words without a ratio: exact matches, and after the last one what is closest in meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from tests.faults.synthetic import asset_id, hit
from tests.support.scenario_api import CDN, Reply, answer, make_app, page, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.support.scenario_api import FakeAPI
    from tests.support.soup import Soup


def hits(*numbers: int) -> list[dict[str, Any]]:
    return [hit(number, cdn=CDN) for number in numbers]


def ids(*numbers: int) -> list[str]:
    return [asset_id(number) for number in numbers]


def shown(soup: BeautifulSoup, part: str = ".results > .grid") -> list[str]:
    return [str(card["data-asset-id"]) for card in soup.select(f"{part} .card")]


def closest(soup: BeautifulSoup) -> list[str]:
    return shown(soup, ".closest-hits")


def counted(*numbers: int, total: int, number: int = 1) -> Reply:
    """Page `number` of `total` hits."""
    counts = {"page": number, "hitsPerPage": 48, "totalHits": total, "totalPages": -(-total // 48)}
    return answer({"hits": hits(*numbers), **counts})


@pytest.fixture
def library(api: FakeAPI, tmp_path: Path) -> FlaskClient:
    """An application in front of Akin's own library."""
    return make_app(api, tmp_path, facets="on").test_client()


def at(client: FlaskClient, path: str) -> BeautifulSoup:
    response = client.get(path)
    assert response.status_code == 200
    return BeautifulSoup(response.data, "html.parser")


def test_few_hits_are_followed_by_the_closest_but_those(api: FakeAPI, soup: Soup) -> None:
    api.next(page(*hits(1, 2)), page(*hits(3, 2, 4)))
    found = soup("/?query=castle&kind=image&hitsPerPage=24")
    assert (shown(found), closest(found)) == (ids(1, 2), ids(3, 4))
    assert found.select_one(".count")["data-total-hits"] == "2"  # type: ignore[index]
    first, second = (request.json for request in api.received())
    assert "querySemanticRatio" not in first
    assert (second["querySemanticRatio"], second["filter"]) == (0.85, first["filter"])
    assert (second["page"], second["hitsPerPage"]) == (1, 26)


@pytest.mark.parametrize(
    ("path", "first"),
    [
        ("/?query=castle", counted(*range(25), total=25)),  # enough were found
        ("/?query=castle", counted(*range(48), total=60)),
        ("/?query=castle&page=2", counted(*range(12), total=60, number=2)),
        ("/?query=castle&page=9", counted(total=60, number=9)),
        ("/?query=castle&querySemanticRatio=0", page(*hits(1))),
        ("/?query=castle&querySemanticRatio=0.5", page(*hits(1))),
        ("/?query=castle&sortBy=width:asc", page(*hits(1))),
        ("/?kind=image", page(*hits(1))),
    ],
)
def test_the_closest_are_requested_for_few_hits_of_auto_alone(
    api: FakeAPI, soup: Soup, path: str, first: Reply
) -> None:
    api.next(first)
    assert closest(soup(path)) == []
    assert len(api.received()) == 1


def test_a_first_word_finds_something(api: FakeAPI, soup: Soup) -> None:
    api.next(page(), page(*hits(3, 4)))
    found = soup("/?query=vehicle")
    assert (shown(found), closest(found)) == ([], ids(3, 4))
    assert found.select_one(".count").get_text() == "No exact match"  # type: ignore[union-attr]
    assert "“vehicle”" in found.select_one(".closest-hits .detail").get_text()  # type: ignore[union-attr]
    assert found.select(".empty-state") == []
    link = found.select_one(".closest-hits .detail a")
    assert link is not None
    assert link["href"] == "/?query=vehicle&querySemanticRatio=1"


def test_without_exact_matches_the_alternatives_are_counted_as_well(
    api: FakeAPI, soup: Soup
) -> None:
    api.next(page(), page(*hits(3)), page(*hits(5), total=7), page(*hits(5), total=3))
    links = soup("/?query=vehicle&kind=image").select(".closest-hits .detail a")
    assert [link["href"] for link in links] == [
        "/?kind=image",
        "/?query=vehicle",
        "/?query=vehicle&querySemanticRatio=1&kind=image",
    ]


def test_a_failure_of_the_second_search_leaves_the_first(api: FakeAPI, soup: Soup) -> None:
    api.next(page(*hits(1)), refusal(500, "No"))
    found = soup("/?query=castle")
    assert (shown(found), closest(found)) == (ids(1), [])


def test_the_closest_are_saved_near_the_ceiling(api: FakeAPI, tmp_path: Path) -> None:
    client = make_app(api, tmp_path, calls_per_minute=1).test_client()
    api.always(page(*hits(1)))
    assert closest(at(client, "/?query=castle")) == []
    assert len(api.received()) == 1


def test_the_library_separates_exact_matches_itself(api: FakeAPI, library: FlaskClient) -> None:
    """On the last page of any number of them; one request leaves out the hits of all pages."""
    api.next(counted(1, 2, total=50, number=2), page(*hits(3, 4)))
    found = at(library, "/?query=castle&page=2")
    assert (shown(found), closest(found)) == (ids(1, 2), ids(3, 4))
    first, second = (request.json for request in api.received())
    assert (first["exactWords"], second["exactWords"]) == ("only", "except")
    assert ("facets" in first, "facets" in second) == (True, False)
    assert (second["page"], second["hitsPerPage"]) == (1, 48)


@pytest.mark.parametrize("name", ["csv", "atom", "json"])
def test_what_is_exported_and_followed_are_exact_matches(
    api: FakeAPI, library: FlaskClient, name: str
) -> None:
    api.always(page(*hits(1)))
    assert library.get(f"/search.{name}?query=castle").status_code == 200
    assert {request.json["exactWords"] for request in api.received()} == {"only"}


@pytest.mark.parametrize(
    ("path", "exact"),
    [
        ("/?query=castle&sortBy=width:asc", "only"),
        ("/?query=castle&querySemanticRatio=0", None),
        ("/?query=castle&querySemanticRatio=1", None),
        ("/?kind=image", None),
    ],
)
def test_a_ratio_in_the_address_selects_as_before(
    api: FakeAPI, library: FlaskClient, path: str, exact: str | None
) -> None:
    api.always(page(*hits(1)))
    at(library, path)
    assert [request.json.get("exactWords") for request in api.received()] == [exact]


def test_neighbours_lead_from_the_last_hit_to_the_closest(api: FakeAPI, soup: Soup) -> None:
    def neighbours(number: int) -> list[tuple[str, str]]:
        api.next(page(*hits(1, 2)), page(*hits(3, 4)))
        found = soup(f"/assets/{asset_id(number)}?query=castle")
        links = found.select('a[rel="prev"], a[rel="next"]')
        place = [("position", each.get_text()) for each in found.select(".position")]
        return place + [(link["rel"][0], str(link["href"]).split("?")[0]) for link in links]

    one, two, three, four = (f"/assets/{each}" for each in ids(1, 2, 3, 4))
    assert neighbours(2) == [("position", "2 of 2"), ("prev", one), ("next", three)]
    assert neighbours(3) == [("prev", two), ("next", four)]
    assert neighbours(4) == [("prev", three)]


def test_the_closest_are_explained_by_meaning(api: FakeAPI, soup: Soup) -> None:
    api.next(page(*hits(1)))
    reasons = soup(f"/why/{asset_id(3)}?query=fortress").select_one(".reasons dl")
    assert reasons is not None
    assert "found by meaning" in reasons.get_text()


def test_auto_is_a_choice_without_a_slider(soup: Soup, client: FlaskClient) -> None:
    def scale(path: str) -> tuple[list[str], list[str], int]:
        words = soup(path).select(".scale")[0]
        buttons = words.select("button")
        chosen = [each.get_text() for each in buttons if each["aria-pressed"] == "true"]
        return [each.get_text() for each in buttons], chosen, len(words.select("input"))

    names = ["Auto", "Exact words", "Balanced", "Meaning"]
    assert scale("/?query=castle") == (names, ["Auto"], 0)
    assert scale("/?query=castle&querySemanticRatio=0") == (names, ["Exact words"], 1)
    back = client.get("/?query=castle&querySemanticRatio=0.4&querySemanticRatio=auto")
    assert back.headers["Location"] == "/?query=castle"
