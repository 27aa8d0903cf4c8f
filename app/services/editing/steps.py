"""The calls for some assets of a change, with the outcome of each asset.

What the API refuses for one asset fails that asset; what concerns all of them pauses or stops the
change. Every call can be repeated: it leaves out, or does not mind, what is done already. Where a
step ends early, the effect of an asset is what the calls have made of it until then.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from app.errors import (
    InvalidKey,
    InvalidUpstreamResponse,
    NotAllowed,
    OptionalCallRefused,
    QuotaExceeded,
    UnknownCollection,
    UpstreamDown,
    UpstreamError,
    UpstreamTimeout,
    WriteUncertain,
)
from app.query.effects import Effect
from app.records.change_tables import ItemState
from app.scenario.field_tags import FIELDS
from app.scenario.write_calls import MOST_MEMBERS
from app.services.editing.plans import NAME, effect_of, reverse_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from app.records.change_leases import ChangeLeases
    from app.records.change_tables import Change, Item
    from app.scenario.client import Client

AT_ONCE: Final = MOST_MEMBERS
STORED_EVERY: Final = 1.0  # seconds, so that the page of a change shows its progress
_MOST_REFUSALS: Final = 3  # before the first success: then the key may not write at all
_MOST_PAUSES: Final = 5  # because of one asset
_GONE: Final = "This asset does not exist any more."
# Other assets would fail as well, or time may help.
PAUSING: Final = (
    OptionalCallRefused,
    QuotaExceeded,
    UpstreamDown,
    UpstreamTimeout,
    InvalidUpstreamResponse,
    WriteUncertain,
)


class MayNotWrite(Exception):
    """The API refuses the key, or every write with it; `error` is its response."""

    def __init__(self, error: UpstreamError) -> None:
        super().__init__(error)
        self.error = error


@dataclass
class AssetEdit:
    """One asset of a step, and how far its calls are."""

    item: Item  # as it was before the step
    wanted: Effect  # what the calls are to change
    made: Effect  # what this change has changed about it until now, or may have
    is_uncertain: bool = False  # whether a call has made a part of it
    messages: list[str] = field(default_factory=list)  # why parts failed

    def fail(self, part: Effect, message: str) -> None:
        """Leave a part out of the effect."""
        self.made = self.made.without(part)
        self.messages.append(message)

    def ended(self) -> Item:
        """Return the outcome after all calls."""
        state = ItemState.FAILED if self.messages else ItemState.DONE
        message = " ".join(dict.fromkeys(self.messages))
        return replace(self.item, state=state, effect=self.made, message=message)

    def interrupted(self) -> Item:
        """Return what to store where calls are left: nothing is undone that was not made."""
        state = ItemState.PLANNED if self.is_uncertain else self.item.state
        return replace(self.item, state=state, effect=self.made)


class Step:
    """The next assets of one change, up to AT_ONCE."""

    def __init__(self, client: Client, leases: ChangeLeases, change: Change, lease: str) -> None:
        self._client = client
        self._leases = leases
        self._change = change
        self._lease = lease
        self._refusals = 0
        self.may_have_written = False
        self.outcomes = 0  # assets that are done or have failed

    def run(self, may_continue: Callable[[], bool]) -> bool:
        """Make the calls while `may_continue`; return False where no asset was left before.

        Raises MayNotWrite, LeaseLost, StoreFailed, and an error of PAUSING, after storing what was
        done until then.
        """
        chosen = self._leases.next_items(self._change.id, AT_ONCE)
        planned, left = self._plan(chosen) if chosen else ([], [])
        ended: list[Item] = []
        stored = time.monotonic()
        try:
            self._store(planned)
            is_going_on = self._edit_members(left, may_continue)
            while left and is_going_on and may_continue():
                self._edit(left[0])
                ended.append(left.pop(0).ended())
                if time.monotonic() > stored + STORED_EVERY:
                    self._store(ended)
                    ended, stored = [], time.monotonic()
        finally:
            if ended or left:
                self._store([*ended, *(each.interrupted() for each in left)])
        return bool(chosen)

    def finish(self) -> None:
        """Delete the collection that was created for the change that this one undoes, if empty.

        Raises LeaseLost, StoreFailed, and an error of PAUSING.
        """
        created = self._change.created
        if not (created and self._change.undoes):
            return
        self._leases.store(self._change.id, self._lease, ())  # the calls may take their time
        try:
            if self._client.collection(created).count == 0:
                self._client.delete_collection(created, by=self._change.user_name)
        except UpstreamError as error:
            if isinstance(error, PAUSING):
                raise
            # It stays, empty, where it may not be deleted; where it is gone, all is done.

    def _store(self, outcomes: Sequence[Item]) -> None:
        self._leases.store(self._change.id, self._lease, outcomes)
        self.outcomes += sum(item.state in {ItemState.DONE, ItemState.FAILED} for item in outcomes)

    def _plan(self, chosen: Sequence[Item]) -> tuple[list[Item], list[AssetEdit]]:
        """Return what to store about each asset before any call, and what calls are to change."""
        found = self._client.latest_assets(item.asset_id for item in chosen)
        planned, edits = [], []
        for item in chosen:
            asset = found.get(item.asset_id)
            if asset is None:
                gone = replace(item, state=ItemState.FAILED, effect=Effect(), message=_GONE)
                planned.append(gone)
                continue
            wanted = (
                reverse_of(item.source, asset)
                if self._change.undoes
                else effect_of(self._change.edits, asset)
            )
            # What an earlier attempt has changed stays part of the effect.
            state = ItemState.PLANNED if wanted else ItemState.DONE
            planned.append(replace(item, state=state, effect=item.effect.merged(wanted)))
            if wanted:
                edits.append(AssetEdit(item, wanted, item.effect))
        return planned, edits

    def _edit_members(self, edits: Sequence[AssetEdit], may_continue: Callable[[], bool]) -> bool:
        """Add assets to collections and remove them; return False where the step is to end."""
        for add in (True, False):
            groups: dict[str, list[AssetEdit]] = {}
            for each in edits:
                ids = each.wanted.collected if add else each.wanted.uncollected
                for collection_id in ids:
                    groups.setdefault(collection_id, []).append(each)
            for collection_id, group in groups.items():
                if not self._members(collection_id, group, may_continue, add=add):
                    return False
        return True

    def _members(
        self,
        collection_id: str,
        group: Sequence[AssetEdit],
        may_continue: Callable[[], bool],
        *,
        add: bool,
    ) -> bool:
        """Change one collection; return False where the step is to end."""
        if not may_continue():
            return False
        self._leases.store(self._change.id, self._lease, ())  # each call may take its time
        part = Effect(collected=(collection_id,)) if add else Effect(uncollected=(collection_id,))
        asset_ids = [each.item.asset_id for each in group]
        try:
            with self._making(part, group):
                by = self._change.user_name
                self._client.edit_members(collection_id, asset_ids, add=add, by=by)
        except (*PAUSING, InvalidKey, UnknownCollection) as error:
            self._raise(error)
            for each in group:
                each.fail(part, _said(error))
        except UpstreamError as error:
            if len(group) > 1:  # the others are not to fail with it
                return all(
                    self._members(collection_id, [each], may_continue, add=add) for each in group
                )
            group[0].fail(part, self._refused(error))
        return True

    def _edit(self, edit: AssetEdit) -> None:
        """Change tags and fields of one asset."""
        wanted, asset_id, by = edit.wanted, edit.item.asset_id, self._change.user_name
        if wanted.added or wanted.deleted:
            part = Effect(added=wanted.added, deleted=wanted.deleted)
            try:
                with self._making(part, [edit]):
                    self._client.edit_tags(asset_id, part.added, part.deleted, by=by)
            except (UpstreamError, OptionalCallRefused) as error:
                edit.fail(part, self._refused(error))
        for part in _calls(wanted):
            # A name cannot be empty: without one, that of the file is shown.
            values = {
                name: after or None if name == NAME else after
                for name, (_, after) in part.fields.items()
            }
            try:
                with self._making(part, [edit]):
                    self._client.edit_asset(asset_id, by=by, **values)
            except (UpstreamError, OptionalCallRefused) as error:
                edit.fail(part, self._refused(error))

    @contextmanager
    def _making(self, part: Effect, edits: Sequence[AssetEdit]) -> Iterator[None]:
        """Record a part of the effect, unless the API has certainly not made it."""
        is_made, is_certain = True, False
        try:
            yield
            is_certain = True
        except (UpstreamError, OptionalCallRefused) as error:
            is_made = isinstance(error, WriteUncertain)
            raise
        finally:
            if is_made:
                self.may_have_written = True
                for each in edits:
                    each.made = each.made.merged(part)
                    each.is_uncertain |= not is_certain

    def _refused(self, error: UpstreamError | OptionalCallRefused) -> str:
        """Return why one asset fails. Raises where the others would fail as well."""
        self._raise(error)
        has_written = self.may_have_written or self._change.changed
        if isinstance(error, NotAllowed) and not has_written:
            self._refusals += 1
            if self._refusals >= _MOST_REFUSALS:
                raise MayNotWrite(error)
        return _said(error)

    def _raise(self, error: UpstreamError | OptionalCallRefused) -> None:
        """Raise for an error that pauses or stops the change."""
        if isinstance(error, InvalidKey):
            raise MayNotWrite(error)
        is_about_asset = isinstance(error, WriteUncertain | InvalidUpstreamResponse)
        if is_about_asset and self._change.pauses >= _MOST_PAUSES and not self.outcomes:
            return
        if isinstance(error, PAUSING):
            raise error


def _calls(wanted: Effect) -> Iterator[Effect]:
    """Return the fields by call: over the Scenario API, some are tags, which may fail alone."""
    for is_tag in (True, False):
        fields = {name: each for name, each in wanted.fields.items() if (name in FIELDS) == is_tag}
        if fields:
            yield Effect(fields=fields)


def _said(error: UpstreamError | OptionalCallRefused) -> str:
    """Return an error as a sentence or two."""
    return " ".join(f"{text.rstrip('.')}." for text in (error.title, error.message) if text)
