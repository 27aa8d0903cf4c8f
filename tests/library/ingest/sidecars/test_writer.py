"""Decisions in XMP sidecars: merged, undone, continued after a kill, and no reason to index."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from library.embedding.models import Models
from library.formats.metadata import xmp
from library.ingest.sidecars.own import OwnSidecars
from library.ingest.sidecars.writer import Written, write_pending
from library.store.decisions import edits, sidecars
from library.store.decisions.follow import follow
from library.store.index import Index
from tests.support import sample_files
from tests.support.indexing import IndexedFolder
from tests.support.metadata_blocks import listed, packet
from tests.support.processes import MAX_SECONDS
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("every_store")
RAW = b"II*\0" + b"not really raw" * 20


@pytest.fixture
def library(tmp_path: Path, models: Models) -> IndexedFolder:
    folder = sample_files.fill(
        tmp_path / "art",
        {
            "castles/keep.png": sample_files.png("tomato"),
            "ships/brig.png": sample_files.png("navy"),
            "ships/brig.png.xmp": packet(listed("dc:subject", "sail"), 'xmp:Rating="2"'),
        },
    )
    library = IndexedFolder(folder, tmp_path / "home", models)
    library.index()
    return library


@contextmanager
def _index(library: IndexedFolder) -> Iterator[Index]:
    with closing(Index.open(library.home)) as index:
        yield index


def _decide(library: IndexedFolder, path: str, **values: Any) -> None:
    """Decide fields of an asset; `add` and `delete` are tags."""
    asset = library.ids()[path]
    with _index(library) as index:
        add, delete = values.pop("add", []), values.pop("delete", [])
        if add or delete:
            edits.edit_tags(index, asset, add, delete, strict=False, by="Ann")
        if values:
            edits.edit_values(index, asset, values, by="Ann")
        follow(index)


def _unwritten(library: IndexedFolder) -> list[tuple[str, tuple[str, ...], str]]:
    """Return the problems with sidecars: folder, names, reason."""
    with closing(Index.open(library.home)) as index, index.reading() as connection:
        count = index.overview(connection)[1]["unwritten"]
        found = index.problems(connection, ["unwritten"], after=(0, 0), limit=10)
    assert count == len(found)
    return [(each.folder, each.names, each.reason) for each in found]


def _write(library: IndexedFolder, *, again: bool = False) -> Written:
    with _index(library) as index:
        return write_pending(index, again=again)


def _read(library: IndexedFolder, name: str) -> dict[str, Any]:
    return xmp.fields((library.folder / name).read_bytes())


def test_what_is_decided_is_written_beside_the_file(library: IndexedFolder) -> None:
    picture = (library.folder / "castles/keep.png").read_bytes()
    _decide(library, "castles/keep.png", add=["a, b", "moat"], rating=4, label="pick", name="Keep",
            description="of the\nnorth")  # fmt: skip
    assert _write(library) == Written(assets=1)
    found = _read(library, "castles/keep.png.xmp")
    assert sorted(found.pop("tags")) == ["a, b", "moat"]
    assert found == {"name": "Keep", "description": "of the\nnorth",
                     "metadata": {"rating": 4, "label": "pick"}}  # fmt: skip
    assert (library.folder / "castles/keep.png").read_bytes() == picture
    assert _write(library) == Written()


def test_a_sidecar_of_others_is_merged_and_restored(library: IndexedFolder) -> None:
    _decide(library, "ships/brig.png", add=["mast"], delete=["sail"], label="reject")
    _write(library)
    assert _read(library, "ships/brig.png.xmp") == {"tags": ("mast",), "metadata": {"rating": -1}}
    _decide(library, "ships/brig.png", add=["sail"], delete=["mast"], label=None)
    _write(library)
    assert _read(library, "ships/brig.png.xmp") == {"tags": ("sail",), "metadata": {"rating": 2}}


def test_what_others_write_later_stays(library: IndexedFolder) -> None:
    _decide(library, "ships/brig.png", rating=3)
    _write(library)
    sidecar = library.folder / "ships/brig.png.xmp"
    sidecar.write_bytes(packet(listed("dc:subject", "sail", "rope"), 'xmp:Rating="5"'))
    assert library.index().changed == 1  # it is read again
    _decide(library, "ships/brig.png", add=["mast"])
    _write(library)
    found = _read(library, "ships/brig.png.xmp")
    assert found == {"tags": ("sail", "rope", "mast"), "metadata": {"rating": 5}}
    _decide(library, "ships/brig.png", rating=None)
    _write(library)
    assert _read(library, "ships/brig.png.xmp")["metadata"] == {"rating": 5}


def test_own_sidecars_are_no_reason_to_index(library: IndexedFolder) -> None:
    _decide(library, "castles/keep.png", rating=4)
    _decide(library, "ships/brig.png", rating=1)
    _write(library)
    with _index(library) as index, index.reading() as connection:
        before = index.generation(connection)
    summary = library.index()
    assert (summary.unchanged, summary.changed) == (2, 0)
    with _index(library) as index, index.reading() as connection:
        assert index.generation(connection) == before
    is_own = OwnSidecars(library.home)
    sidecar = library.folder / "ships/brig.png.xmp"
    assert is_own(sidecar)
    sidecar.write_bytes(sidecar.read_bytes() + b"\n")
    assert not is_own(sidecar)
    assert not is_own(library.folder / "castles/keep.png")


def test_a_change_before_ours_is_read_all_the_same(library: IndexedFolder) -> None:
    """What another program wrote, and the indexer has not read, is not passed over."""
    sidecar = library.folder / "ships/brig.png.xmp"
    sidecar.write_bytes(packet(listed("dc:subject", "sail", "rope")))
    _decide(library, "ships/brig.png", rating=1)
    _write(library)
    assert library.index().changed == 1
    assert "rope" in library.documents()["ships/brig.png"].tags


@pytest.mark.parametrize(
    ("files", "asset", "sidecar"),
    [
        (["a.cr2"], "a.cr2", "a.xmp"),
        (["a.cr2", "a.jpg"], "a.cr2", "a.cr2.xmp"),
        (["a.cr2", "A.CR2.XMP"], "a.cr2", "A.CR2.XMP"),
        (["a.cr2", "a.xmp"], "a.cr2", "a.xmp"),
        (["a.jpg", "a.xmp"], "a.jpg", "a.jpg.xmp"),
    ],
)
def test_names_of_sidecars(
    tmp_path: Path, models: Models, files: list[str], asset: str, sidecar: str
) -> None:
    contents = {".cr2": RAW, ".jpg": sample_files.encoded(sample_files.picture(), "JPEG")}
    folder = tmp_path / "art"
    sample_files.fill(folder, {name: contents.get(name[-4:], packet("")) for name in files})
    library = IndexedFolder(folder, tmp_path / "home", models)
    library.index()
    _decide(library, asset, rating=3)
    _write(library)
    assert _read(library, sidecar)["metadata"] == {"rating": 3}
    assert sorted(path.name for path in folder.iterdir()) == sorted({*files, sidecar})


@pytest.mark.parametrize("content", [b"<x:xmpmeta", b"", b"\xff\xff\xff"])
def test_a_broken_sidecar_is_not_touched(
    library: IndexedFolder, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    sidecar = library.folder / "ships/brig.png.xmp"
    sidecar.write_bytes(content)
    _decide(library, "ships/brig.png", rating=1)
    assert _write(library) == Written(failed=1)
    assert sidecar.read_bytes() == content
    assert "are stored, but not in a sidecar" in caplog.text
    ((folder, names, reason),) = _unwritten(library)
    assert (folder, names) == ("ships", ("brig.png",))
    assert reason in caplog.text
    sidecar.unlink()
    assert _write(library) == Written()
    assert len(_unwritten(library)) == 1
    brig = library.folder / "ships/brig.png"
    content = brig.read_bytes()
    brig.unlink()
    library.index()
    assert _unwritten(library) == []  # the asset is gone, and comes back
    brig.write_bytes(content)
    library.index()
    assert _write(library, again=True) == Written(assets=1)
    assert _read(library, "ships/brig.png.xmp")["metadata"] == {"rating": 1}
    assert _unwritten(library) == []


def test_a_link_is_not_followed(library: IndexedFolder, tmp_path: Path) -> None:
    outside = tmp_path / "outside.xmp"
    outside.write_bytes(packet(""))
    before = outside.read_bytes()
    (library.folder / "castles/keep.png.xmp").symlink_to(outside)
    _decide(library, "castles/keep.png", rating=1)
    assert _write(library) == Written(failed=1)
    assert outside.read_bytes() == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_cannot_be_written(library: IndexedFolder) -> None:
    (library.folder / "castles").chmod(0o500)
    _decide(library, "castles/keep.png", rating=1)
    assert _write(library) == Written(failed=1)
    (library.folder / "castles").chmod(0o700)
    assert _write(library, again=True) == Written(assets=1)


def test_a_name_that_is_too_long_for_a_sidecar(
    library: IndexedFolder, caplog: pytest.LogCaptureFixture
) -> None:
    name = f"{'k' * 248}.png"
    (library.folder / name).write_bytes(sample_files.png("teal"))
    library.index()
    _decide(library, name, rating=1)
    _decide(library, "castles/keep.png", rating=2)
    assert _write(library) == Written(assets=1, failed=1)
    assert "File name too long" in caplog.text
    assert _read(library, "castles/keep.png.xmp")["metadata"] == {"rating": 2}


def test_a_change_that_was_begun_is_made_again(library: IndexedFolder) -> None:
    """As after a kill between storing what is begun and writing the file."""
    _decide(library, "ships/brig.png", add=["mast"], rating=3)
    _write(library)
    sidecar = library.folder / "ships/brig.png.xmp"
    before = sidecar.read_bytes()
    _decide(library, "ships/brig.png", delete=["mast"], rating=None)
    _write(library)
    after = sidecar.read_bytes()
    asset = library.ids()["ships/brig.png"]
    with _index(library) as index:
        state = sidecars.Sidecar(
            begun_values={"xmp:Rating": "2"}, begun_tags={"mast": None}, is_finished=False
        )
        sidecars.put(index, asset, os.fsencode(sidecar), state, None)
    sidecar.write_bytes(before)
    assert _write(library, again=True) == Written(assets=1)
    assert sidecar.read_bytes() == after


def test_a_writer_killed_at_any_moment_leaves_whole_files_and_is_continued(
    library: IndexedFolder,
) -> None:
    """While another process writes as well; both hold the same lock in turn."""
    for number in range(24):
        (library.folder / f"{number}.png").write_bytes(sample_files.png("teal", (20, 20 + number)))
    library.index()
    names = [f"{number}.png" for number in range(24)]
    ids = library.ids()
    with _index(library) as index:
        for name in names:
            edits.edit_tags(index, ids[name], [f"tag {name}"], [], strict=True, by="Ann")
    code = (
        "import sys; from pathlib import Path; from library.store.index import Index;"
        "from library.ingest.sidecars.writer import write_pending;"
        "write_pending(Index.open(Path(sys.argv[1])), again=True)"
    )
    command = [sys.executable, "-c", code, str(library.home)]
    written = library.folder.glob
    for enough in (1, 8, 16):
        process = subprocess.Popen(command, cwd=Path(__file__).parents[4])
        eventually(
            lambda p=process, n=enough: (
                p.poll() is not None or sum(1 for _ in written("*.xmp")) >= n
            )
        )
        process.kill()
        process.wait()
        for path in written("*.xmp"):
            assert xmp.fields(path.read_bytes()) == {"tags": (f"tag {path.stem}",)}
    processes = [subprocess.Popen(command, cwd=Path(__file__).parents[4]) for _ in range(2)]
    assert [process.wait(MAX_SECONDS) for process in processes] == [0, 0]
    assert _write(library, again=True) == Written()
    assert sorted(path.stem for path in written("*.xmp")) == sorted(names)
    assert list(written(".*")) == []


@pytest.mark.sqlite
def test_decisions_of_before_are_written_when_it_is_turned_on_or_the_index_is_made_anew(
    library: IndexedFolder,
) -> None:
    _decide(library, "castles/keep.png", rating=4)
    _decide(library, "ships/brig.png", rating=1)
    assert _write(library) == Written(assets=2)
    for name in ("castles/keep.png.xmp", "ships/brig.png.xmp"):
        (library.folder / name).unlink()
    for file in library.home.glob("library.sqlite*"):
        file.unlink()
    library.index()
    assert _write(library) == Written(assets=2)
    assert _read(library, "castles/keep.png.xmp")["metadata"] == {"rating": 4}
