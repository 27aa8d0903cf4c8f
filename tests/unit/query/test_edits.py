"""Edits: normalisation, and the values that each action refuses."""

from __future__ import annotations

import pytest

from app.errors import InvalidEdit
from app.query.edits import MOST_TAG, Action, Edit


@pytest.mark.parametrize(
    "value", ["dragon", "fire, and ice", "“quoted”", "🐉", "x" * MOST_TAG, "rating:4", "日本語"]
)
def test_tags_of_all_kinds_are_kept(value):
    assert Edit.parse("tag", f"  {value} ").value == value


def test_composed_and_decomposed_letters_are_one_tag():
    assert Edit(Action.TAG, "e\u0301") == Edit(Action.TAG, "é")


def test_a_tag_that_is_removed_is_named_as_it_is():
    assert Edit(Action.UNTAG, " e\u0301").value == " e\u0301"


@pytest.mark.parametrize(
    ("action", "value", "message"),
    [
        ("tag", " ", "at least one character"),
        ("tag", "x" * (MOST_TAG + 1), "at most 500 characters; this one has 501"),
        ("tag", "a\x00b", "control characters"),
        ("collect", "no id!", "id of a collection"),
        ("rate", "6", "from 0 to 5"),
        ("rate", "٣", "from 0 to 5"),
        ("rate", "", "from 0 to 5"),
        ("label", "maybe", "pick, reject"),
        ("sensitive", "perhaps", "yes, no"),
        ("destroy", "", "is not one of"),
    ],
)
def test_other_values_are_refused_with_the_field(action, value, message):
    with pytest.raises(InvalidEdit, match=message) as refused:
        Edit.parse(action, value)
    assert refused.value.field == ("action" if action == "destroy" else action)


@pytest.mark.parametrize("action", ["label", "sensitive", "name", "description"])
def test_an_empty_value_removes_what_was_set(action):
    assert Edit.parse(action, "").value == ""
