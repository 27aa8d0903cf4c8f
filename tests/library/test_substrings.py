"""What the words in memory tell of a long text is true, and what they leave out is false."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from library.analysis import LONGEST, indexed, words
from library.conditions import Compare, Condition, Contains, Has, OneOf
from library.documents import Document
from library.evaluation import ROWS, SCAN, holds, rowed
from library.fields import FIELDS, folded
from library.index import Index
from library.shelf import Shelf
from library.shelves import Shelves
from library.substrings import in_a_row, pieces, told
from tests.library import engine_samples as samples

# Letters that are made alike in different ways, what stands between words, and what is cut.
NASTY = [
    *"aAbz09_-./ '\"=<>",
    *"éÉüßſİıŉǆΣςσΐЙйё№½①ﬁＡ",
    *"城市がガｶﾞ한글กี́̈̀ा",
    "\u0300",
    "\u0338",
    "\u0345",
    "\u0483",
    "\u1100",
    "\u1161",
    "\u11a8",
    "\u200d",
    "\x00",
    "dragon",
    "x" * LONGEST,
]
TEXTS = st.lists(st.sampled_from(NASTY) | st.characters(codec="utf-8"), max_size=12).map("".join)


@settings(max_examples=1500, deadline=None)
@given(text=TEXTS, ends=st.tuples(st.integers(0, 12), st.integers(0, 12)))
@example(text="e\u0301tude", ends=(0, 5))
@example(text="İstanbul", ends=(0, 2))
def test_a_part_of_a_text_has_its_pieces_in_the_words_of_the_text(
    text: str, ends: tuple[int, int]
) -> None:
    whole = folded(text)
    first, last = min(ends), min(max(ends), len(whole))
    part = whole[first:last]
    known = indexed([text]).split()
    found = list(pieces(part, start=first == 0, end=last == len(whole)))
    for before, piece in pairwise(found):
        assert not piece.follows or any(
            len(word) >= LONGEST or (word.endswith(before.text) and after.startswith(piece.text))
            for word, after in pairwise([*known, ""])
        ), (before, piece, known)
    for piece in found:
        assert any(
            len(word) >= LONGEST
            or (
                (word.startswith(piece.text) or not piece.begins)
                and (word.endswith(piece.text) or not piece.ends)
                and piece.text in word
            )
            for word in known
        ), (piece, known)


SAID = [
    "a red dragon, asleep",
    "Dragonfly over the red-gold pond",
    "snapdragons",
    "cardClubs10 of the 16:9 deck",
    "Étude in red",
    "İstanbul at night",
    "дракон и Мир",
    "城の dragon",
    "ｄｒａｇｏｎ in wide letters",
    "x" * (LONGEST + 20) + "dragon",
    "a_b-c.d 100%",
    "",
    "e\u0301",
    "12345",
    "5",
]
FIELD = ("name", "prompt", "negativePrompt", "text", "seed")


@dataclass
class Told:
    """A library of long texts, enough of them that reading a few is not reading all."""

    documents: list[Document]
    index: Index
    shelf: Shelf

    def meant(self, field: str, test: Any) -> set[str]:
        """Ids of the documents whose folded value passes."""
        values = ((d.id, getattr(d, field)) for d in self.documents)
        return {name for name, value in values if value is not None and test(folded(value))}

    def ids(self, mask: Any) -> set[str]:
        with self.index.reading() as connection:
            found = self.index.values(connection, self.shelf.number[mask].tolist())
        return {values["id"] for values in found.values()}

    def check(self, leaf: Any, meant: set[str]) -> None:
        with self.index.reading() as connection:
            held = holds(leaf, self.shelf, connection)
        assert self.ids(held) == meant
        known = told(leaf, self.shelf)
        if known is not None:
            sure, maybe = known
            assert self.ids(sure) <= meant
            assert meant <= self.ids(sure | maybe)
        with self.index.reading() as connection:
            narrower = rowed(leaf, self.shelf, connection)
        if narrower is not None:
            assert meant <= self.ids(narrower & self.shelf.alive)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    documents = []
    for n in range(len(SAID) * SCAN * 3):
        said = [SAID[(n * step) % len(SAID)] for step in (1, 2, 4, 7, 8)]
        rare = n < len(SAID)
        values = dict(zip(FIELD, said, strict=True)) if rare else {"name": f"filler {n}"}
        documents.append(replace(samples.document(f"name {n}"), **values))
    index = samples.library(tmp_path_factory.mktemp("home"), [(d, None) for d in documents[:100]])
    shelves = Shelves(index)
    shelves.warm()
    index.write([(d, samples.embeddings(d, None)) for d in documents[100:]])
    with index.reading() as connection:
        shelf = shelves.at(connection)
    yield Told(documents, index, shelf)
    index.close()


PARTS = st.sampled_from(SAID).flatmap(
    lambda said: st.tuples(st.integers(0, len(said)), st.integers(0, len(said))).map(
        lambda ends: folded(said)[min(ends) : max(ends)]
    )
) | st.sampled_from(
    ["dragon", "red dragon", "5", "x" * LONGEST, "nothing", "мир", "城", "etude", "istanbul", "e"]
)


@settings(max_examples=400, deadline=None)
@given(field=st.sampled_from(list(FIELD)), part=PARTS, start=st.booleans())
def test_a_part_of_a_text_is_found_where_it_is(
    library: Told, field: str, part: str, start: bool
) -> None:
    meant = library.meant(field, lambda text: text.startswith(part) if start else part in text)
    library.check(Contains(FIELDS[field], part, start), meant)


@settings(max_examples=100, deadline=None)
@given(field=st.sampled_from(list(FIELD)), wanted=st.lists(st.sampled_from(SAID), min_size=1))
def test_a_whole_text_is_found_where_it_is(library: Told, field: str, wanted: list[str]) -> None:
    values = tuple(folded(text) for text in wanted)
    library.check(OneOf(FIELDS[field], values), library.meant(field, lambda text: text in values))
    first = Compare(FIELDS[field], "=", values[0])
    library.check(first, library.meant(field, lambda text: text == values[0]))


@pytest.mark.parametrize("word", ["dragon", "RED", "etude", "istanbul", "城", "12345", "x" * 90])
@pytest.mark.parametrize("field", ["name", "prompt", "negativePrompt", "text"])
def test_a_whole_word_is_found_as_the_keyword_index_knows_it(
    library: Told, field: str, word: str
) -> None:
    (wanted,) = [found.text for found in words(word)]
    meant = {d.id for d in library.documents if wanted in indexed([getattr(d, field)]).split()}
    leaf: Condition = Has(FIELDS[field], word)
    library.check(leaf, meant)


@pytest.mark.parametrize(
    ("part", "start", "expected"),
    [
        ("red-gold pond", False, {"Dragonfly over the red-gold pond"}),
        ("gonfly over", False, {"Dragonfly over the red-gold pond"}),
        ("the red", False, {"Dragonfly over the red-gold pond"}),
        ("red the", False, set()),
        ("of the 16:9 d", False, {"cardClubs10 of the 16:9 deck"}),
        ("a red", True, {"a red dragon, asleep"}),
        ("красный мир", False, set()),
        ("дракон и", True, {"дракон и Мир"}),
        ("nowhere in", False, set()),
    ],
)
def test_words_in_a_row_leave_few_to_be_read(
    library: Told, part: str, start: bool, expected: set[str]
) -> None:
    """Those that have the words elsewhere are not; those with a word that was cut always are."""
    with library.index.reading() as connection:
        found = rowed(Contains(FIELDS["prompt"], part, start), library.shelf, connection)
    assert found is not None
    said = {d.prompt for d in library.documents if d.id in library.ids(found)}
    assert said - {SAID[9]} == expected


@pytest.mark.parametrize("part", ["dragon", "城の", "red城 x", "e\u0301tude", "", "..."])
def test_where_no_words_are_in_a_row_nothing_is_asked(library: Told, part: str) -> None:
    """A word alone, and letters that are not told from their neighbours, are left to memory."""
    assert in_a_row(Contains(FIELDS["prompt"], folded(part), False), library.shelf) is None


def test_many_with_the_words_are_asked_for_their_row(tmp_path: Path) -> None:
    """And found where the words are in a row, however many have them elsewhere."""
    texts = [("red gold" if n % 50 == 0 else "gold and red") + f" {n}" for n in range(3 * ROWS)]
    fill = [("something else", None)] * (SCAN * len(texts))
    documents = [replace(samples.document(f"a {n}"), prompt=text) for n, text in enumerate(texts)]
    documents += [samples.document(f"b {n}") for n in range(len(fill))]
    index = samples.library(tmp_path, [(d, None) for d in documents])
    with index.reading() as connection:
        shelf = Shelves(index).at(connection)
        leaf = Contains(FIELDS["prompt"], "red gold", False)
        found = holds(leaf, shelf, connection)
        ids = {
            each["id"] for each in index.values(connection, shelf.number[found].tolist()).values()
        }
    assert ids == {d.id for d in documents if "red gold" in (d.prompt or "")}
    index.close()
