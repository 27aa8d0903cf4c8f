"""Ingest: folders become libraries, whatever is in them and whatever happens to them."""

from __future__ import annotations

import os
import shutil
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sqlalchemy as sa
from PIL import Image

from library import describing, kinds, naming
from library.homes import thumbnail_path
from library.index import Index
from library.ingest import EverythingGone, Indexer
from library.models import Models
from library.runs import Summary, alone
from library.walking import FolderMissing, Walk
from tests.library import samples

if TYPE_CHECKING:
    from library.documents import Document


class Lines:
    """A report that remembers."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.passed_over: dict[str, str] = {}
        self.done = 0
        self.total = 0

    def note(self, text: str) -> None:
        self.notes.append(text)

    def skipped(self, path: str, reason: str) -> None:
        self.passed_over[path] = reason

    def begin(self, total: int) -> None:
        self.total = total

    def advance(self, count: int) -> None:
        self.done += count


class Library:
    """A folder, its home, and what is in the index."""

    def __init__(self, folder: Path, home: Path, models: Models) -> None:
        self.folder, self.home, self.models = folder, home, models
        self.lines = Lines()

    def texts(self) -> dict[str, list[float]]:
        """Path -> the vector of its words."""
        with closing(Index.open(self.home)) as index, index.reading() as connection:
            rows = connection.execute(
                sa.text("SELECT path, vector FROM vectors_text JOIN sources USING (number)")
            )
            return {
                row[0].decode(): np.frombuffer(row[1], "<f2").astype(float).tolist() for row in rows
            }

    def index(self, *, prune: bool = False) -> Summary:
        self.lines = Lines()
        with closing(Index.open(self.home, create=True)) as index:
            indexer = Indexer(self.home, index, self.models, self.lines)
            return indexer.run([self.folder], prune=prune)

    def documents(self) -> dict[str, Document]:
        with closing(Index.open(self.home)) as index:
            ids = [asset_id for _, asset_id in index.sources().values()]
            return {found.source.path: found for found in index.documents(ids).values()}

    def ids(self) -> dict[str, str]:
        return {path: document.id for path, document in self.documents().items()}

    def thumbnails(self) -> set[str]:
        return {path.stem for path in (self.home / "thumbnails").glob("*/*")}


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return Models.load(tmp_path_factory.mktemp("models"), threads=1)


@pytest.fixture
def library(tmp_path: Path, models: Models) -> Library:
    (tmp_path / "art").mkdir()
    return Library(tmp_path / "art", tmp_path / "home", models)


def test_a_file_becomes_a_document_in_the_api_s_words(library: Library) -> None:
    samples.fill(library.folder, {"Topdown Tanks/tankBlue_barrel2.png": samples.png()})
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
        "size": len(samples.png()),
    }


def test_what_a_file_is_its_content_says(library: Library) -> None:
    samples.fill(
        library.folder,
        {
            "lies.jpg": samples.png(),
            "no extension": samples.encoded(samples.picture(), "WEBP"),
            "tone.png": samples.sound(),
            "film.bin": samples.video(),
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


def test_sound_and_video_tell_their_length_and_have_a_picture(library: Library) -> None:
    samples.fill(library.folder, {"a.wav": samples.sound(0.5), "b.mp4": samples.video(2, (64, 48))})
    library.index()
    found = library.documents()
    assert found["a.wav"].properties["duration"] == 0.5
    assert found["b.mp4"].properties["duration"] == 2.0
    assert (found["b.mp4"].width, found["b.mp4"].height) == (64, 48)
    assert found["b.mp4"].properties["frameRate"] == 10.0
    with Image.open(thumbnail_path(library.home, found["b.mp4"].id)) as poster:
        assert poster.convert("L").getextrema()[1] > 100, "the poster is not a black frame"
    with Image.open(thumbnail_path(library.home, found["a.wav"].id)) as waveform:
        assert (waveform.size, waveform.mode) == ((512, 256), "RGBA")


def test_thumbnails_are_small_upright_transparent_and_never_enlarged(library: Library) -> None:
    samples.fill(
        library.folder,
        {
            "large.png": samples.png(size=(1500, 750)),
            "small.png": samples.png(size=(16, 16)),
            "photo.jpg": samples.rotated_jpeg(),
        },
    )
    library.index()
    sizes = {}
    for path, document in library.documents().items():
        with Image.open(thumbnail_path(library.home, document.id)) as image:
            sizes[path] = (image.size, image.mode)
    assert sizes == {
        "large.png": ((512, 256), "RGBA"),
        "small.png": ((16, 16), "RGBA"),
        "photo.jpg": ((40, 60), "RGB"),
    }
    assert (library.documents()["photo.jpg"].width, library.documents()["photo.jpg"].height) == (
        40,
        60,
    )


def test_every_bad_file_has_one_clear_line_and_the_rest_goes_on(library: Library) -> None:
    outside = samples.fill(library.folder.parent / "secret", {"key.png": samples.png()})
    samples.fill(
        library.folder,
        {
            "good.png": samples.png(),
            "empty.png": b"",
            "cut.png": samples.png()[:80],
            "bomb.png": samples.bomb(),
            "cut.mp4": samples.video()[:40],
            "broken.wav": b"RIFF\x10\x00\x00\x00WAVEfmt ",
        },
    )
    (library.folder / "out.png").symlink_to(outside / "key.png")
    (library.folder / "out").symlink_to(outside)
    (library.folder / "loop").symlink_to(library.folder / "loop")
    (library.folder / "in.png").symlink_to(library.folder / "good.png")
    os.mkfifo(library.folder / "pipe.png")
    library.index()
    assert list(library.documents()) == ["good.png"]
    assert {path: reason.split(":")[0] for path, reason in library.lines.passed_over.items()} == {
        "empty.png": "is empty",
        "cut.png": "is broken",
        "bomb.png": "unpacks to more than 100 million pixels",
        "cut.mp4": "is broken",
        "broken.wav": "is broken",
        "out.png": "is a link that leads out of the folder",
        "out": "is a link that leads out of the folder",
        "loop": library.lines.passed_over["loop"].split(":")[0],
    }
    assert all("\n" not in reason for reason in library.lines.passed_over.values())


def test_names_of_every_kind_are_indexed(library: Library) -> None:
    names = ['it\'s "quoted".png', "🙂 emoji.png", "100%_done;--.png", "новый замок.png", " .png"]
    samples.fill(library.folder, {name: samples.png() for name in names})
    bad = os.fsencode(library.folder) + b"/caf\xe9.png"
    Path(os.fsdecode(bad)).write_bytes(samples.png())
    library.index()
    found = library.documents()
    assert set(found) == {*names, os.fsdecode(b"caf\xe9.png")}
    assert len({document.id for document in found.values()}) == len(names) + 1
    assert library.index().unchanged == len(names) + 1
    assert found["новый замок.png"].tags == ("новый", "замок")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_folder_loses_nothing_that_was_indexed(library: Library) -> None:
    samples.fill(library.folder, {"a/one.png": samples.png(), "two.png": samples.png("navy")})
    library.index()
    (library.folder / "a").chmod(0)
    try:
        assert library.index().removed == 0
    finally:
        (library.folder / "a").chmod(0o755)
    assert library.lines.passed_over["a"].startswith("folder cannot be read")
    assert set(library.documents()) == {"a/one.png", "two.png"}


def test_below_a_folder_that_was_not_read_nothing_is_known() -> None:
    found = Walk("/art", unread=["a", "b/c"])
    paths = ("a", "a/x.png", "ab/x.png", "b/x.png", "b/c/d/x.png")
    assert {path: found.knows(path) for path in paths} == {
        "a": False, "a/x.png": False, "ab/x.png": True, "b/x.png": True, "b/c/d/x.png": False,
    }  # fmt: skip
    assert not Walk("/art", unread=[""]).knows("x.png")


def test_what_a_killed_run_left_unfinished_is_cleared(library: Library) -> None:
    samples.fill(library.folder, {"a.png": samples.png()})
    samples.fill(library.home / "thumbnails" / "ab", {".half.part": b"half"})
    library.index()
    assert list(library.home.glob("thumbnails/*/.*")) == []


def test_a_stopped_run_is_gone_on_with_and_reads_no_file_twice(library: Library) -> None:
    class Stopped(Lines):
        def advance(self, count: int) -> None:
            super().advance(count)
            raise KeyboardInterrupt

    samples.fill(library.folder, {f"{n}.png": samples.png(size=(n + 9, 9)) for n in range(70)})
    with closing(Index.open(library.home, create=True)) as index:
        stopped = Stopped()
        with pytest.raises(KeyboardInterrupt):
            Indexer(library.home, index, library.models, stopped).run([library.folder])
    assert 0 < stopped.done < 70
    summary = library.index()
    assert (summary.unchanged, summary.added) == (stopped.done, 70 - stopped.done)
    assert library.lines.notes == []


def test_of_two_copies_only_one_is_the_file_that_moved(library: Library) -> None:
    samples.fill(library.folder, {"a.png": samples.png(), "keep.png": samples.png("navy")})
    library.index()
    before = library.ids()
    (library.folder / "a.png").unlink()
    samples.fill(library.folder, {"b.png": samples.png(), "c.png": samples.png()})
    assert str(library.index()) == "added 1, moved 1, 1 unchanged"
    after = library.ids()
    assert len(set(after.values())) == 3
    assert before["a.png"] in {after["b.png"], after["c.png"]}


def test_an_unchanged_folder_is_left_alone(library: Library) -> None:
    samples.fill(library.folder, {f"{n}.png": samples.png(size=(n + 9, 9)) for n in range(5)})
    library.index()
    before = library.ids()
    assert str(library.index()) == "5 unchanged"
    assert library.ids() == before
    assert library.lines.total == 0


def test_indexing_from_nothing_gives_the_same_ids_anywhere(
    library: Library, models: Models, tmp_path: Path
) -> None:
    samples.fill(library.folder, {"a/x.png": samples.png(), "b/x.png": samples.png()})
    library.index()
    shutil.copytree(library.folder, tmp_path / "elsewhere")
    again = Library(tmp_path / "elsewhere", tmp_path / "home2", models)
    again.index()
    assert again.ids() == library.ids()
    assert len(set(library.ids().values())) == 2, "a copy is an asset of its own"


def test_a_moved_file_keeps_its_id_and_its_vectors(library: Library) -> None:
    samples.fill(library.folder, {"a/castle.png": samples.png(), "b/tree.png": samples.png("navy")})
    library.index()
    before = library.ids()
    (library.folder / "a/castle.png").rename(library.folder / "b/ruin.png")
    assert str(library.index()) == "moved 1, 1 unchanged"
    after = library.documents()
    assert after["b/ruin.png"].id == before["a/castle.png"]
    assert (after["b/ruin.png"].name, after["b/ruin.png"].tags) == ("ruin", ("ruin",))
    assert set(after) == {"b/ruin.png", "b/tree.png"}
    assert library.thumbnails() == set(before.values())


def test_a_file_put_back_where_a_moved_one_was_gets_an_id_of_its_own(library: Library) -> None:
    samples.fill(library.folder, {"castle.png": samples.png()})
    library.index()
    (library.folder / "castle.png").rename(library.folder / "moved.png")
    library.index()
    samples.fill(library.folder, {"castle.png": samples.png()})
    library.index()
    found = library.ids()
    assert set(found) == {"castle.png", "moved.png"}
    assert found["castle.png"] != found["moved.png"]
    assert str(library.index()) == "2 unchanged"


def test_no_date_of_a_file_stops_the_others(library: Library) -> None:
    samples.fill(library.folder, {f"{n}.png": samples.png(size=(20, 20 + n)) for n in range(4)})
    for name, moment in (("1.png", 2**40), ("2.png", -(10**10)), ("3.png", 2**33)):
        os.utime(library.folder / name, (moment, moment))
    assert library.index().added == 4
    assert library.index().unchanged == 4


def test_what_no_table_can_hold_is_skipped_with_a_line(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples.fill(library.folder, {f"{n}.png": samples.png(size=(20, 20 + n)) for n in range(4)})
    size = describing._size

    def told(width: int | None, height: int | None) -> dict[str, object]:
        return {**size(width, height), **({"width": 2**70} if height == 21 else {})}

    monkeypatch.setattr(describing, "_size", told)
    assert library.index().added == 3
    assert "cannot be kept" in library.lines.passed_over["1.png"]
    assert len(library.thumbnails()) == 3
    monkeypatch.undo()
    assert str(library.index()) == "added 1, 3 unchanged"


def test_no_file_stops_the_others(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a reader of a format did not foresee costs that file alone."""

    def broken(path: Path, _kind: kinds.FileKind) -> None:
        raise ZeroDivisionError(path.name)

    monkeypatch.setitem(describing._READERS, "audio", broken)  # type: ignore[arg-type]
    samples.fill(library.folder, {"a.png": samples.png(), "b.wav": samples.sound()})
    assert library.index().skipped == 1
    assert library.lines.passed_over == {"b.wav": "is broken: ZeroDivisionError"}
    assert set(library.ids()) == {"a.png"}


