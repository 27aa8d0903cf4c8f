"""An application with a fake API, and its pages as soup. See tests.support.scenario_api.

`api` is the API, `app` the application, `client` a browser without cookies of its own, and
`soup(path)` a page as BeautifulSoup, after at most one redirect, its status checked.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import tenacity
from bs4 import BeautifulSoup

from tests.support.scenario_api import FakeAPI, make_app

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient

    from tests.support.soup import Soup


@pytest.fixture
def api() -> FakeAPI:
    """A healthy API with 120 assets of all kinds."""
    return FakeAPI()


@pytest.fixture
def app(api: FakeAPI, tmp_path: Path) -> Flask:
    """The application in front of it, without a cache."""
    return make_app(api, tmp_path)


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry without pauses; the time limits of a page stay as they are."""
    monkeypatch.setattr(tenacity.nap, "time", SimpleNamespace(sleep=lambda _seconds: None))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client that requests pages."""
    return app.test_client()


@pytest.fixture
def soup(client: FlaskClient) -> Soup:
    """Return a function that requests a page and parses it."""

    def ask(path: str, status: int = 200) -> BeautifulSoup:
        response = client.get(path)
        if response.status_code in {302, 303}:
            response = client.get(response.headers["Location"])
        assert response.status_code == status
        return BeautifulSoup(response.data, "html.parser")

    return ask
