"""Folders and files that are replaced by links while the library opens them."""

from __future__ import annotations

import ctypes
import io
import os
import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from library import create_library
from library.api.image_transforms import Cache, Rendition, Transform
from library.api.signed_urls import Signer
from library.formats.open_file import open_below
from library.home import signing_secret
from library.schema.documents import SourceFile
from tests.support import sample_documents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_RENAME_EXCHANGE = 2
_AT_FDCWD = -100


@contextmanager
def swapped(one: Path, other: Path) -> Iterator[None]:
    """Exchange two names without a pause while the block runs."""
    exchange = getattr(ctypes.CDLL(None), "renameat2", None)
    if exchange is None:
        pytest.skip("the C library has no renameat2")
    names = [os.fsencode(path) for path in (one, other)]
    stopped = threading.Event()

    def swap() -> None:
        while not stopped.is_set():
            exchange(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE)

    thread = threading.Thread(target=swap)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def test_a_folder_that_is_swapped_for_a_link_reveals_nothing(tmp_path: Path) -> None:
    """One thread exchanges a folder and a link without a pause; another one opens through it."""
    for name, content in (("root/a", b"picture"), ("secrets", b"secret")):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "file").write_bytes(content)
    (tmp_path / "link").symlink_to(tmp_path / "secrets")
    contents = set()
    refused = 0
    with swapped(tmp_path / "root/a", tmp_path / "link"):
        for _ in range(3000):
            try:
                with open_below(tmp_path / "root", "a/file") as file:
                    contents.add(file.read())
            except OSError:
                refused += 1
    assert contents == {b"picture"}
    assert refused


@pytest.mark.parametrize("route", ["original", "transform", "thumbnail"])
def test_no_file_is_served_through_a_folder_that_is_swapped_for_a_link(
    tmp_path: Path, route: str
) -> None:
    """The folder of the original, of its thumbnail and of the stored transforms."""
    home, folder, outside = (tmp_path / name for name in ("home", "art", "outside"))
    source = SourceFile(root=str(folder), path="a/one.png", size=1, mtime_ns=1, sha256="0" * 64)
    document = sample_documents.document("one", id="asset_one", source=source)
    sample_documents.library(home, [(document, None)]).close()
    picture, secret = (
        sample_documents.picture(sample_documents.COLOURS[name]) for name in ("green", "red")
    )
    below = "home/thumbnails/on" if route == "thumbnail" else "art/a"
    name = "asset_one.webp" if route == "thumbnail" else "one.png"
    for parent, content in ((tmp_path / below, picture), (outside, secret)):
        parent.mkdir(parents=True)
        (parent / name).write_bytes(content)
    (tmp_path / "link").symlink_to(outside)
    signer = Signer(signing_secret(home))
    url = getattr(signer, route)("asset_one", source.sha256)
    client = create_library(home, models=sample_documents.Tastes()).test_client()
    colours: Counter[Any] = Counter()
    with swapped(tmp_path / below, tmp_path / "link"):
        for number in range(300):
            # Another size each time, so that no stored transform is returned.
            parameters = f"&width={8 + number}&format=png" if route == "transform" else ""
            with client.get(url + parameters) as answer:
                if answer.status_code == 404:
                    colours["refused"] += 1
                    continue
                with Image.open(io.BytesIO(answer.data)) as image:
                    colours[image.convert("RGB").getpixel((4, 4))] += 1
    assert set(colours) == {sample_documents.COLOURS["green"], "refused"}


def test_no_stored_transform_is_read_through_a_link(tmp_path: Path) -> None:
    made = Rendition(b"image", "image/png")
    Cache(tmp_path / "cache").get("key", Transform(), lambda: made)
    (stored,) = (tmp_path / "cache").glob("*/*")
    stored.parent.rename(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / stored.name).write_bytes(b"secret")
    stored.parent.symlink_to(tmp_path / "elsewhere")
    assert Cache(tmp_path / "cache").get("key", Transform(), lambda: made) == made
