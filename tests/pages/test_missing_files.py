"""A file that is missing while its asset is still indexed: its page and its download say so."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

from tests.support.scenario_api import asset_id, make_app, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.scenario_api import FakeAPI
    from tests.support.soup import Soup

PICTURE, OTHER = asset_id(16), asset_id(8)
DOWNLOAD = f"/v1/assets/{PICTURE}/download"
GONE = refusal(410, "The file of this asset is not in its folder any more", "FILE_GONE")


def test_its_page_shows_the_kind_and_says_why(api: FakeAPI, tmp_path: Path) -> None:
    """Nothing broken, and all that is known of it; again as before once the file is back."""
    client = make_app(api, tmp_path, by_library=True).test_client()
    api.next(GONE, on=DOWNLOAD)
    first = client.get(f"/assets/{PICTURE}")
    stage = BeautifulSoup(first.data, "html.parser").select_one(".media-view")
    assert stage is not None
    assert (stage.select("img"), " ".join(stage.get_text(" ").split())) == (
        [],
        "Image The file has been moved or deleted since it was indexed. "
        "Put it back, or index its folder again.",
    )
    back = client.get(f"/assets/{PICTURE}", headers={"If-None-Match": first.headers["ETag"]})
    assert (back.status_code, "zoom-image" in back.text) == (200, True)


def test_its_download_answers_a_page_that_says_so(api: FakeAPI, tmp_path: Path) -> None:
    """The link is an ordinary one: what a browser is to save it would not show."""
    client = make_app(api, tmp_path, by_library=True).test_client()
    links = BeautifulSoup(client.get(f"/assets/{PICTURE}").data, "html.parser").select(
        ".downloads a"
    )
    assert {link.has_attr("download") for link in links} == {False}
    api.next(GONE, on=DOWNLOAD)
    answer = client.get(str(links[0]["href"]))
    page = BeautifulSoup(answer.data, "html.parser")
    assert (answer.status_code, page.select_one(".failure h1").get_text()) == (  # type: ignore[union-attr]
        410,
        "This file is no longer where it was indexed",
    )


@pytest.mark.parametrize("view", ["", "&view=slider"])
def test_a_comparison_says_so_as_well(api: FakeAPI, tmp_path: Path, view: str) -> None:
    """And which one of the two it is."""
    client = make_app(api, tmp_path, by_library=True).test_client()
    api.always(GONE, on=DOWNLOAD)
    page = BeautifulSoup(client.get(f"/compare?a={PICTURE}&b={OTHER}{view}").data, "html.parser")
    said = [" ".join(each.get_text(" ").split()) for each in page.select(".compare .notice")]
    assert said == [
        "The file of tree 16 has been moved or deleted since it was indexed. "
        "Put it back, or index its folder again."
    ]
    assert [image["data-asset-id"] for image in page.select(".compare img")] == [OTHER]


def test_the_log_is_not_alarmed(
    api: FakeAPI, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The page reports it; only failures of the API are warnings in the log."""
    client = make_app(api, tmp_path, by_library=True).test_client()
    with caplog.at_level(logging.INFO):
        api.next(GONE, on=DOWNLOAD)
        client.get(f"/assets/{PICTURE}")
        api.next(refusal(500, "Oops"), on=DOWNLOAD)
        client.get(f"/assets/{PICTURE}")
    said = [
        (each.levelname, each.args[2])
        for each in caplog.records
        if each.name == "app.scenario.transport"
    ]  # type: ignore[index]
    assert said == [("INFO", "FILE_GONE"), ("WARNING", "UPSTREAM_DOWN")]


def test_files_of_a_project_are_not_checked_beforehand(soup: Soup, api: FakeAPI) -> None:
    """Its API does not lose any, and each question counts."""
    links = soup(f"/assets/{PICTURE}").select(".downloads a")
    assert {link.has_attr("download") for link in links} == {False}
    assert api.received(DOWNLOAD) == []
