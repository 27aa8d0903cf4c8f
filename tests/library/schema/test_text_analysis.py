"""Tokenisation of texts in any script."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.schema.fields import folded
from library.schema.text_analysis import index_text, normalized, words


@pytest.mark.parametrize(
    ("text", "expected"),
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
        ("Łódź Ærø Œuvre Þór Đà ığdır", ["lodz", "aero", "oeuvre", "thor", "da", "igdir"]),
        ("한국어", ["한국어"]),
        ("হিন্দি বাংলা தமிழ்", ["হিন্দি", "বাংলা", "தமிழ்"]),
        ("มีชัย", ["มี", "ชั", "ย"]),
        ("မြန်မာ", ["မြ", "န်", "မာ"]),
        ("ភាសាខ្មែរ", ["ភា", "សា", "ខ្មែ", "រ"]),
        ("\u0631\u0648\u0632\u200c\u0647\u0627", ["\u0631\u0648\u0632\u0647\u0627"]),
        ("👩\u200d🚀❤\ufe0f", ["👩", "🚀", "❤"]),
        ("🇫🇷⭐", ["🇫", "🇷", "⭐"]),
        ("cafe\u0301 o\u00adver", ["cafe", "over"]),
        ("", []),
        ("!?", []),
    ],
)
def test_words_of_a_text(text: str, expected: list[str]) -> None:
    assert [normalized(word.text) for word in words(text)] == [
        normalized(word) for word in expected
    ]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("cardClubs10", "cardclubs10 card clubs 10"),
        ("HTMLPage", "htmlpage html page"),
        ("plain text", "plain text"),
        ("mp3", "mp3 mp 3"),
        ("Castle", "castle"),
        ("2024", "2024"),
        ("C++ guide", "c guide cplusplus"),
        ("c# and f#", "c and f csharp fsharp"),
        ("c++11 #1", "c 11 1"),
    ],
)
def test_compound_words_are_indexed_whole_and_in_parts(text: str, tokens: str) -> None:
    assert index_text([text]) == tokens


@given(st.text())
def test_normalisation_is_idempotent(text: str) -> None:
    assert normalized(normalized(text)) == normalized(text)
    assert folded(folded(text)) == folded(text)


@given(st.text())
def test_tokenisation_is_idempotent(text: str) -> None:
    once = " ".join(word.text for word in words(text))
    assert " ".join(word.text for word in words(once)) == once
