"""Several folders in one library, and folders that are not there any more."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from library.embedding.models import Models
from library.folders import Folder
from library.ingest.indexer import Indexer
from library.ingest.process.runs import Summary
from library.ingest.roots import store_mounts
from library.ingest.walk import FolderMissing, Walk, walk
from library.store.index import Index
from tests.support import sample_files
from tests.support.indexing import RecordedProgress, thumbnail

pytestmark = pytest.mark.usefixtures("every_store")

SHARED_MEMORY = Path("/dev", "shm")


class Roots:
    """A library of the folders below one folder."""

    def __init__(self, base: Path, models: Models) -> None:
        self.base, self.home, self.models = base, base / "home", models
        self.lines = RecordedProgress()

    def fill(self, folder: str, names: str) -> None:
        """Write pictures that all differ."""
        files = {}
        for name in names.split():
            size = 20 + sum(map(ord, f"{folder}/{name}")) % 60
            files[f"{folder}/{name}.png"] = sample_files.png(size=(size, 20 + len(name)))
        sample_files.fill(self.base, files)

    def index(self, *folders: str, prune: bool = False) -> Summary:
        self.lines = RecordedProgress()
        given = [Folder(self.base / f.rpartition("=")[2], f.rpartition("=")[0] or None)
                 for f in folders]  # fmt: skip
        with closing(Index.open(self.home, create=True)) as index:
            indexer = Indexer(self.home, index, self.models, self.lines)
            return indexer.run(given, prune=prune)

    def shown(self) -> dict[str, tuple[str, str | None]]:
        """Return the shown path of each asset, its id, and why it is missing."""
        with closing(Index.open(self.home)) as index, index.reading() as connection:
            ids = [asset_id for _, asset_id in index.sources().values()]
            numbers = index.numbers(connection, ids)
            files = index.files(connection, numbers.values())
        return {files[n].path: (asset, files[n].missing) for asset, n in numbers.items()}

    def ids(self) -> dict[str, str]:
        return {path: asset for path, (asset, _) in self.shown().items()}

    def missing(self) -> set[str]:
        return {path for path, (_, reason) in self.shown().items() if reason is not None}


@pytest.fixture
def roots(tmp_path: Path, models: Models) -> Roots:
    return Roots(tmp_path, models)


def test_a_second_folder_keeps_the_ids_of_the_first(roots: Roots) -> None:
    roots.fill("one", "a sub/b")
    roots.fill("two", "a c")
    roots.index("one")
    before = roots.ids()
    assert set(before) == {"a.png", "sub/b.png"}
    assert str(roots.index("one", "two")) == "added 2, 2 unchanged"
    after = roots.ids()
    assert set(after) == {"one/a.png", "one/sub/b.png", "two/a.png", "two/c.png"}
    assert {path: after[f"one/{path}"] for path in before} == before
    assert str(roots.index("two", "one")) == "4 unchanged"
    assert roots.ids() == after


def test_folders_with_the_same_name_are_told_apart(roots: Roots) -> None:
    roots.fill("x/art", "a")
    roots.fill("y/art", "a")
    roots.index("x/art", "y/art")
    assert set(roots.ids()) == {"art/a.png", "art-2/a.png"}
    before = set(roots.ids().values())
    roots.index("mine=x/art", "yours=y/art")
    assert set(roots.ids()) == {"mine/a.png", "yours/a.png"}
    first = roots.ids()["mine/a.png"]
    roots.index("yours=x/art", "mine=y/art")
    assert roots.ids()["yours/a.png"] == first
    assert set(roots.ids().values()) == before


def test_a_folder_within_another_is_read_once(roots: Roots) -> None:
    roots.fill("one", "a inner/b")
    roots.index("one")
    before = roots.ids()
    roots.index("one", "one/inner")
    assert roots.ids() == {"one/a.png": before["a.png"], "inner/b.png": before["inner/b.png"]}


def test_a_file_may_move_from_one_folder_to_another(roots: Roots) -> None:
    roots.fill("one", "a b c d e f")
    roots.fill("two", "g")
    roots.index("one", "two")
    before = roots.ids()
    (roots.base / "one/a.png").rename(roots.base / "two/moved.png")
    assert str(roots.index("one", "two")) == "moved 1, 6 unchanged"
    assert roots.ids()["two/moved.png"] == before["one/a.png"]


def test_a_folder_that_was_moved_keeps_its_ids(roots: Roots) -> None:
    roots.fill("here/art", "a b")
    roots.index("here/art")
    before = roots.ids()
    (roots.base / "here").rename(roots.base / "there")
    assert str(roots.index("there/art")) == "2 unchanged"
    assert roots.ids() == before


@pytest.mark.parametrize("is_empty", [True, False])
def test_a_folder_that_is_not_there_loses_nothing(roots: Roots, is_empty: bool) -> None:
    roots.fill("one", "a b")
    roots.fill("two", "c d")
    roots.index("one", "two")
    before = roots.ids()
    shutil.move(roots.base / "two", roots.base / "away")
    if is_empty:
        (roots.base / "two").mkdir()
    # A copy of one of its files does not take its id.
    shutil.copy(roots.base / "away/c.png", roots.base / "one/copy.png")
    assert str(roots.index("one", "two")) == "added 1, missing 2, 2 unchanged"
    assert roots.missing() == {"two/c.png", "two/d.png"}
    assert {path: roots.ids()[path] for path in before} == before
    assert thumbnail(roots.home, before["two/c.png"])
    assert roots.index("one", "two").missing == 2
    # It returns, and so does the state of before.
    shutil.rmtree(roots.base / "two", ignore_errors=True)
    shutil.move(roots.base / "away", roots.base / "two")
    assert str(roots.index("one", "two")) == "5 unchanged"
    assert roots.missing() == set()
    assert {path: roots.ids()[path] for path in before} == before


def test_missing_assets_are_removed_on_request_only(roots: Roots) -> None:
    roots.fill("one", "a b")
    roots.fill("two", "c d")
    roots.index("one", "two")
    before = roots.ids()
    shutil.rmtree(roots.base / "two")
    roots.index("one", "two")
    assert roots.index("one", "two", prune=True).removed == 2
    assert set(roots.ids()) == {"one/a.png", "one/b.png"} or set(roots.ids()) == {"a.png", "b.png"}
    with pytest.raises(FileNotFoundError):
        thumbnail(roots.home, before["two/c.png"])


@pytest.mark.parametrize(
    ("files", "deleted", "removed"),
    [(10, 2, 2), (10, 3, 0), (4, 1, 1), (4, 2, 0), (20, 4, 4), (20, 5, 0)],
)
def test_more_than_a_fifth_is_not_removed_at_once(
    roots: Roots, files: int, deleted: int, removed: int
) -> None:
    names = [f"n{n}" for n in range(files)]
    sample_files.fill(roots.base / "one", {f"{name}.png": sample_files.png(size=(20 + n, 20))
                                           for n, name in enumerate(names)})  # fmt: skip
    roots.index("one")
    for name in names[:deleted]:
        (roots.base / f"one/{name}.png").unlink()
    summary = roots.index("one")
    assert (summary.removed, summary.missing) == (removed, deleted - removed)
    # A later run that finds one more file deleted removes that one, and the others stay.
    (roots.base / f"one/{names[-1]}.png").unlink()
    summary = roots.index("one")
    assert (summary.removed, summary.missing) == (1, deleted - removed)
    assert roots.index("one", prune=True).missing == 0
    assert len(roots.ids()) == files - deleted - 1


def test_a_renamed_folder_is_not_missing(roots: Roots) -> None:
    roots.fill("one", "old/a old/b old/c d")
    roots.index("one")
    before = roots.ids()
    (roots.base / "one/old").rename(roots.base / "one/new")
    assert str(roots.index("one")) == "moved 3, 1 unchanged"
    assert roots.ids()["new/a.png"] == before["old/a.png"]


def test_a_missing_file_that_is_found_elsewhere_is_not_missing(roots: Roots) -> None:
    roots.fill("one", "a b c d")
    roots.index("one")
    before = roots.ids()
    contents = {name: (roots.base / f"one/{name}.png").read_bytes() for name in "abc"}
    for name in contents:
        (roots.base / f"one/{name}.png").unlink()
    assert roots.index("one").missing == 3
    sample_files.fill(roots.base, {f"one/later/{n}.png": data for n, data in contents.items()})
    assert str(roots.index("one")) == "moved 3, 1 unchanged"
    assert roots.ids()["later/a.png"] == before["a.png"]
    assert roots.missing() == set()


def test_a_folder_that_never_was_there_is_an_error(roots: Roots) -> None:
    roots.fill("one", "a")
    with pytest.raises(FolderMissing, match="typo"):
        roots.index("one", "typo")


def test_a_folder_that_is_not_named_any_more_stays_until_it_is_pruned(roots: Roots) -> None:
    roots.fill("one", "a")
    roots.fill("two", "b")
    roots.index("one", "two")
    roots.index("one")
    assert set(roots.ids()) == {"one/a.png", "two/b.png"}
    assert roots.index("one", prune=True).removed == 1


def test_files_of_a_share_within_a_folder_are_missing_while_it_is_not_connected(
    roots: Roots,
) -> None:
    """However few they are; the run of before knew which folders had a file system of their own."""
    roots.fill("one", "share/a b c d e f g h i j")
    roots.index("one")
    with closing(Index.open(roots.home)) as index:
        walk = Walk(str((roots.base / "one").resolve()), mounts={"share"})
        store_mounts(index, [walk], prune=False)
    before = roots.ids()
    (roots.base / "one/share/a.png").rename(roots.base / "away.png")
    for _ in range(2):
        assert str(roots.index("one")) == "missing 1, 9 unchanged"
        assert roots.missing() == {"share/a.png"}
    assert roots.ids() == before
    (roots.base / "away.png").rename(roots.base / "one/share/a.png")
    assert str(roots.index("one")) == "10 unchanged"
    (roots.base / "one/share/a.png").unlink()
    assert roots.index("one").missing == 1
    assert roots.index("one", prune=True).removed == 1
    (roots.base / "one/b.png").unlink()
    assert roots.index("one").removed == 1


@pytest.mark.skipif(
    not SHARED_MEMORY.is_dir() or SHARED_MEMORY.stat().st_dev == Path("/dev").stat().st_dev,
    reason="there is no file system below another one",
)
def test_a_walk_finds_the_file_systems_below_a_folder() -> None:
    found = walk(Path("/dev"), lambda *_: None)
    assert SHARED_MEMORY.name in found.mounts
