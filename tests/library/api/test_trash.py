"""`POST /library/trash`: what it requires, and what it answers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from library import create_library
from library.home import KeyPair
from tests.support import sample_documents
from tests.support.decisions import send

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

CASTLE = sample_documents.asset_id("castle")


def _browser(tmp_path: Path, write: str) -> FlaskClient:
    castle = sample_documents.document("castle")
    source = replace(castle.source, root=str(tmp_path / "gone"))
    items = [(replace(castle, source=source), sample_documents.COLOURS["red"])]
    sample_documents.library(tmp_path / "home", items).close()
    pair, models = KeyPair("key", "secret"), sample_documents.Tastes()
    return create_library(
        tmp_path / "home", key_pair=pair, models=models, write=write
    ).test_client()


@pytest.mark.parametrize("write", ["off", "tags"])
def test_only_who_may_change_everything_may_move_files(tmp_path: Path, write: str) -> None:
    answer = send(_browser(tmp_path, write), "POST", "/library/trash", {"assetIds": [CASTLE]})
    assert answer.status_code == 403
    assert "AKIN_WRITE" in answer.get_json()["error"]


def test_failures_are_named_by_asset(tmp_path: Path) -> None:
    browser = _browser(tmp_path, "all")
    answer = send(browser, "POST", "/library/trash", {"assetIds": [CASTLE, CASTLE, "asset_x"]})
    assert answer.status_code == 200
    found = answer.get_json()
    assert found["moved"] == []
    assert {each["assetId"]: each["error"] for each in found["failed"]} == {
        CASTLE: "Its folder cannot be read: No such file or directory",
        "asset_x": "There is no such asset",
    }


def test_a_list_that_is_too_long_is_refused_whole(tmp_path: Path) -> None:
    ids = [f"asset_{number}" for number in range(201)]
    answer = send(_browser(tmp_path, "all"), "POST", "/library/trash", {"assetIds": ids})
    assert answer.status_code == 400
