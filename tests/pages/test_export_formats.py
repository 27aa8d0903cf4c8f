"""The registry of export formats: a format in it has its addresses and its place in the menus."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.exports.formats import FORMATS, ExportFormat
from tests.support.scenario_api import asset_id, make_app, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from app.exports.formats import SearchExport, SelectionExport
    from tests.support.scenario_api import FakeAPI
    from tests.support.soup import Soup

ONE, TWO = asset_id(8), asset_id(16)


def search_lines(export: SearchExport) -> Iterator[bytes]:
    """The ids of a page, a line each."""
    return (f"{hit.id}\n".encode() for hit in export.page_of(export.search).hits)


def selection_list(export: SelectionExport) -> bytes:
    """The selected ids on one line."""
    return " ".join(asset.id for asset in export.assets).encode()


@pytest.fixture
def app(api: FakeAPI, tmp_path: Path) -> Flask:
    """Return the application with one more format of each kind."""
    lines = ExportFormat("txt", "text/plain", "Ids", search_lines, purpose="A script reads ids.")
    listed = ExportFormat("lst", "text/plain", "List", selection_list, icon="copy", on_results=True)
    formats = replace(
        FORMATS,
        of_search=(*FORMATS.of_search, lines),
        of_selection=(*FORMATS.of_selection, listed),
    )
    return make_app(api, tmp_path, formats=formats)


def test_a_format_of_a_search_has_an_address(client: FlaskClient) -> None:
    """A download that is named after the search."""
    response = client.get("/search.txt?query=castle&hitsPerPage=2")
    hits = client.get("/search.json?query=castle&hitsPerPage=2").get_json()["hits"]
    assert (response.status_code, response.mimetype) == (200, "text/plain")
    assert response.text.splitlines() == [hit["id"] for hit in hits]
    assert len(hits) == 2
    assert response.headers["Content-Disposition"] == 'attachment; filename="Akin castle.txt"'


def test_a_format_of_a_selection_has_an_address(client: FlaskClient) -> None:
    """By GET and by POST, as its form submits it."""
    for response in (
        client.get(f"/selection.lst?id={ONE}&id={TWO}"),
        client.post("/selection.lst", data={"id": [ONE, TWO]}),
    ):
        assert (response.status_code, response.mimetype) == (200, "text/plain")
        assert response.text == f"{ONE} {TWO}"
        assert 'filename="Akin 2 assets.lst"' in response.headers["Content-Disposition"]


def test_the_menus_have_every_format(soup: Soup) -> None:
    """The Share menu, the bar of selected assets, and the page of the selection."""
    results = soup("/?query=castle&density=large")
    shared = [(link.get_text(strip=True), link["href"]) for link in results.select(".share a")]
    assert [each for each in shared if each[1].startswith("/search.")] == [
        ("CSV", "/search.csv?query=castle"),
        ("JSON", "/search.json?query=castle"),
        ("Atom feed", "/search.atom?query=castle"),
        ("Ids", "/search.txt?query=castle"),
    ]
    bar = [str(each["formaction"]) for each in results.select("#selection [formaction]")]
    assert bar == ["/selection/like", "/compare", "/selection.zip", "/selection.lst"]
    page = soup(f"/selection?id={ONE}")
    buttons = page.select("#selection [formaction^='/selection.']")
    assert [(each.get_text(strip=True), each["formaction"]) for each in buttons] == [
        ("ZIP", "/selection.zip"),
        ("Contact sheet", "/selection.png"),
        ("PDF", "/selection.pdf"),
        ("CSV", "/selection.csv"),
        ("List", "/selection.lst"),
    ]


def test_a_format_reports_errors_in_plain_text(client: FlaskClient, api: FakeAPI) -> None:
    """Not as a page that is saved under the name of the file."""
    api.always(refusal(500, "Internal error"))
    response = client.get("/search.txt", headers={"Accept": "text/html"})
    assert (response.status_code, response.mimetype) == (502, "text/plain")


@pytest.mark.parametrize("path", ["/search.docx", "/selection.docx?id=asset_1", "/search.zip"])
def test_an_unknown_format_does_not_exist(client: FlaskClient, path: str) -> None:
    """It is an error of the address, not of the server."""
    assert client.get(path).status_code == 404
