"""The decisions of the words in memory are right: sure hits hold, excluded assets do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from library.query.filter_tree import Compare, Condition, Contains, HasWords, OneOf
from library.reader.index_reader import IndexReader
from library.reader.snapshot import Snapshot
from library.schema.documents import Document
from library.schema.fields import FIELDS, folded
from library.schema.text_analysis import LONGEST, index_text, words
from library.search.filter_eval import ROWS, SCAN, holds, phrase_matches
from library.search.substrings import decide, pieces, required_phrases
from library.store.index import Index
from tests.support import sample_documents

pytestmark = pytest.mark.usefixtures("every_store")

# Letters that are normalised in different ways, separators, and words that are cut.
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


@given(text=TEXTS, ends=st.tuples(st.integers(0, 12), st.integers(0, 12)))
@example(text="e\u0301tude", ends=(0, 5))
@example(text="İstanbul", ends=(0, 2))
def test_the_pieces_of_a_part_of_a_text_are_in_the_words_of_the_text(
    text: str, ends: tuple[int, int]
) -> None:
    whole = folded(text)
    first, last = min(ends), min(max(ends), len(whole))
    part = whole[first:last]
    known = index_text([text]).split()
    parts = list(pieces(part, at_start=first == 0, at_end=last == len(whole)))
    for before, piece in pairwise(parts):
        assert not piece.follows or any(
            len(word) >= LONGEST or (word.endswith(before.text) and after.startswith(piece.text))
            for word, after in pairwise([*known, ""])
        ), (before, piece, known)
    for piece in parts:
        assert any(
            len(word) >= LONGEST
            or (
                (word.startswith(piece.text) or not piece.begins)
                and (word.endswith(piece.text) or not piece.ends)
                and piece.text in word
            )
            for word in known
        ), (piece, known)


SAMPLES = [
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
class Library:
    """A library of long texts, enough of them that reading a few is not reading all."""

    documents: list[Document]
    index: Index
    snapshot: Snapshot

    def expected(self, field: str, test: Any) -> set[str]:
        """Return the ids of the documents whose folded value passes."""
        values = ((d.id, getattr(d, field)) for d in self.documents)
        return {name for name, value in values if value is not None and test(folded(value))}

    def ids(self, mask: Any) -> set[str]:
        with self.index.reading() as connection:
            documents = self.index.values(connection, self.snapshot.number[mask].tolist())
        return {values["id"] for values in documents.values()}

    def check(self, leaf: Any, expected: set[str]) -> None:
        with self.index.reading() as connection:
            result = holds(leaf, self.snapshot, connection)
        assert self.ids(result) == expected
        known = decide(leaf, self.snapshot)
        if known is not None:
            sure, maybe = known
            assert self.ids(sure) <= expected
            assert expected <= self.ids(sure | maybe)
        with self.index.reading() as connection:
            narrower = phrase_matches(leaf, self.snapshot, connection, self.snapshot.alive)
        if narrower is not None:
            assert expected <= self.ids(narrower & self.snapshot.alive)


@pytest.fixture(scope="module")
def library(every_store: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:  # noqa: ARG001 - created in it
    documents = []
    for n in range(len(SAMPLES) * SCAN * 3):
        chosen = [SAMPLES[(n * step) % len(SAMPLES)] for step in (1, 2, 4, 7, 8)]
        rare = n < len(SAMPLES)
        values: dict[str, Any] = (
            dict(zip(FIELD, chosen, strict=True)) if rare else {"name": f"filler {n}"}
        )
        documents.append(replace(sample_documents.document(f"name {n}"), **values))
    index = sample_documents.library(
        tmp_path_factory.mktemp("home"), [(d, None) for d in documents[:100]]
    )
    reader = IndexReader(index)
    reader.warm()
    index.write([(d, sample_documents.embeddings(d, None)) for d in documents[100:]])
    with index.reading() as connection:
        snapshot = reader.at(connection)
    yield Library(documents, index, snapshot)
    index.close()


PARTS = st.sampled_from(SAMPLES).flatmap(
    lambda text: st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).map(
        lambda ends: folded(text)[min(ends) : max(ends)]
    )
) | st.sampled_from(
    ["dragon", "red dragon", "5", "x" * LONGEST, "nothing", "мир", "城", "etude", "istanbul", "e"]
)


@given(field=st.sampled_from(list(FIELD)), part=PARTS, start=st.booleans())
def test_contains_holds_where_the_text_has_the_part(
    library: Library, field: str, part: str, start: bool
) -> None:
    expected = library.expected(
        field, lambda text: text.startswith(part) if start else part in text
    )
    library.check(Contains(FIELDS[field], part, start), expected)


@given(
    field=st.sampled_from(list(FIELD)),
    wanted=st.lists(st.sampled_from(SAMPLES), min_size=1),
)
def test_equality_holds_where_the_text_is_equal(
    library: Library, field: str, wanted: list[str]
) -> None:
    values = tuple(folded(text) for text in wanted)
    library.check(
        OneOf(FIELDS[field], values), library.expected(field, lambda text: text in values)
    )
    first = Compare(FIELDS[field], "=", values[0])
    library.check(first, library.expected(field, lambda text: text == values[0]))


@pytest.mark.parametrize("word", ["dragon", "RED", "etude", "istanbul", "城", "12345", "x" * 90])
@pytest.mark.parametrize("field", ["name", "prompt", "negativePrompt", "text"])
def test_a_whole_word_matches_as_in_the_keyword_index(
    library: Library, field: str, word: str
) -> None:
    (wanted,) = [each.text for each in words(word)]
    expected = {
        d.id for d in library.documents if wanted in index_text([getattr(d, field)]).split()
    }
    leaf: Condition = HasWords(FIELDS[field], word)
    library.check(leaf, expected)


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
def test_phrases_leave_few_texts_to_be_read(
    library: Library, part: str, start: bool, expected: set[str]
) -> None:
    """Not those that have the words elsewhere; always those with a word that was cut."""
    with library.index.reading() as connection:
        matches = phrase_matches(
            Contains(FIELDS["prompt"], part, start),
            library.snapshot,
            connection,
            library.snapshot.alive,
        )
    assert matches is not None
    prompts = {d.prompt for d in library.documents if d.id in library.ids(matches)}
    assert prompts - {SAMPLES[9]} == expected


@pytest.mark.parametrize("part", ["dragon", "城の", "red城 x", "e\u0301tude", "", "..."])
def test_no_phrase_is_required_of_a_single_word(library: Library, part: str) -> None:
    """Nor of letters that no separator divides from their neighbours."""
    assert (
        required_phrases(Contains(FIELDS["prompt"], folded(part), False), library.snapshot) is None
    )


def test_phrases_are_used_where_many_assets_have_the_words(tmp_path: Path) -> None:
    """The condition holds only where the words are adjacent."""
    texts = [("red gold" if n % 50 == 0 else "gold and red") + f" {n}" for n in range(3 * ROWS)]
    fill = [("something else", None)] * (SCAN * len(texts))
    documents = [
        replace(sample_documents.document(f"a {n}"), prompt=text) for n, text in enumerate(texts)
    ]
    documents += [sample_documents.document(f"b {n}") for n in range(len(fill))]
    index = sample_documents.library(tmp_path, [(d, None) for d in documents])
    with index.reading() as connection:
        snapshot = IndexReader(index).at(connection)
        leaf = Contains(FIELDS["prompt"], "red gold", False)
        matches = holds(leaf, snapshot, connection)
        ids = {
            each["id"]
            for each in index.values(connection, snapshot.number[matches].tolist()).values()
        }
    assert ids == {d.id for d in documents if "red gold" in (d.prompt or "")}
    index.close()
