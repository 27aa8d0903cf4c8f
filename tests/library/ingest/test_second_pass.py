"""The second pass: its queue, its results, and what becomes of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock
from PIL import Image

import extras
from library.embedding.models import Models
from library.home import SECOND_LOCK
from library.ingest.process.beside import Beside
from library.ingest.second_pass import PARTS, Part, SecondPass, installed, parts_of
from library.store.index import Index
from tests.support.indexing import IndexedFolder, RecordedProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


NSFW, TEXT = PARTS
RED, GREEN, BLUE, WHITE = "red", "green", "blue", "white"
NAMES = {(255, 0, 0): RED, (0, 128, 0): GREEN, (0, 0, 255): BLUE, (255, 255, 255): WHITE}


class Folder(IndexedFolder):
    """A folder of pictures of one colour, with networks that name the colour."""

    def __init__(self, place: Path, models: Models) -> None:
        (place / "art").mkdir()
        super().__init__(place / "art", place / "home", models)
        self.seen: list[str] = []

    def draw(self, name: str, colour: str, size: tuple[int, int] = (1600, 40)) -> None:
        Image.new("RGB", size, colour).save(self.folder / name)

    def state(self, name: str, **fields: Any) -> None:
        (self.folder / name).write_text(json.dumps(fields))

    def part(self, part: Part, found: Callable[[str], dict[str, Any]], version: str = "1") -> Part:
        """Return a part whose network sees the colour, of pictures near to it as well."""

        def recognise(picture: Image.Image) -> dict[str, Any]:
            at = picture.convert("RGB").resize((1, 1)).getpixel((0, 0))
            assert isinstance(at, tuple)
            nearest = min(NAMES, key=lambda each: sum(abs(a - b) for a, b in zip(each, at)))  # noqa: B905
            self.seen.append(NAMES[nearest])
            return found(NAMES[nearest])

        return replace(part, version=version, load=lambda: recognise)

    def second(self, *parts: Part, is_wanted: Callable[[], bool] = lambda: True) -> int:
        self.seen = []
        self.lines = RecordedProgress()
        with closing(Index.open(self.home)) as index:
            return SecondPass(self.home, index, parts, self.lines).run(is_wanted)

    def values(self, name: str) -> dict[str, Any]:
        return {path: getattr(found, name) for path, found in self.documents().items()}

    def progress(self) -> dict[str, tuple[int, int]]:
        from library.store import findings

        with closing(Index.open(self.home)) as index, index.reading() as connection:
            return {p.name: (p.done, p.total) for p in findings.progress(connection)}


@pytest.fixture
def library(tmp_path: Path, models: Models) -> Folder:
    folder = Folder(tmp_path, models)
    folder.draw("a.png", RED)
    folder.draw("b.png", GREEN)
    folder.draw("c.png", BLUE)
    folder.index()
    return folder


def written(colour: str) -> dict[str, Any]:
    return {"text": f"a sign says {colour}"}


def red_is_sensitive(colour: str) -> dict[str, Any]:
    return {"nsfw": ["sensitive"]} if colour == RED else {}


def test_what_is_recognised_is_marked(library: Folder) -> None:
    both = library.part(NSFW, red_is_sensitive), library.part(TEXT, written)
    assert library.second(*both) == 6
    assert library.values("text") == {f"{n}.png": f"a sign says {c}" for n, c in
                                      (("a", RED), ("b", GREEN), ("c", BLUE))}  # fmt: skip
    assert library.values("nsfw") == {"a.png": ("sensitive",), "b.png": (), "c.png": ()}
    assert library.values("automatic") == {"a.png": ("nsfw", "text"), "b.png": ("text",),
                                           "c.png": ("text",)}  # fmt: skip
    assert library.progress() == {"nsfw": (3, 3), "text": (3, 3)}
    assert (library.lines.total, library.lines.done) == (6, 6)


def test_nothing_is_looked_at_twice(library: Folder) -> None:
    part = library.part(TEXT, written)
    library.second(part)
    assert library.second(part) == 0
    assert library.seen == []


def test_text_is_read_from_a_larger_picture_than_the_thumbnail(library: Folder) -> None:
    sizes = []

    def measure(picture: Image.Image) -> dict[str, Any]:
        sizes.append(max(picture.size))
        return {}

    library.second(replace(TEXT, load=lambda: measure), replace(NSFW, load=lambda: measure))
    assert sorted(set(sizes)) == [512, 1280]


def test_a_stopped_pass_continues(library: Folder) -> None:
    part = library.part(TEXT, written)
    library.second(part, is_wanted=lambda: len(library.seen) < 2)
    assert library.progress() == {"text": (2, 3)}
    first = library.seen
    library.second(part)
    assert sorted(first + library.seen) == [BLUE, GREEN, RED]


def test_an_interrupted_pass_keeps_its_results(library: Folder) -> None:
    def interrupted(colour: str) -> dict[str, Any]:
        if colour == GREEN:
            raise KeyboardInterrupt
        return written(colour)

    with pytest.raises(KeyboardInterrupt):
        library.second(library.part(TEXT, interrupted))
    assert library.progress() == {"text": (1, 3)}
    assert library.second(library.part(TEXT, written)) == 2


KILLED = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from library.ingest import second_pass
from library.store.index import Index
from tests.support.indexing import RecordedProgress

second_pass._SECONDS = -1.0

def recognise(picture):
    red, green, _ = picture.convert("RGB").getpixel((0, 0))
    if red > 200 and green < 50:  # of the oldest asset, the last one
        os.kill(os.getpid(), signal.SIGKILL)
    return {"text": "here"}

home = Path(sys.argv[1])
part = replace(second_pass.PARTS[1], version="1", load=lambda: recognise)
second_pass.SecondPass(home, Index.open(home), [part], RecordedProgress()).run()
"""


