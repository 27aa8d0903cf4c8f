"""Groups of the files in a folder, through additions, renames and removals."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from library.store import groups, tables
from library.store.index import Index
from tests.support import sample_files

if TYPE_CHECKING:
    from tests.support.indexing import IndexedFolder

FRAME = sample_files.png("navy")


def _fill(library: IndexedFolder, *names: str) -> None:
    sample_files.fill(library.folder, dict.fromkeys(names, FRAME))


def _groups(library: IndexedFolder) -> dict[str, list[str]]:
    """Return kind -> paths of the members, of libraries with one group of a kind."""
    path_of = {asset: path for path, asset in library.ids().items()}
    with closing(Index.open(library.home)) as index, index.reading() as connection:
        found = groups.of_assets(connection, path_of).values()
    return {each.kind: [path_of[member.asset] for member in each.members] for each in found}


def _generation(library: IndexedFolder) -> int:
    with closing(Index.open(library.home)) as index, index.reading() as connection:
        return index.generation(connection)


def test_frames_follow_their_files(library: IndexedFolder) -> None:
    _fill(library, "a/walk_0.png", "a/walk_1.png", "other/walk_2.png")
    library.index()
    assert "frames" not in _groups(library)
    _fill(library, "a/walk_2.png")
    library.index()
    assert _groups(library)["frames"] == ["a/walk_0.png", "a/walk_1.png", "a/walk_2.png"]
    (library.folder / "a/walk_2.png").rename(library.folder / "a/idle.png")
    library.index()
    assert "frames" not in _groups(library)
    (library.folder / "a/idle.png").rename(library.folder / "a/walk_2.png")
    _fill(library, "a/walk_3.png")
    library.index()
    assert len(_groups(library)["frames"]) == 4
    (library.folder / "a/walk_3.png").unlink()
    library.index()
    assert _groups(library)["frames"] == ["a/walk_0.png", "a/walk_1.png", "a/walk_2.png"]


def test_a_run_without_changes_groups_nothing_again(library: IndexedFolder) -> None:
    _fill(library, "walk_0.png", "walk_1.png", "walk_2.png", "below/hero_v1.png")
    _fill(library, "below/hero_v2.png")
    library.index()
    found, generation = _groups(library), _generation(library)
    assert found == {
        "frames": ["walk_0.png", "walk_1.png", "walk_2.png"],
        "versions": ["below/hero_v2.png", "below/hero_v1.png"],
    }
    before = _rows(library)
    _fill(library, "below/hero_v3.png")
    library.index()
    assert _groups(library)["frames"] == found["frames"]
    assert len(_groups(library)["versions"]) == 3
    kept = {asset: row for asset, row in _rows(library).items() if before.get(asset) == row}
    assert len(kept) == 3, "the folder with the frames was not touched"
    assert _generation(library) > generation


def test_other_rules_group_all_again(library: IndexedFolder) -> None:
    _fill(library, "hero_v1.png", "hero_v2.png")
    library.index()
    with closing(Index.open(library.home)) as index:
        with index.writing() as connection:
            connection.execute(tables.groups.delete())
        index.set_meta("groups", "0")
    assert _groups(library) == {}
    library.index()
    assert _groups(library)["versions"] == ["hero_v2.png", "hero_v1.png"]


def _rows(library: IndexedFolder) -> dict[str, int]:
    with closing(Index.open(library.home)) as index, index.reading() as connection:
        rows = connection.execute(tables.groups.select()).all()
    return {row.asset: row.seq for row in rows}
