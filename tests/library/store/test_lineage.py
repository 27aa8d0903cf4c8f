"""Lineage: which assets are found by what others state, and what keeps them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from library.store import lineage
from library.store.index import Index
from tests.support import sample_documents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from library.schema.documents import Document

pytestmark = pytest.mark.usefixtures("store")


def _asset(name: str, path: str = "", content: str = "", **values: Any) -> Document:
    found = sample_documents.document(name, **values)
    content = (content or name).encode().hex().ljust(64, "0")
    return replace(found, source=replace(found.source, path=path or f"{name}.png", sha256=content))


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with closing(Index.open(tmp_path, create=True)) as opened:
        yield opened


def _write(index: Index, *documents: Document) -> None:
    index.write([(each, sample_documents.embeddings(each, None)) for each in documents])
    index.link()


def _lineage(index: Index, name: str) -> tuple[str | None, str | None, list[str]]:
    """Return parent, root and references of an asset, by their names."""
    found = index.document(sample_documents.asset_id(name))
    assert found
    ids = {id_: each.name for id_, each in index.documents(_ids(index)).items()}
    references = [ids.get(each, each) for each in found.referenceImages]
    return ids.get(found.parentId or ""), ids.get(found.rootParentId or ""), references


def _ids(index: Index) -> list[str]:
    return [asset for _, asset in index.sources().values()]


def _made_from(index: Index, **which: str) -> list[str]:
    ids = {id_: each.name for id_, each in index.documents(_ids(index)).items()}
    asked = {"parent": None, "root": None} | {
        key: sample_documents.asset_id(name) for key, name in which.items()
    }
    with index.reading() as connection:
        found = lineage.children(connection, **asked, after=None, limit=9)
    return sorted(ids[each.id] for each in found)


def test_a_chain_is_found_in_any_order(index: Index) -> None:
    _write(index, _asset("c", madeFrom=("B.PNG",)))
    assert _lineage(index, "c") == (None, None, [])
    _write(index, _asset("b", madeFrom=("a.png",), references=("pose.png",)))
    assert _lineage(index, "c") == ("b", "b", [])
    _write(index, _asset("a"), _asset("pose"))
    assert _lineage(index, "c") == ("b", "a", [])
    assert _lineage(index, "b") == ("a", "a", ["pose"])
    assert _made_from(index, parent="a") == ["b"]
    assert _made_from(index, parent="pose") == ["b"]
    assert _made_from(index, root="a") == ["b", "c"]


@pytest.mark.parametrize(
    ("stated", "parent"),
    [
        ("a.png", None),
        ("one/a.png", "first"),
        ("C:\\pictures\\two\\a.png", None),
        (sample_documents.asset_id("second"), "second"),
        ("copy.png", "copy 1"),
        ("child.png", None),
    ],
)
def test_one_asset_and_no_other_is_the_parent(
    index: Index, stated: str, parent: str | None
) -> None:
    _write(
        index,
        _asset("first", "one/a.png"),
        _asset("second", "two/A.png"),
        _asset("copy 1", "new/copy.png", "same"),
        _asset("copy 2", "old/copy.png", "same"),
        _asset("child", madeFrom=(stated,)),
    )
    assert _lineage(index, "child")[0] == parent


def test_a_parent_stays_when_it_is_renamed_and_the_child_is_read_again(index: Index) -> None:
    child = _asset("child", madeFrom=("a.png",))
    _write(index, _asset("a"), child)
    _write(index, _asset("a", "moved/b.png"))
    _write(index, _asset("other", "a.png"))
    _write(index, child)
    assert _lineage(index, "child")[0] == "a"


def test_a_parent_that_is_removed_is_not_shown_until_it_is_back(index: Index) -> None:
    _write(index, _asset("a"), _asset("b", madeFrom=("a.png",)), _asset("c", madeFrom=("b.png",)))
    index.remove([sample_documents.asset_id("a")])
    index.link()
    assert _lineage(index, "c") == ("b", "b", [])
    assert _lineage(index, "b") == (None, None, [])
    _write(index, _asset("a"))
    assert _lineage(index, "c") == ("b", "a", [])


def test_a_statement_that_is_changed_or_removed_counts_no_more(index: Index) -> None:
    _write(index, _asset("a"), _asset("b"), _asset("child", madeFrom=("a.png",)))
    _write(index, _asset("child", madeFrom=("b.png",)))
    assert _lineage(index, "child")[0] == "b"
    _write(index, _asset("child"))
    assert _lineage(index, "child") == (None, None, [])


def test_assets_that_state_each_other_end(index: Index) -> None:
    _write(index, _asset("a", madeFrom=("b.png",)), _asset("b", madeFrom=("a.png",)))
    assert _lineage(index, "a") == ("b", "b", [])
    assert _lineage(index, "b") == ("a", "a", [])


def test_what_changes_nothing_writes_nothing(index: Index) -> None:
    _write(index, _asset("a"), _asset("b", madeFrom=("a.png", "gone.png"), references=("a.png",)))
    with index.reading() as connection:
        before = index.generation(connection)
    index.link()
    with index.reading() as connection:
        assert index.generation(connection) == before