def test_a_touched_file_stays_what_it_is(library: Library) -> None:
    samples.fill(library.folder, {"castle.png": samples.png()})
    library.index()
    before = library.ids()
    os.utime(library.folder / "castle.png", ns=(0, 1_600_000_000 * 10**9))
    vectors = library.texts()
    assert str(library.index()) == "1 unchanged"
    assert library.ids() == before
    assert library.documents()["castle.png"].updatedAt == "2020-09-13T12:26:40.000Z"
    assert library.texts() == vectors


def test_a_moved_file_is_embedded_by_its_new_name(library: Library, tmp_path: Path) -> None:
    """Its picture is not: the vectors are those of a library that never knew the old name."""
    files = {"castle.png": samples.png(), "7.png": samples.png("navy")}
    samples.fill(library.folder, files)
    library.index()
    before = library.texts()
    guesses = library.documents()["7.png"].guesses
    (library.folder / "castle.png").rename(library.folder / "volcano.png")
    (library.folder / "7.png").rename(library.folder / "8.png")
    assert str(library.index()) == "moved 2, 0 unchanged"
    after = library.texts()
    assert after["volcano.png"] != before["castle.png"]
    anew = Library(library.folder, tmp_path / "anew", library.models)
    anew.index()
    _assert_near(anew.texts(), after)
    assert library.documents()["8.png"].guesses == guesses


