"""Ingest: folders become libraries, whatever is in them and whatever happens to them."""

from __future__ import annotations

import io
import os
import shutil
import threading
import unicodedata
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import sqlalchemy as sa
from PIL import Image

from library.embedding.models import Models
from library.formats import file_types
from library.ingest import describe, naming
from library.ingest.indexer import Indexer
from library.ingest.process.runs import exclusive
from library.ingest.walk import FolderMissing, Walk
from library.store.index import Index
from tests.support import sample_files
from tests.support.indexing import IndexedFolder, RecordedProgress, thumbnail

if TYPE_CHECKING:
    from library.ingest.walk import FoundFile

pytestmark = pytest.mark.usefixtures("every_store")


def test_a_file_becomes_a_document_in_the_api_s_words(library: IndexedFolder) -> None:
    sample_files.fill(library.folder, {"Topdown Tanks/tankBlue_barrel2.png": sample_files.png()})
    os.utime(
        library.folder / "Topdown Tanks/tankBlue_barrel2.png", ns=(0, 1_700_000_000_123_456_789)
    )
    assert str(library.index()) == "added 1, 0 unchanged"
    (document,) = library.documents().values()
    assert {
        "name": document.name,
        "kind": document.kind,
        "type": document.type,
        "mimeType": document.mimeType,
        "tags": document.tags,
        "width": document.width,
        "height": document.height,
        "aspectRatio": document.aspectRatio,
        "createdAt": document.createdAt,
        "thumbnail": document.thumbnail,
        "size": document.size,
    } == {
        "name": "tankBlue_barrel2",
        "kind": "image",
        "type": "uploaded",
        "mimeType": "image/png",
        "tags": ("topdown", "tanks", "tank", "blue", "barrel"),
        "width": 96,
        "height": 64,
        "aspectRatio": "3:2",
        "createdAt": "2023-11-14T22:13:20.123Z",
        "thumbnail": True,
        "size": len(sample_files.png()),
    }


def test_the_type_of_a_file_is_that_of_its_content(library: IndexedFolder) -> None:
    sample_files.fill(
        library.folder,
        {
            "lies.jpg": sample_files.png(),
            "no extension": sample_files.encoded(sample_files.picture(), "WEBP"),
            "tone.png": sample_files.sound(),
            "film.bin": sample_files.video(),
            "note.txt": b"A castle in the air",
            "data.json": b'{"a": 1}',
            "archive.png": b"PK\x03\x04 and more",
            "script.html": b"<html><script>alert(1)</script></html>",
            "program": b"\x7fELF\x02\x01",
        },
    )
    summary = library.index()
    found = {path: (d.kind, d.mimeType) for path, d in library.documents().items()}
    assert found == {
        "lies.jpg": ("image", "image/png"),
        "no extension": ("image", "image/webp"),
        "tone.png": ("audio", "audio/wav"),
        "film.bin": ("video", "video/mp4"),
        "note.txt": ("text", "text/plain"),
        "data.json": ("json", "application/json"),
    }
    assert (summary.other, library.lines.passed_over) == (
        2,
        {"archive.png": "is no PNG: its content is something else"},
    )
    assert library.documents()["note.txt"].content == "A castle in the air"


def test_sound_and_video_have_a_duration_and_a_picture(library: IndexedFolder) -> None:
    sample_files.fill(
        library.folder, {"a.wav": sample_files.sound(0.5), "b.mp4": sample_files.video(2, (64, 48))}
    )
    library.index()
    found = library.documents()
    assert found["a.wav"].properties["duration"] == 0.5
    assert found["b.mp4"].properties["duration"] == 2.0
    assert (found["b.mp4"].width, found["b.mp4"].height) == (64, 48)
    assert found["b.mp4"].properties["frameRate"] == 10.0
    with Image.open(io.BytesIO(thumbnail(library.home, found["b.mp4"].id))) as poster:
        assert poster.convert("L").getextrema()[1] > 100, "the poster is not a black frame"  # type: ignore[operator]
    with Image.open(io.BytesIO(thumbnail(library.home, found["a.wav"].id))) as waveform:
        assert (waveform.size, waveform.mode) == ((512, 256), "RGBA")


