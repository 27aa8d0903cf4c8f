"""Akin's web application. `create_app` is the only wiring."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from flask import Flask
from flask_caching import Cache
from jinja2 import StrictUndefined

from app import headers, static_files
from app.answers import Answers
from app.media import Media
from app.pages import asset, failures, operations, references, results
from app.references import References
from app.scenario import Client, authentication
from app.site import Site

if TYPE_CHECKING:
    from collections.abc import Mapping

    from config import Settings

ROOT = Path(__file__).parent.parent
FORM_OVERHEAD = 64 * 1024  # bytes of a form around its file


def create_app(
    settings: Settings,
    *,
    session: requests.Session | None = None,
    mounts: Mapping[str, str] | None = None,
) -> Flask:
    """Put the web application together.

    `session` is what the API is asked through; without one, the network with the settings' key.
    `mounts` says which paths of this server are answered beside the application, and at which
    origin that session finds them: `{"/library": "http://library.internal"}`.
    """
    app = Flask(
        "app",
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
        root_path=str(ROOT / "app"),
    )
    app.config["MAX_CONTENT_LENGTH"] = settings.reference_bytes + FORM_OVERHEAD
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the API's own order
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True

    if session is None:
        session = requests.Session()
        session.auth = authentication(settings.api_key, settings.api_secret, settings.jwt)
    session.headers["User-Agent"] = "akin"
    cache = Cache(app, config=_cache_config(settings.cache_url))
    client = Client(
        base_url=settings.base_url,
        session=session,
        answers=Answers(cache, seconds=settings.cache_seconds),
        timeout=settings.timeout,
        project_id=settings.project_id,
    )
    app.extensions["akin"] = Site(
        settings,
        client,
        References(settings.data / "references", most_bytes=settings.reference_bytes),
        Media(session, origins=settings.media_origins, mounts=mounts),
        mounts=mounts,
    )

    static_files.init_app(app)
    headers.init_app(app, media_origins=settings.media_origins)
    failures.init_app(app)
    for page in (results, asset, references, operations):
        app.register_blueprint(page.blueprint)
    return app


def _cache_config(url: str) -> dict[str, Any]:
    """Flask-Caching's words for AKIN_CACHE_URL."""
    common: dict[str, Any] = {"CACHE_DEFAULT_TIMEOUT": 60, "CACHE_KEY_PREFIX": "akin:"}
    if url == "none":
        return {**common, "CACHE_TYPE": "NullCache", "CACHE_NO_NULL_WARNING": True}
    if url == "memory":
        return {**common, "CACHE_TYPE": "SimpleCache", "CACHE_THRESHOLD": 300}
    if url.startswith("file:"):
        folder = urlsplit(url).path
        return {**common, "CACHE_TYPE": "FileSystemCache", "CACHE_DIR": folder}
    return {**common, "CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": url}
