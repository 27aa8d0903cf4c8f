"""The calls that write, over Akin's own library: fields are fields, and files state some."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.errors import EditRefused, UnknownAsset, UnknownCollection, WriteNotAllowed
from app.web.context import services_of
from library.schema.documents import Collection
from tests.support import sample_documents
from tests.support.embedded_library import embedded_app

if TYPE_CHECKING:
    from pathlib import Path

    from app.scenario.client import Client

CASTLE, SHIP = (sample_documents.asset_id(name) for name in ("castle", "ship"))
FOLDER = "collection_folder"
RED = (255, 0, 0)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A folder with the home of a library of two assets."""
    items = [
        (sample_documents.document("castle", tags=("old",), metadata={"rating": "4"}), RED),
        (sample_documents.document("ship", collectionIds=(FOLDER,), nsfw=("suspected",)), RED),
    ]
    (tmp_path / "home").mkdir()
    sample_documents.library(
        tmp_path / "home", items, [Collection(id=FOLDER, name="Folder")]
    ).close()
    return tmp_path


def _client(base: Path, write: str = "all") -> Client:
    return services_of(embedded_app(base, write=write)).client


def test_fields_are_fields_and_none_shows_what_the_file_states(base: Path) -> None:
    client = _client(base)
    name = client.asset(CASTLE).metadata.name
    client.edit_asset(CASTLE, rating=2, label="pick", name="Keep", description="of the north")
    asset = client.asset(CASTLE)
    meta = asset.metadata
    assert (meta.rating, meta.label, meta.name, asset.description, asset.tags) == (
        2, "pick", "Keep", "of the north", ("old",)
    )  # fmt: skip
    client.edit_asset(CASTLE, rating=0, label="")
    assert not client.asset(CASTLE).metadata.rating
    client.edit_asset(CASTLE, rating=None, name=None)
    meta = client.asset(CASTLE).metadata
    assert (meta.rating, meta.name) == (4, name)
    client.edit_asset(SHIP, nsfw=())
    assert client.asset(SHIP).nsfw == ()
    client.edit_asset(SHIP, nsfw=None)
    assert client.asset(SHIP).nsfw == ("suspected",)


def test_tags_that_are_fields_elsewhere_are_tags(base: Path) -> None:
    client = _client(base)
    client.edit_tags(CASTLE, ["rating:2", "a, b"], ["OLD"])
    asset = client.asset(CASTLE)
    assert ({*asset.tags}, asset.metadata.rating) == ({"rating:2", "a, b"}, 4)
    assert "rating:2" in {tag.name for tag in client.tags()}


def test_collections(base: Path) -> None:
    client = _client(base)
    made = client.create_collection("Best")
    assert client.edit_members(made.id, [CASTLE, SHIP, "asset_gone"], add=True) == (CASTLE, SHIP)
    assert client.edit_members(made.id, [CASTLE, SHIP], add=True) == ()
    assert client.edit_members(FOLDER, [CASTLE, SHIP], add=False) == (SHIP,)
    assert client.collection(made.id).count == 2
    client.delete_collection(made.id)
    with pytest.raises(UnknownCollection):
        client.collection(made.id)
    assert client.asset(SHIP).collectionIds == ()


def test_what_the_library_refuses(base: Path) -> None:
    client = _client(base)
    with pytest.raises(EditRefused, match="500 characters"):
        client.edit_tags(CASTLE, ["x" * 501], [])
    with pytest.raises(UnknownAsset):
        client.edit_asset("asset_gone", rating=1)
    only_tags = _client(base, "tags")
    only_tags.edit_asset(CASTLE, rating=1)
    with pytest.raises(WriteNotAllowed, match="AKIN_WRITE"):
        only_tags.create_collection("Best")
    with pytest.raises(WriteNotAllowed, match="can only be read"):
        _client(base, "off").edit_tags(CASTLE, ["x"], [])
