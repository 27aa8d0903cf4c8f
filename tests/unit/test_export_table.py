"""A search as CSV: every hit once, nothing that a spreadsheet would run, and an honest end."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.assets import Asset, Metadata, ResultPage
from app.errors import TooMany, UpstreamDown
from app.exports.table import COLUMNS, cell, lines
from app.exports.walk import every_hit
from app.search import Search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ORIGIN = "https://akin.example"


def rows(hits: Iterable[Asset]) -> list[list[str]]:
    """The table as a spreadsheet reads it."""
    text = b"".join(lines(hits, origin=ORIGIN)).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def assets(*numbers: int) -> tuple[Asset, ...]:
    return tuple(Asset(id=f"asset_{number}") for number in numbers)


# --- cells -------------------------------------------------------------------------------------


def test_a_table_has_a_line_for_its_columns_and_one_a_hit() -> None:
    """Names of columns are the API's, links are absolute and permanent."""
    made = Metadata(name="Castle", prompt="a “castle”,\nat dawn", width=640, seed=7, guidance=3.5)
    hit = Asset(id="asset_1", metadata=made, tags=("a", "b"), mimeType="image/png")
    head, row = rows([hit])
    told = {name: value for name, value in zip(head, row, strict=True) if value}
    assert head == list(COLUMNS)
    assert told == {
        "id": "asset_1",
        "name": "Castle",
        "kind": "image",
        "mimeType": "image/png",
        "width": "640",
        "tags": "a, b",
        "prompt": "a “castle”,\nat dawn",
        "seed": "7",
        "guidance": "3.5",
        "page": "https://akin.example/assets/asset_1",
        "image": "https://akin.example/assets/asset_1/image",
    }


def test_where_files_are_is_a_column_of_its_own_where_that_is_known() -> None:
    """The last one, and what has no file has an empty cell."""
    hits = [Asset(id="a", metadata=Metadata(path="a/b.png")), Asset(id="b")]
    text = b"".join(lines(hits, origin=ORIGIN, has_paths=True)).decode("utf-8-sig")
    table = list(csv.reader(io.StringIO(text, newline="")))
    assert [row[-1] for row in table] == ["path", "a/b.png", ""]
    assert table[0][:-1] == list(COLUMNS)


def test_a_spreadsheet_is_told_that_it_is_utf_8() -> None:
    """By the mark that they look for."""
    assert next(lines([], origin=ORIGIN)).startswith(b"\xef\xbb\xbfid,name,")


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1", "  =cmd|' /C calc'!A0"]
)
def test_no_text_is_run_as_a_formula(text: str) -> None:
    """It stands behind an apostrophe."""
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["castle", "a=b", "", None, -3, -1.5, "1-2"])
def test_other_values_stay_what_they_are(value: str | float | None) -> None:
    """A number is a number, also a negative one."""
    assert cell(value) == value


@given(st.lists(st.text(max_size=20), min_size=1, max_size=3))
def test_any_text_is_one_cell(texts: list[str]) -> None:
    """Quotes, separators, line ends and lone surrogates included."""
    hits = [Asset(id=f"asset_{n}", description=text) for n, text in enumerate(texts)]
    found = [row[list(COLUMNS).index("description")] for row in rows(hits)[1:]]
    assert found == [str(cell(text)).encode("utf-8", "replace").decode() for text in texts]


# --- the end -----------------------------------------------------------------------------------


def test_an_interrupted_table_says_so_in_its_last_line() -> None:
    """What came before is kept."""

    def hits() -> Iterator[Asset]:
        yield from assets(1, 2)
        raise UpstreamDown("The connection broke.")

    found = rows(hits())
    assert [row[0] for row in found] == [
        "id",
        "asset_1",
        "asset_2",
        "Stopped after 2 assets: The library cannot be reached. The connection broke.",
    ]
    assert len(found[-1]) == 1


def test_a_long_table_is_sent_in_parts() -> None:
    """Nothing waits for the last row."""
    parts = list(lines(assets(*range(250)), origin=ORIGIN))
    assert [part.count(b"\r\n") for part in parts] == [101, 100, 50]


# --- all pages ---------------------------------------------------------------------------------


def answering(
    *pages: ResultPage,
) -> tuple[Callable[[Search], ResultPage], list[Search]]:
    """Something that answers these pages, and the searches that it was asked."""
    asked: list[Search] = []

    def ask(search: Search) -> ResultPage:
        asked.append(search)
        return pages[len(asked) - 1]

    return ask, asked


def test_all_pages_are_walked_from_the_first() -> None:
    """A hundred at a time, by offset, whatever page the search is on."""
    ask, asked = answering(
        ResultPage(assets(*range(100)), has_next=True), ResultPage(assets(100, 101))
    )
    search = Search(query="castle", page=7, hitsPerPage=24)
    found = [hit.id for hit in every_hit(ask, search, most=1000)]
    assert found == [f"asset_{number}" for number in range(102)]
    assert [(each.offset, each.limit, each.query) for each in asked] == [
        (0, 100, "castle"),
        (100, 100, "castle"),
    ]


def test_what_moves_between_two_pages_comes_once() -> None:
    """New assets push known ones on to the next page."""
    ask, _ = answering(
        ResultPage(assets(1, 2), has_next=True), ResultPage(assets(2, 3), has_next=False)
    )
    assert [hit.id for hit in every_hit(ask, Search(), most=9)] == ["asset_1", "asset_2", "asset_3"]


def test_a_page_without_anything_new_is_the_last() -> None:
    """An API that always says that there is more is not asked for ever."""
    ask, asked = answering(*[ResultPage(assets(1), has_next=True)] * 9)
    assert len(list(every_hit(ask, Search(), most=9))) == 1
    assert len(asked) == 2


def test_there_is_a_most() -> None:
    """It is told apart from the end: only a search with more than that is cut."""
    ask, _ = answering(ResultPage(assets(1, 2, 3)))
    walk = every_hit(ask, Search(), most=2)
    assert [next(walk).id, next(walk).id] == ["asset_1", "asset_2"]
    with pytest.raises(TooMany, match="at most 2;"):
        next(walk)
    ask, _ = answering(ResultPage(assets(1, 2)))
    assert len(list(every_hit(ask, Search(), most=2))) == 2
