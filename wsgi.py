"""Puts the parts together: `application`, for granian or any WSGI server.

The one place where the web application and the library meet. With a key in the environment the
application asks the Scenario API over the network; without one it asks the library of this repo,
mounted under /library in the same process, through the same client.
"""

from __future__ import annotations

import dataclasses
import gc
import multiprocessing
import os
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from app import create_app, logs, warming
from app.auth.sessions import keys_of
from app.errors import AkinError
from app.mounting import mount
from app.redaction import Redaction
from app.transport import WSGIAdapter
from config import InvalidSettings, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flask import Flask

MOUNT = "/library"
IN_PROCESS = "http://library.internal"  # never resolved: the adapter answers it


def complete(settings: Settings) -> Settings:
    """The settings with what this process gives itself: the library for an API, keys that it made.

    Every secret stands in them, so that none of those is forgotten which the log must not tell.
    Raises InvalidSettings where one cannot be kept.
    """
    if settings.auth != "none":
        settings = dataclasses.replace(settings, secret_keys=keys_of(settings))
    if settings.has_key:
        return settings
    from library.homes import key_pair

    with _trouble_of_the_library():
        pair = key_pair(_home(settings))
    return dataclasses.replace(
        settings,
        api_key=pair.key,
        api_secret=pair.secret,
        base_url=f"{IN_PROCESS}/v1",
        facets="off" if settings.facets == "off" else "on",
    )


def build(settings: Settings) -> Flask:
    """Answer the application for complete settings; with the library for an API, that beneath it.

    Raises InvalidSettings where the library cannot be opened.
    """
    if not settings.base_url.startswith(IN_PROCESS):
        return create_app(settings)
    from library import create_library
    from library.homes import KeyPair

    pair = KeyPair(settings.api_key, settings.api_secret)
    with _trouble_of_the_library():
        library = create_library(_home(settings), key_pair=pair, public_url=MOUNT)
    session = requests.Session()
    session.trust_env = False  # no proxy stands between two parts of one process
    session.auth = (pair.key, pair.secret)
    session.mount(IN_PROCESS, WSGIAdapter(library))
    app = create_app(settings, session=session, mounts={MOUNT: IN_PROCESS})
    mount(app, MOUNT, library, name="library")
    return app


@contextmanager
def _trouble_of_the_library() -> Iterator[None]:
    """What keeps the library from opening is one of the clear lines, too."""
    from library.errors import LibraryError

    try:
        yield
    except (LibraryError, OSError) as error:
        raise InvalidSettings(f"AKIN_DATA: its library cannot be opened: {error}") from error


def _home(settings: Settings) -> Path:
    from library.homes import home_for

    folder = Path(settings.assets).expanduser() if settings.assets else None
    return home_for(settings.data, folder)


def _environ() -> Mapping[str, str]:
    """The environment, in which granian's own variable says where it listens if ours does not."""
    listens = os.environ.get("GRANIAN_HOST", "")
    return {**({"AKIN_LISTEN": listens} if listens else {}), **os.environ}


def _leave_ctrl_c_to_the_server() -> None:
    """A terminal sends Ctrl-C to workers, too; one that ends before the server looks like a crash.

    Before any thread is started: each has the signals that its maker had.
    """
    if multiprocessing.parent_process() is not None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def _application() -> Flask:
    _leave_ctrl_c_to_the_server()
    try:
        settings = complete(Settings.from_environ(_environ()))
        logs.configure(settings.log, Redaction.of(settings))
        app = build(settings)
    except (InvalidSettings, AkinError) as error:
        raise SystemExit(f"Akin cannot start:\n{error}") from None
    except ImportError as error:
        if (error.name or "").partition(".")[0] == "app":
            raise
        raise SystemExit(
            f"Akin cannot start: {error.name} is not installed. Install requirements-library.txt, "
            "or set SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET."
        ) from error
    warming.of(app).begin()
    return app


application = _application()
# What stands at the start stays: the garbage collector looks at none of it with every page again.
gc.collect()
gc.freeze()
