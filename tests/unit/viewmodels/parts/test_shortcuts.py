"""The table of keys: no key means two things in one place."""

from __future__ import annotations

from collections import Counter

from app.viewmodels.parts.shortcuts import SHORTCUTS, Shortcut

ALL = [each for group in SHORTCUTS for each in group.shortcuts]


def test_a_key_has_one_meaning_in_a_place() -> None:
    """Keys that the pointer needs are not counted: without it they mean nothing."""
    meanings = Counter(
        (place, key)
        for each in ALL
        if not each.gesture
        for place in each.places
        for key in each.keys
    )
    assert [key for key, count in meanings.items() if count > 1] == []


def test_every_key_has_words() -> None:
    """And every gesture; what a script does has a key."""
    assert [each for each in ALL if not each.words.strip()] == []
    assert [each for each in ALL if not each.keys and (each.action or not each.gesture)] == []


def test_a_combination_is_printed_as_its_keys() -> None:
    keys = Shortcut(keys=("Ctrl+Shift+c", "ArrowUp", "+"), words="copy")
    assert keys.labels == (("Ctrl", "Shift", "c"), ("↑",), ("+",))
