"""A search as CSV: every hit once, no formulas, and a last line that reports errors."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import TooMany, UpstreamDown
from app.exports.csv_table import COLUMNS, cell, lines
from app.exports.pagination import every_hit
from app.query.search import Search
from app.scenario.assets import Asset, Metadata, ResultPage

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


def test_a_table_has_a_header_and_a_line_per_hit() -> None:
    """Columns have the API's names, links are absolute and permanent."""
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


def test_paths_are_the_last_column_of_a_library_with_files() -> None:
    """An asset without a path has an empty cell."""
    hits = [Asset(id="a", metadata=Metadata(path="a/b.png")), Asset(id="b")]
    text = b"".join(lines(hits, origin=ORIGIN, has_paths=True)).decode("utf-8-sig")
    table = list(csv.reader(io.StringIO(text, newline="")))
    assert [row[-1] for row in table] == ["path", "a/b.png", ""]
    assert table[0][:-1] == list(COLUMNS)


def test_a_table_begins_with_a_byte_order_mark() -> None:
    """By which spreadsheets recognise UTF-8."""
    assert next(lines([], origin=ORIGIN)).startswith(b"\xef\xbb\xbfid,name,")


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1", "  =cmd|' /C calc'!A0"]
)
def test_no_text_is_a_formula(text: str) -> None:
    """It is prefixed with an apostrophe."""
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["castle", "a=b", "", None, -3, -1.5, "1-2"])
def test_other_values_are_unchanged(value: str | float | None) -> None:
    """Including negative numbers."""
    assert cell(value) == value


@given(st.lists(st.text(max_size=20), min_size=1, max_size=3))
def test_any_text_is_one_cell(texts: list[str]) -> None:
    """Including quotes, separators, line ends and lone surrogates."""
    hits = [Asset(id=f"asset_{n}", description=text) for n, text in enumerate(texts)]
    found = [row[list(COLUMNS).index("description")] for row in rows(hits)[1:]]
    assert found == [str(cell(text)).encode("utf-8", "replace").decode() for text in texts]


# --- interrupted tables ------------------------------------------------------------------------


def test_the_last_line_of_an_interrupted_table_says_why() -> None:
    """The lines before it are complete."""

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
    """It does not wait for the last row."""
    parts = list(lines(assets(*range(250)), origin=ORIGIN))
    assert [part.count(b"\r\n") for part in parts] == [101, 100, 50]


# --- all pages ---------------------------------------------------------------------------------


def answering(
    *pages: ResultPage,
) -> tuple[Callable[[Search], ResultPage], list[Search]]:
    """Return a function that returns these pages, and the list of its searches."""
    asked: list[Search] = []

    def ask(search: Search) -> ResultPage:
        asked.append(search)
        return pages[len(asked) - 1]

    return ask, asked


def test_all_pages_are_requested_from_the_first() -> None:
    """A hundred hits at a time, by offset."""
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


def test_a_hit_that_moves_to_the_next_page_is_yielded_once() -> None:
    """New assets move others to later pages."""
    ask, _ = answering(
        ResultPage(assets(1, 2), has_next=True), ResultPage(assets(2, 3), has_next=False)
    )
    assert [hit.id for hit in every_hit(ask, Search(), most=9)] == ["asset_1", "asset_2", "asset_3"]


def test_a_page_without_new_hits_is_the_last() -> None:
    """Requests end even if the API always reports more pages."""
    ask, asked = answering(*[ResultPage(assets(1), has_next=True)] * 9)
    assert len(list(every_hit(ask, Search(), most=9))) == 1
    assert len(asked) == 2


def test_the_number_of_hits_is_limited() -> None:
    """An error is raised only if there are more."""
    ask, _ = answering(ResultPage(assets(1, 2, 3)))
    walk = every_hit(ask, Search(), most=2)
    assert [next(walk).id, next(walk).id] == ["asset_1", "asset_2"]
    with pytest.raises(TooMany, match="at most 2 assets"):
        next(walk)
    ask, _ = answering(ResultPage(assets(1, 2)))
    assert len(list(every_hit(ask, Search(), most=2))) == 2
