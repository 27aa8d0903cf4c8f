"""The application as an attacker meets it: open on this machine, before a healthy API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.pages.wire import Wire, make_app

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient


@pytest.fixture
def wire() -> Wire:
    """A healthy API, whose answers a test may replace by an attacker's."""
    return Wire()


@pytest.fixture
def app(wire: Wire, tmp_path: Path) -> Flask:
    """The application, keeping everything it keeps below `tmp_path / "data"`."""
    return make_app(wire, tmp_path / "data", reference_bytes=2_000_000)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Somebody who asks."""
    return app.test_client()
