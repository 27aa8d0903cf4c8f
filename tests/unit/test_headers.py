"""Headers of files that somebody else made: shown, never run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response

from app import headers

if TYPE_CHECKING:
    from werkzeug.test import TestResponse


def served(mime: str, **own: str) -> TestResponse:
    """A file of that type as a mounted application serves it, with headers of its own."""
    app = Flask("files")
    named = {name.replace("_", "-"): value for name, value in own.items()}
    app.add_url_rule("/", view_func=lambda: Response("x", content_type=mime, headers=named))
    app.wsgi_app = headers.of_files(app.wsgi_app)  # type: ignore[method-assign]
    return app.test_client().get("/")


def test_svg_and_html_never_run() -> None:
    """A document of somebody's is put into a sandbox without scripts."""
    for mime in ("image/svg+xml", "text/html"):
        answer = served(mime)
        assert answer.headers["Content-Security-Policy"] == headers.FILES_POLICY
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in headers.FILES_POLICY
        assert "script" not in headers.FILES_POLICY


def test_pdf_keeps_the_viewer() -> None:
    """A browser's own viewer does not run in a sandbox."""
    assert "Content-Security-Policy" not in served("application/pdf").headers


def test_own_headers_stay() -> None:
    """What a file's server says itself is said once."""
    answer = served("image/png", Content_Security_Policy="default-src 'none'")
    assert answer.headers.getlist("Content-Security-Policy") == ["default-src 'none'"]
