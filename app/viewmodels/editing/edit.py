"""EditView: the page that changes several assets at once; and the correction of a form."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.query import describe
from app.query.edit_forms import COLLECTION, CREATE, PREFIX, SELECTION
from app.query.edits import Action
from app.query.params import pairs_of
from app.query.parsing import read
from app.query.selection import PARAMETER
from app.viewmodels.parts.search_bar import BarView, bar_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.errors import AkinError
    from app.query.search import Pairs
    from app.query.selection import Selection
    from app.records.selections import StoredSelection
    from app.scenario.assets import Asset, Named

MOST_TAGS: Final = 200  # that are offered for removal


@dataclass(frozen=True, slots=True, kw_only=True)
class EditView(BarView):
    """What can be changed about all assets of a selection."""

    assets: Pairs  # hidden fields that name the assets
    count: int
    selection_url: str  # of the page to return to
    tags: tuple[str, ...]  # of the assets, the most frequent first
    collections: tuple[Named, ...]  # that some of the assets are in
    collection_names: tuple[str, ...]  # of all that exist, to choose from


def edit_view(
    selection: Selection,
    assets: Mapping[str, Asset],
    collections: Sequence[Named],
    *,
    most: int,
    stored: StoredSelection | None = None,
) -> EditView:
    """Build the page; `assets` are those that exist, and `most` names of collections are listed.

    Of a `stored` selection, `selection` has the first assets, whose tags can be removed.
    """
    tags = Counter(tag for asset in assets.values() for tag in asset.tags)
    used = {each for asset in assets.values() for each in asset.collectionIds}
    ids = tuple(each for each in selection.ids if each in assets)
    count = len(stored.asset_ids) if stored else len(ids)
    fields = [(SELECTION, stored.id)] if stored else [(PARAMETER, each) for each in ids]
    return EditView(
        **bar_parts(selection.search, selection.display),
        title=f"Edit {describe.counted(count, 'asset')}",
        assets=tuple(fields),
        count=count,
        selection_url=f"/selections/{stored.id}" if stored else selection.of(ids).url(),
        tags=tuple(tag for tag, _ in tags.most_common(MOST_TAGS)),
        collections=tuple(each for each in collections if each.id in used),
        collection_names=tuple(each.name for each in collections[:most]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionView(BarView):
    """A form that could not be accepted: what is wrong, and the same form to send again."""

    reason: AkinError
    fields: Pairs  # without the field to correct
    field: str  # its name; "" where nothing can be corrected by typing
    label: str
    typed: str
    is_long: bool
    return_url: str
    choices: tuple[tuple[str, str, str], ...] = ()  # buttons instead: name, value, words
    is_temporary: bool = False  # the same form may be accepted later


_TEMPORARY: Final = 500  # and above: the status of errors that are not about what was sent
# Fields that a correction lets the user type again: their labels.
_CORRECTABLE: Final = {
    "tag": "Tag",
    "untag": "Tag",
    "name": "Name",
    "description": "Description",
    "collection": "Collection",
}


def correction_view(
    reason: AkinError,
    pairs: Sequence[tuple[str, str]],
    return_url: str,
    matches: Sequence[Named] = (),
) -> CorrectionView:
    """Build the page about a form that was not accepted; `pairs` are its fields.

    `matches` are the collections of which one has to be chosen.
    """
    field, label = _field_to_correct(reason, pairs)
    if matches:
        choices = tuple(
            (f"{PREFIX}{Action.COLLECT}", each.id, f"{each.name} ({_size(each)})")
            for each in matches
        )
    else:
        choices = ((CREATE, "1", "Create this collection"),) if field == COLLECTION else ()
    typed = dict(reversed(pairs)).get(field, "")
    kept = [pair for pair in pairs if pair[0] not in {field, CREATE, "next"}]
    search, display, _ = read(pairs_of(dict(pairs).get("search", "")))
    return CorrectionView(
        **bar_parts(search, display),
        title=reason.title,
        reason=reason,
        fields=(*kept, ("next", return_url)),
        field="" if matches else field,
        label=label,
        typed=typed,
        is_long=label == "Description",
        return_url=return_url,
        choices=choices,
        is_temporary=reason.status >= _TEMPORARY,
    )


def _field_to_correct(reason: AkinError, pairs: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Return the name of the wrong field of a form, and its label; "" for no text field."""
    action = dict(reversed(pairs)).get("action", "")
    texts = [
        (name, each)
        for name, value in pairs
        if (each := action if name == "value" else name.removeprefix(PREFIX)) in _CORRECTABLE
        and value.strip()
    ]
    if reason.field:
        texts = [(name, each) for name, each in texts if each == reason.field]
    if not reason.field and len(texts) > 1:
        return "", ""  # the API does not say which
    return (texts[0][0], _CORRECTABLE[texts[0][1]]) if texts else ("", "")


def _size(collection: Named) -> str:
    return "" if collection.count is None else describe.counted(collection.count, "asset")


def asset_state(asset: Asset, names: Mapping[str, str]) -> dict[str, object]:
    """Return what can be changed about an asset as it is, for scripts; `names` of collections."""
    return {
        "rating": asset.metadata.rating or 0,
        "label": asset.metadata.label or "",
        "tags": asset.tags,
        "collections": [{"id": id_, "name": names.get(id_, id_)} for id_ in asset.collectionIds],
        "title": asset.name,
        "name": asset.metadata.name or "",
        "description": asset.description or "",
        "isSensitive": bool(asset.nsfw),
    }
