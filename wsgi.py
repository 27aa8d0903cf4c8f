"""Puts the parts together: `application`, for granian or any WSGI server.

The one place where the web application and the library meet. With a key in the environment the
application asks the Scenario API over the network; without one it asks the library of this repo,
mounted under /library in the same process, through the same client.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

import requests
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from app import create_app
from app.transport import WSGIAdapter
from config import InvalidSettings, Settings

if TYPE_CHECKING:
    from flask import Flask

MOUNT = "/library"
IN_PROCESS = "http://library.internal"  # never resolved: the adapter answers it


def build(settings: Settings) -> Flask:
    """Answer the application for these settings; with no key, the library beneath it.

    Raises library.errors.LibraryError where the library cannot be opened.
    """
    if settings.has_key:
        return create_app(settings)
    from library import create_library
    from library.homes import home_for, key_pair

    folder = Path(settings.assets).expanduser() if settings.assets else None
    home = home_for(settings.data, folder)
    pair = key_pair(home)
    library = create_library(home, key_pair=pair, public_url=MOUNT)
    session = requests.Session()
    session.trust_env = False  # no proxy stands between two parts of one process
    session.auth = (pair.key, pair.secret)
    session.mount(IN_PROCESS, WSGIAdapter(library))
    local = dataclasses.replace(settings, base_url=f"{IN_PROCESS}/v1")
    app = create_app(local, session=session, mounts={MOUNT: IN_PROCESS})
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {MOUNT: library})  # type: ignore[method-assign]
    return app


def _application() -> Flask:
    try:
        settings = Settings.from_environ(os.environ)
    except InvalidSettings as error:
        raise SystemExit(f"Akin cannot start:\n{error}") from error
    try:
        return build(settings)
    except ImportError as error:
        if (error.name or "").partition(".")[0] == "app":
            raise
        raise SystemExit(
            f"Akin cannot start: {error.name} is not installed. Install requirements-library.txt, "
            "or set SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET."
        ) from error


application = _application()
