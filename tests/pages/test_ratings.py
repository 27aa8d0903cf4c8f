"""Ratings and labels as fields: filters, orders and tables, over both kinds of API."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from bs4 import BeautifulSoup

from tests.support import sample_documents
from tests.support.embedded_library import embedded_app

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.support.scenario_api import FakeAPI
    from tests.support.soup import Soup

RED = (255, 0, 0)


def test_over_the_scenario_api_a_filter_is_one_of_tags(
    client: FlaskClient, soup: Soup, api: FakeAPI
) -> None:
    page = soup("/?rating=4&rating=5&label.not=reject&tags=castle&sortBy=rating:desc")
    assert api.body()["filter"] == (
        'tags IN ["castle"] AND tags IN ["rating:4", "rating:5"] AND tags NOT IN ["label:reject"]'
    )
    assert api.body()["sortBy"] == ["createdAt:desc"]
    notices = [each.get_text(" ", strip=True) for each in page.select(".notices li")]
    assert len(notices) == 1
    assert "The API cannot sort this way" in notices[0]
    chips = " ".join(each.get_text(" ", strip=True) for each in page.select(".chips"))
    assert "4 stars" in chips
    client.get("/search.csv?label=reject")
    assert api.body()["filter"] == 'tags IN ["label:reject"]'


def test_over_a_library_they_are_fields(tmp_path: Path) -> None:
    items = [
        (sample_documents.document(name, metadata={"rating": str(stars), "label": label}), RED)
        for name, stars, label in (("a", 2, "pick"), ("b", 5, "reject"), ("c", 4, "pick"))
    ]
    (tmp_path / "home").mkdir()
    sample_documents.library(tmp_path / "home", items, []).close()
    client = embedded_app(tmp_path).test_client()

    def found(query: str) -> list[str]:
        page = BeautifulSoup(client.get(f"/?{query}").data, "html.parser")
        return [str(card["data-rating"]) for card in page.select("article.card")]

    assert found("sortBy=rating:desc") == ["5", "4", "2"]
    assert found("rating=4&rating=5&sortBy=rating:asc") == ["4", "5"]
    assert found("label=reject") == ["5"]
    assert sorted(found("label.not=reject")) == ["2", "4"]
    page = BeautifulSoup(client.get("/").data, "html.parser")
    counts = {
        str(box["value"]): label.get_text(" ", strip=True)
        for label in page.select("fieldset.boxes label")
        if (box := label.input) and box.get("name") in {"rating", "label"}
    }
    assert (counts["5"], counts["pick"]) == ("5 stars 1", "Pick 2")
    assert page.select_one("#view a[href='/?label=reject']")
    rows = csv.DictReader(client.get("/search.csv?label=reject").text.lstrip("\ufeff").splitlines())
    assert [(row["rating"], row["label"]) for row in rows] == [("5", "reject")]
