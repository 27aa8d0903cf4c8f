"""The folders of a setting, and the names that they get."""

from __future__ import annotations

from pathlib import Path

import pytest

from library.folders import Bucket, Folder, NameTaken, names, parse_folders


def _parsed(text: str) -> list[tuple[str | None, str]]:
    return [(folder.name, str(folder.path)) for folder in parse_folders(text, ":")]


def test_folders_are_separated_as_in_path(tmp_path: Path) -> None:
    assert _parsed("/one:/two") == [(None, "/one"), (None, "/two")]
    assert _parsed("") == []
    assert _parsed("/one::/two:") == [(None, "/one"), (None, "/two")]
    assert _parsed(f"{tmp_path}:{tmp_path}/.") == [(None, str(tmp_path))]


def test_a_folder_whose_name_has_the_separator_is_one_folder(tmp_path: Path) -> None:
    for name in ("a:b", "c", "d:e:f"):
        (tmp_path / name).mkdir()
    text = f"{tmp_path}/a:b:{tmp_path}/c:art={tmp_path}/d:e:f:{tmp_path}/gone"
    assert _parsed(text) == [
        (None, f"{tmp_path}/a:b"),
        (None, f"{tmp_path}/c"),
        ("art", f"{tmp_path}/d:e:f"),
        (None, f"{tmp_path}/gone"),
    ]


def test_a_folder_may_be_named(tmp_path: Path) -> None:
    assert Folder.parse("my art=/mnt/share") == Folder(Path("/mnt/share"), "my art")
    assert Folder.parse("~/art").path == Path.home() / "art"
    assert Folder.parse("art=~/x").path == Path.home() / "x"
    assert Folder.parse("/mnt/a=b") == Folder(Path("/mnt/a=b"))
    (tmp_path / "x=y").mkdir()
    assert Folder.parse(f"{tmp_path}/x=y") == Folder(tmp_path / "x=y")


def test_an_address_in_s3_takes_the_place_of_a_folder() -> None:
    assert _parsed("s3://studio/art/:/mnt/a:my art=s3://studio:s3://b/c:d:/x") == [
        (None, "s3://studio/art"),
        (None, "/mnt/a"),
        ("my art", "s3://studio"),
        (None, "s3://b/c"),
        (None, "d"),
        (None, "/x"),
    ]
    bucket = Folder.parse("art=s3://studio/a/b").path
    assert isinstance(bucket, Bucket)
    assert (bucket.bucket, bucket.prefix, bucket.name) == ("studio", "a/b", "b")
    assert names([("s3://studio/art", None), ("/x/art", None)], {}) == {
        "s3://studio/art": "art",
        "/x/art": "art-2",
    }


def test_names_are_unique_and_stay(tmp_path: Path) -> None:
    one, two, three = (str(tmp_path / f"{n}/art") for n in range(3))
    for path in (one, two, three):
        Path(path).mkdir(parents=True)
    assert names([(one, None), (two, None)], {}) == {one: "art", two: "art-2"}
    known = {"art": one, "art-2": two}
    assert names([(two, None), (one, None)], known) == {one: "art", two: "art-2"}
    assert names([(three, None), (two, None)], known) == {three: "art-3", two: "art-2"}
    assert names([(one, "x"), (two, None)], known) == {one: "x", two: "art-2"}
    with pytest.raises(NameTaken, match="'x'"):
        names([(one, "x"), (two, "x")], {})
    Path(one).rmdir()  # it was moved: its name is free
    assert names([(three, None), (two, None)], known) == {three: "art", two: "art-2"}
