"""`application`, for granian or any WSGI server.

The one place that imports both the web application and the library. With a key in the environment
the application uses the Scenario API over the network; without one, the library of this
repository, mounted under /library in the same process, through the same client.
"""

from __future__ import annotations

import dataclasses
import gc
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from app import create_app
from app.auth.sessions import session_keys
from app.errors import AkinError
from app.network.wsgi_adapter import WSGIAdapter
from app.telemetry.redaction import Redaction
from app.web import request_log
from app.web.context import services_of
from app.web.mounting import mount
from app.web.warmup import warmup_of
from config import InvalidSettings, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flask import Flask

    from library.folders import Folder

MOUNT = "/library"
IN_PROCESS = "http://library.internal"  # never resolved: the adapter answers it


def complete(settings: Settings) -> Settings:
    """Return the settings with the keys and the API of this process.

    They contain every secret, so that the log redacts all of them. Raises InvalidSettings where a
    key cannot be stored.
    """
    if settings.auth != "none":
        settings = dataclasses.replace(settings, secret_keys=session_keys(settings))
    if settings.has_key:
        return settings
    from library.store.opening import stored_key_pair

    with _library_errors(settings):
        pair = stored_key_pair(_home(settings))
    return dataclasses.replace(
        settings,
        api_key=pair.key,
        api_secret=pair.secret,
        base_url=f"{IN_PROCESS}/v1",
        write=settings.write_mode,  # whose default depends on there being no key
        facets="off" if settings.facets == "off" else "on",
    )


def build(settings: Settings) -> Flask:
    """Return the application of complete settings, with the library mounted if it is the API.

    Raises InvalidSettings where the library cannot be opened.
    """
    if not settings.base_url.startswith(IN_PROCESS):
        return create_app(settings)
    from library import create_library
    from library.home import KeyPair

    pair = KeyPair(settings.api_key, settings.api_secret)
    with _library_errors(settings):
        library = create_library(
            _home(settings),
            key_pair=pair,
            public_url=MOUNT,
            write=settings.write_mode,
            sidecars=settings.sidecars,
            folders=_folders(settings),
        )
    session = requests.Session()
    session.trust_env = False  # a proxy of the environment does not apply within a process
    session.auth = (pair.key, pair.secret)
    session.mount(IN_PROCESS, WSGIAdapter(library))
    app = create_app(settings, session=session, mounts={MOUNT: IN_PROCESS})
    mount(app, MOUNT, library, name="library")
    return app


def protections(app: Flask) -> dict[str, bool]:
    """Return which protections of foreign files hold; empty where no library is mounted."""
    if MOUNT not in services_of(app).mounts:
        return {}
    from library.formats.isolation.worker_pool import protections as of_workers

    return of_workers()


@contextmanager
def _library_errors(settings: Settings) -> Iterator[None]:
    """Raise InvalidSettings for the errors of opening the library."""
    from library.errors import LibraryError

    try:
        yield
    except (LibraryError, OSError) as error:
        setting = "AKIN_LIBRARY_URL" if settings.library_url else "AKIN_DATA"
        raise InvalidSettings(f"{setting}: its library cannot be opened: {error}") from error


def _folders(settings: Settings) -> tuple[Folder, ...]:
    from library.folders import parse_folders

    return parse_folders(settings.assets)


def _home(settings: Settings) -> Path:
    from library.home import home_of

    return home_of(settings.data, [folder.path for folder in _folders(settings)])


def _environ() -> Mapping[str, str]:
    """Return the environment; granian's own variable is the default of AKIN_LISTEN."""
    listens = os.environ.get("GRANIAN_HOST", "")
    return {**({"AKIN_LISTEN": listens} if listens else {}), **os.environ}


def _application() -> Flask:
    os.umask(0o077)  # files are readable by this user alone: keys, the library, cached responses
    try:
        settings = complete(Settings.from_environ(_environ()))
        request_log.configure(settings.log, Redaction.of(settings))
        app = build(settings)
    except (InvalidSettings, AkinError) as error:
        raise SystemExit(f"Akin cannot start:\n{error}") from None
    except ImportError as error:
        if (error.name or "").partition(".")[0] == "app":
            raise
        raise SystemExit(
            f"Akin cannot start: {error.name} is not installed. Install requirements/library.txt, "
            "or set SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET."
        ) from error
    warmup_of(app).begin()
    return app


application = _application()
# What exists now lives as long as the process: the garbage collector need not look at it again.
gc.collect()
gc.freeze()
