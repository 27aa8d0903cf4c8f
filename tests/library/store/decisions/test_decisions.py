"""Decisions survive whatever happens to the index, to processes and to the disk."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from library.__main__ import main
from library.errors import BadRequest, IndexBroken, NotFound, SchemaTooNew
from library.schema.documents import Collection
from library.store.decisions import edits
from library.store.decisions.follow import follow
from library.store.decisions.stored import Decisions
from library.store.decisions.transfer import CannotImport, export_lines, import_lines
from library.store.index import Index
from library.store.opening import open_decisions
from tests.support import sample_documents
from tests.support.processes import MAX_SECONDS
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from library.schema.documents import Document

pytestmark = pytest.mark.usefixtures("store")

FOLDER = Collection(id="collection_0123456789abcdef", name="Folder")
DOCUMENTS = [
    sample_documents.document("castle", tags=("Stone", "old"), collectionIds=(FOLDER.id,)),
    sample_documents.document("ship", nsfw=("suspected",), metadata={"rating": "-1"}),
    sample_documents.document("tower", collectionIds=(FOLDER.id,)),
]
CASTLE, SHIP, TOWER = (document.id for document in DOCUMENTS)
KILLS = int(os.environ.get("KILLS", "3"))


def _index(home: Path, documents: list[Document] | None = None) -> Index:
    items = [(each, sample_documents.COLOURS["red"]) for each in documents or DOCUMENTS]
    index = sample_documents.library(home, items, [FOLDER])
    follow(index)
    return index


def _shown(index: Index) -> dict[str, dict[str, Any]]:
    with index.reading() as connection:
        numbers = index.numbers(connection, [CASTLE, SHIP, TOWER])
        values = index.values(connection, numbers.values())
    names = ("name", "tags", "collectionIds", "description", "nsfw", "rating", "label")
    return {each["id"]: {name: each[name] for name in names} for each in values.values()}


def _exported(home: Path) -> list[bytes]:
    with open_decisions(home, create=False) as decisions:
        return list(export_lines(decisions))


def _decide(index: Index) -> str:
    """Decide something of each kind; return the id of a new collection."""
    edits.edit_tags(index, CASTLE, ["new, with comma"], ["stone"], strict=False, by="Ann")
    values = {"name": "Keep", "description": "d", "rating": 4, "label": "pick", "nsfw": ["x"]}
    edits.edit_values(index, SHIP, values, by="Ben")
    made = edits.create_collection(index, "Best", by="Ann")
    follow(index)
    edits.edit_members(index, made, [CASTLE, SHIP], add=True, by="Ann")
    edits.edit_members(index, FOLDER.id, [TOWER], add=False, by="Ann")
    follow(index)
    return made


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(
            st.just("tags"),
            st.sampled_from([CASTLE, SHIP, TOWER]),
            st.lists(
                st.sampled_from(["stone", "OLD", "a,b", "🐉", "x" * 500]) | st.text(max_size=5)
            ),
            st.lists(st.sampled_from(["Stone", "old", "A,B", "none"])),
        ),
        st.tuples(
            st.just("values"),
            st.sampled_from([CASTLE, SHIP, TOWER]),
            st.fixed_dictionaries(
                {},
                optional={
                    "name": st.sampled_from(["Keep", None]),
                    "description": st.sampled_from(["", "d", None]),
                    "rating": st.sampled_from([0, 3, None]),
                    "label": st.sampled_from(["", "pick", "reject", None]),
                    "nsfw": st.sampled_from([[], ["gore"], None]),
                },
            ),
        ),
        st.tuples(
            st.just("members"),
            st.booleans(),
            st.sampled_from(["made", "folder"]),
            st.lists(st.sampled_from([CASTLE, SHIP, TOWER]), unique=True),
        ),
        st.tuples(st.just("delete"), st.sampled_from(["made", "folder"])),
        st.tuples(st.just("rename"), st.sampled_from(["made", "folder"]), st.text(max_size=5)),
    ),
    max_size=12,
)


def _perform(index: Index, made: str, operation: tuple[Any, ...]) -> None:
    what, *rest = operation
    ids = {"made": made, "folder": FOLDER.id}
    if what == "tags":
        edits.edit_tags(index, *rest, strict=False, by="Ann")
    elif what == "values":
        edits.edit_values(index, *rest, by="Ann")
    elif what == "members":
        edits.edit_members(index, ids[rest[1]], rest[2], add=rest[0], by="Ann")
    elif what == "delete":
        edits.edit_collection(index, ids[rest[0]], {"deleted": True}, by="Ann")
    else:
        edits.edit_collection(index, ids[rest[0]], {"name": rest[1]}, by="Ann")


@settings(max_examples=20)
@given(operations=OPERATIONS)
def test_indexing_again_keeps_every_decision(operations: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        index = _index(home)
        made = edits.create_collection(index, "Best", by="Ann")
        follow(index)
        for operation in operations:
            try:
                _perform(index, made, operation)
            except (BadRequest, NotFound):
                continue
            follow(index)
        shown, listed = _shown(index), _names(index)
        # Indexed again in place, then removed and found again, then into a new index.
        for step in ("in place", "removed", "index deleted"):
            if step == "removed":
                index.remove([CASTLE, SHIP, TOWER])
            if step == "index deleted":
                index.close()
                for file in home.glob("library.sqlite*"):
                    file.unlink()
            with closing(_index(home)) as again:
                assert (_shown(again), _names(again)) == (shown, listed), step
                before = _generation(again)
                follow(again)
                assert _generation(again) == before
        index.close()


def _names(index: Index) -> dict[str, int]:
    return {each.name: each.items for each in index.collections(limit=100)}


def _generation(index: Index) -> int:
    with index.reading() as connection:
        return index.generation(connection)


def test_a_file_that_changes_keeps_decisions_and_shows_what_is_new(tmp_path: Path) -> None:
    with closing(_index(tmp_path)) as index:
        _decide(index)
    changed = [replace(DOCUMENTS[0], tags=("Stone", "found later"), name="c2"), *DOCUMENTS[1:]]
    with closing(_index(tmp_path, changed)) as index:
        assert _shown(index)[CASTLE]["tags"] == ["found later", "new, with comma"]
        assert _shown(index)[CASTLE]["name"] == "c2"
        assert _shown(index)[SHIP]["name"] == "Keep"


def test_a_moved_file_keeps_decisions_and_vectors(tmp_path: Path) -> None:
    with closing(_index(tmp_path)) as index:
        _decide(index)
        before, vector = _shown(index), index.subject(SHIP)
        moved = replace(DOCUMENTS[1], source=replace(DOCUMENTS[1].source, path="b/moved.png"))
        index.move(SHIP, moved)
        assert _shown(index) == before
        assert index.subject(SHIP) is not None
        assert (index.subject(SHIP) == vector).all()  # type: ignore[union-attr]


def test_what_is_read_for_indexing_is_what_the_file_states(tmp_path: Path) -> None:
    """So a program that changes a document and writes it again never writes decisions into it."""
    with closing(_index(tmp_path)) as index:
        _decide(index)
        assert index.documents([CASTLE, SHIP, TOWER]) == {each.id: each for each in DOCUMENTS}
        assert index.document(CASTLE) == DOCUMENTS[0]


def test_ratings_of_files_are_fields_and_a_rejected_picture_is_labelled(tmp_path: Path) -> None:
    stated = [replace(DOCUMENTS[0], metadata={"rating": 3, "label": "Green"}), DOCUMENTS[1]]
    with closing(_index(tmp_path, stated)) as index:
        shown = _shown(index)
        assert (shown[CASTLE]["rating"], shown[CASTLE]["label"]) == (3, "Green")
        assert (shown[SHIP]["rating"], shown[SHIP]["label"]) == (None, "reject")


def test_what_is_marked_by_hand_wins_over_the_second_pass(tmp_path: Path) -> None:
    """Whichever comes first; without a decision, what was found is shown."""
    found = {"0" * 64: {"nsfw": ["found"], "text": "a sign"}}
    with closing(_index(tmp_path)) as index:
        index.set_parts({"both": "1"})
        edits.edit_values(index, CASTLE, {"nsfw": []}, by="Ann")
        edits.edit_tags(index, CASTLE, ["by hand"], ["old"], strict=True, by="Ann")
        follow(index)
        index.add_findings("both", "1", found)
        edits.edit_values(index, TOWER, {"nsfw": ["gore"]}, by="Ann")
        follow(index)
        shown = _shown(index)
        assert [shown[each]["nsfw"] for each in (CASTLE, SHIP, TOWER)] == [
            [],
            ["suspected"],
            ["gore"],
        ]
        assert shown[CASTLE]["tags"] == ["Stone", "by hand"]
        with index.reading() as connection:
            number = index.numbers(connection, [CASTLE])[CASTLE]
            values = index.values(connection, [number])[number]
        assert (values["automatic"], values["text"]) == (["text"], "a sign")
        edits.edit_values(index, CASTLE, {"nsfw": None}, by="Ann")
        follow(index)
        assert _shown(index)[CASTLE]["nsfw"] == ["found"]
        index.set_parts({})
        shown = _shown(index)
        assert (shown[CASTLE]["nsfw"], shown[TOWER]["nsfw"]) == ([], ["gore"])
        assert shown[CASTLE]["tags"] == ["Stone", "by hand"]


WRITER = """
import sys
from pathlib import Path
from library.store.decisions import edits
from library.store.decisions.follow import follow
from library.store.index import Index
index = Index.open(Path(sys.argv[1]))
for number in range(int(sys.argv[3]), 10_000):
    edits.edit_tags(index, sys.argv[2], [f"a{number}", f"b{number}"], [], strict=True, by="Ann")
    follow(index)
    print(number, flush=True)
