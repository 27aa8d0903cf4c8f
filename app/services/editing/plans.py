"""The effect of edits on an asset as it is now, and the effect of reverting one. Pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from app.query.edits import Action
from app.query.effects import Effect
from app.scenario.field_tags import SENSITIVE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.query.edits import Edit
    from app.scenario.assets import Asset

RATING, LABEL, NAME, DESCRIPTION, NSFW = "rating", "label", "name", "description", "nsfw"
_FIELDS: Final = {
    Action.RATE: RATING,
    Action.LABEL: LABEL,
    Action.NAME: NAME,
    Action.DESCRIPTION: DESCRIPTION,
    Action.SENSITIVE: NSFW,
}
# The values of `nsfw`; None: as the file and the classifier say.
_SENSITIVE: Final[dict[str, list[str] | None]] = {"yes": [SENSITIVE], "no": [], "": None}


def effect_of(edits: Iterable[Edit], asset: Asset) -> Effect:
    """Return what edits change about an asset; of two that contradict, the later one counts."""
    add: dict[str, str] = {}  # casefolded tag -> tag
    delete: dict[str, str] = {}
    present = {tag.casefold(): tag for tag in asset.tags}
    collect: dict[str, bool] = {}
    fields: dict[str, tuple[Any, Any]] = {}
    for edit in edits:
        folded = edit.value.casefold()
        match edit.action:
            case Action.TAG:
                delete.pop(folded, None)
                if folded not in present:
                    add[folded] = edit.value
            case Action.UNTAG:
                add.pop(folded, None)
                if folded in present:
                    delete[folded] = present[folded]
            case Action.COLLECT | Action.UNCOLLECT:
                collect[edit.value] = edit.action is Action.COLLECT
            case _:
                name = _FIELDS[edit.action]
                before, after = decision_about(asset, name), _value(edit)
                # A mark by hand wins over what a classifier finds later: it is always stored.
                is_shown = name != NSFW and value_of(asset, name) == after
                if not is_shown and not _is_same(name, before, after):
                    fields[name] = (before, after)
                else:
                    fields.pop(name, None)
    return Effect(
        added=tuple(add.values()),
        deleted=tuple(delete.values()),
        collected=tuple(c for c, is_in in collect.items() if is_in and c not in _in(asset)),
        uncollected=tuple(c for c, is_in in collect.items() if not is_in and c in _in(asset)),
        fields=fields,
    )


def reverse_of(effect: Effect, asset: Asset) -> Effect:
    """Return what reverts an effect, as far as nothing else has changed it since."""
    present = {tag.casefold(): tag for tag in asset.tags}
    fields = {}
    for name, (before, after) in effect.fields.items():
        now = decision_about(asset, name)
        if _is_same(name, now, after):
            fields[name] = (now, before)
    return Effect(
        added=tuple(tag for tag in effect.deleted if tag.casefold() not in present),
        deleted=tuple(present[f] for tag in effect.added if (f := tag.casefold()) in present),
        collected=tuple(c for c in effect.uncollected if c not in _in(asset)),
        uncollected=tuple(c for c in effect.collected if c in _in(asset)),
        fields=fields,
    )


def decision_about(asset: Asset, field: str) -> Any:
    """Return what people have decided about a field, as JSON has it; None: nothing.

    An API that does not say what was decided has the values alone; its classifier decides `nsfw`.
    """
    is_decided = field != NSFW if asset.decided is None else field in asset.decided
    return value_of(asset, field) if is_decided else None


def _is_same(field: str, one: Any, other: Any) -> bool:
    """Return whether two decisions mean the same."""
    if field == NAME:  # without one, that of the file is shown
        return bool((one or "") == (other or ""))
    if field == NSFW and one is not None and other is not None:  # each API has its own words
        return bool(one) == bool(other)
    return bool(one == other)


def value_of(asset: Asset, field: str) -> Any:
    """Return the value of a field that can be changed, as JSON has it."""
    match field:
        case "rating":
            return asset.metadata.rating or 0
        case "label":
            return asset.metadata.label or ""
        case "name":
            return asset.metadata.name or ""
        case "description":
            return asset.description or ""
        case _:
            return list(asset.nsfw)


def _value(edit: Edit) -> Any:
    if edit.action is Action.RATE:
        return int(edit.value)
    return _SENSITIVE[edit.value] if edit.action is Action.SENSITIVE else edit.value


def _in(asset: Asset) -> tuple[str, ...]:
    return asset.collectionIds