def killed(library: Folder) -> int:
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", KILLED, str(library.home)]
    return subprocess.run(command, cwd=root, check=False).returncode


def test_a_killed_pass_continues(library: Folder) -> None:
    assert killed(library) == -signal.SIGKILL
    assert sum(text == "here" for text in library.values("text").values()) == 2
    assert library.second(library.part(TEXT, written)) == 1
    assert library.values("text")["a.png"] == "a sign says red"


def test_a_picture_that_ends_the_process_is_left_out_at_the_third_attempt(library: Folder) -> None:
    """Such as one that crashes a network; others are looked at."""
    assert [killed(library) for _ in range(3)] == [-signal.SIGKILL, -signal.SIGKILL, 0]
    assert library.progress() == {"text": (3, 3)}
    assert library.values("text") == {"a.png": None, "b.png": "here", "c.png": "here"}


def test_another_version_looks_again(library: Folder) -> None:
    library.second(library.part(TEXT, written))
    newer = library.part(
        TEXT, lambda colour: {"text": f"new {colour}"} if colour != RED else {}, "2"
    )
    assert library.second(newer) == 3
    assert library.values("text") == {"a.png": None, "b.png": "new green", "c.png": "new blue"}
    assert library.values("automatic")["a.png"] == ()


def test_results_of_a_part_that_is_turned_off_are_removed_and_kept(library: Folder) -> None:
    part = library.part(TEXT, written)
    library.second(part)
    assert library.second() == 0
    assert set(library.values("text").values()) == {None}
    assert set(library.values("automatic").values()) == {()}
    assert library.progress() == {}
    assert library.second(part) == 0  # known still
    assert None not in library.values("text").values()


def test_what_is_stated_is_not_replaced(library: Folder) -> None:
    library.state("a.png.json", nsfw=["nudity"], text="by hand")
    library.state("b.png.json", nsfw=[])
    library.index()
    every = library.part(NSFW, lambda _: {"nsfw": ["sensitive"]}), library.part(TEXT, written)
    library.second(*every)
    assert library.values("nsfw") == {"a.png": ("nudity",), "b.png": (), "c.png": ("sensitive",)}
    assert library.values("text")["a.png"] == "by hand"
    assert library.values("automatic") == {"a.png": (), "b.png": ("text",),
                                           "c.png": ("nsfw", "text")}  # fmt: skip


def test_a_statement_that_is_added_or_deleted_later_counts(library: Folder) -> None:
    part = library.part(NSFW, red_is_sensitive)
    library.second(part)
    library.state("a.png.json", nsfw=[])
    library.index()
    assert library.values("nsfw")["a.png"] == ()
    (library.folder / "a.png.json").unlink()
    library.index()
    assert library.values("nsfw")["a.png"] == ("sensitive",)
    assert library.second(part) == 0


def test_results_follow_the_content(library: Folder) -> None:
    part = library.part(TEXT, written)
    library.second(part)
    (library.folder / "a.png").rename(library.folder / "moved.png")
    (library.folder / "copy.png").write_bytes((library.folder / "b.png").read_bytes())
    library.draw("c.png", WHITE)  # edited: what was read in the former picture is gone
    library.index()
    assert library.values("text") == {"moved.png": "a sign says red", "b.png": "a sign says green",
                                      "copy.png": "a sign says green", "c.png": None}  # fmt: skip
    assert library.second(part) == 1
    assert library.values("text")["c.png"] == "a sign says white"


def test_results_survive_that_all_files_are_read_again(library: Folder) -> None:
    part = library.part(TEXT, written)
    library.second(part)
    with closing(Index.open(library.home)) as index:
        index.set_meta("ingest", "of another version")
    library.index()
    assert library.values("text")["a.png"] == "a sign says red"
    assert library.second(part) == 0


