"""A selection as ZIP: whole whatever fails, and it says where everything is from."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from typing import TYPE_CHECKING, Any, BinaryIO

from msgspec.structs import replace

from app.assets import Asset, Metadata
from app.errors import UpstreamDown
from app.exports.archive import AT_ONCE, archive

if TYPE_CHECKING:
    from collections.abc import Sequence

ORIGIN = "https://akin.example"


def picture(number: int, name: str = "castle", mime: str | None = "image/png") -> Asset:
    return Asset(id=f"asset_{number}", metadata=Metadata(name=name), mimeType=mime)


def contents(asset: Asset, into: BinaryIO) -> str:
    """A file that says whose it is."""
    into.write(asset.id.encode())
    return "image/png"


def opened(parts: Any) -> tuple[zipfile.ZipFile, list[dict[str, Any]]]:
    """The archive, checked, and what it says of its files."""
    found = zipfile.ZipFile(io.BytesIO(b"".join(parts)))
    assert found.testzip() is None
    return found, json.loads(found.read("sources.json"))["files"]


def test_every_file_is_there_under_a_name_of_its_own() -> None:
    """In the order of picking, and the JSON names the file of each asset."""
    assets = [picture(1), picture(2), picture(3, "Castle.png"), picture(4, "sources", "text/plain")]
    found, told = opened(archive(assets, (), contents, origin=ORIGIN))
    names = ["castle.png", "castle (2).png", "Castle (3).png", "sources.txt"]
    assert found.namelist() == [*names, "sources.json"]
    assert [(each["file"], each["id"]) for each in told] == [
        (name, asset.id) for name, asset in zip(names, assets, strict=True)
    ]
    assert [found.read(each["file"]).decode() for each in told] == [each.id for each in assets]


def test_the_json_says_where_a_file_is_from() -> None:
    """Its page, and how it was made; nothing is said where nothing is known."""
    made = Metadata(name="castle", prompt="a castle 城", seed="7", modelId="model_1", width=640)
    made = replace(made, path="a/castle.png")
    asset = Asset(id="asset_1", metadata=made, mimeType="image/png", tags=("a",))
    _, told = opened(archive([asset], (), contents, origin=ORIGIN))
    assert told == [
        {
            "file": "castle.png",
            "id": "asset_1",
            "page": "https://akin.example/assets/asset_1",
            "name": "castle",
            "path": "a/castle.png",
            "kind": "image",
            "mimeType": "image/png",
            "width": 640,
            "prompt": "a castle 城",
            "modelId": "model_1",
            "seed": "7",
            "tags": ["a"],
        }
    ]


def test_a_failing_file_is_an_entry_of_the_json() -> None:
    """Also one that breaks in its middle; the others are there."""

    def fetch(asset: Asset, into: BinaryIO) -> str:
        into.write(b"half of it")
        if asset.id == "asset_2":
            raise UpstreamDown("The connection broke.")
        if asset.id == "asset_3":
            raise OSError(28, "No space left on device")
        return "image/png"

    assets = [picture(1), picture(2), picture(3), picture(4)]
    found, told = opened(archive(assets, ("asset_gone",), fetch, origin=ORIGIN))
    assert found.namelist() == ["castle.png", "castle (2).png", "sources.json"]
    assert [(each["id"], each["file"], each.get("error")) for each in told] == [
        ("asset_1", "castle.png", None),
        ("asset_2", None, "The library cannot be reached. The connection broke."),
        ("asset_3", None, "This server had no room to keep the file for a moment."),
        ("asset_4", "castle (2).png", None),
        ("asset_gone", None, "This asset does not exist."),
    ]


def test_the_type_of_the_file_names_it_where_the_asset_tells_none() -> None:
    """And an asset without a name is called by its id."""
    asset = Asset(id="asset_1")
    found, _ = opened(archive([asset], (), contents, origin=ORIGIN))
    assert found.namelist() == ["asset_1.png", "sources.json"]


def test_a_file_of_a_folder_keeps_its_name() -> None:
    """Whatever the asset is called, and whatever others call its type."""
    made = Metadata(name="Frost Shard")
    paths = ("env/crystal blue.TIF", "other/crystal blue.tif", "env/archive.v2.tga", "README")
    assets = [
        Asset(id=f"asset_{number}", metadata=replace(made, path=path), mimeType="image/tiff")
        for number, path in enumerate(paths)
    ]
    found, _ = opened(archive(assets, (), contents, origin=ORIGIN))
    assert found.namelist() == [
        "crystal blue.TIF", "crystal blue (2).tif", "archive.v2.tga", "README", "sources.json",
    ]  # fmt: skip


def test_text_is_squeezed_and_pictures_are_not() -> None:
    """They are squeezed already."""
    assets: Sequence[Asset] = [picture(1), picture(2, "notes", "text/plain")]
    found, _ = opened(archive(assets, (), contents, origin=ORIGIN))
    assert {each.filename: each.compress_type for each in found.infolist()} == {
        "castle.png": zipfile.ZIP_STORED,
        "notes.txt": zipfile.ZIP_DEFLATED,
        "sources.json": zipfile.ZIP_DEFLATED,
    }


def test_large_files_come_back_as_they_were() -> None:
    """Those that do not fit into memory go over the disk."""
    content = bytes(range(256)) * 12_000

    def fetch(_: Asset, into: BinaryIO) -> str:
        into.write(content)
        return "image/png"

    found, _ = opened(archive([picture(1)], (), fetch, origin=ORIGIN))
    assert found.read("castle.png") == content


def test_a_reader_that_leaves_ends_the_fetching() -> None:
    """Files that nobody waits for are not asked for."""
    asked: list[str] = []
    go_on = threading.Event()

    def fetch(asset: Asset, into: BinaryIO) -> str:
        asked.append(asset.id)
        if asset.id != "asset_0":
            go_on.wait(300)
        into.write(b"a file")
        return "image/png"

    parts = archive([picture(number) for number in range(50)], (), fetch, origin=ORIGIN)
    next(parts)
    parts.close()  # type: ignore[attr-defined]  # a generator
    go_on.set()
    assert len(asked) <= AT_ONCE + 1
