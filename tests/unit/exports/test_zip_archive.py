"""A selection as ZIP: valid if downloads fail, and with the sources of all files."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import requests
from msgspec.structs import replace

from app.errors import UpstreamDown
from app.exports.zip_archive import AT_ONCE, archive
from app.scenario.assets import Asset, Metadata
from app.scenario.files import FileFetcher
from tests.faults import Upstream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.scenario.background_download import Target

ORIGIN = "https://akin.example"


def picture(number: int, name: str = "castle", mime: str | None = "image/png") -> Asset:
    return Asset(id=f"asset_{number}", metadata=Metadata(name=name), mimeType=mime)


def contents(asset: Asset, into: Target) -> str:
    """Write a file that contains the id of its asset."""
    into.write(asset.id.encode())
    return "image/png"


def opened(parts: Any) -> tuple[zipfile.ZipFile, list[dict[str, Any]]]:
    """Return the archive, after a check, and the entries of `sources.json`."""
    found = zipfile.ZipFile(io.BytesIO(b"".join(parts)))
    assert found.testzip() is None
    return found, json.loads(found.read("sources.json"))["files"]


def test_every_file_has_a_unique_name() -> None:
    """In the order of the selection; `sources.json` has the name of each."""
    assets = [picture(1), picture(2), picture(3, "Castle.png"), picture(4, "sources", "text/plain")]
    found, told = opened(archive(assets, (), contents, origin=ORIGIN))
    names = ["castle.png", "castle (2).png", "Castle (3).png", "sources.txt"]
    assert sorted(found.namelist()[:-1]) == sorted(names)
    assert found.namelist()[-1] == "sources.json"
    assert [(each["file"], each["id"]) for each in told] == [
        (name, asset.id) for name, asset in zip(names, assets, strict=True)
    ]
    assert [found.read(each["file"]).decode() for each in told] == [each.id for each in assets]


def test_the_json_has_the_source_of_each_file() -> None:
    """Its page and how it was made, without unknown values."""
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
    """Also one whose connection breaks; the others are complete and keep their names."""

    def fetch(asset: Asset, into: Target) -> str:
        into.write(b"half of it")
        if asset.id == "asset_2":
            raise UpstreamDown("The connection broke.")
        if asset.id == "asset_3":
            raise OSError(28, "No space left on device")
        return "image/png"

    assets = [picture(1), picture(2), picture(3), picture(4)]
    found, told = opened(archive(assets, ("asset_gone",), fetch, origin=ORIGIN))
    assert sorted(found.namelist()) == ["castle (4).png", "castle.png", "sources.json"]
    assert [(each["id"], each["file"], each.get("error")) for each in told] == [
        ("asset_1", "castle.png", None),
        ("asset_2", None, "The library cannot be reached. The connection broke."),
        ("asset_3", None, "This server has no disk space left to store the file temporarily."),
        ("asset_4", "castle (4).png", None),
        ("asset_gone", None, "This asset does not exist."),
    ]


def test_the_type_of_the_file_is_used_if_the_asset_has_none() -> None:
    """An asset without a name is named by its id."""
    asset = Asset(id="asset_1")
    found, _ = opened(archive([asset], (), contents, origin=ORIGIN))
    assert found.namelist() == ["asset_1.png", "sources.json"]


def test_a_file_of_a_folder_keeps_its_name() -> None:
    """Whatever the name and the type of the asset."""
    made = Metadata(name="Frost Shard")
    paths = ("env/crystal blue.TIF", "other/crystal blue.tif", "env/archive.v2.tga", "README")
    assets = [
        Asset(id=f"asset_{number}", metadata=replace(made, path=path), mimeType="image/tiff")
        for number, path in enumerate(paths)
    ]
    found, _ = opened(archive(assets, (), contents, origin=ORIGIN))
    assert set(found.namelist()) == {
        "crystal blue.TIF", "crystal blue (2).tif", "archive.v2.tga", "README", "sources.json",
    }  # fmt: skip


def test_text_is_compressed_and_pictures_are_not() -> None:
    """They are compressed already."""
    assets: Sequence[Asset] = [picture(1), picture(2, "notes", "text/plain")]
    found, _ = opened(archive(assets, (), contents, origin=ORIGIN))
    assert {each.filename: each.compress_type for each in found.infolist()} == {
        "castle.png": zipfile.ZIP_STORED,
        "notes.txt": zipfile.ZIP_DEFLATED,
        "sources.json": zipfile.ZIP_DEFLATED,
    }


def test_large_files_are_unchanged() -> None:
    """They are stored on disk temporarily."""
    content = bytes(range(256)) * 12_000

    def fetch(_: Asset, into: Target) -> str:
        into.write(content)
        return "image/png"

    found, _ = opened(archive([picture(1)], (), fetch, origin=ORIGIN))
    assert found.read("castle.png") == content


def test_a_file_has_the_date_of_its_asset() -> None:
    """In UTC; one that a ZIP cannot express becomes the first that it can."""
    dates = {
        "a": ("2025-01-05T17:00:01+01:00", (2025, 1, 5, 16, 0, 0)),
        "b": ("1875-01-05T16:00:00Z", (1980, 1, 1, 0, 0, 0)),
        "c": ("2200-01-05T16:00:00Z", (1980, 1, 1, 0, 0, 0)),
        "d": (None, (1980, 1, 1, 0, 0, 0)),
    }
    assets = [replace(picture(1, name), createdAt=text) for name, (text, _) in dates.items()]
    found, _ = opened(archive(assets, (), contents, origin=ORIGIN))
    assert {name: found.getinfo(f"{name}.png").date_time for name in dates} == {
        name: expected for name, (_, expected) in dates.items()
    }


class Slow:
    """A fetch that writes half of the file of asset_1 and then waits for `go_on`."""

    def __init__(self, error: Exception | None = None) -> None:
        self.go_on = threading.Event()
        self.asked: list[str] = []
        self._error = error

    def __call__(self, asset: Asset, into: Target) -> str:
        self.asked.append(asset.id)
        if asset.id == "asset_1":
            into.write(b"first ")
            self.go_on.wait(60)
            if self._error:
                raise self._error
        into.write(b"second")
        return "image/png"


def test_the_first_bytes_are_sent_at_once_and_some_at_every_pause() -> None:
    """Before any file is complete."""
    slow = Slow()
    parts = archive([picture(1)], (), slow, origin=ORIGIN, patience=60, pause=0.01)
    first = [next(parts) for _ in range(6)]
    assert b"".join(first) == b"PK\x03\x04\x14\x00"
    slow.go_on.set()
    found, _ = opened([*first, *parts])
    assert found.read("castle.png") == b"first second"


def test_complete_files_do_not_wait_for_a_slow_one() -> None:
    """The JSON has the order of the selection, the archive that in which files were ready."""
    slow = Slow()
    assets = [picture(1), picture(2), picture(3)]
    sent = b""
    parts = archive(assets, (), slow, origin=ORIGIN, patience=60, pause=0.01)
    while b"castle (2).png" not in sent or b"castle (3).png" not in sent:
        sent += next(parts)
    slow.go_on.set()
    found, told = opened([sent, *parts])
    assert found.namelist()[2:] == ["castle.png", "sources.json"]
    assert [each["id"] for each in told] == ["asset_1", "asset_2", "asset_3"]


def test_a_slow_file_is_sent_as_it_arrives() -> None:
    """Its content, and bytes that were held back where nothing arrives."""
    slow = Slow()
    parts = archive([picture(1)], (), slow, origin=ORIGIN, patience=0, pause=0.01)
    sent = b""
    while not sent.endswith(b"castle.pngfirst"):
        part = next(parts)
        assert len(part) <= 1
        sent += part
    slow.go_on.set()
    found, told = opened([sent, *parts])
    assert found.read("castle.png") == b"first second"
    assert "error" not in told[0]


@pytest.mark.parametrize("name", ["castle", "城"])
def test_a_slow_file_that_fails_is_marked_as_incomplete(name: str) -> None:
    """The archive is valid and has what arrived."""
    slow = Slow(UpstreamDown("The connection broke."))
    assets = [picture(1, name), picture(2)]
    parts = archive(assets, (), slow, origin=ORIGIN, patience=0, pause=0.01)
    sent = b""
    while f"{name}.png".encode() not in sent:
        sent += next(parts)
    slow.go_on.set()
    found, told = opened([sent, *parts])
    assert found.namelist()[-1] == "sources.json"
    assert found.read(f"{name}.png") == b"first "
    first = next(each for each in told if each["id"] == "asset_1")
    assert (first["file"], first["incomplete"]) == (f"{name}.png", True)
    assert first["error"] == "The library cannot be reached. The connection broke."
    assert [each for each in told if "incomplete" in each] == [first]


def test_a_disconnected_client_ends_the_downloads() -> None:
    """The remaining files are not requested."""
    slow = Slow()
    parts = archive([picture(1)] * 50, (), slow, origin=ORIGIN, patience=60, pause=0.01)
    while len(slow.asked) < AT_ONCE:
        next(parts)
    parts.close()  # type: ignore[attr-defined]  # a generator
    slow.go_on.set()
    assert len(slow.asked) == AT_ONCE


@pytest.mark.parametrize(("fault", "is_complete"), [("slow-first-byte", True), ("reset", False)])
def test_originals_of_a_slow_server(fault: str, is_complete: bool) -> None:
    """Over real connections, with one that fails in the middle of the others."""
    with Upstream(count=3, delay=0.5) as upstream:
        files = FileFetcher(requests.Session(), origins=(upstream.origin,))
        url = upstream.healthy.hit(0)["url"]
        upstream.next(fault, on="/assets")

        def fetch(_: Asset, into: Target) -> str:
            return files.fetch(url, into, most_bytes=1_000_000, seconds=60)

        assets = [picture(number) for number in range(3)]
        found, told = opened(archive(assets, (), fetch, origin=ORIGIN, patience=0.05, pause=0.01))
        named = [each["file"] for each in told if "error" not in each]
        assert len(named) == 2 + is_complete
        assert all(found.read(name).endswith(b"IEND\xaeB`\x82") for name in named)
