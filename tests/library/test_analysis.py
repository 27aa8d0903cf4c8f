"""Texts become the same words in documents and in queries, in any script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.analysis import indexed, simple, words
from library.fields import folded


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Red Dragon-01", ["red", "dragon", "01"]),
        ("Füße CAFÉ", ["fusse", "cafe"]),
        ("Ｆｕｌｌ Ⅷ", ["full", "viii"]),
        ("Ёлка", ["елка"]),
        ("城堡 castle", ["城", "堡", "castle"]),
        ("ドラゴン", ["ド", "ラ", "コ\u3099", "ン"]),
        ("हिन्दी", ["हिन्दी"]),
        ("ภาษา", ["ภ", "า", "ษ", "า"]),
        ("🐉dragon", ["🐉", "dragon"]),
        ("under_score", ["under", "score"]),
        ("한국어", ["한국어"]),
        ("", []),
        ("!?", []),
    ],
)
def test_a_text_has_these_words(text: str, found: list[str]) -> None:
    assert [simple(word.text) for word in words(text)] == [simple(word) for word in found]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("cardClubs10", "cardclubs10 card clubs 10"),
        ("HTMLPage", "htmlpage html page"),
        ("plain text", "plain text"),
        ("mp3", "mp3 mp 3"),
        ("Castle", "castle"),
        ("2024", "2024"),
    ],
)
def test_joined_words_are_kept_whole_and_in_parts(text: str, kept: str) -> None:
    assert indexed([text]) == kept


@given(st.text())
def test_making_alike_twice_changes_nothing_more(text: str) -> None:
    assert simple(simple(text)) == simple(text)
    assert folded(folded(text)) == folded(text)


@given(st.text())
def test_the_words_of_what_is_indexed_are_what_is_indexed(text: str) -> None:
    once = " ".join(word.text for word in words(text))
    assert " ".join(word.text for word in words(once)) == once
