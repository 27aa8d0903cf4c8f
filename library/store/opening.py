"""The store of a library: PostgreSQL where AKIN_LIBRARY_URL names one, else files in its home."""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

from sqlalchemy.exc import DBAPIError

from environment.declarations import read
from library.errors import IndexMissing, IndexUnusable, SchemaTooOld, StoreAway
from library.home import IN_DATABASE, key_pair
from library.store.backends import sqlite
from library.store.decisions import stored as decisions
from library.store.decisions.stored import Decisions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from library.home import KeyPair
    from library.store.store import Store

URL: Final = "AKIN_LIBRARY_URL"


def open_store(home: Path, *, create: bool) -> Store:
    """Open the store of the library in `home`; raises as the constructors of stores."""
    url = _url()
    if not url:
        return sqlite.SqliteStore(home, create=create)
    from library.store.backends.postgres import PostgresStore, name_of

    store = PostgresStore(url, create=create, name=name_of(home), home=home)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    (home / IN_DATABASE).touch(mode=0o600)
    return store


def stored_key_pair(home: Path) -> KeyPair:
    """Return the credentials of clients, created on first use; raises as `open_store`."""
    if not _url():
        return key_pair(home)
    try:
        store = open_store(home, create=False)  # a replica has it while there is no primary
    except (IndexMissing, SchemaTooOld):
        store = open_store(home, create=True)
    with closing(store):
        return store.key_pair()


def is_in_postgresql() -> bool:
    """Return whether libraries are in PostgreSQL. Raises IndexUnusable."""
    return bool(_url())


def is_away(error: Exception) -> bool:
    """Return whether an error says that the database of a library does not respond now."""
    if isinstance(error, StoreAway):
        return True
    if not _url() or not isinstance(error, DBAPIError):
        return False
    from library.store.backends.connections import is_away as is_away_there

    return is_away_there(error)


def is_one_library() -> bool:
    """Return whether AKIN_LIBRARY_URL names one library, whichever folders are indexed."""
    return "library" in parse_qs(urlsplit(_url()).query)


def _url() -> str:
    try:
        return read(os.environ, URL, from_file=True)
    except ValueError as error:
        raise IndexUnusable(f"{URL}_FILE: {error}") from error


def store_at(address: str, *, create: bool) -> Store:
    """Open the store at `sqlite:HOME` or `postgresql://...?library=NAME`.

    Raises as the constructors of stores, IndexUnusable for another address.
    """
    if address.startswith("sqlite:"):
        return sqlite.SqliteStore(Path(address.removeprefix("sqlite:")), create=create)
    if address.startswith("postgresql://"):
        from library.store.backends.postgres import PostgresStore

        return PostgresStore(address, create=create)
    raise IndexUnusable(
        f"{address[:20]!r} is neither sqlite:HOME nor postgresql://...?library=NAME"
    )


@contextmanager
def open_decisions(home: Path, *, create: bool) -> Iterator[Decisions]:
    """Return the decisions of a library, whether or not it has an index; a context manager.

    Raises as `open_store`; without `create`, IndexMissing where there is neither a library nor a
    decision.
    """
    if _url():
        with closing(open_store(home, create=create)) as store:
            yield store.decisions
        return
    if not create and not any((home / name).exists() for name in (sqlite.FILE, decisions.FILE)):
        raise IndexMissing(f"There is no library in {home}: name another FOLDER or --home")
    yield Decisions.open(home)