def test_a_moved_file_is_met_in_a_space_of_words_and_pictures(tmp_path: Path) -> None:
    """Where both share one space, what its picture shows stays in what a question meets."""
    models = Models.load(tmp_path, threads=1, choice=str(samples.colour_pair(tmp_path / "pair")))
    samples.fill(tmp_path / "art", {"red.png": samples.png("red"), "b.png": samples.png("blue")})
    library = Library(tmp_path / "art", tmp_path / "home", models)
    library.index()
    (library.folder / "red.png").rename(library.folder / "green.png")
    assert str(library.index()) == "moved 1, 1 unchanged"
    anew = Library(library.folder, tmp_path / "anew", models)
    anew.index()
    _assert_near(anew.texts(), library.texts())


def _assert_near(expected: dict[str, list[float]], actual: dict[str, list[float]]) -> None:
    """Half floats, and a batch of another make-up, leave the last digits open."""
    assert set(expected) == set(actual)
    for path, vector in expected.items():
        np.testing.assert_allclose(actual[path], vector, atol=0.02, err_msg=path)


def test_changed_and_deleted_files_take_their_thumbnails_along(library: Library) -> None:
    samples.fill(library.folder, {"a.png": samples.png(), "b.png": samples.png("navy")})
    library.index()
    before = library.ids()
    (library.folder / "b.png").unlink()
    samples.fill(library.folder, {"a.png": samples.png("green", (50, 50))})
    assert str(library.index()) == "changed 1, removed 1, 0 unchanged"
    after = library.ids()
    assert set(after) == {"a.png"}
    assert after["a.png"] != before["a.png"]
    assert library.thumbnails() == set(after.values())


