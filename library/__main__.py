"""`python -m library`: index, mirror, reembed, serve, copy, decisions, demo.

Knows the command line. Large packages are imported only by the commands that need them, so that
indexing an unchanged folder is fast.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from library.errors import IndexMissing, LibraryError, SchemaTooOld, StoreAway
from library.folders import Folder
from library.home import home_for, home_of
from library.ingest.command_line import parser
from library.ingest.process.beside import Beside
from library.ingest.process.console import Console

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pathspec import GitIgnoreSpec

    from library.embedding.models import Models
    from library.store.index import Index

_DISK_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
INTERRUPTED = 130  # the exit code of a command stopped by Ctrl-C


def _data() -> Path:
    return Path(os.environ.get("AKIN_DATA") or "instance")


class PrivateFolder(LibraryError):
    """The folder to be indexed is the one in which Akin stores its own files."""


class Unwritable(LibraryError):
    """The index cannot be read or written: a full disk, a read-only folder, damage."""


@contextmanager
def _storage_errors(home: Path) -> Iterator[None]:
    """Raise Unwritable for errors of SQLite and of a full disk."""
    from sqlalchemy.exc import DBAPIError

    from library.store.opening import is_away

    try:
        yield
    except (DBAPIError, OSError) as error:
        if is_away(error):
            raise StoreAway("the database of the library does not respond any more") from error
        if isinstance(error, OSError) and error.errno not in _DISK_FULL:
            raise
        reason = error.strerror if isinstance(error, OSError) else error.orig
        raise Unwritable(
            f"the library in {home} cannot be written ({reason}). What was written before is "
            "complete; check for free disk space and run the command again"
        ) from error


def _models(home: Path) -> Models:
    """Return the models of AKIN_IMAGE_MODEL, or else those of the library."""
    from library.embedding.models import Models

    # Each network uses one thread, because the indexer uses all processor cores.
    return Models.load(home, threads=1, choice=os.environ.get("AKIN_IMAGE_MODEL"))


def _refuse_data_folder(folders: Sequence[Folder]) -> None:
    """Raise PrivateFolder where Akin's own folder would be indexed."""
    if any(folder.path.resolve() == _data().resolve() for folder in folders):
        raise PrivateFolder(
            f"{_data()} is AKIN_DATA, which contains passwords and keys of Akin: index another "
            "folder, or set AKIN_DATA to another one"
        )


def _index(folders: Sequence[Folder], home: Path, console: Console, **options: Any) -> None:
    """Index as `_index_once`; continue where the database has been away meanwhile."""
    from library.ingest.process.away import continued

    continued(home, console, lambda: _index_once(folders, home, console, **options))


def _index_once(
    folders: Sequence[Folder],
    home: Path,
    console: Console,
    *,
    prune: bool = False,
    suffixes: frozenset[str] | None = None,
    dated: str | None = None,
    again: bool = False,
) -> None:
    """Index once. `again`: only what has changed is reported."""
    from library.ingest import needs
    from library.ingest.indexer import Indexer
    from library.ingest.process.run_status import Reported
    from library.ingest.process.runs import alone, exclusive
    from library.store.index import Index

    _refuse_data_folder(folders)
    excluded = _excluded()
    try:
        with (
            _storage_errors(home),
            exclusive(home, console),
            Reported.during(home, console) as progress,
            closing(Index.open(home, create=True)) as index,
        ):
            indexer = Indexer(
                home,
                index,
                _models(home),
                progress,
                private=[_data()],
                installer=needs.installer(),
                excluded=excluded,
            )
            with indexer.reader_threads(folders) as threads, alone(index, console, threads):
                summary = indexer.run(folders, prune=prune, suffixes=suffixes, dated=dated)
            if summary.wrote:
                _warm(index)
            total = index.count()
    finally:
        console.end()
    if again and not summary.wrote:
        return
    if not again:
        indexer.list_problems()
    console.note(f"{total} assets in the library ({summary})")
    if not total:
        _list_supported_types(console)


def _list_supported_types(console: Console) -> None:
    """Print the supported file types, after indexing a folder without assets."""
    from library.formats.file_types import KIND_OF_SUFFIX

    console.note("The folder has no files of a supported type. Add some, and index again:")
    for kind in dict.fromkeys(KIND_OF_SUFFIX.values()):
        suffixes = " ".join(suffix[1:] for suffix, of in KIND_OF_SUFFIX.items() if of == kind)
        console.note(f"  {kind}: {suffixes}")


def _follow(folders: Sequence[Folder], home: Path, console: Console, second: Beside) -> None:
    """Index, then again whenever something below the folders has changed, until interrupted."""
    from library.ingest.sidecars.own import OwnSidecars
    from library.ingest.watch import Watcher

    if os.environ.get("AKIN_WATCH") == "off":
        _index(folders, home, console)
        second.start()
        return
    watcher = Watcher(
        [folder.path for folder in folders],
        home,
        console,
        private=[_data()],
        excluded=_excluded(),
        poll=os.environ.get("AKIN_WATCH") == "poll",
        is_own=OwnSidecars(home),
    )
    _index(folders, home, console)  # an error at first is one of the command
    second.start()
    for number, _ in enumerate(watcher.changes()):
        if number == 0:
            console.note("watching; Ctrl-C stops")
        try:
            _index(folders, home, console, again=True)
            second.start()
        except LibraryError as error:  # a folder that is not mounted may return
            console.note(f"error: {error}")


