"""Downloads: a limited number at once, file names, complete files."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from flask import Response

from app.errors import Busy
from app.web.files.downloads import Downloads, as_download

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.scenario.background_download import Target


def chunks() -> Iterator[bytes]:
    """Return a small file in two parts."""
    yield b"first,"
    yield b"second"


def stream(downloads: Downloads) -> Response:
    """Return a streamed CSV file."""
    return downloads.stream(chunks(), mimetype="text/csv", name="a search", suffix=".csv")


def test_a_slot_is_released_after_the_last_chunk() -> None:
    """Meanwhile another download is refused."""
    downloads = Downloads(at_once=1)
    response = stream(downloads)
    with pytest.raises(Busy):
        stream(downloads)
    assert response.data == b"first,second"
    response.close()
    assert stream(downloads).data == b"first,second"


def test_a_slot_is_released_by_a_client_that_leaves_early() -> None:
    """The response is closed before its first chunk; closing it twice releases one slot."""
    downloads = Downloads(at_once=1)
    response = stream(downloads)
    response.close()
    response.close()
    assert stream(downloads).status_code == 200
    with pytest.raises(Busy):
        stream(downloads)


def test_a_file_that_cannot_be_fetched_releases_its_slot() -> None:
    """The error is that of the fetch; nothing is sent."""
    downloads = Downloads(at_once=1)

    def fetch(_: Target) -> str:
        raise OSError("the connection was closed")

    with pytest.raises(OSError, match="closed"):
        downloads.send_file(fetch, mimetype="image/png")
    assert stream(downloads).status_code == 200


def test_a_complete_file_is_sent_with_its_length() -> None:
    def fetch(target: Target) -> str:
        target.write(b"12345")
        return ""

    response = Downloads().send_file(fetch, mimetype="image/png", patience=60)
    assert (response.content_length, response.data) == (5, b"12345")
    response.close()


class Slow:
    """A file of two parts, the second of which arrives when `go_on` is set."""

    def __init__(self, error: Exception | None = None) -> None:
        self.go_on = threading.Event()
        self._error = error

    def __call__(self, target: Target) -> str:
        target.write(b"first,")
        self.go_on.wait(60)
        if self._error:
            raise self._error
        target.write(b"second")
        return ""


def test_a_slow_file_is_sent_as_it_arrives() -> None:
    """Without a length, which is not known yet; with empty parts where nothing arrives."""
    slow = Slow()
    response = Downloads().send_file(slow, mimetype="image/png", patience=0, pause=0.01)
    parts = response.iter_encoded()
    assert (response.content_length, next(parts), next(parts)) == (None, b"first,", b"")
    slow.go_on.set()
    assert b"".join(parts) == b"second"
    response.close()


def test_a_slow_file_that_fails_is_cut_off() -> None:
    """Its client sees a broken connection, not a complete file."""
    slow = Slow(OSError("the connection was closed"))
    response = Downloads().send_file(slow, mimetype="image/png", patience=0, pause=0.01)
    slow.go_on.set()
    with pytest.raises(OSError, match="closed"):
        list(response.iter_encoded())
    response.close()


def test_a_client_that_leaves_a_slow_file_releases_its_slot() -> None:
    """Although the file is still being downloaded."""
    downloads, slow = Downloads(at_once=1), Slow()
    response = downloads.send_file(slow, mimetype="image/png", patience=0, pause=0.01)
    with pytest.raises(Busy):
        stream(downloads)
    response.close()
    assert stream(downloads).status_code == 200
    slow.go_on.set()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("castle", 'attachment; filename="Akin castle.csv"'),
        (
            "café",
            "attachment; filename=\"Akin cafe.csv\"; filename*=UTF-8''Akin%20caf%C3%A9.csv",
        ),
    ],
)
def test_file_names(name: str, expected: str) -> None:
    """Names with other letters are sent in both forms of RFC 6266."""
    response = as_download(Response("x"), name=name, suffix=".csv")
    assert response.headers["Content-Disposition"] == expected
    assert response.headers["Cache-Control"] == "no-store"
