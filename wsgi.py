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

from app import create_app, logs
from app.auth import mount
from app.errors import AkinError
from app.redaction import Redaction
from app.transport import WSGIAdapter
from config import InvalidSettings, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    local = dataclasses.replace(
        settings,
        base_url=f"{IN_PROCESS}/v1",
        facets="off" if settings.facets == "off" else "on",
    )
    app = create_app(local, session=session, mounts={MOUNT: IN_PROCESS})
    mount(app, MOUNT, library)
    return app


def _environ() -> Mapping[str, str]:
    """The environment, in which granian's own variable says where it listens if ours does not."""
    listens = os.environ.get("GRANIAN_HOST", "")
    return {**({"AKIN_LISTEN": listens} if listens else {}), **os.environ}


def _application() -> Flask:
    try:
        settings = Settings.from_environ(_environ())
    except InvalidSettings as error:
        raise SystemExit(f"Akin cannot start:\n{error}") from None
    logs.configure(settings.log, Redaction.of(settings))
    try:
        return build(settings)
    except (InvalidSettings, AkinError) as error:
        raise SystemExit(f"Akin cannot start:\n{error}") from None
    except ImportError as error:
        if (error.name or "").partition(".")[0] == "app":
            raise
        raise SystemExit(
            f"Akin cannot start: {error.name} is not installed. Install requirements-library.txt, "
            "or set SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET."
        ) from error


application = _application()
