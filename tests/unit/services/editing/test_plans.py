"""The effect of edits and its reverse, over APIs that say what was decided, and others."""

from __future__ import annotations

from typing import Any

import pytest

from app.query.edits import Action, Edit
from app.scenario.assets import Asset, Metadata
from app.scenario.field_tags import with_fields
from app.services.editing.plans import effect_of, reverse_of

NAMED = Metadata(name="keep.png")


def test_a_decision_that_a_mark_has_replaced_comes_back() -> None:
    asset = Asset(nsfw=(), decided=("nsfw",))
    effect = effect_of([Edit(Action.SENSITIVE, "yes")], asset)
    assert effect.fields == {"nsfw": ([], ["sensitive"])}
    marked = Asset(nsfw=("sensitive",), decided=("nsfw",))
    assert reverse_of(effect, marked).fields == {"nsfw": (["sensitive"], [])}


@pytest.mark.parametrize("decided", [(), None])
def test_without_a_decision_before_the_classifier_decides_again(
    decided: tuple[str, ...] | None,
) -> None:
    effect = effect_of([Edit(Action.SENSITIVE, "no")], Asset(nsfw=("gore",), decided=decided))
    assert effect.fields == {"nsfw": (None, [])}
    assert reverse_of(effect, Asset(decided=("nsfw",))).fields == {"nsfw": ([], None)}


@pytest.mark.parametrize(
    ("tags", "before"), [(("sensitive:no",), []), (("sensitive:yes",), ["gore"]), ((), None)]
)
def test_over_the_scenario_api_tags_are_the_decisions(tags: tuple[str, ...], before: Any) -> None:
    asset = with_fields(Asset(nsfw=("gore",), tags=tags))
    effect = effect_of([Edit(Action.SENSITIVE, "")], asset)
    assert effect.fields == ({} if before is None else {"nsfw": (before, None)})
    reverse = reverse_of(effect, with_fields(Asset(nsfw=("gore",))))
    assert reverse.fields == ({} if before is None else {"nsfw": (None, before)})


def test_a_mark_in_the_words_of_a_classifier_is_reverted() -> None:
    """The tag says that the asset is sensitive, and the classifier names what it has found."""
    effect = effect_of([Edit(Action.SENSITIVE, "yes")], Asset(nsfw=("gore",)))
    marked = with_fields(Asset(nsfw=("gore",), tags=("sensitive:yes",)))
    assert reverse_of(effect, marked).fields == {"nsfw": (["gore"], None)}


def test_a_name_that_was_removed_comes_back_unless_there_is_another_one() -> None:
    asset = Asset(metadata=Metadata(name="Keep"), decided=("name",))
    effect = effect_of([Edit(Action.NAME, "")], asset)
    assert reverse_of(effect, Asset(metadata=NAMED, decided=())).fields == {"name": (None, "Keep")}
    other = Asset(metadata=Metadata(name="Moat"), decided=("name",))
    assert reverse_of(effect, other).fields == {}
    assert not effect_of([Edit(Action.NAME, "")], Asset(metadata=NAMED, decided=()))


def test_what_only_the_file_states_is_stated_by_it_again() -> None:
    asset = Asset(metadata=Metadata(rating=3), decided=())
    assert not effect_of([Edit(Action.RATE, "3")], asset)
    effect = effect_of([Edit(Action.RATE, "5")], asset)
    rated = Asset(metadata=Metadata(rating=5), decided=("rating",))
    assert reverse_of(effect, rated).fields == {"rating": (5, None)}
    again = reverse_of(reverse_of(effect, rated), asset)
    assert again.fields == {"rating": (None, 5)}
