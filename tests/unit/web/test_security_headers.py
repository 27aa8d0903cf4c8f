"""Headers of files of other people: the files are shown and never run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, Response

from app.web import security_headers

if TYPE_CHECKING:
    from werkzeug.test import TestResponse


def served(mime: str, **own: str) -> TestResponse:
    """Return a file of that type as a mounted application serves it, with its `own` headers."""
    app = Flask("files")
    headers = {name.replace("_", "-"): value for name, value in own.items()}
    app.add_url_rule("/", view_func=lambda: Response("x", content_type=mime, headers=headers))
    app.wsgi_app = security_headers.for_files(app.wsgi_app)  # type: ignore[assignment, method-assign]
    return app.test_client().get("/")


def test_svg_and_html_never_run() -> None:
    """The policy has a sandbox and allows no scripts."""
    for mime in ("image/svg+xml", "text/html"):
        response = served(mime)
        assert response.headers["Content-Security-Policy"] == security_headers.FILES_POLICY
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in security_headers.FILES_POLICY
        assert "script" not in security_headers.FILES_POLICY


def test_pdf_keeps_the_viewer() -> None:
    """The PDF viewer of a browser does not run in a sandbox."""
    assert "Content-Security-Policy" not in served("application/pdf").headers


def test_own_headers_are_preserved() -> None:
    """A header that the mounted application sets is not set again."""
    response = served("image/png", Content_Security_Policy="default-src 'none'")
    assert response.headers.getlist("Content-Security-Policy") == ["default-src 'none'"]