def test_a_file_that_broke_keeps_its_place_until_it_is_deleted(library: Library) -> None:
    samples.fill(library.folder, {"a.png": samples.png(), "b.png": samples.png("navy")})
    library.index()
    samples.fill(library.folder, {"a.png": b"half a fil"})
    library.index()
    assert set(library.documents()) == {"a.png", "b.png"}
    (library.folder / "a.png").unlink()
    library.index()
    assert set(library.documents()) == {"b.png"}


def test_an_empty_folder_is_taken_for_an_unmounted_disk(library: Library) -> None:
    samples.fill(library.folder, {"a.png": samples.png()})
    library.index()
    (library.folder / "a.png").unlink()
    with pytest.raises(EverythingGone, match="nothing was changed"):
        library.index()
    assert set(library.documents()) == {"a.png"}
    assert library.index(prune=True).removed == 1
    shutil.rmtree(library.folder)
    with pytest.raises(FolderMissing, match="cannot be read"):
        library.index()


def test_other_models_embed_again_and_change_no_id(library: Library) -> None:
    samples.fill(library.folder, {"a.png": samples.png(), "b.png": samples.png("navy")})
    library.index()
    before = library.ids()
    with closing(Index.open(library.home)) as index:
        index.set_meta("models", "other models 0.1")
    summary = library.index()
    assert library.lines.notes == ["the models have changed: embedding everything again"]
    assert (summary.unchanged, library.lines.done, library.ids()) == (2, 2, before)
    assert str(library.index()) == "2 unchanged"


