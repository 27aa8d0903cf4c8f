"""Junk, `.akinignore` and AKIN_EXCLUDE."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from library.ingest.exclusions import JUNK, BadPattern, Exclusions, parse, patterns_of
from library.ingest.walk import Walk, walk
from library.store.identities import Identities
from tests.support import sample_files
from tests.support.indexing import IndexedFolder


def _walk(folder: Path, setting: str = "") -> tuple[Walk, dict[str, str], dict[str, str]]:
    skipped: dict[str, str] = {}
    ignored: dict[str, str] = {}
    walked = walk(
        folder,
        skipped.__setitem__,
        ignored=lambda path, reason, _: ignored.__setitem__(path, reason),
        patterns=parse(patterns_of(setting), "AKIN_EXCLUDE"),
    )
    return walked, skipped, ignored


def _files(folder: Path, setting: str = "") -> list[str]:
    return [file.path for file in _walk(folder, setting)[0].files]


@pytest.mark.parametrize(
    "name",
    [
        "@eaDir/a.png", "#recycle/a.png", "$RECYCLE.BIN/a.png", "$Recycle.Bin/a.png",
        "System Volume Information/a.png", "__MACOSX/._a.png", "lost+found/a.png",
        "Catalog Previews.lrdata/a.jpg", "node_modules/x/icon.png", "@Recycle/a.png",
        "a.png~", "a.png.part", "a.png.crdownload", "a.tmp", "~$letter.docx", "Thumbs.db",
        "thumbs.db", "Desktop.ini", "~syncthing~a.png.tmp", "a.png.filepart", "a.download/a.png",
        "found.000/a.png", "Network Trash Folder/a.png", "@SynoResource", "a.png.bak",
        "My.photoslibrary/resources/derivatives/a.jpg", "Capture One/Cache/Proxies/a.jpg",
    ],
)  # fmt: skip
def test_junk_is_ignored_and_named(tmp_path: Path, name: str) -> None:
    sample_files.fill(tmp_path, {name: b"x", f"below/{name}": b"x", "good.png": b"x"})
    walked, skipped, ignored = _walk(tmp_path)
    assert [file.path for file in walked.files] == ["good.png"]
    assert set(ignored.values()) == {JUNK}
    assert len(ignored) == 2
    assert skipped == {}


@pytest.mark.parametrize(
    "name", [".DS_Store", "._a.png", ".git/a.png", ".stfolder/x", ".Trash-1000/a.png", ".a.png.swp"]
)
def test_hidden_names_are_ignored_and_cannot_be_included(tmp_path: Path, name: str) -> None:
    sample_files.fill(tmp_path, {name: b"x", ".akinignore": b"!.*\n"})
    assert _files(tmp_path, "!.*") == []


def test_names_that_only_look_like_junk_are_indexed(tmp_path: Path) -> None:
    names = {"parts.png", "my lrdata.png", "tmp.png", "a~b.png", "eaDir/a.png", "recycle/b.png",
             "My.photoslibrary/originals/0/a.jpg", "resources/a.png"}  # fmt: skip
    sample_files.fill(tmp_path, dict.fromkeys(names, b"x"))
    assert set(_files(tmp_path)) == names


def test_akinignore_has_the_syntax_of_gitignore(tmp_path: Path) -> None:
    sample_files.fill(
        tmp_path,
        {
            ".akinignore": b"\xef\xbb\xbf# a comment\r\n*.bak.png\r\n/top.png\r\ndrafts/\r\n"
            b"!keep.bak.png\r\n",
            "a.bak.png": b"x",
            "keep.bak.png": b"x",
            "top.png": b"x",
            "sub/top.png": b"x",
            "sub/drafts/a.png": b"x",
            "sub/.akinignore": b"!a.bak.png\nraw/**/x?.png\n",
            "sub/a.bak.png": b"x",
            "sub/b.bak.png": b"x",
            "sub/raw/1/2/x1.png": b"x",
            "sub/raw/1/y1.png": b"x",
            "raw/x1.png": b"x",
            "drafts": b"a file, not a folder",
        },
    )
    walked, _, ignored = _walk(tmp_path)
    assert [file.path for file in walked.files] == [
        "drafts",
        "keep.bak.png",
        "raw/x1.png",
        "sub/a.bak.png",
        "sub/raw/1/y1.png",
        "sub/top.png",
    ]
    assert ignored["sub/drafts"] == "excluded by .akinignore"
    assert ignored["sub/raw/1/2/x1.png"] == "excluded by sub/.akinignore"


def test_the_setting_excludes_below_every_folder(tmp_path: Path) -> None:
    sample_files.fill(
        tmp_path,
        dict.fromkeys(("a.psd", "b/c.psd", "b/old/d.png", "e f.png", "g.tmp", "h.png"), b"x"),
    )
    assert _files(tmp_path, "*.psd, old/ e\\ f.png") == ["h.png"]
    assert _files(tmp_path, "*.psd\nold/\ne f.png\n") == ["h.png"]
    assert "g.tmp" in _files(tmp_path, "!*.tmp")
    sample_files.fill(tmp_path, {"b/.akinignore": b"!c.psd"})
    assert _files(tmp_path, "*.psd old e\\ f.png") == ["b/c.psd", "h.png"]


@pytest.mark.parametrize("pattern", ["*a*a*a*a*a*b", "**/a*/**/b*c*", "x" * 501])
def test_a_pattern_that_is_slow_to_match_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern, match="correct the pattern"):
        parse([pattern], "AKIN_EXCLUDE")


def test_a_folder_whose_akinignore_cannot_be_used_is_skipped(tmp_path: Path) -> None:
    """Otherwise what it excludes would be indexed; what was indexed before stays."""
    sample_files.fill(
        tmp_path,
        {
            "big/.akinignore": b"x\n" * 40_000,
            "big/a.png": b"x",
            "slow/.akinignore": b"*a*a*a*a*a*b",
            "slow/a.png": b"x",
            "good.png": b"x",
            "secret": b"*",
        },
    )
    (tmp_path / "link").mkdir()
    (tmp_path / "link/.akinignore").symlink_to(tmp_path / "secret")
    walked, skipped, _ = _walk(tmp_path)
    assert [file.path for file in walked.files] == ["good.png", "secret"]
    assert set(skipped) == {"big", "slow", "link"}
    assert "64 KB" in skipped["big"]
    assert not walked.covers("slow/a.png")


def test_an_excluded_path_is_covered_with_its_folders() -> None:
    exclusions = Exclusions(parse(["drafts/"], "AKIN_EXCLUDE"))
    assert exclusions.covers("a/drafts/b/c.png")
    assert exclusions.covers("a/node_modules/c.png")
    assert not exclusions.covers("a/final/c.png")


def test_what_is_excluded_later_is_removed_and_returns_with_its_id(library: IndexedFolder) -> None:
    """It is not missing, however much of the folder it is."""
    sample_files.fill(
        library.folder,
        {f"drafts/{n}.png": sample_files.png(size=(20, 20 + n)) for n in range(4)}
        | {"final.png": sample_files.png()},
    )
    library.index()
    before = library.ids()
    (library.folder / ".akinignore").write_text("drafts/")
    assert str(library.index()) == "removed 4, 1 unchanged"
    assert set(library.ids()) == {"final.png"}
    # A copy outside does not take the id of an excluded file.
    (library.folder / "copy.png").write_bytes((library.folder / "drafts/0.png").read_bytes())
    library.index()
    (library.folder / ".akinignore").unlink()
    library.index()
    after = library.ids()
    assert {path: after[path] for path in before} == before
    with closing(Identities.open(library.home)) as identities:
        assert identities.roots() == {"art": str(library.folder.resolve())}
