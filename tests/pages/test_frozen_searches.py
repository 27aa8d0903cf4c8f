"""Frozen searches: the same hits in the same order later, and what has changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bs4 import BeautifulSoup

from app.services.team import frozen_searches
from tests.support.hits import image_hit
from tests.support.scenario_api import FakeAPI, answer, make_app, page, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.support.soup import Soup

A, B, C, D = (image_hit(number, name) for number, name in enumerate("abcd", 1))


def frozen(client: FlaskClient, api: FakeAPI, *hits: dict[str, Any]) -> str:
    """Freeze a search with these hits; return the address of its page."""
    api.always(page(*hits))
    form = {"name": "Chosen", "search": "query=castle&page=2"}
    response = client.post("/frozen", data=form)
    assert response.status_code == 303
    return response.headers["Location"]


def found(soup: BeautifulSoup) -> list[str]:
    """The ids of the cards of a part, in order; the words of those that are gone."""
    grid = soup.select_one(".grid[data-first]") or soup
    return [
        str(card.get("data-asset-id") or card.b.get_text()) for card in grid.select(".card") if card
    ]


def test_hits_stay_in_their_order(client: FlaskClient, api: FakeAPI, soup: Soup) -> None:
    """Whatever the search finds later; the link to the search is on the page."""
    url = frozen(client, api, C, A, B)
    api.always(page(D))
    api.always(answer({"assets": [A, B, C]}), on="/v1/assets/get-bulk")
    shown = soup(url)
    assert found(shown) == ["asset_c", "asset_a", "asset_b"]
    assert "Frozen: 3 assets on" in shown.get_text()
    assert shown.select_one("a[href='/?query=castle']")
    assert shown.select_one("time[datetime]")


def test_assets_that_are_gone_have_their_name(
    client: FlaskClient, api: FakeAPI, soup: Soup
) -> None:
    url = frozen(client, api, A, B)
    api.always(answer({"assets": [B]}), on="/v1/assets/get-bulk")
    assert found(soup(url)) == ["a", "asset_b"]


def test_changes_since_then(client: FlaskClient, api: FakeAPI, soup: Soup) -> None:
    """As a part that scripts load, and as a page without them."""
    url = frozen(client, api, A, B, C)
    api.always(answer({"assets": [A, B, C]}), on="/v1/assets/get-bulk")
    section = soup(url).select_one("lazy-section")
    assert section is not None
    assert (section["src"], section.a["href"]) == (f"{url}/changes?part", f"{url}/changes")
    assert "The search has the same results today." in soup(f"{url}/changes").get_text()
    api.always(page(D, C, B))
    part = soup(str(section["src"]))
    assert "Since then: 1 added, 1 removed, the order has changed." in part.get_text()
    assert found(part) == ["asset_d"]
    assert [each.get_text() for each in part.select(".removed-hits a")] == ["a"]
    whole = soup(f"{url}/changes")
    assert found(whole) == ["asset_a", "asset_b", "asset_c"]
    assert "1 added, 1 removed" in whole.get_text()


def test_the_number_of_hits_is_bounded(tmp_path: Path) -> None:
    """The page says so; the same number is compared later."""
    most = frozen_searches.MOST_HITS
    client = make_app(FakeAPI(count=most + 50), tmp_path).test_client()
    url = client.post("/frozen", data={"search": ""}).headers["Location"]
    assert f"the first {most // 1000}\u202f000 assets" in client.get(url).text
    assert "the same results today" in client.get(f"{url}/changes?part").text
    last = BeautifulSoup(client.get(f"{url}?page=999").data, "html.parser")
    assert len(found(last)) == 100
    assert last.select_one("a[rel=prev]")["href"] == f"{url}?page=9"
    assert last.select_one("a[rel=next]") is None


def test_a_search_without_results_is_not_frozen(client: FlaskClient, api: FakeAPI) -> None:
    api.always(page())
    response = client.post("/frozen", data={"search": "query=nothing"})
    assert response.status_code == 400
    assert "no results that could be frozen" in response.text


def test_an_api_that_fails(client: FlaskClient, api: FakeAPI) -> None:
    """Nothing half is stored."""
    api.always(refusal(503, "down"))
    assert client.post("/frozen", data={"search": "query=castle"}).status_code == 502
    assert "A frozen search shows" in client.get("/searches").text


def test_it_is_listed_and_deleted(client: FlaskClient, api: FakeAPI, soup: Soup) -> None:
    url = frozen(client, api, A)
    assert soup("/searches").select_one(f".search-list a[href='{url}']")
    assert client.post(f"{url}/delete").status_code == 303
    assert client.get(url).status_code == 404


def test_only_its_owner_deletes_it(api: FakeAPI, tmp_path: Path) -> None:
    client = make_app(api, tmp_path, auth="proxy", proxies=("127.0.0.1",)).test_client()
    ada, bo = {"X-Forwarded-User": "ada"}, {"X-Forwarded-User": "bo"}
    url = client.post("/frozen", data={"search": ""}, headers=ada).headers["Location"]
    assert "Delete for everyone" not in client.get(url, headers=bo).text
    assert client.post(f"{url}/delete", headers=bo).status_code == 403
    assert client.get(url, headers=bo).status_code == 200
