"""ChangeView: what a change does, how far it is, what failed, and what can be done now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from app.query import describe
from app.query.edits import Action
from app.records.change_tables import KEPT_DAYS, State
from app.viewmodels.parts.search_bar import BarView, bar_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.query.display import Display
    from app.query.edits import Edit
    from app.query.search import Search
    from app.records.change_tables import Change, Item

_MOST_VALUE: Final = 60  # characters of a tag, a name or a description in a sentence
_CHOICES: Final = {
    Action.RATE: {
        "0": "Remove the stars",
        **{str(stars): f"Rate {describe.counted(stars, 'star')}" for stars in range(1, 6)},
    },
    Action.LABEL: {"pick": "Pick", "reject": "Reject", "": "Remove the label"},
    Action.SENSITIVE: {
        "yes": "Mark as sensitive",
        "no": "Mark as not sensitive",
        "": "Let the classifier decide what is sensitive",
    },
}
# With a value, and without one.
_PHRASES: Final = {
    Action.TAG: ("Add the tag “{}”", ""),
    Action.UNTAG: ("Remove the tag “{}”", ""),
    Action.COLLECT: ("Add to the collection “{}”", ""),
    Action.UNCOLLECT: ("Remove from the collection “{}”", ""),
    Action.NAME: ("Name “{}”", "Remove the name"),
    Action.DESCRIPTION: ("Describe as “{}”", "Remove the description"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeView(BarView):
    """The page of one change."""

    id: str
    what: tuple[str, ...]  # a phrase for each edit
    undoes_url: str  # of the change that it reverts, or ""
    undone_url: str
    waits_for_url: str
    by: str
    when: str
    state: str  # a sentence
    reason: str
    is_running: bool  # the page is to be refreshed
    ended: int  # assets, for the bar
    size: int
    counts: tuple[str, ...]
    failures: tuple[Item, ...]
    more_failures: str
    can_undo: bool
    can_stop: bool
    again: str  # the label of a button that continues, or ""
    kept: str
    next: str  # a path to return to, or ""


def change_view(
    search: Search,
    display: Display,
    change: Change,
    *,
    failures: Sequence[Item],
    names: Mapping[str, str],
    may_edit: bool,
    next_path: str,
) -> ChangeView:
    """Build the page; `names` are those of collections, by id."""
    ended = change.done + change.failed
    is_open = not change.is_finished
    is_stopping = change.is_finished and change.is_running
    assets = describe.counted(change.size, "asset")
    more = change.failed - len(failures)
    return ChangeView(
        **bar_parts(search, display),
        title=f"Undo a change of {assets}" if change.undoes else f"Change {assets}",
        id=change.id,
        what=tuple(phrase(edit, names) for edit in change.edits),
        undoes_url=f"/changes/{change.undoes}" if change.undoes else "",
        undone_url=f"/changes/{change.undone_by}" if change.undone_by else "",
        waits_for_url=f"/changes/{change.waits_for}" if change.waits_for else "",
        by=change.user_name,
        when=describe.moment(change.created_at),
        state=_state(change),
        reason=change.reason,
        is_running=is_open or is_stopping,
        ended=ended,
        size=change.size,
        counts=_counts(change),
        failures=tuple(failures),
        more_failures=f"and {describe.number(more)} more" if more > 0 else "",
        can_undo=may_edit and not is_stopping and change.can_be_undone,
        can_stop=may_edit and is_open,
        again=_again(change) if may_edit and not is_stopping else "",
        kept=f"A change can be undone for {KEPT_DAYS} days: until {_day(change.expires_at)}."
        if change.is_finished
        else "",
        next=next_path,
    )


def phrase(edit: Edit, names: Mapping[str, str]) -> str:
    """Return what an edit does, in words; `names` are those of collections, by id."""
    value = edit.value
    if edit.action in _CHOICES:
        return _CHOICES[edit.action][value]
    if edit.action in {Action.COLLECT, Action.UNCOLLECT}:
        value = names.get(value, value)
    with_value, empty = _PHRASES[edit.action]
    return with_value.format(_short(value)) if value else empty


def _state(change: Change) -> str:
    if change.state is State.DONE:
        return "Done, but not for all assets." if change.failed else "Done."
    if change.state is State.STOPPED:
        return "Being stopped." if change.is_running else "Stopped."
    if change.is_running:
        return "In progress."
    if not change.is_ours:
        return "Waiting until Akin uses the key and library again with which this was begun."
    if change.waits_for:
        return "Waiting until an earlier change of the same assets is finished."
    return "Waiting." if change.reason else "Waiting for its turn."


def _counts(change: Change) -> tuple[str, ...]:
    same = max(change.done + change.failed - change.changed - change.failed, 0)
    left = change.size - change.done - change.failed
    what = "not changed, because they were changed since" if change.undoes else "were so already"
    rows = (
        (change.changed, "changed"),
        (same, what),
        (change.failed, "failed"),
        (left, "left"),
    )
    return tuple(f"{describe.number(count)} {text}" for count, text in rows if count)


def _again(change: Change) -> str:
    if change.undone_by or not change.is_finished:
        return ""
    if change.state is State.STOPPED:
        return "Continue"
    return f"Try again for {describe.counted(change.failed, 'asset')}" if change.failed else ""


def _day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MOST_VALUE else f"{line[: _MOST_VALUE - 1]}…"
