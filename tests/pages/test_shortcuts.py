"""The help lists the keys of what a user may change, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

from tests.support.scenario_api import make_app

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.scenario_api import FakeAPI


@pytest.mark.parametrize(
    ("write", "keys"),
    [("off", set()), ("tags", {"p", "t"}), ("all", {"p", "t", "c"})],
)
def test_keys_of_what_may_be_changed(
    api: FakeAPI, tmp_path: Path, write: str, keys: set[str]
) -> None:
    """Nor is there anything else for changes in place."""
    page = BeautifulSoup(
        make_app(api, tmp_path, write=write).test_client().get("/").data, "html.parser"
    )
    rows = page.select("#help [data-action][data-places~=card]")
    listed = {key for row in rows for key in str(row["data-keys"]).split()}
    assert listed & {"p", "t", "c"} == keys
    assert "/" in listed
    parts = page.select_one("#edit-parts")
    assert (parts is not None) == bool(keys)
    assert parts is None or (parts.select_one("#card-collection") is not None) == ("c" in keys)
