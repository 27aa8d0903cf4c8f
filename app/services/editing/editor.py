"""Editor: every write of a user goes through it, is stored as a change, and can be undone.

A few assets are changed in the request of the user, more of them in the background
(`app.services.editing.worker`), and so is what a request could not finish.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from app.errors import AkinError, InvalidEdit, NotFound, UpstreamError
from app.query.edits import Action, Edit
from app.records.change_leases import LeaseLost
from app.records.change_tables import State
from app.scenario import request_budget
from app.services.editing.steps import AT_ONCE, PAUSING, MayNotWrite, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from app.records.change_leases import ChangeLeases
    from app.records.change_tables import Change, Item
    from app.records.changes import Changes
    from app.scenario.client import Client

RESERVE: Final = 1.5  # seconds of a request that are left for its page
QUOTA_PAUSE: Final = 5.0  # seconds, where the API names none
FIRST_PAUSE: Final = 5.0
LONGEST_PAUSE: Final = 300.0
MOST_PAUSES: Final = 300  # about a day without any success


class Editor:
    """The changes of one API. Methods raise StoreFailed, and what is named."""

    def __init__(
        self,
        client: Client,
        changes: Changes,
        leases: ChangeLeases,
        *,
        on_waiting: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_waiting` is called when a change is left for the background."""
        self._client = client
        self._changes = changes
        self._leases = leases
        self._on_waiting = on_waiting

    def apply(
        self,
        user_name: str,
        edits: Sequence[Edit],
        asset_ids: Iterable[str],
        *,
        created: str = "",
    ) -> Change:
        """Change assets and return the change, which may not be finished.

        `created` is a collection that was created for this change, and is deleted by its undo.
        Raises InvalidEdit without edits or assets, TooMany, and an UpstreamError where the API does
        not respond or refuses the key: then nothing was changed, and nothing is stored.
        """
        ids = [*dict.fromkeys(asset_ids)]
        if not edits or not ids:
            missing = "what to change" if ids else "an asset"
            raise InvalidEdit(f"Choose {missing}.", field="action" if ids else "id")
        lease = _lease() if len(ids) <= AT_ONCE else ""
        seconds = self._leases.seconds
        change_id = self._changes.add(
            user_name, edits, ids, created=created, lease=lease, seconds=seconds
        )
        return self._begin(change_id, lease)

    def collect(
        self, user_name: str, name: str, asset_ids: Iterable[str], edits: Iterable[Edit] = ()
    ) -> tuple[Change, str]:
        """Create a collection, and add assets to it beside other edits of them.

        Returns the change and the id of the collection. Raises as `apply`, and an UpstreamError
        where no collection was created; one that was created is deleted again.
        """
        created = self._client.create_collection(name, by=user_name)
        try:
            members = Edit(Action.COLLECT, created.id)
            change = self.apply(user_name, (*edits, members), asset_ids, created=created.id)
        except AkinError:
            with suppress(UpstreamError):  # the first error is the one to report
                self._client.delete_collection(created.id, by=user_name)
            raise
        return change, created.id

    def undo(self, user_name: str, change_id: str) -> Change:
        """Revert what a finished change has changed itself; return the undo, itself a change.

        A collection that was created for it is deleted, unless others have put something into it.
        A second call returns the same undo. Raises NotFound, InvalidEdit where it is in progress
        or an undo that deletes a collection, and as `apply`.
        """
        change = self.change(change_id)
        if change.deletes_collection:
            problem = "This undo deleted the collection. Add the assets to a new one instead."
            raise InvalidEdit(problem, field="change")
        lease = _lease() if change.undoable <= AT_ONCE else ""
        undo_id, is_new = self._changes.add_undo(
            user_name, change_id, lease=lease, seconds=self._leases.seconds
        )
        return self._begin(undo_id, lease) if is_new else self.change(undo_id)

    def stop(self, user_name: str, change_id: str) -> None:
        """Stop a change; what it has changed stays. Raises NotFound."""
        self.change(change_id)
        self._changes.stop(change_id, f"Stopped by {user_name}." if user_name else "Stopped.")

    def resume(self, change_id: str) -> None:
        """Continue a stopped change, or try failed assets again, in the background.

        Raises NotFound.
        """
        self.change(change_id)
        self._changes.resume(change_id)
        self._on_waiting()

    def change(self, change_id: str) -> Change:
        """Return a change. Raises NotFound."""
        found = self._changes.get(change_id)
        if found is None:
            raise NotFound("There is no such change. Changes are stored for 90 days.")
        return found

    def recent(self, *, most: int) -> tuple[Change, ...]:
        """Return the changes in progress, then the newest of all users."""
        return self._changes.recent(most=most)

    def failures(self, change_id: str) -> tuple[Item, ...]:
        """Return the first assets of a change that failed."""
        return self._changes.failures(change_id)

    def asset_ids(self, change_id: str) -> tuple[str, ...]:
        """Return the assets of a change."""
        return self._changes.asset_ids(change_id)

    def work(self, may_continue: Callable[[], bool] = lambda: True) -> bool:
        """Do the next step of the change that has waited longest; return False without any."""
        lease = _lease()
        change = self._leases.take(lease)
        if change is None:
            return False
        budget = request_budget.RequestBudget(is_optional=True)  # people's searches go first
        with request_budget.during(budget):
            self._step(change, lease, may_continue)
        return True

    def _begin(self, change_id: str, lease: str) -> Change:
        """Make the first step in this request, where there is a lease."""
        change = self.change(change_id)
        if lease and change.lease == lease:
            budget = request_budget.current()
            error = self._step(change, lease, lambda: budget.left > RESERVE)
            change = self.change(change_id)
            if error is not None:
                self._changes.discard(change_id)
                raise error
        if not change.is_finished or self._leases.are_due():
            self._on_waiting()
        return change

    def _step(
        self, change: Change, lease: str, may_continue: Callable[[], bool]
    ) -> AkinError | None:
        """Make a step and end the lease; return the error before which it has written nothing."""
        step = Step(self._client, self._leases, change, lease)
        release = self._leases.release
        try:
            is_more = step.run(may_continue) and self._leases.next_items(change.id, 1)
            if not is_more:
                step.finish()
        except LeaseLost:
            release(change.id, lease)
            return None
        except MayNotWrite as refused:
            release(change.id, lease, state=State.STOPPED, reason=_reason(refused.error))
            return None if step.may_have_written else refused.error
        except PAUSING as error:
            seconds, pauses = _pause(error, change.pauses if not step.outcomes else 0)
            state = State.OPEN if pauses <= MOST_PAUSES else State.STOPPED
            release(
                change.id, lease, state=state, reason=_reason(error), pause=seconds, pauses=pauses
            )
            return None if step.may_have_written else error
        except BaseException:
            release(change.id, lease, pause=FIRST_PAUSE, pauses=change.pauses + 1)
            raise
        release(change.id, lease, state=State.OPEN if is_more else State.DONE)
        return None


def _pause(error: AkinError, pauses: int) -> tuple[float, int]:
    """Return the seconds until the next attempt, and how many in a row have failed then."""
    if not isinstance(error, UpstreamError) or error.code == "QUOTA_EXCEEDED":
        return error.retry_after or QUOTA_PAUSE, pauses  # it waits for its turn
    seconds = min(FIRST_PAUSE * 2 ** min(pauses, 10), LONGEST_PAUSE)
    return max(seconds, error.retry_after or 0.0), pauses + 1


def _reason(error: AkinError) -> str:
    return " ".join(f"{text.rstrip('.')}." for text in (error.title, error.message) if text)


def _lease() -> str:
    return secrets.token_hex(8)
