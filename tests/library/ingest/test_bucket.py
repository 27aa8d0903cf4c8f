"""A library of objects in S3: what is read, again or not, and what happens while S3 is down."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from library.folders import Bucket, Folder
from library.ingest.indexer import Indexer
from library.ingest.sidecars.writer import write_pending
from library.ingest.trash import move
from library.ingest.walk import FolderMissing
from library.ingest.watch import Watcher
from library.store.decisions import edits
from library.store.index import Index
from tests.support import sample_files
from tests.support.indexing import RecordedProgress, thumbnail
from tests.support.s3 import S3Server

if TYPE_CHECKING:
    from pathlib import Path

    from library.embedding.models import Models
    from library.ingest.process.runs import Summary
    from library.schema.documents import Document


class InBucket:
    """A library of `s3://studio/art`."""

    def __init__(self, home: Path, models: Models) -> None:
        self.home, self.models = home, models
        self.lines = RecordedProgress()

    def index(self, *more: Folder, prune: bool = False) -> Summary:
        self.lines = RecordedProgress()
        with closing(Index.open(self.home, create=True)) as index:
            indexer = Indexer(self.home, index, self.models, self.lines)
            return indexer.run([Folder.parse("art=s3://studio/art/"), *more], prune=prune)

    def documents(self) -> dict[str, Document]:
        with closing(Index.open(self.home)) as index:
            ids = [asset_id for _, asset_id in index.sources().values()]
            return {found.source.path: found for found in index.documents(ids).values()}

    def problems(self, category: str) -> list[tuple[str, str]]:
        """Return the first name of each, and the reason."""
        with closing(Index.open(self.home)) as index, index.reading() as connection:
            found = index.problems(connection, [category], after=(0, 0), limit=50)
        return [(each.names[0], each.reason) for each in found]


@pytest.fixture
def library(s3: S3Server, tmp_path: Path, models: Models) -> InBucket:
    del s3  # its environment
    return InBucket(tmp_path / "home", models)


def test_objects_are_read_once_with_their_sidecars(s3: S3Server, library: InBucket) -> None:
    s3.put(
        {
            "art/ships/brig.png": sample_files.png("navy"),
            "art/ships/brig.png.txt": b"a brig at sea",
            "art/oak.png": sample_files.png("teal"),
            "art/ships/": b"",
            "art/setup.exe": b"MZ",
            "art/drafts/no.png": sample_files.png("red"),
            "art/.akinignore": b"drafts/",
            "art/.hidden/x.png": sample_files.png("red"),
            "art/lies.png": b"PK\x03\x04 and more",
            "elsewhere/x.png": sample_files.png("red"),
        }
    )
    s3.requests()
    assert library.index().added == 2
    documents = library.documents()
    assert set(documents) == {"ships/brig.png", "oak.png"}
    assert documents["ships/brig.png"].description == "a brig at sea"
    assert documents["oak.png"].width == 96
    assert documents["oak.png"].source.root == "s3://studio/art"
    assert thumbnail(library.home, documents["oak.png"].id)
    asked = {line.rpartition("/")[2] for line in s3.requests() if "list-type" not in line}
    assert asked == {"brig.png", "brig.png.txt", "oak.png", "lies.png", ".akinignore"}
    assert library.problems("other")[0][0] == "setup.exe"
    assert {name for name, _ in library.problems("ignored")} == {"drafts", ".hidden", ".akinignore"}
    assert library.problems("skipped") == [("lies.png", "is no PNG: its content is something else")]

    assert library.index().unchanged == 2
    asked = {line.rpartition("/")[2] for line in s3.requests() if "list-type" not in line}
    assert asked == {"lies.png", ".akinignore"}

    s3.put({"art/ships/brig.png.txt": b"a brig in port"})
    assert library.index().unchanged == 1
    after = library.documents()
    assert after["ships/brig.png"].description == "a brig in port"
    assert after["ships/brig.png"].id == documents["ships/brig.png"].id

    s3.delete("art/oak.png")
    assert library.index().removed == 1


def test_a_moved_object_keeps_its_id_also_to_a_folder(
    s3: S3Server, library: InBucket, tmp_path: Path
) -> None:
    s3.put({"art/a.png": sample_files.png("navy"), "art/b.png": sample_files.png("teal")})
    folder = Folder(sample_files.fill(tmp_path / "local", {"c.png": sample_files.png("red")}))
    library.index(folder)
    before = {path: each.id for path, each in library.documents().items()}
    s3.put({"art/moved/a.png": sample_files.png("navy")})
    s3.delete("art/a.png")
    s3.delete("art/b.png")
    sample_files.fill(tmp_path / "local", {"b.png": sample_files.png("teal")})
    library.index(folder)
    after = {path: each.id for path, each in library.documents().items()}
    assert after == {"moved/a.png": before["a.png"], "b.png": before["b.png"],
                     "c.png": before["c.png"]}  # fmt: skip


def test_a_prefix_within_another_one_is_read_once(s3: S3Server, library: InBucket) -> None:
    s3.put({"art/a.png": sample_files.png("navy"), "art/sub/b.png": sample_files.png("teal")})
    assert library.index(Folder.parse("s3://studio/art/sub")).added == 2
    roots = {each.source.root for each in library.documents().values()}
    assert roots == {"s3://studio/art", "s3://studio/art/sub"}


def test_assets_stay_while_s3_cannot_be_listed(
    s3: S3Server, library: InBucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.put({"art/a.png": sample_files.png("navy")})
    local = Folder(sample_files.fill(tmp_path / "local", {"c.png": sample_files.png("red")}))
    library.index(local)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    sample_files.fill(tmp_path / "local", {"d.png": sample_files.png("teal")})
    summary = library.index(local)
    assert (summary.added, summary.missing, summary.removed) == (1, 1, 0)
    notes = " ".join(library.lines.notes)
    assert "cannot be listed: the store does not respond" in notes
    assert library.problems("missing") == [("a.png", "its bucket in S3 could not be listed")]
    ((_, reason),) = library.problems("skipped")
    assert reason.startswith("s3://studio/art cannot be listed: the store does not respond at")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.url)
    assert library.index(local).unchanged == 3
    assert library.problems("missing") == library.problems("skipped") == []


def test_a_first_run_without_keys_says_why(
    library: InBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(FolderMissing, match="s3://studio/art cannot be listed: there are no cred"):
        library.index()


def test_a_run_during_which_s3_ends_reads_the_rest_later(
    tmp_path: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"{number}.png" for number in range(6)]
    local = Folder(sample_files.fill(tmp_path / "local", {"c.png": sample_files.png("red")}))
    library = InBucket(tmp_path / "home", models)
    with S3Server() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        server.empty()
        server.put({f"art/{n}": sample_files.png(size=(20, 20 + i)) for i, n in enumerate(names)})

        class Ending(RecordedProgress):
            """Ends the server between listing and reading."""

            def begin(self, total: int) -> None:
                super().begin(total)
                server.stop()

        with closing(Index.open(library.home, create=True)) as index:
            progress = Ending()
            run = Indexer(library.home, index, models, progress).run(
                [Folder(Bucket("s3://studio/art")), local]
            )
        assert (run.added, run.skipped) == (1, 6)
        assert 1 <= len(progress.passed_over) <= (os.cpu_count() or 1)  # not a line for each
        reasons = {reason for _, reason in library.problems("skipped")}
        assert all("the store does not respond" in reason for reason in reasons)
        server.start()
        server.empty()
        server.put({f"art/{n}": sample_files.png(size=(20, 20 + i)) for i, n in enumerate(names)})
        assert library.index(local).added == 6


def test_nothing_is_written_to_s3(
    s3: S3Server, library: InBucket, caplog: pytest.LogCaptureFixture
) -> None:
    s3.put({"art/a.png": sample_files.png("navy")})
    library.index()
    document = library.documents()["a.png"]
    s3.requests()
    sent: list[str] = []
    with closing(Index.open(library.home)) as index:
        edits.edit_tags(index, document.id, ["Ship"], [], strict=False, by="Ann")
        write_pending(index)
        assert move(index, [document.id], sent.append) == {
            document.id: "The file is in S3, which has no trash. Delete the object there"
        }
    assert "Akin does not write to S3" in caplog.text
    assert (sent, s3.requests()) == ([], [])


def test_s3_is_looked_through_from_time_to_time(tmp_path: Path) -> None:
    progress: Any = RecordedProgress()
    (tmp_path / "art").mkdir()
    watcher = Watcher([tmp_path / "art", Bucket("s3://studio/art")], tmp_path / "home", progress)
    assert next(watcher.changes()) is None
    assert any("s3://studio/art" in line and "looked for" in line for line in progress.notes)
    shutil.rmtree(tmp_path / "art")
