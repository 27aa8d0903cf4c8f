"""An editor over the simulated API, which has its time from the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.clock import Clock
from tests.support.editing import EditedAPI, services_without_thread

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.services.editing.editor import Editor
    from app.web.context import Services


@pytest.fixture
def api() -> EditedAPI:
    """The API, with some assets."""
    return EditedAPI()


@pytest.fixture
def clock() -> Clock:
    """The time of the application."""
    return Clock()


@pytest.fixture
def services(api: EditedAPI, clock: Clock, tmp_path: Path) -> Iterator[Services]:
    """The services of an application whose changes are made by the test, not by its thread."""
    found = services_without_thread(api, tmp_path, clock=clock)
    yield found
    found.close()


@pytest.fixture
def editor(services: Services) -> Editor:
    """Its editor."""
    return services.editor
