"""DoneView: the notice of a change on the page that follows it, with its undo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.query.describe import counted
from app.records.change_tables import State
from app.viewmodels.editing.change import phrase

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.records.change_tables import Change, Item


@dataclass(frozen=True, slots=True)
class DoneView:
    """What a change has done so far. `undo` is the word on the button; "" without one."""

    change_id: str
    text: str
    undo: str
    problem: str  # why some assets were not changed
    url: str  # of the page with the rest; "" where there is no more to say
    return_path: str  # of the page that shows the notice


def done_view(
    change: Change, failures: Sequence[Item], names: Mapping[str, str], return_path: str = ""
) -> DoneView:
    """Build the notice; `names` are those of collections, by id."""
    is_all = change.state is State.DONE and not change.failed
    return DoneView(
        change.id,
        _text(change, names),
        _undo(change),
        _problem(change, failures),
        "" if is_all else f"/changes/{change.id}",
        return_path,
    )


def _text(change: Change, names: Mapping[str, str]) -> str:
    if change.waits_for:
        what = "The undo" if change.undoes else f"“{_phrases(change, names)}”"
        return f"{what} is stored. It follows an earlier change that is still in progress."
    words = "Undone" if change.undoes else _done(change, names)
    if not change.is_finished:
        return f"{words}. In progress, {change.done} of {counted(change.size, 'asset')} so far."
    if change.state is State.STOPPED:
        return f"Stopped after {change.done} of {counted(change.size, 'asset')}."
    if change.size == change.failed:
        return "Nothing was changed."
    if not change.changed and not change.failed:
        return f"{words}. It was so already."
    return f"{words} ({counted(change.changed, 'asset')})." if change.size > 1 else f"{words}."


def _phrases(change: Change, names: Mapping[str, str]) -> str:
    return ", ".join(phrase(edit, names) for edit in change.edits)


def _done(change: Change, names: Mapping[str, str]) -> str:
    phrases = _phrases(change, names)
    return f"Done: {phrases[:1].lower()}{phrases[1:]}"


def _undo(change: Change) -> str:
    if not change.can_be_undone:
        return ""
    return "Redo" if change.undoes else "Undo"


def _problem(change: Change, failures: Sequence[Item]) -> str:
    """Return how many assets failed, and why: the reason of the first stands for the others."""
    if not change.failed:
        return "" if change.state is State.DONE else change.reason
    reason = failures[0].message if failures else change.reason
    if change.size == 1:
        return reason
    return f"{counted(change.failed, 'asset')} could not be changed. {reason}"