def _excluded() -> GitIgnoreSpec:
    from library.ingest.exclusions import parse, patterns_of

    return parse(patterns_of(os.environ.get("AKIN_EXCLUDE", "")), "AKIN_EXCLUDE")


def _create(folders: Sequence[Folder], home: Path, console: Console) -> None:
    """Create the library, or convert an old one, so that it can be served while it is indexed."""
    from library.ingest.indexer import Indexer
    from library.ingest.process.run_status import announce
    from library.ingest.process.runs import opened
    from library.store.index import Index

    _refuse_data_folder(folders)
    try:
        Index.open(home).close()
    except (IndexMissing, SchemaTooOld):
        with _storage_errors(home), opened(home, console, create=True) as index:
            if not index.count():
                Indexer(home, index, _models(home), console).follow_models()
    announce(home)


def _reembed(home: Path, console: Console) -> None:
    from library.ingest.process.runs import opened
    from library.ingest.reembed import reembed

    try:
        with _storage_errors(home), opened(home, console) as index:
            count = reembed(home, index, _models(home), console)
            _warm(index)
    finally:
        console.end()
    console.note(f"{count} assets embedded again")


def _warm(index: Index) -> None:
    """Write the search cache of a large library, so that serving starts quickly."""
    from library.reader.index_reader import IndexReader

    IndexReader(index).warm()


def _serve(options: argparse.Namespace) -> None:
    from library.server import serve
    from library.store.index import Index

    home = options.home or home_for(_data(), options.folder)
    Index.open(home).close()  # raises at once when there is no library
    serve(home, options.port)


def _decisions(options: argparse.Namespace) -> None:
    from library.store.decisions.transfer import export_file, import_file

    home = options.home or home_for(_data(), options.folder)
    if options.action == "export":
        export_file(home, options.file)
        return
    with _storage_errors(home):
        done = import_file(home, options.file)
    for line in (*(f"conflict: {conflict}" for conflict in done.conflicts), f"decisions: {done}"):
        Console(quiet=True).note(line)


def _copy(options: argparse.Namespace) -> None:
    from library.store.copying import copy
    from library.store.opening import store_at

    console = Console(quiet=True)
    with (
        closing(store_at(options.source, create=False)) as before,
        closing(store_at(options.target, create=True)) as after,
    ):
        count = copy(before, after, console.note)
    console.note(f"{count} assets copied and compared")


def _check(_options: argparse.Namespace) -> None:
    from library.formats.isolation.worker_pool import protections

    for name, holds in protections().items():
        print(f"{'yes' if holds else 'NO':4} when foreign files are read: {name}")


_NOT_INDEXING: Final = {
    "check": _check,
    "copy": _copy,
    "decisions": _decisions,
    "serve": _serve,
}


def _index_as_asked(options: argparse.Namespace, console: Console, *, is_quiet: bool) -> None:
    """Index once, or until interrupted, with the second pass beside it."""
    home = options.home or home_of(_data(), [folder.path for folder in options.folders])
    second = Beside(home, is_on=not options.no_second_pass, quiet=is_quiet)
    if options.background:
        from library.ingest.watch import only_watcher

        with only_watcher(home, console):
            _follow(options.folders, home, console, second)
    elif options.watch:
        _follow(options.folders, home, console, second)
    else:
        _index(options.folders, home, console, prune=options.prune)
        second.start()
    second.wait()


def _run(options: argparse.Namespace) -> None:
    if options.command != "mirror":  # its folder may be shared by several people
        os.umask(0o077)
    if options.command in _NOT_INDEXING:
        _NOT_INDEXING[options.command](options)
        return
    is_background = getattr(options, "background", False)
    is_quiet = getattr(options, "quiet", False) or (is_background and not sys.stderr.isatty())
    console = Console(quiet=is_quiet)
    if is_background:
        from library.ingest.process import background

        background.begin()
    if options.command == "create":
        home = options.home or home_of(_data(), [folder.path for folder in options.folders])
        _create(options.folders, home, console)
    elif options.command == "index":
        _index_as_asked(options, console, is_quiet=is_quiet)
    elif options.command == "mirror":
        from library.ingest.mirror import Access, Mirror

        Mirror(Access.from_environment(), options.folder, console, rate=options.rate).run()
        home = options.home or home_for(_data(), options.folder)
        _index([Folder(options.folder)], home, console)
        Beside(home, quiet=is_quiet).start().wait()
    elif options.command == "second-pass":
        from library.ingest import second_pass

        home = options.home or home_for(_data(), options.folder)
        try:
            with _storage_errors(home):
                count = second_pass.run_here(home, console, is_beside=options.beside)
        finally:
            console.end()
        console.note(f"second pass: looked at {second_pass.pictures(count)}")
    elif options.command == "reembed":
        _reembed(options.home or home_for(_data(), options.folder), console)
    else:
        from library.ingest import demo

        home = options.home or home_for(_data(), None)
        _index([Folder(demo.folder())], home, console, suffixes=demo.SUFFIXES, dated=demo.date())
        Beside(home, quiet=is_quiet).start().wait()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code: 0, 1 for an error, 130 when interrupted."""
    options = parser().parse_args(arguments)
    try:
        _run(options)
    except KeyboardInterrupt:
        if not getattr(options, "background", False):
            print("stopped; finished work is stored, and the next run continues", file=sys.stderr)
        return INTERRUPTED
    except LibraryError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error.filename or 'system'}: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
