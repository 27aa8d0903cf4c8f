"""Orders of results: those of Akin's own library, which the Scenario API does not have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bs4 import BeautifulSoup

from tests.support.scenario_api import make_app

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.support.scenario_api import FakeAPI
    from tests.support.soup import Soup


def orders(page: BeautifulSoup) -> list[tuple[str, str]]:
    """The choices of the menu; those chosen with a star."""
    return [
        (str(option["value"]), option.get_text() + ("*" if option.has_attr("selected") else ""))
        for option in page.select('select[name="sortBy"] option')
    ]


def library(api: FakeAPI, folder: Path) -> FlaskClient:
    return make_app(api, folder, facets="on").test_client()


def test_the_library_offers_further_orders(api: FakeAPI, tmp_path: Path) -> None:
    page = BeautifulSoup(library(api, tmp_path).get("/?sortBy=name:asc").data, "html.parser")
    assert ("name:asc", "Name, A to Z*") in orders(page)
    assert {"size:desc", "rating:desc", "random"} <= {value for value, _ in orders(page)}
    assert api.body()["sortBy"] == ["name:asc"]


def test_a_random_order_gets_a_number_of_its_own(api: FakeAPI, tmp_path: Path) -> None:
    """So that pages do not repeat, and a link shows the same order."""
    client = library(api, tmp_path)
    url = client.get("/?kind=image&sortBy=random").headers["Location"]
    assert re.fullmatch(r"/\?kind=image&sortBy=random:[0-9]{1,6}", url)
    page = BeautifulSoup(client.get(url).data, "html.parser")
    order = url.rpartition("=")[2]
    assert api.body()["sortBy"] == [order]
    (chosen, (again, label)) = orders(page)[-2:]
    assert (chosen, label) == ((order, "Random*"), "Shuffle again")
    assert re.fullmatch(r"random:[0-9]{1,6}", again)
    assert again != order
    following = page.select_one('.pagination a[rel="next"]')
    assert following is not None
    assert following["href"] == f"{url}&page=2"


def test_the_scenario_api_is_not_asked_for_them(api: FakeAPI, soup: Soup) -> None:
    """A link from a library says what was left out."""
    page = soup("/?kind=image&sortBy=name:asc&sortBy=width:asc")
    assert api.body()["sortBy"] == ["width:asc"]
    assert "The API cannot sort this way: Name, A to Z." in page.select_one(".notices").get_text()  # type: ignore[union-attr]
    assert not {"name:asc", "size:desc", "random"} & {value for value, _ in orders(page)}
