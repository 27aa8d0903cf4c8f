"""Other forms of words: number and spelling."""

from __future__ import annotations

import pytest

from library.schema.word_forms import other_forms


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("vehicle", "vehicles"),
        ("box", "boxes"),
        ("city", "cities"),
        ("hero", "heroes"),
        ("movie", "movies"),
        ("glass", "glasses"),
        ("bus", "buses"),
        ("mouse", "mice"),
        ("knife", "knives"),
        ("fireman", "firemen"),
        ("bookshelf", "bookshelves"),
        ("axe", "axes"),
        ("axis", "axes"),
        ("index", "indices"),
        ("index", "indexes"),
        ("colour", "color"),
        ("colours", "color"),
        ("multicoloured", "multicolored"),
        ("grey", "gray"),
        ("centre", "center"),
        ("theatres", "theater"),
        ("armoury", "armory"),
        ("jeweller", "jeweler"),
        ("modelling", "modeling"),
        ("stylised", "stylized"),
        ("analyse", "analyze"),
        ("catalogues", "catalog"),
        ("cpp", "cplusplus"),
    ],
)
def test_forms_lead_to_each_other(one: str, other: str) -> None:
    assert other in other_forms(one)
    assert one in other_forms(other)


@pytest.mark.parametrize(
    ("word", "other"),
    [
        ("news", "new"),
        ("princess", "princes"),
        ("species", "specie"),
        ("bus", "bu"),
        ("elephant", "elephantes"),
        ("ogre", "oger"),
    ],
)
def test_other_words_are_no_forms(word: str, other: str) -> None:
    assert other not in other_forms(word)


@pytest.mark.parametrize("word", ["дом", "64px", "x", "a", "हिन्दी"])
def test_what_is_no_english_word_has_no_forms(word: str) -> None:
    assert other_forms(word) == ()
