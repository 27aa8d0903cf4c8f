"""The attacked application: without sign-in, with a healthy API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.scenario_api import FakeAPI, make_app

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient


@pytest.fixture
def api() -> FakeAPI:
    """A healthy API, whose responses a test may replace by an attacker's."""
    return FakeAPI()


@pytest.fixture
def app(api: FakeAPI, tmp_path: Path) -> Flask:
    """The application, with its data folder in `tmp_path / "data"`."""
    return make_app(api, tmp_path / "data", reference_bytes=2_000_000)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client without a cookie."""
    return app.test_client()
