"""Warm-up: work that the first pages of a process would wait for, done in the background.

A process compiles its templates when they are first rendered, and reads the library at its first
search; sixteen first visitors at once would each wait for all of it. Here one thread does it soon
after the start. A request that comes earlier does what is still missing itself.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Any, Final, cast

from app.query.display import Display
from app.query.search import Search
from app.scenario import request_budget
from app.scenario.request_budget import RequestBudget
from app.web import icons
from app.web.context import services_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Flask

    from app.web.templating import PageEnvironment

log = logging.getLogger(__name__)

# Seconds. A request at the start needs the same, and has it sooner without competition: two
# threads that both compute delay each other by more than one saves the other.
PAUSE: Final = 0.5


class Warmup:
    """Steps that one thread runs, by name, in their order."""

    def __init__(self, steps: Mapping[str, Callable[[], Any]], *, pause: float = PAUSE) -> None:
        """Run nothing before `begin`."""
        self._steps = steps
        self._pause = pause
        self._thread = threading.Thread(target=self._run, name="warmup", daemon=True)

    def begin(self) -> None:
        """Run the steps in the background; called once.

        A process that is forked (gunicorn --preload) is forked after the last step: the new process
        has the results, and none of the locks that only this thread could release.
        """
        self._thread.start()
        os.register_at_fork(before=self.finish)

    def finish(self) -> None:
        """Wait for the last step."""
        self._thread.join()

    def _run(self) -> None:
        time.sleep(self._pause)
        for name, step in self._steps.items():
            try:
                step()
            except Exception:
                # A request that needs it tries again, and shows the error.
                log.exception("warm-up failed: %s", name)


def warmup_of(app: Flask) -> Warmup:
    """Return the warm-up of an application: its templates, and its first page if that is free.

    The Scenario API is sent nothing, since each call counts against its quota.
    """
    services = services_of(app)

    def first_page() -> None:
        # In this thread, not through `Labels`: threads of its own would be lost in a fork.
        with request_budget.during(RequestBudget.lasting(services.settings.timeout)):
            services.catalog.page(Search(), by_group=Display().groups)
            services.client.collections()
            services.client.tags()

    steps: dict[str, Callable[[], Any]] = {}
    if services.catalog.by_library:
        steps["the library"] = first_page
    steps["icons"] = icons.sprite
    steps["notifications"] = services.notifications.begin
    steps["team searches"] = services.search_news.begin
    steps["templates"] = cast("PageEnvironment", app.jinja_env).compile_all
    # What a process that was killed has left.
    steps["changes"] = lambda: services.worker.start(services.editor)
    return Warmup(steps)
