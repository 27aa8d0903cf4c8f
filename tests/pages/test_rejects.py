"""`/rejects`: what is shown is moved to the trash, after a confirmation, and nothing else."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

from app.web.context import services_of
from library.ingest.walk import in_folder
from tests.support import sample_documents
from tests.support.embedded_library import embedded_app
from tests.support.forms import SAME_ORIGIN

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from werkzeug.test import TestResponse

NAMES = ("castle", "ship", "oak")
IDS = {name: sample_documents.asset_id(name) for name in NAMES}
RED = sample_documents.COLOURS["red"]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A folder with the home of a library of three files, two of them rejected."""
    (tmp_path / "art").mkdir()
    (tmp_path / "trash").mkdir()
    items = []
    for name in NAMES:
        (tmp_path / "art" / f"{name}.png").write_bytes(sample_documents.picture(RED))
    for path, file in in_folder(str(tmp_path / "art"), "").items():
        found = sample_documents.document(path.removesuffix(".png"))
        source = replace(found.source, root=file.root, size=file.size, mtime_ns=file.stamp)
        items.append((replace(found, source=source), RED))
    sample_documents.library(tmp_path / "home", items).close()
    return tmp_path


def _app(base: Path, write: str = "all", refused: str = "nothing", **changes: str) -> Flask:
    def send(path: str) -> None:
        if refused in path:
            raise OSError(13, "Permission denied")
        shutil.move(path, base / "trash")

    return embedded_app(base, write=write, trash=send, **changes)


def _reject(app: Flask, *names: str) -> None:
    for name in names:
        services_of(app).client.edit_asset(IDS[name], label="reject")


def _soup(response: TestResponse) -> BeautifulSoup:
    assert response.status_code == 200, response.data
    return BeautifulSoup(response.data, "html.parser")


def _form(page: BeautifulSoup) -> list[str]:
    return [str(field["value"]) for field in page.select('form[action="/rejects"] [name=id]')]


def test_what_the_page_shows_is_moved(base: Path) -> None:
    app = _app(base)
    _reject(app, "castle", "ship")
    browser = app.test_client()
    page = _soup(browser.get("/rejects"))
    ids = _form(page)
    assert sorted(ids) == sorted([IDS["castle"], IDS["ship"]])
    assert sorted(str(card["data-asset-id"]) for card in page.select("article.card")) == sorted(ids)
    done = browser.post("/rejects", data={"id": ids}, headers=SAME_ORIGIN)
    assert (done.status_code, done.location) == (303, "/rejects?moved=2")
    page = _soup(browser.get(done.location))
    assert page.select_one("[role=status]").get_text() == "2 files were moved to the trash."
    assert _form(page) == []
    assert sorted(path.name for path in (base / "trash").iterdir()) == ["castle.png", "ship.png"]
    assert [path.name for path in (base / "art").iterdir()] == ["oak.png"]


def test_failures_are_named_and_the_others_are_moved(base: Path) -> None:
    app = _app(base, refused="ship")
    _reject(app, "castle", "ship")
    # A form of before, and one that was changed: the label decides.
    ids = [IDS["castle"], IDS["ship"], IDS["oak"], "asset_unknown"]
    page = _soup(app.test_client().post("/rejects", data={"id": ids}, headers=SAME_ORIGIN))
    assert page.select_one("[role=status]").get_text() == "1 file was moved to the trash."
    reasons = [each.get_text(" ", strip=True) for each in page.select(".notices li")]
    assert reasons == [
        "ship was not moved. Permission denied",
        f"{IDS['oak']} was not moved. It is not rejected any more.",
        "asset_unknown was not moved. There is no such asset any more.",
    ]
    assert _form(page) == [IDS["ship"]]
    assert {path.name for path in (base / "art").iterdir()} == {"ship.png", "oak.png"}


@pytest.mark.parametrize("write", ["off", "tags"])
def test_who_may_not_change_everything_moves_nothing(base: Path, write: str) -> None:
    _reject(_app(base), "castle")
    browser = _app(base, write).test_client()
    assert browser.get("/rejects").status_code == 403
    done = browser.post("/rejects", data={"id": [IDS["castle"]]}, headers=SAME_ORIGIN)
    assert done.status_code == 403
    assert 'href="/rejects"' not in browser.get("/").get_data(as_text=True)
    assert (base / "art/castle.png").exists()


def test_a_form_of_another_site_moves_nothing(base: Path) -> None:
    app = _app(base)
    _reject(app, "castle")
    headers = {"Sec-Fetch-Site": "cross-site"}
    done = app.test_client().post("/rejects", data={"id": [IDS["castle"]]}, headers=headers)
    assert done.status_code == 403
    assert (base / "art/castle.png").exists()


def test_the_view_menu_leads_to_it(base: Path) -> None:
    page = _soup(_app(base).test_client().get("/"))
    assert page.select_one('#view a[href="/rejects"]')
