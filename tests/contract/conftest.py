"""A small library behind a real server on loopback, and the official client that talks to it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from scenario_sdk import Scenario
from werkzeug.serving import make_server

from library import create_library
from library.home import KeyPair
from library.schema.documents import Collection, Document
from tests.contract.items import TOPICS, items
from tests.support import sample_documents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def _filed(found: Document, folder: Path) -> Document:
    """The same with a file, of which nothing is read here but that it is there."""
    (folder / found.source.path).touch()
    return replace(found, source=replace(found.source, root=str(folder)))


@contextmanager
def _served(home: Path, write: str) -> Iterator[str]:
    folder = home / "pictures"
    folder.mkdir()
    index = sample_documents.library(
        home,
        [(_filed(found, folder), pixel) for found, pixel in items()],
        [Collection(id=f"collection_{topic}", name=topic.title()) for topic, _ in TOPICS],
    )
    index.close()
    library = create_library(
        home, key_pair=KeyPair("key", "secret"), models=sample_documents.Tastes(), write=write
    )
    server = make_server("127.0.0.1", 0, library, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the library listens."""
    with _served(tmp_path_factory.mktemp("home"), "off") as found:
        yield found


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Scenario]:
    """The official client of a library of its own that may be changed."""
    with _served(tmp_path, "all") as address, _client(address) as found:
        yield found


def _client(address: str) -> Scenario:
    return Scenario(
        api_key="key",
        api_secret="secret",
        base_url=address,
        max_retries=0,
        _strict_response_validation=True,
    )


@pytest.fixture(scope="session")
def client(address: str) -> Iterator[Scenario]:
    """The official client, checking every field of every answer."""
    with _client(address) as found:
        yield found
