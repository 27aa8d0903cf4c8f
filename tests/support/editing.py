"""An editor over the simulated API, whose changes a test makes step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.query.edits import Action, Edit
from app.web.context import services_of
from tests.faults.synthetic import asset_id
from tests.support.scenario_api import FakeAPI, Reply, make_app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from app.services.editing.editor import Editor
    from app.web.context import Services
    from tests.support.clock import Clock

MANY = 120
TAG = Edit(Action.TAG, "castle, “old” 🐉")


class EditedAPI(FakeAPI):
    """The API with some assets; calls what `before` has for the path of a request."""

    def __init__(self) -> None:
        super().__init__(count=MANY)
        self.before: dict[str, Callable[[], object]] = {}

    def _reply(self, answer: str | Reply, request: Any) -> Reply:
        self.before.get(request.path, lambda: None)()
        return super()._reply(answer, request)


def services_without_thread(api: FakeAPI, folder: Path, **settings: Any) -> Services:
    """Return the services of an application whose changes are made by the test alone."""
    found = services_of(make_app(api, folder, **settings))
    found.worker.close()
    return found


def ids(count: int, first: int = 0) -> list[str]:
    """Return the ids of some assets of the API."""
    return [asset_id(number) for number in range(first, first + count)]


def work_off(editor: Editor, clock: Clock | None = None) -> None:
    """Make all steps of the changes that wait; with a clock, also those that pause."""
    for _ in range(20 if clock else 1):
        if clock:
            clock.now += 400
        while editor.work():
            pass