def test_results_of_deleted_files_are_deleted(library: Folder) -> None:
    part = library.part(TEXT, written)
    library.second(part)
    (library.folder / "a.png").unlink()
    library.index()
    library.second(part)
    with closing(Index.open(library.home)) as index, index.reading() as connection:
        rows = connection.exec_driver_sql("SELECT found FROM findings").scalars().all()
    assert sorted(json.loads(row)["text"] for row in rows) == ["a sign says blue",
                                                               "a sign says green"]  # fmt: skip


def test_a_changed_or_missing_file_waits_for_the_indexer(library: Folder) -> None:
    (library.folder / "a.png").unlink()
    library.draw("b.png", WHITE)
    assert library.second(library.part(TEXT, written)) == 1
    assert library.seen == [BLUE]
    assert set(library.values("text").values()) == {None, "a sign says blue"}


def test_a_network_that_fails_costs_one_picture(library: Folder) -> None:
    def failing(colour: str) -> dict[str, Any]:
        if colour == GREEN:
            raise ValueError("shape")
        return written(colour)

    assert library.second(library.part(TEXT, failing)) == 3
    assert library.values("text")["b.png"] is None
    assert library.values("text")["c.png"] == "a sign says blue"
    assert any("shape" in line for line in library.lines.notes)


def test_damaged_files_and_other_kinds_are_left_out(library: Folder) -> None:
    (library.folder / "bad.png").write_bytes((library.folder / "a.png").read_bytes()[:60])
    (library.folder / "note.txt").write_text("words")
    library.index()
    library.second(library.part(TEXT, written), library.part(NSFW, red_is_sensitive))
    assert library.progress() == {"nsfw": (3, 3), "text": (3, 3)}


def test_what_is_indexed_meanwhile_is_looked_at_as_well(library: Folder) -> None:
    def busy(colour: str) -> dict[str, Any]:
        if colour == RED and not (library.folder / "new.png").exists():
            library.draw("new.png", WHITE)
            library.index()
        return written(colour)

    assert library.second(library.part(TEXT, busy)) == 4


def test_one_pass_at_a_time(library: Folder) -> None:
    with FileLock(library.home / SECOND_LOCK):
        assert library.second(library.part(TEXT, written)) == 0
    assert "running already" in library.lines.notes[0]


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, []),
        ({"AKIN_TEXT_IN_IMAGES": "off", "AKIN_SENSITIVE_IMAGES": "off"}, []),
        ({"AKIN_TEXT_IN_IMAGES": "on"}, ["text"]),
        ({"AKIN_SENSITIVE_IMAGES": "on", "AKIN_TEXT_IN_IMAGES": "on"}, ["nsfw", "text"]),
    ],
)
def test_settings_turn_parts_on(settings: Mapping[str, str], names: list[str]) -> None:
    assert [part.name for part in parts_of(settings)] == names
    assert {e.lock for e in extras.of_settings(settings)} == {
        part.extra.lock for part in PARTS if part.name in names
    }


def test_a_part_without_its_packages_says_how_to_install_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in TEXT.extra.modules:
        monkeypatch.setitem(sys.modules, module, None)
    lines = RecordedProgress()
    assert TEXT not in installed([TEXT], None, lines)
    assert lines.notes == [
        "AKIN_TEXT_IN_IMAGES has no effect: packages for text in images are not installed. "
        "Install them, then index again: python3 -m scripts.install requirements/ocr.lock"
    ]


def test_nothing_is_started_while_nothing_is_on(
    library: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []

    def start(command: list[str], **_: Any) -> None:
        started.append(command)

    monkeypatch.setattr(subprocess, "Popen", start)
    Beside(library.home).start()
    assert started == []
    monkeypatch.setenv("AKIN_TEXT_IN_IMAGES", "on")
    Beside(library.home, is_on=False).start()
    assert started == []
    Beside(library.home).start()
    assert len(started) == 1


@pytest.mark.skipif(not hasattr(os, "nice"), reason="priorities are those of POSIX")
def test_the_command_removes_what_was_turned_off(library: Folder) -> None:
    """By `index`, in a process of its own."""
    library.second(library.part(TEXT, written))
    root = Path(__file__).parents[3]
    environment = {name: value for name, value in os.environ.items() if "AKIN" not in name}
    command = [sys.executable, "-m", "library", "index"]
    place = [str(library.folder), "--home", str(library.home), "--quiet"]

    def index(*options: str) -> str:
        done = subprocess.run(
            [*command, *place, *options], cwd=root, env=environment, check=True,
            capture_output=True, text=True,
        )  # fmt: skip
        return done.stderr

    assert "second pass" not in index("--no-second-pass")
    assert library.values("text")["a.png"] == "a sign says red"
    assert "second pass: looked at 0 pictures" in index()
    assert library.values("text")["a.png"] is None
    assert "second pass" not in index()
