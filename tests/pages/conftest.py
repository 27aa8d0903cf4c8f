"""An application on a pretended API, and its pages as soup. See wire.py for what it can be told.

`wire` is the API, `app` the application, `client` a browser without cookies of its own, and
`soup(path)` a page as BeautifulSoup, after at most one redirect, its status checked.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Protocol

import pytest
import tenacity
from bs4 import BeautifulSoup

from tests.pages.wire import Wire, make_app

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient


class Soup(Protocol):
    """`soup("/?query=castle")`, or `soup(path, status=400)`."""

    def __call__(self, path: str, status: int = 200) -> BeautifulSoup: ...


@pytest.fixture
def wire() -> Wire:
    """A healthy API with 120 assets of all kinds."""
    return Wire()


@pytest.fixture
def app(wire: Wire, tmp_path: Path) -> Flask:
    """The application in front of it, without a cache."""
    return make_app(wire, tmp_path)


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails is asked again at once: a page has as much time as ever, and takes none."""
    monkeypatch.setattr(tenacity.nap, "time", SimpleNamespace(sleep=lambda _seconds: None))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Something that asks for pages."""
    return app.test_client()


@pytest.fixture
def soup(client: FlaskClient) -> Soup:
    """Asks for a page and answers what a reader gets."""

    def ask(path: str, status: int = 200) -> BeautifulSoup:
        response = client.get(path)
        if response.status_code in {302, 303}:
            response = client.get(response.headers["Location"])
        assert response.status_code == status
        return BeautifulSoup(response.data, "html.parser")

    return ask
