"""Akin's web application. `create_app` is the only wiring."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask
from flask_compress import Compress

from app import auth, fragments, headers, logs, static_files, templating
from app.answers import Answers
from app.calls import EXTENSION
from app.checks import Checks, Trial, trials
from app.limits import Ceiling, Gate, shared_tally
from app.media import Media
from app.pages import (
    asset,
    code,
    ends,
    exports,
    failures,
    feeds,
    handing,
    operations,
    part,
    references,
    results,
    selection,
    sign_in,
    tags,
    visiting,
    wander,
    why,
)
from app.places import place_of
from app.redaction import Redaction
from app.references import References
from app.scenario import Client
from app.sending import Sender, open_session
from app.shelves import make_shelf
from app.site import Site

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests

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
    templating.init_app(app)

    if session is None:
        session = open_session(settings.api_key, settings.api_secret, settings.jwt)
    session.headers["User-Agent"] = "akin"
    shelf = make_shelf(app, settings.cache_url)
    tally = shared_tally(shelf.client, settings.data / "calls")
    sender = Sender(
        base_url=settings.base_url,
        session=session,
        timeout=settings.timeout,
        project_id=settings.project_id,
        gate=Gate(Ceiling(settings.calls_per_minute, tally)),
        redaction=Redaction.of(settings),
    )
    client = Client(
        sender,
        Answers(
            shelf,
            seconds=settings.cache_seconds,
            stale_seconds=settings.stale_seconds,
            call_seconds=settings.timeout,
        ),
        extras=EXTENSION if settings.facets == "on" else None,
    )
    app.extensions["akin"] = Site(
        settings,
        client,
        References(
            place_of(settings.references_url, settings.data / "references"),
            most_bytes=settings.reference_bytes,
        ),
        Media(session, origins=settings.media_origins, mounts=mounts),
        mounts=mounts,
    )

    logs.init_app(app)
    door = auth.init_app(app, settings, shelf)
    signing_in = Trial("sign-in", door.mode.try_out)
    kept = app.extensions["akin"].references
    app.extensions["akin.checks"] = Checks([*trials(sender, shelf, kept), signing_in])
    visiting.keep_compressed(app)
    Compress(app)  # zstd at level 3, else Brotli, else gzip
    static_files.init_app(app)
    fragments.init_app(app)
    app.jinja_env.globals["takes_addresses"] = bool(settings.reference_origins)
    headers.init_app(app, media_origins=settings.media_origins)
    visiting.init_app(app, seconds=settings.timeout)
    failures.init_app(app)
    handing.init_app(app)
    searching = (results, asset, part, references, ends, why, wander, tags)
    handing_over = (exports, feeds, code, selection)
    for page in (*searching, *handing_over, operations, sign_in):
        app.register_blueprint(page.blueprint)
    return app