def test_thumbnails_are_small_upright_transparent_and_never_enlarged(
    library: IndexedFolder,
) -> None:
    sample_files.fill(
        library.folder,
        {
            "large.png": sample_files.png(size=(1500, 750)),
            "small.png": sample_files.png(size=(16, 16)),
            "photo.jpg": sample_files.rotated_jpeg(),
        },
    )
    library.index()
    sizes = {}
    for path, document in library.documents().items():
        with Image.open(io.BytesIO(thumbnail(library.home, document.id))) as image:
            sizes[path] = (image.size, image.mode)
    assert sizes == {
        "large.png": ((386, 194), "RGBA"),  # the visible part of 512 x 256
        "small.png": ((13, 13), "RGBA"),
        "photo.jpg": ((40, 60), "RGB"),
    }
    assert (library.documents()["photo.jpg"].width, library.documents()["photo.jpg"].height) == (
        40,
        60,
    )


def test_a_thumbnail_shows_the_visible_part(library: IndexedFolder) -> None:
    """Of a still picture with transparent margins; the document says which part it is."""
    sprite = Image.new("RGBA", (100, 60))
    sprite.paste("white", (30, 10, 50, 50))
    sample_files.fill(
        library.folder,
        {
            "sprite.png": sample_files.encoded(sprite),
            "moving.gif": sample_files.encoded(sprite, "GIF"),
            "opaque.png": sample_files.encoded(Image.new("RGB", (9, 9), "white")),
        },
    )
    library.index()
    found = library.documents()
    shown = {}
    for path, document in found.items():
        with Image.open(io.BytesIO(thumbnail(library.home, document.id))) as image:
            shown[path] = image.size
    assert shown == {"sprite.png": (20, 40), "moving.gif": (100, 60), "opaque.png": (9, 9)}
    assert found["sprite.png"].visible == (30, 10, 50, 50, 100, 60)
    assert [found[path].lightness for path in sorted(found)] == [None, None, 1.0]
    assert (found["sprite.png"].width, found["sprite.png"].height) == (100, 60)
    assert str(library.index()) == "3 unchanged"