def test_one_collection_for_each_top_level_folder(library: Library) -> None:
    samples.fill(
        library.folder,
        {
            "a/deep/x.png": samples.png(),
            "a/y.png": samples.png("navy"),
            "z.png": samples.png("green"),
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
    samples.fill(tmp_path, {"a.png": samples.png()})
    library = Library(tmp_path, tmp_path / "data" / "home", models)
    library.index()
    library.index()
    assert set(library.documents()) == {"a.png"}


def test_folders_of_thumbnails_are_no_pictures(library: Library, tmp_path: Path) -> None:
    """A home may be the indexed folder itself, and another library's may lie below it."""
    samples.fill(library.folder, {"a.png": samples.png(), "sub/b.png": samples.png("navy")})
    for home in (library.folder, library.folder / "data" / "other", tmp_path / "third"):
        Library(library.folder, home, library.models)
        with alone(home, library.lines):
            found = Library(library.folder, home, library.models)
            found.index()
        assert sorted(found.documents()) == ["a.png", "sub/b.png"]
        assert found.index().unchanged == 2


def test_a_top_folder_whose_name_is_no_text_is_a_collection(library: Library) -> None:
    folder = Path(os.fsdecode(os.fsencode(library.folder) + b"/dir\xff"))
    samples.fill(library.folder, {"a.png": samples.png()})
    samples.fill(folder, {"b.png": samples.png("navy")})
    assert library.index().added == 2
    with closing(Index.open(library.home)) as index:
        assert [(found.name, found.items) for found in index.collections(limit=9)] == [
            ("dir\ufffd", 1)
        ]


def test_a_renamed_folder_leaves_no_empty_collection(library: Library) -> None:
    samples.fill(library.folder, {"old/a.png": samples.png(), "other/b.png": samples.png("navy")})
    library.index()
    (library.folder / "old").rename(library.folder / "new")
    library.index()
    with closing(Index.open(library.home)) as index:
        assert [(found.name, found.items) for found in index.collections(limit=9)] == [
            ("new", 1),
            ("other", 1),
        ]
        assert len(index.collections(limit=1)) == 1


def test_a_second_indexer_says_that_it_waits(library: Library) -> None:
    told, second = threading.Event(), Lines()
    second.note = lambda text: (second.notes.append(text), told.set())  # type: ignore[method-assign]
    order = []

    def wait() -> None:
        with alone(library.home, second):
            order.append("second")

    with alone(library.home, Lines()):
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
def test_tags_are_the_telling_words_of_names(path: str, expected: tuple[str, ...]) -> None:
    assert naming.tags(path) == expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1920, 1080), "16:9"), ((1366, 768), "16:9"), ((1080, 1920), "9:16"), ((512, 512), "1:1"),
     ((1, 700), "1:700"), ((1000, 700), "10:7")],
)  # fmt: skip
def test_aspect_ratios_are_the_common_ones_where_they_are_near(
    size: tuple[int, int], expected: str
) -> None:
    assert naming.aspect_ratio(*size) == expected


def test_nothing_that_a_head_says_is_an_error() -> None:
    for head in (b"", b"R", b"RIFF", b"\x00\x00\xff\xffftyp", b"FORM", b"\xff\xfb", b"P6"):
        kinds.recognise(head, "x.bmp")


def test_a_sidecar_that_cannot_be_read_is_named_beside_its_picture(library: Library) -> None:
    samples.fill(library.folder, {"photos/bee.png": samples.png(), "photos/bee.json": b"{"})
    assert str(library.index()) == "added 1, skipped 1, 0 unchanged"
    assert list(library.documents()) == ["photos/bee.png"]
    assert list(library.lines.passed_over) == ["photos/bee.json"]
    samples.fill(library.folder, {"photos/bee.json": b'{"title": "Queen Bee"}'})
    assert str(library.index()) == "changed 1, 0 unchanged"
    assert library.documents()["photos/bee.png"].name == "Queen Bee"


def test_what_an_older_version_took_and_this_one_refuses_is_forgotten(library: Library) -> None:
    samples.fill(library.folder, {"a.png": samples.png(), "broken.png": samples.png("navy")})
    library.index()
    content = (library.folder / "broken.png").read_bytes()
    status = (library.folder / "broken.png").stat()
    (library.folder / "broken.png").write_bytes(b"x" * len(content))
    os.utime(library.folder / "broken.png", ns=(status.st_atime_ns, status.st_mtime_ns))
    with closing(Index.open(library.home)) as index:
        index.set_meta("ingest", "of an older version")
    assert str(library.index()) == "changed 1, removed 1, skipped 1, 0 unchanged"
    assert list(library.documents()) == ["a.png"]
