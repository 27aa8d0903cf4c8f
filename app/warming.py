"""Warming: what the first pages of a process would wait for, made ready beside them.

A process compiles its templates when they are first rendered, and a library is read at its first
search; sixteen first visitors at once would each wait for all of it. Here one thread does it, soon
after the start, and nobody waits for that thread: who comes earlier does what is still to be done.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Any, Final, cast

from app import visits
from app.asking import read
from app.visits import Visit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from flask import Flask

    from app.site import Site
    from app.templating import PageEnvironment

log = logging.getLogger(__name__)

# Seconds. Who waits for the first page at the start needs the same, and has it sooner alone: two
# threads that both compute keep each other waiting for more than what one does for the other.
PAUSE: Final = 0.5


class Warming:
    """Steps that one thread takes, each by its name, in their order."""

    def __init__(self, steps: Mapping[str, Callable[[], Any]]) -> None:
        """Nothing is done before `begin`."""
        self._steps = steps
        self._thread = threading.Thread(target=self._run, name="warming", daemon=True)

    def begin(self) -> None:
        """Take the steps beside everything else; called once.

        A process that is forked (gunicorn --preload) is forked when they have been taken: the new
        one has what they made, and none of the locks that only their thread could open again.
        """
        self._thread.start()
        os.register_at_fork(before=self.finish)

    def finish(self) -> None:
        """Wait until every step has been taken."""
        self._thread.join()

    def _run(self) -> None:
        time.sleep(PAUSE)
        for name, step in self._steps.items():
            try:
                step()
            except Exception:
                # Whoever needs it tries again, and tells the reader what is wrong.
                log.exception("not ready beforehand: %s", name)


def of(app: Flask) -> Warming:
    """What is made ready for an application: its templates, and its first page where that is free.

    An API with a key is asked nothing, since each call counts against its quota.
    """
    site: Site = app.extensions["akin"]

    def first_page() -> None:
        # By the client, in this thread: `Site` asks for names in threads of its own, which a
        # process that is forked later would wait for and not have.
        with visits.during(Visit.lasting(site.settings.timeout)):
            site.page_of(read(())[0])
            site.client.collections()
            site.client.tags()

    steps: dict[str, Callable[[], Any]] = {"the library": first_page} if site.is_by_library else {}
    return Warming({**steps, "templates": cast("PageEnvironment", app.jinja_env).compile_all})
