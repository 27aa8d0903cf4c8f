"""Provenance sheets of a selection and of a search: the page, and the table as CSV."""

from __future__ import annotations

import csv
import io
import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

from app.routes import provenance
from tests.support.hits import image_hit
from tests.support.scenario_api import FakeAPI, answer, make_app, page, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.support.soup import Soup

CASTLE = image_hit(1, "castle", prompt="a castle", tags="license:CC0")
SKETCH = image_hit(2, "sketch", tags="made-by:hand license:CC0")
SKETCH["metadata"] |= {"modelId": None, "parentId": "asset_lost"}
TOWER = image_hit(3, "=tower", prompt="a tower")
TOWER["id"] = "asset_tower"
TOWER["metadata"] |= {"modelId": None, "parentId": "asset_castle"}
ALL = [CASTLE, SKETCH, TOWER]


def rows(soup: Soup, path: str) -> list[list[str]]:
    """The cells of each row."""
    return [
        [" ".join(cell.get_text(" ").split()) for cell in row.select("th, td")]
        for row in soup(path).select("table.provenance tbody tr")
    ]


def test_the_sheet_of_a_search(api: FakeAPI, soup: Soup) -> None:
    """Gaps first: what is missing, who made it, from what, and the file."""
    api.always(page(*ALL))
    api.always(answer({"assets": []}), on="/v1/assets/get-bulk")
    assert rows(soup, "/provenance?collectionIds=collection_1") == [
        ["=tower", "model licence", "AI", "a tower", "castle", "author_0", "–", "–"],
        [
            "sketch",
            "a parent",
            "By hand",
            "–",
            "asset_lost (does not exist any more)",
            "author_0",
            "CC0",
            "–",
        ],
        ["castle", "nothing", "AI", "Model model_2 a castle", "–", "author_0", "CC0", "–"],
    ]
    shown = soup("/provenance?collectionIds=collection_1")
    status = shown.select_one("[role=status]")
    assert status is not None
    assert status.get_text() == "3 assets · 2 made by AI · 1 by hand · 2 with gaps"


def test_the_sheet_of_a_selection(api: FakeAPI, soup: Soup, client: FlaskClient) -> None:
    """The same for what is selected; the form of the page leads to the exports."""
    api.always(answer({"assets": ALL}), on="/v1/assets/get-bulk")
    address = "/selection/provenance?id=asset_castle&id=asset_tower&id=asset_sketch"
    assert len(rows(soup, address)) == 3
    form = soup(address).select_one("form.actions")
    assert form is not None
    button = form.select_one("button[formaction$='.csv']")
    assert button is not None
    pairs = [(each["name"], each["value"]) for each in form.select("input[type=hidden]")]
    response = client.get(str(button["formaction"]), query_string=pairs)
    table = list(csv.reader(io.StringIO(response.get_data(as_text=True).removeprefix("\ufeff"))))
    assert table[0][:4] == ["missing", "name", "madeBy", "model"]
    assert [line[1] for line in table[1:]] == ["'=tower", "sketch", "castle"]
    assert table[1][5] == "asset_castle"
    assert "provenance 3 assets.csv" in response.headers["Content-Disposition"]


def test_a_search_with_too_many_assets(tmp_path: Path) -> None:
    """The page says that it is not complete; so does the last line of the table."""
    api = FakeAPI(count=provenance.MOST_ROWS + 20)
    client = make_app(api, tmp_path, export_rows=100).test_client()
    assert f"first {provenance.MOST_ROWS} assets only" in client.get("/provenance").text
    last = client.get("/provenance.csv").text.splitlines()[-1]
    assert last == "The sheet has the first 100 assets only."


@pytest.mark.skipif(
    find_spec("reportlab") is None and not os.environ.get("CI"), reason="make setup installs it"
)
def test_the_sheet_as_pdf(client: FlaskClient) -> None:
    """A download, named by the search."""
    response = client.get("/provenance.pdf?query=castle")
    assert (response.status_code, response.mimetype) == (200, "application/pdf")
    assert response.data.startswith(b"%PDF-")
    assert "Akin provenance castle.pdf" in response.headers["Content-Disposition"]


def test_the_sheet_of_a_stored_selection(tmp_path: Path) -> None:
    """The page has the first assets, the table all; the page of the selection links to it."""
    count = provenance.MOST_ROWS + 20
    client = make_app(FakeAPI(count=count), tmp_path).test_client()
    url = client.post("/selections/all", data={}).headers["Location"]
    assert f'href="{url}/provenance"' in client.get(url).text
    shown = BeautifulSoup(client.get(f"{url}/provenance").data, "html.parser")
    assert len(shown.select("table.provenance tbody tr")) == provenance.MOST_ROWS
    assert f"first {provenance.MOST_ROWS} assets only" in shown.get_text()
    form = shown.select_one("form.actions")
    assert form is not None
    assert form["action"] == f"{url}/provenance"
    table = client.get(f"{url}/provenance.csv").text
    assert len(list(csv.reader(io.StringIO(table)))) == count + 1
    assert client.get(f"{url}/provenance.doc").status_code == 404


def test_pages_link_to_the_sheet(soup: Soup) -> None:
    """In the menu of a search, and among the actions of a selection."""
    menu = soup("/?query=castle").select_one(".share a[href^='/provenance']")
    assert menu is not None
    assert menu["href"] == "/provenance?query=castle"
    found = soup("/?query=castle").select_one("article.card")
    assert found is not None
    actions = soup(f"/selection?id={found['data-asset-id']}")
    assert actions.select_one("button[formaction='/selection/provenance']")


def test_errors(api: FakeAPI, client: FlaskClient) -> None:
    """An unknown format, a bad parameter, an empty selection, an API that is down."""
    assert client.get("/provenance.doc").status_code == 404
    assert client.get("/provenance.csv?page=x").status_code == 400
    assert client.get("/selection/provenance").status_code == 400
    assert client.get("/provenance?query=zzzz").status_code == 200
    api.always(refusal(503, "down"))
    assert client.get("/provenance").status_code == 502
