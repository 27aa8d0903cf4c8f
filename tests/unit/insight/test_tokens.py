"""Words of texts in every script, folded."""

from __future__ import annotations

import pytest

from app.insight.tokens import tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Red dragon's LAIR", ["red", "dragon's", "lair"]),
        ("Cafe\u0301 U\u0308ber", ["café", "über"]),
        ("हिन्दी कविता", ["हिन्दी", "कविता"]),
        ("বাংলা தமிழ்", ["বাংলা", "தமிழ்"]),
        ("สวัสดี", ["สวั", "วัส", "สดี"]),
        ("မြန်မာ", ["မြန်", "န်မာ"]),
        ("ភាសាខ្មែរ", ["ភាសា", "សាខ្មែ", "ខ្មែរ"]),
        ("城堡画", ["城堡", "堡画"]),
    ],
)
def test_words_are_not_torn(text: str, expected: list[str]) -> None:
    assert list(tokens(text)) == expected