def test_a_damaged_picture_that_is_shown_in_part_has_its_thumbnail_and_vectors(
    library: IndexedFolder,
) -> None:
    content = sample_files.encoded(Image.effect_noise((600, 400), 90), "JPEG")
    sample_files.fill(library.folder, {"a.jpg": content[: len(content) * 6 // 10]})
    assert library.index().damaged == 1
    document = library.documents()["a.jpg"]
    assert (document.width, document.height, "damaged" in document.tags) == (600, 400, True)
    with Image.open(io.BytesIO(thumbnail(library.home, document.id))) as drawn:
        assert drawn.size == (512, 341)
    with closing(Index.open(library.home)) as index:
        assert index.subject(document.id) is not None


def test_every_damaged_file_is_reported_and_the_others_are_indexed(library: IndexedFolder) -> None:
    outside = sample_files.fill(library.folder.parent / "secret", {"key.png": sample_files.png()})
    sample_files.fill(
        library.folder,
        {
            "good.png": sample_files.png(),
            "empty.png": b"",
            "cut.png": sample_files.png()[:80],
            "bomb.png": sample_files.bomb(),
            "cut.mp4": sample_files.video()[:40],
            "broken.wav": b"RIFF\x10\x00\x00\x00WAVEfmt ",
        },
    )
    (library.folder / "out.png").symlink_to(outside / "key.png")
    (library.folder / "out").symlink_to(outside)
    (library.folder / "loop").symlink_to(library.folder / "loop")
    (library.folder / "in.png").symlink_to(library.folder / "good.png")
    os.mkfifo(library.folder / "pipe.png")
    library.index()
    damaged = {
        "cut.png": "is broken",
        "bomb.png": "unpacks to more than 100 million pixels",
        "cut.mp4": "is broken",
        "broken.wav": "is broken",
    }
    documents = library.documents()
    assert set(documents) == {"good.png", *damaged}
    assert {path: reason.split(":")[0] for path, reason in library.lines.broken.items()} == damaged
    assert library.thumbnails() == {document.id for document in documents.values()}
    for path in damaged:
        assert "damaged" in documents[path].tags
        assert documents[path].metadata["damaged"] == library.lines.broken[path]
    assert {path: reason.split(":")[0] for path, reason in library.lines.passed_over.items()} == {
        "empty.png": "is empty",
        "out.png": "is a link that leads out of the folder",
        "out": "is a link that leads out of the folder",
        "loop": library.lines.passed_over["loop"].split(":")[0],
    }
    assert all("\n" not in reason for reason in library.lines.passed_over.values())


def test_names_of_every_kind_are_indexed(library: IndexedFolder) -> None:
    names = ['it\'s "quoted".png', "🙂 emoji.png", "100%_done;--.png", "новый замок.png", " .png"]
    sample_files.fill(library.folder, {name: sample_files.png() for name in names})
    bad = os.fsencode(library.folder) + b"/caf\xe9.png"
    Path(os.fsdecode(bad)).write_bytes(sample_files.png())
    library.index()
    found = library.documents()
    assert set(found) == {*names, os.fsdecode(b"caf\xe9.png")}
    assert len({document.id for document in found.values()}) == len(names) + 1
    assert library.index().unchanged == len(names) + 1
    assert found["новый замок.png"].tags == ("новый", "замок")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_assets_of_an_unreadable_folder_are_not_removed(library: IndexedFolder) -> None:
    sample_files.fill(
        library.folder, {"a/one.png": sample_files.png(), "two.png": sample_files.png("navy")}
    )
    library.index()
    (library.folder / "a").chmod(0)
    try:
        assert library.index().removed == 0
    finally:
        (library.folder / "a").chmod(0o755)
    assert library.lines.passed_over["a"].startswith("folder cannot be read")
    assert set(library.documents()) == {"a/one.png", "two.png"}


def test_a_walk_does_not_cover_folders_that_were_not_read() -> None:
    found = Walk("/art", unread=["a", "b/c"])
    paths = ("a", "a/x.png", "ab/x.png", "b/x.png", "b/c/d/x.png")
    assert {path: found.covers(path) for path in paths} == {
        "a": False, "a/x.png": False, "ab/x.png": True, "b/x.png": True, "b/c/d/x.png": False,
    }  # fmt: skip
    assert not Walk("/art", unread=[""]).covers("x.png")


def test_drafts_of_a_killed_run_are_removed(library: IndexedFolder) -> None:
    sample_files.fill(library.folder, {"a.png": sample_files.png()})
    sample_files.fill(library.home / "thumbnails" / "ab", {".half.part": b"half"})
    library.index()
    assert list(library.home.glob("thumbnails/*/.*")) == []


def test_a_stopped_run_is_continued_and_reads_no_file_twice(library: IndexedFolder) -> None:
    class Stopped(RecordedProgress):
        def advance(self, count: int) -> None:
            super().advance(count)
            raise KeyboardInterrupt

    sample_files.fill(
        library.folder, {f"{n}.png": sample_files.png(size=(n + 9, 9)) for n in range(70)}
    )
    with closing(Index.open(library.home, create=True)) as index:
        stopped = Stopped()
        with pytest.raises(KeyboardInterrupt):
            Indexer(library.home, index, library.models, stopped).run([library.folder])
    assert 0 < stopped.done < 70
    summary = library.index()
    assert (summary.unchanged, summary.added) == (stopped.done, 70 - stopped.done)
    assert library.lines.notes == []


def test_of_two_copies_only_one_is_the_file_that_moved(library: IndexedFolder) -> None:
    sample_files.fill(
        library.folder, {"a.png": sample_files.png(), "keep.png": sample_files.png("navy")}
    )
    library.index()
    before = library.ids()
    (library.folder / "a.png").unlink()
    sample_files.fill(library.folder, {"b.png": sample_files.png(), "c.png": sample_files.png()})
    assert str(library.index()) == "added 1, moved 1, 1 unchanged"
    after = library.ids()
    assert len(set(after.values())) == 3
    assert before["a.png"] in {after["b.png"], after["c.png"]}


def test_an_unchanged_folder_changes_nothing(library: IndexedFolder) -> None:
    sample_files.fill(
        library.folder, {f"{n}.png": sample_files.png(size=(n + 9, 9)) for n in range(5)}
    )
    library.index()
    before = library.ids()
    assert str(library.index()) == "5 unchanged"
    assert library.ids() == before
    assert library.lines.total == 0


def test_indexing_from_nothing_gives_the_same_ids_anywhere(
    library: IndexedFolder, models: Models, tmp_path: Path
) -> None:
    sample_files.fill(
        library.folder, {"a/x.png": sample_files.png(), "b/x.png": sample_files.png()}
    )
    library.index()
    shutil.copytree(library.folder, tmp_path / "elsewhere")
    again = IndexedFolder(tmp_path / "elsewhere", tmp_path / "home2", models)
    again.index()
    assert again.ids() == library.ids()
    assert len(set(library.ids().values())) == 2, "a copy is an asset of its own"


def test_a_moved_file_keeps_its_id_and_its_vectors(library: IndexedFolder) -> None:
    sample_files.fill(
        library.folder, {"a/castle.png": sample_files.png(), "b/tree.png": sample_files.png("navy")}
    )
    library.index()
    before = library.ids()
    (library.folder / "a/castle.png").rename(library.folder / "b/ruin.png")
    assert str(library.index()) == "moved 1, 1 unchanged"
    after = library.documents()
    assert after["b/ruin.png"].id == before["a/castle.png"]
    assert (after["b/ruin.png"].name, after["b/ruin.png"].tags) == ("ruin", ("ruin",))
    assert set(after) == {"b/ruin.png", "b/tree.png"}
    assert library.thumbnails() == set(before.values())


def test_a_new_file_at_the_path_of_a_moved_one_gets_a_new_id(
    library: IndexedFolder,
) -> None:
    sample_files.fill(library.folder, {"castle.png": sample_files.png()})
    library.index()
    (library.folder / "castle.png").rename(library.folder / "moved.png")
    library.index()
    sample_files.fill(library.folder, {"castle.png": sample_files.png()})
    library.index()
    found = library.ids()
    assert set(found) == {"castle.png", "moved.png"}
    assert found["castle.png"] != found["moved.png"]
    assert str(library.index()) == "2 unchanged"


def test_no_date_of_a_file_stops_the_others(library: IndexedFolder) -> None:
    sample_files.fill(
        library.folder, {f"{n}.png": sample_files.png(size=(20, 20 + n)) for n in range(4)}
    )
    for name, moment in (("1.png", 2**40), ("2.png", -(10**10)), ("3.png", 2**33)):
        os.utime(library.folder / name, (moment, moment))
    assert library.index().added == 4
    assert library.index().unchanged == 4


def test_a_value_that_cannot_be_stored_is_reported(
    library: IndexedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample_files.fill(
        library.folder, {f"{n}.png": sample_files.png(size=(20, 20 + n)) for n in range(4)}
    )
    original = describe.describe

    def described(*arguments: Any) -> describe.Described:
        description = original(*arguments)
        if description.facts["height"] == 21:
            description.facts["width"] = 2**70
        return description

    monkeypatch.setattr(describe, "describe", described)
    assert library.index().added == 3
    assert "cannot be stored" in library.lines.passed_over["1.png"]
    assert len(library.thumbnails()) == 3
    monkeypatch.undo()
    assert str(library.index()) == "added 1, 3 unchanged"


def test_no_file_stops_the_others(library: IndexedFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error affects only its file."""
    original = describe.describe

    def described(file: FoundFile, *arguments: Any) -> describe.Described:
        if file.path == "b.wav":
            raise ZeroDivisionError(file.path)
        return original(file, *arguments)

    monkeypatch.setattr(describe, "describe", described)
    sample_files.fill(library.folder, {"a.png": sample_files.png(), "b.wav": sample_files.sound()})
    assert library.index().skipped == 1
    assert library.lines.passed_over == {"b.wav": "is broken: ZeroDivisionError"}
    assert set(library.ids()) == {"a.png"}


def test_a_touched_file_keeps_its_id_and_vectors(library: IndexedFolder) -> None:
    sample_files.fill(library.folder, {"castle.png": sample_files.png()})
    library.index()
    before = library.ids()
    os.utime(library.folder / "castle.png", ns=(0, 1_600_000_000 * 10**9))
    vectors = library.texts()
    assert str(library.index()) == "1 unchanged"
    assert library.ids() == before
    assert library.documents()["castle.png"].updatedAt == "2020-09-13T12:26:40.000Z"
    assert library.texts() == vectors


def test_a_moved_file_is_embedded_by_its_new_name(library: IndexedFolder, tmp_path: Path) -> None:
    """The picture is not: the vectors equal those of a library that is indexed from nothing."""
    files = {"castle.png": sample_files.png(), "7.png": sample_files.png("navy")}
    sample_files.fill(library.folder, files)
    library.index()
    before = library.texts()
    guesses = library.documents()["7.png"].guesses
    (library.folder / "castle.png").rename(library.folder / "volcano.png")
    (library.folder / "7.png").rename(library.folder / "8.png")
    assert str(library.index()) == "moved 2, 0 unchanged"
    after = library.texts()
    assert after["volcano.png"] != before["castle.png"]
    anew = IndexedFolder(library.folder, tmp_path / "anew", library.models)
    anew.index()
    _assert_near(anew.texts(), after)
    assert library.documents()["8.png"].guesses == guesses


def test_a_moved_file_is_embedded_again_in_a_joint_space(tmp_path: Path) -> None:
    """The text vector contains the picture where both share one space."""
    models = Models.load(
        tmp_path, threads=1, choice=str(sample_files.colour_pair(tmp_path / "pair"))
    )
    sample_files.fill(
        tmp_path / "art", {"red.png": sample_files.png("red"), "b.png": sample_files.png("blue")}
    )
    library = IndexedFolder(tmp_path / "art", tmp_path / "home", models)
    library.index()
    (library.folder / "red.png").rename(library.folder / "green.png")
    assert str(library.index()) == "moved 1, 1 unchanged"
    anew = IndexedFolder(library.folder, tmp_path / "anew", models)
    anew.index()
    _assert_near(anew.texts(), library.texts())


def _assert_near(expected: dict[str, list[float]], actual: dict[str, list[float]]) -> None:
    """Half floats and other batches change the last digits."""
    assert set(expected) == set(actual)
    for path, vector in expected.items():
        np.testing.assert_allclose(actual[path], vector, atol=0.02, err_msg=path)


def test_thumbnails_of_changed_and_deleted_files_are_removed(library: IndexedFolder) -> None:
    sample_files.fill(
        library.folder, {"a.png": sample_files.png(), "b.png": sample_files.png("navy")}
    )
    library.index()
    before = library.ids()
    (library.folder / "b.png").unlink()
    sample_files.fill(library.folder, {"a.png": sample_files.png("green", (50, 50))})
    assert str(library.index()) == "changed 1, removed 1, 0 unchanged"
    after = library.ids()
    assert set(after) == {"a.png"}
    assert after["a.png"] == before["a.png"]
    assert library.thumbnails() == set(after.values())


def test_the_asset_of_a_file_that_became_damaged_stays_until_it_is_deleted(
    library: IndexedFolder,
) -> None:
    sample_files.fill(
        library.folder, {"a.png": sample_files.png(), "b.png": sample_files.png("navy")}
    )
    library.index()
    sample_files.fill(library.folder, {"a.png": b"half a fil"})
    library.index()
    assert set(library.documents()) == {"a.png", "b.png"}
    (library.folder / "a.png").unlink()
    library.index()
    assert set(library.documents()) == {"b.png"}


def test_an_empty_folder_is_treated_as_an_unmounted_disk(library: IndexedFolder) -> None:
    sample_files.fill(library.folder, {"a.png": sample_files.png()})
    library.index()
    (library.folder / "a.png").unlink()
    assert str(library.index()) == "missing 1, 0 unchanged"
    assert set(library.documents()) == {"a.png"}
    assert library.index(prune=True).removed == 1
    shutil.rmtree(library.folder)
    with pytest.raises(FolderMissing, match="cannot be read"):
        library.index()


def test_other_models_embed_again_without_changing_ids(library: IndexedFolder) -> None:
    sample_files.fill(
        library.folder, {"a.png": sample_files.png(), "b.png": sample_files.png("navy")}
    )
    library.index()
    before = library.ids()
    with closing(Index.open(library.home)) as index:
        index.set_meta("models", "other models 0.1")
    summary = library.index()
    assert library.lines.notes == ["the models have changed: embedding everything again"]
    assert (summary.unchanged, library.lines.done, library.ids()) == (2, 2, before)
    assert str(library.index()) == "2 unchanged"


def test_one_collection_for_each_top_level_folder(library: IndexedFolder) -> None:
    sample_files.fill(
        library.folder,
        {
            "a/deep/x.png": sample_files.png(),
            "a/y.png": sample_files.png("navy"),
            "z.png": sample_files.png("green"),
        },
    )
    library.index()
    found = {path: d.collectionIds for path, d in library.documents().items()}
    assert found["a/deep/x.png"] == found["a/y.png"] != ()
    assert found["z.png"] == ()
    with closing(Index.open(library.home)) as index:
        assert [(c.name, c.items) for c in index.collections(limit=9)] == [("a", 2)]


def test_a_library_inside_its_own_folder_does_not_index_itself(
    models: Models, tmp_path: Path
) -> None:
    sample_files.fill(tmp_path, {"a.png": sample_files.png()})
    library = IndexedFolder(tmp_path, tmp_path / "data" / "home", models)
    library.index()
    library.index()
    assert set(library.documents()) == {"a.png"}


def test_thumbnails_in_a_home_are_not_indexed(library: IndexedFolder, tmp_path: Path) -> None:
    """The home is the indexed folder itself, and another home is below it."""
    sample_files.fill(
        library.folder, {"a.png": sample_files.png(), "sub/b.png": sample_files.png("navy")}
    )
    for home in (library.folder, library.folder / "data" / "other", tmp_path / "third"):
        IndexedFolder(library.folder, home, library.models)
        with exclusive(home, library.lines):
            found = IndexedFolder(library.folder, home, library.models)
            found.index()
        assert sorted(found.documents()) == ["a.png", "sub/b.png"]
        assert found.index().unchanged == 2


def test_a_top_folder_whose_name_is_not_utf_8_is_a_collection(library: IndexedFolder) -> None:
    folder = Path(os.fsdecode(os.fsencode(library.folder) + b"/dir\xff"))
    sample_files.fill(library.folder, {"a.png": sample_files.png()})
    sample_files.fill(folder, {"b.png": sample_files.png("navy")})
    assert library.index().added == 2
    with closing(Index.open(library.home)) as index:
        assert [(found.name, found.items) for found in index.collections(limit=9)] == [
            ("dir\ufffd", 1)
        ]


def test_a_renamed_folder_leaves_no_empty_collection(library: IndexedFolder) -> None:
    sample_files.fill(
        library.folder, {"old/a.png": sample_files.png(), "other/b.png": sample_files.png("navy")}
    )
    library.index()
    (library.folder / "old").rename(library.folder / "new")
    library.index()
    with closing(Index.open(library.home)) as index:
        assert [(found.name, found.items) for found in index.collections(limit=9)] == [
            ("new", 1),
            ("other", 1),
        ]
        assert len(index.collections(limit=1)) == 1


def test_a_second_indexer_reports_that_it_waits(library: IndexedFolder) -> None:
    told, second = threading.Event(), RecordedProgress()
    second.note = lambda text: (second.notes.append(text), told.set())  # type: ignore[assignment, method-assign]
    order = []

    def wait() -> None:
        with exclusive(library.home, second):
            order.append("second")

    with exclusive(library.home, RecordedProgress()):
        thread = threading.Thread(target=wait)
        thread.start()
        assert told.wait(300)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert "waiting" in second.notes[0]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            "images/topdown_tanks/tankBlue_barrel2.png",
            ("topdown", "tanks", "tank", "blue", "barrel"),
        ),
        ("IMG_20240131_001.jpg", ()),
        ("HTTPServer/xboxOneX.png", ("http", "server", "xbox", "one")),
        ("a3f9c1d2e8b74c55.png", ()),
        ("Café/Straße.png", ("café", "straße")),
        ("絵/城.png", ("絵", "城")),
        ("castle castle/Castle.png", ("castle",)),
    ],
)
def test_tags_are_the_meaningful_words_of_names(path: str, expected: tuple[str, ...]) -> None:
    assert naming.tags(path) == expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1920, 1080), "16:9"), ((1366, 768), "16:9"), ((1080, 1920), "9:16"), ((512, 512), "1:1"),
     ((1, 700), "1:700"), ((1000, 700), "10:7")],
)  # fmt: skip
def test_aspect_ratios_are_rounded_to_common_ones(size: tuple[int, int], expected: str) -> None:
    assert naming.aspect_ratio(*size) == expected


def test_any_first_bytes_are_recognised_without_an_error() -> None:
    for head in (b"", b"R", b"RIFF", b"\x00\x00\xff\xffftyp", b"FORM", b"\xff\xfb", b"P6"):
        file_types.recognise(head, "x.bmp")


def test_a_sidecar_that_cannot_be_read_is_reported(library: IndexedFolder) -> None:
    sample_files.fill(
        library.folder, {"photos/bee.png": sample_files.png(), "photos/bee.json": b"{"}
    )
    assert str(library.index()) == "added 1, skipped 1, 0 unchanged"
    assert list(library.documents()) == ["photos/bee.png"]
    assert list(library.lines.passed_over) == ["photos/bee.json"]
    sample_files.fill(library.folder, {"photos/bee.json": b'{"title": "Queen Bee"}'})
    assert str(library.index()) == "changed 1, 0 unchanged"
    assert library.documents()["photos/bee.png"].name == "Queen Bee"


def test_a_file_that_is_not_accepted_any_more_is_removed(
    library: IndexedFolder,
) -> None:
    sample_files.fill(
        library.folder, {"a.png": sample_files.png(), "broken.png": sample_files.png("navy")}
    )
    library.index()
    content = (library.folder / "broken.png").read_bytes()
    status = (library.folder / "broken.png").stat()
    (library.folder / "broken.png").write_bytes(b"x" * len(content))
    os.utime(library.folder / "broken.png", ns=(status.st_atime_ns, status.st_mtime_ns))
    with closing(Index.open(library.home)) as index:
        index.set_meta("ingest", "of an older version")
    assert str(library.index()) == "changed 1, removed 1, skipped 1, 0 unchanged"
    assert list(library.documents()) == ["a.png"]


def test_a_damaged_file_has_no_vector_of_its_placeholder(library: IndexedFolder) -> None:
    sample_files.fill(
        library.folder, {"a.png": sample_files.png(), "cut.png": sample_files.png()[:70]}
    )
    library.index()
    with closing(Index.open(library.home)) as index, index.reading() as connection:
        rows = connection.execute(
            sa.text("SELECT path FROM vectors_subject JOIN sources USING (number)")
        )
        assert [row[0] for row in rows] == [b"a.png"]


def test_a_damaged_file_that_was_repaired_is_read_again(library: IndexedFolder) -> None:
    sample_files.fill(library.folder, {"castle.png": sample_files.png()[:70]})
    assert library.index().damaged == 1
    sample_files.fill(library.folder, {"castle.png": sample_files.png()})
    assert str(library.index()) == "changed 1, 0 unchanged"
    assert library.documents()["castle.png"].tags == ("castle",)


def test_nothing_remains_of_a_sidecar_that_is_deleted_or_changed(library: IndexedFolder) -> None:
    sample_files.fill(
        library.folder,
        {"7.png": sample_files.png(), "8.png": sample_files.png("navy"), "7.txt": b"a heron"},
    )
    library.index()
    described = library.texts()
    sample_files.fill(library.folder, {"7.xmp": b"", "7.txt": b"a lighthouse"})
    library.index()
    assert library.documents()["7.png"].description == "a lighthouse"
    assert library.texts()["7.png"] != described["7.png"]
    ids = library.ids()
    for name in ("7.txt", "7.xmp"):
        (library.folder / name).unlink()
    library.index()
    assert library.ids() == ids
    assert library.documents()["7.png"].description is None
    anew = IndexedFolder(library.folder, library.home.with_name("anew"), library.models)
    anew.index()
    _assert_near(anew.texts(), library.texts())
    with closing(Index.open(library.home)) as index, index.reading() as connection:
        words = connection.execute(sa.text("SELECT words FROM words")).scalars().all()
    assert not any("heron" in str(row) or "lighthouse" in str(row) for row in words)


def test_names_of_macos_are_in_composed_form(library: IndexedFolder) -> None:
    name = unicodedata.normalize("NFD", "Grüße/Café हिन्दी.png")
    sample_files.fill(library.folder, {name: sample_files.png()})
    library.index()
    (found,) = library.documents().values()
    assert (found.name, found.tags) == ("Café हिन्दी", ("grüße", "café", "हिन्दी"))


def test_a_date_in_the_name_of_a_file_counts_more_than_that_of_the_file(
    library: IndexedFolder,
) -> None:
    sample_files.fill(library.folder, {"IMG_20190624_135733.png": sample_files.png()})
    library.index()
    (found,) = library.documents().values()
    assert found.createdAt == "2019-06-24T13:57:33.000Z"
    assert found.updatedAt > "2020"
