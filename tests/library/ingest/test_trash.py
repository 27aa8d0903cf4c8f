"""Files of assets in the trash: with their sidecars, never deleted, restored as they were."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from library.ingest.trash import move
from library.store.decisions import edits
from library.store.index import Index
from tests.support import sample_files
from tests.support.indexing import IndexedFolder

if TYPE_CHECKING:
    from collections.abc import Callable

    from library.embedding.models import Models


@pytest.fixture
def library(tmp_path: Path, models: Models) -> IndexedFolder:
    folder = sample_files.fill(
        tmp_path / "art",
        {
            "a/keep.png": sample_files.png("tomato"),
            "a/keep.png.txt": b"a keep",
            "a/brig.png": sample_files.png("navy"),
            "a/brig.jpg": sample_files.encoded(sample_files.picture("navy"), "JPEG"),
            "a/brig.txt": b"a ship of both",
            "b/oak.png": sample_files.png("teal"),
        },
    )
    library = IndexedFolder(folder, tmp_path / "home", models)
    library.index()
    return library


@pytest.fixture
def send(tmp_path: Path) -> Callable[[str], None]:
    """A trash of its own, which refuses what is called `oak`."""
    trash = tmp_path / "trash"
    trash.mkdir()

    def sending(path: str) -> None:
        if "oak" in path:
            raise OSError(13, "Permission denied")
        shutil.move(path, trash)

    return sending


def _move(
    library: IndexedFolder, send: Callable[[str], None], *paths: str, more: str = ""
) -> dict[str, str]:
    ids = library.ids()
    with closing(Index.open(library.home)) as index:
        failed = move(index, [*(ids[path] for path in paths), *([more] if more else [])], send)
    paths_of = {asset: path for path, asset in ids.items()}
    return {paths_of.get(asset, asset): reason for asset, reason in failed.items()}


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_each_file_is_moved_or_named_with_the_reason(
    library: IndexedFolder, send: Callable[[str], None], tmp_path: Path
) -> None:
    failed = _move(library, send, "a/keep.png", "a/brig.png", "b/oak.png", more="asset_unknown")
    assert failed == {"b/oak.png": "Permission denied", "asset_unknown": "There is no such asset"}
    # A sidecar that describes another file as well stays.
    assert _files(tmp_path / "trash") == {"keep.png", "keep.png.txt", "brig.png"}
    assert _files(library.folder) == {"a/brig.jpg", "a/brig.txt", "b/oak.png"}
    assert set(library.ids()) == {"a/brig.jpg", "b/oak.png"}
    assert library.index().removed == 0


def test_a_restored_file_has_its_id_and_decisions(
    library: IndexedFolder, send: Callable[[str], None], tmp_path: Path
) -> None:
    asset = library.ids()["a/keep.png"]
    with closing(Index.open(library.home)) as index:
        edits.edit_values(index, asset, {"label": "reject"}, by="Ann")
    assert _move(library, send, "a/keep.png") == {}
    library.index()
    shutil.move(tmp_path / "trash/keep.png", library.folder / "a/keep.png")
    library.index()
    assert library.ids()["a/keep.png"] == asset
    with closing(Index.open(library.home)) as index, index.reading() as connection:
        (values,) = index.values(connection, index.numbers(connection, [asset]).values()).values()
    assert values["label"] == "reject"


def test_a_file_that_is_another_one_now_stays(
    library: IndexedFolder, send: Callable[[str], None], tmp_path: Path
) -> None:
    other = sample_files.png("gold", (80, 80))
    (library.folder / "a/keep.png").write_bytes(other)
    (library.folder / "a/brig.jpg").unlink()
    (library.folder / "a/brig.png").unlink()
    (library.folder / "a/brig.png").symlink_to(tmp_path / "home/library.sqlite")
    failed = _move(library, send, "a/keep.png", "a/brig.png", "a/brig.jpg")
    assert "changed since it was indexed" in failed["a/keep.png"]
    assert failed["a/brig.png"] == failed["a/brig.jpg"] == "The file is no longer in its folder"
    assert _files(tmp_path / "trash") == set()
    assert (tmp_path / "home/library.sqlite").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="the trash of freedesktop.org")
def test_the_trash_of_the_system(library: IndexedFolder, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from library.ingest.trash import move;"
        "from library.store.index import Index;"
        "print(move(Index.open(Path(sys.argv[1])), sys.argv[2:]))"
    )
    asset = library.ids()["a/keep.png"]
    data = tmp_path / "data"
    run = subprocess.run(
        [sys.executable, "-c", code, str(library.home), asset],
        env={**os.environ, "XDG_DATA_HOME": str(data)},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.stdout, run.returncode) == ("{}\n", 0), run.stderr
    assert {"keep.png", "keep.png.txt"} <= {path.name for path in data.rglob("files/*")}
    (info,) = data.rglob("info/keep.png.trashinfo")
    assert "Path=" in info.read_text("utf-8")