"""


def _has_written(process: subprocess.Popen[bytes], output: Path, lines: int) -> bool:
    return process.poll() is not None or len(output.read_text().split()) >= lines


@pytest.mark.sqlite
def test_a_writer_killed_at_any_moment_loses_nothing_and_leaves_nothing_half(
    tmp_path: Path,
) -> None:
    _index(tmp_path).close()
    chance, begin = random.Random(5), 0
    for _ in range(KILLS):
        arguments = [sys.executable, "-c", WRITER, str(tmp_path), CASTLE, str(begin)]
        output = tmp_path / "output"
        with output.open("w") as file:
            process = subprocess.Popen(arguments, stdout=file)
        enough = chance.randrange(1, 25)
        eventually(partial(_has_written, process, output, enough), MAX_SECONDS)
        process.send_signal(signal.SIGKILL)
        process.wait()
        acknowledged = [int(number) for number in output.read_text().split("\n")[:-1]]
        assert len(acknowledged) >= enough
        with closing(Index.open(tmp_path)) as index:
            follow(index)
            tags = set(_shown(index)[CASTLE]["tags"]) - {"Stone", "old"}
        numbers = {int(tag[1:]) for tag in tags}
        assert tags == {f"{letter}{number}" for number in numbers for letter in "ab"}
        assert numbers >= {*range(acknowledged[-1] + 1)}
        begin = max(numbers) + 1
    for name in ("library.sqlite", "decisions.sqlite"):
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_writer_killed_between_both_files_is_repaired_by_the_next(tmp_path: Path) -> None:
    _index(tmp_path).close()
    code = WRITER.replace("    follow(index)\n", "    import os; os.kill(os.getpid(), 9)\n")
    subprocess.run([sys.executable, "-c", code, str(tmp_path), CASTLE, "0"], check=False)
    with closing(Index.open(tmp_path)) as index:
        assert "a0" not in _shown(index)[CASTLE]["tags"]
        follow(index)
        assert _shown(index)[CASTLE]["tags"] == ["Stone", "old", "a0", "b0"]


@pytest.mark.sqlite
def test_a_restored_or_lost_file_is_followed(tmp_path: Path) -> None:
    with closing(_index(tmp_path)) as index:
        before = _shown(index)
        _decide(index)
        file = tmp_path / "decisions.sqlite"
        backup, decided = file.read_bytes(), _shown(index)
        edits.edit_tags(index, TOWER, ["later"], [], strict=False, by="Ann")
        follow(index)
        file.write_bytes(backup)
        follow(index)
        assert _shown(index) == decided
        file.unlink()
        follow(index)
        assert _shown(index) == before
        assert "Best" not in _names(index)


@pytest.mark.sqlite
def test_an_older_version_refuses_a_newer_store(tmp_path: Path) -> None:
    with closing(_index(tmp_path)) as index:
        _decide(index)
    with closing(sqlite3.connect(tmp_path / "decisions.sqlite")) as connection:
        connection.execute("PRAGMA user_version = 99")
    content = (tmp_path / "decisions.sqlite").read_bytes()
    for create in (False, True):
        with pytest.raises(SchemaTooNew, match="newer version of Akin"):
            Index.open(tmp_path, create=create)
    assert (tmp_path / "decisions.sqlite").read_bytes() == content


@pytest.mark.sqlite
def test_a_damaged_store_is_named_and_not_changed(tmp_path: Path) -> None:
    _index(tmp_path).close()
    (tmp_path / "decisions.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(IndexBroken, match=r"decisions\.sqlite is damaged"):
        Index.open(tmp_path)
    assert (tmp_path / "decisions.sqlite").read_bytes() == b"no database" * 1000


@pytest.mark.sqlite
def test_the_store_is_private_and_created_by_the_first_decision(tmp_path: Path) -> None:
    with closing(_index(tmp_path)) as index:
        assert not (tmp_path / "decisions.sqlite").exists()
        _decide(index)
    assert stat.S_IMODE((tmp_path / "decisions.sqlite").stat().st_mode) == 0o600


@pytest.mark.sqlite
def test_an_index_of_the_version_before_is_converted_with_the_ratings_of_files(
    tmp_path: Path,
) -> None:
    index = _index(tmp_path)
    _decide(index)
    shown = _shown(index)
    index.close()
    (tmp_path / "decisions.sqlite").unlink()
    with closing(sqlite3.connect(tmp_path / "library.sqlite")) as connection:
        connection.executescript(
            "DROP TABLE derived; ALTER TABLE assets DROP COLUMN rating;"
            "ALTER TABLE assets DROP COLUMN label; ALTER TABLE collections DROP COLUMN made;"
            "ALTER TABLE collections DROP COLUMN thumbnail;"
            "DELETE FROM meta WHERE key = 'decisions'"
        )
        rows = connection.execute("SELECT number, json FROM documents").fetchall()
        for number, content in rows:
            values = json.loads(content)
            stated = next(each for each in DOCUMENTS if each.id == values["id"])
            values |= {"name": stated.name, "tags": list(stated.tags), "nsfw": list(stated.nsfw)}
            values |= {"collectionIds": list(stated.collectionIds), "description": None}
            del values["rating"], values["label"]
            update = "UPDATE documents SET json = ? WHERE number = ?"
            connection.execute(update, (json.dumps(values).encode(), number))
        connection.execute("PRAGMA user_version = 3")
        connection.commit()
    with closing(Index.open(tmp_path, create=True)) as index:
        follow(index)
        assert index.documents([SHIP])[SHIP].metadata == {"rating": "-1"}
        with index.reading() as connection_:
            number = index.numbers(connection_, [SHIP])[SHIP]
            assert index.values(connection_, [number])[number]["label"] == "reject"
        _decide(index)
        again = _shown(index)
    assert {key: value["tags"] for key, value in again.items()} == {
        key: value["tags"] for key, value in shown.items()
    }


# Export and import


def test_an_export_imported_elsewhere_shows_the_same_and_can_be_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    homes = tmp_path / "a", tmp_path / "b"
    with closing(_index(homes[0])) as index:
        _decide(index)
        shown, names = _shown(index), _names(index)
    _index(homes[1]).close()
    file = str(tmp_path / "decisions.jsonl")
    assert main(["decisions", "export", "--home", str(homes[0]), "--file", file]) == 0
    for message in ("added 11, 0 the same", "added 0, 11 the same"):
        assert main(["decisions", "import", "--home", str(homes[1]), "--file", file]) == 0
        assert message in capsys.readouterr().err
        with closing(Index.open(homes[1])) as index:
            assert (_shown(index), _names(index)) == (shown, names)
    assert _exported(homes[0]) == _exported(homes[1])
    assert {json.loads(line)["by"] for line in Path(file).read_text().splitlines()} == {
        "Ann",
        "Ben",
    }


def test_decisions_can_be_imported_before_the_folder_is_indexed(tmp_path: Path) -> None:
    with closing(_index(tmp_path / "a")) as index:
        _decide(index)
        shown = _shown(index)
    with open_decisions(tmp_path / "b", create=True) as decisions:
        import_lines(decisions, _exported(tmp_path / "a"))
    with closing(_index(tmp_path / "b")) as index:
        assert _shown(index) == shown


def test_an_import_names_how_many_assets_are_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(_index(tmp_path / "a")) as index:
        _decide(index)
    file = tmp_path / "decisions.jsonl"
    file.write_bytes(b"".join(_exported(tmp_path / "a")))
    _index(tmp_path / "b", DOCUMENTS[:1]).close()
    for home, count in (("b", 2), ("c", 3)):
        options = ["--home", str(tmp_path / home), "--file", str(file)]
        assert main(["decisions", "import", *options]) == 0
        assert f"; {count} assets are not in the library" in capsys.readouterr().err


def test_an_export_of_no_library_is_an_error(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["decisions", "export", "--home", str(tmp_path / "none")]) == 1
    assert b"There is no library in " in capsysbinary.readouterr().err
    _index(tmp_path / "a").close()
    assert main(["decisions", "export", "--home", str(tmp_path / "a")]) == 0
    assert capsysbinary.readouterr().out == b""


def test_of_two_decisions_the_later_is_kept_and_the_conflict_is_named(tmp_path: Path) -> None:
    with closing(_index(tmp_path)) as index:
        edits.edit_values(index, CASTLE, {"rating": 2, "name": "Here"}, by="Ann")
        lines = [json.loads(line) for line in export_lines(index.decisions)]
        for line, value, at in zip(lines, ("There", 5), ("2999", "1999"), strict=True):
            line |= {"value": value, "at": f"{at}-01-01T00:00:00.000Z", "by": "Ben"}
        done = import_lines(index.decisions, [json.dumps(line).encode() for line in lines])
        follow(index)
        shown = _shown(index)[CASTLE]
    assert (shown["name"], shown["rating"]) == ("There", 2)
    assert (done.added, done.same, done.replaced, done.kept) == (0, 0, 1, 1)
    assert "Here here, There in the file" in done.conflicts[0]
    assert CASTLE in done.conflicts[1]


GOOD = {
    "type": "decision",
    "asset": CASTLE,
    "field": "tags",
    "item": "a",
    "value": "A",
    "at": "2026-01-01T00:00:00.000Z",
    "by": "Ann",
}


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "change",
    [
        {"field": "width"},
        {"item": "b"},
        {"value": 5},
        {"at": "yesterday"},
        {"by": None},
        {"type": "other"},
        {"extra": 1},
        {"field": "rating", "item": "", "value": 6},
        {"field": "rating", "item": "", "value": True},
        {"field": "label", "item": "", "value": "maybe"},
        {"field": "label", "item": "", "value": []},
        {"field": "nsfw", "item": "", "value": "x"},
        {"field": "collectionIds", "item": "c", "value": "yes"},
        {"field": "name", "item": "", "value": ""},
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_imported(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    decisions = Decisions.open(tmp_path)
    lines = [json.dumps(GOOD).encode(), b"", json.dumps(GOOD | change).encode()]
    with pytest.raises(CannotImport, match="line 3 "):
        import_lines(decisions, lines)
    assert [*export_lines(decisions)] == []


@pytest.mark.sqlite
@given(line=st.binary() | st.text().map(str.encode))
def test_no_line_breaks_an_import(line: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        decisions = Decisions.open(Path(folder))
        try:
            done = import_lines(decisions, [line])
        except CannotImport:
            done = None
        assert len([*export_lines(decisions)]) == (0 if done is None else done.added)
