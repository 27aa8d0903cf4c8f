"""`python -m library`: index, mirror, reembed, serve, demo.

Knows the command line; heavy libraries load only where a command needs them, so that indexing an
unchanged folder is done in a moment.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from library.errors import LibraryError
from library.homes import home_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from library.index import Index
    from library.models import Models

_NO_ROOM = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
INTERRUPTED = 130  # what a shell reports for a command stopped by Ctrl-C


class Console:
    """A run's report on standard error: a progress bar, and one line for each thing skipped."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar: Any = None

    def note(self, text: str) -> None:
        """One line, above the bar where there is one."""
        line = text.encode("utf-8", "backslashreplace").decode()
        line = "".join(c if c.isprintable() else "?" for c in line)
        if self._bar is not None:
            self._bar.write(line, file=sys.stderr)
        else:
            print(line, file=sys.stderr, flush=True)

    def skipped(self, path: str, reason: str) -> None:
        """Why a file or folder was passed over."""
        self.note(f"skipped {path or 'the folder'}: {reason}")

    def begin(self, total: int) -> None:
        """Show the bar."""
        from tqdm import tqdm

        self._bar = tqdm(total=total, unit=" files", desc="indexing", disable=self._quiet,
                         file=sys.stderr, dynamic_ncols=True, mininterval=0.2)  # fmt: skip

    def advance(self, count: int) -> None:
        """Move the bar."""
        self._bar.update(count)

    def end(self) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m library",
        description="A searchable library over a folder of files, behind the Scenario API.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    home: dict[str, Any] = {
        "type": Path,
        "metavar": "HOME",
        "help": "where the library is kept; default: below $AKIN_DATA (instance), by folder",
    }
    quiet: dict[str, Any] = {"action": "store_true", "help": "no progress bar"}

    index = commands.add_parser(
        "index",
        help="read a folder into its library; what is unchanged is passed over",
        description="Read a folder into its library. Files that did not change since the last run "
        "are passed over, moved ones keep their ids, deleted ones are forgotten.",
    )
    index.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="what to index")
    index.add_argument("--home", **home)
    index.add_argument("--quiet", **quiet)
    index.add_argument(
        "--prune", action="store_true", help="forget the assets of a folder that became empty"
    )

    index.add_argument(
        "--watch", action="store_true", help="stay, and follow the folders as they change"
    )

    again = commands.add_parser(
        "reembed",
        help="make all vectors anew, beside searching",
        description="Embed every asset with the model of AKIN_IMAGE_MODEL ('clip', a folder with "
        "ONNX files, or empty for the packaged one). Searching goes on with the vectors there are "
        "and switches over at the end; a stopped run goes on.",
    )
    again.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="default: demo")
    again.add_argument("--home", **home)
    again.add_argument("--quiet", **quiet)

    mirror = commands.add_parser(
        "mirror",
        help="copy a Scenario project's assets into a folder, and index it",
        description="Fetch the assets of a Scenario project through the API into FOLDER and index "
        "it, for searching offline. A stopped run goes on; the next one fetches what is new. Reads "
        "SCENARIO_SDK_API_KEY, SCENARIO_SDK_API_SECRET, SCENARIO_SDK_JWT, SCENARIO_BASE_URL and "
        "SCENARIO_PROJECT_ID.",
    )
    mirror.add_argument("folder", type=Path, metavar="FOLDER", help="where the files go")
    mirror.add_argument("--home", **home)
    mirror.add_argument("--quiet", **quiet)
    mirror.add_argument("--rate", type=float, default=5.0, help="requests a second (%(default)s)")

    serve = commands.add_parser(
        "serve",
        help="answer the API on this machine, under /v1",
        description="Answer the API on the loopback address. The key pair is taken from "
        "SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET, or made once and kept in the home.",
    )
    serve.add_argument(
        "folder", nargs="?", type=Path, metavar="FOLDER", help="an indexed folder; default: demo"
    )
    serve.add_argument("--home", **home)
    serve.add_argument("--port", type=int, default=9000, help="default: %(default)s")

    demo = commands.add_parser("demo", help="index the demo pack, once")
    demo.add_argument("--home", **home)
    demo.add_argument("--quiet", **quiet)
    return parser


def _data() -> Path:
    return Path(os.environ.get("AKIN_DATA") or "instance")


class Unwritable(LibraryError):
    """The library's file cannot be read or written: a full disk, a read-only folder, damage."""


@contextmanager
def _told(home: Path) -> Iterator[None]:
    """SQLite's errors, and those of a disk without room, as one line for the reader."""
    from sqlalchemy.exc import DBAPIError

    try:
        yield
    except (DBAPIError, OSError) as error:
        if isinstance(error, OSError) and error.errno not in _NO_ROOM:
            raise
        said = error.strerror if isinstance(error, OSError) else error.orig
        raise Unwritable(
            f"the library in {home} cannot be written ({said}); is the disk full? "
            "What was written before is kept"
        ) from error


def _models(home: Path) -> Models:
    """The models to embed with: AKIN_IMAGE_MODEL's, else those that the library has."""
    from library.models import Models

    # Each network runs on one thread: the indexer itself runs on every core.
    return Models.load(home, threads=1, choice=os.environ.get("AKIN_IMAGE_MODEL"))


def _index(
    folders: Sequence[Path],
    home: Path,
    console: Console,
    *,
    prune: bool = False,
    suffixes: frozenset[str] | None = None,
    dated: str | None = None,
) -> None:
    from library.index import Index
    from library.ingest import Indexer
    from library.runs import alone

    try:
        with _told(home), alone(home, console), closing(Index.open(home, create=True)) as index:
            indexer = Indexer(home, index, _models(home), console)
            summary = indexer.run(folders, prune=prune, suffixes=suffixes, dated=dated)
            if summary.wrote:
                _warm(index)
            total = index.count()
    finally:
        console.end()
    console.note(f"{total} assets in the library ({summary})")
    if not total:
        _say_what_is_read(console)


def _say_what_is_read(console: Console) -> None:
    """For whoever has indexed a folder in which nothing was found."""
    from library.kinds import PROMISED

    console.note(
        "Nothing to browse yet. Put files of these kinds into the folder, and index again:"
    )
    for kind in dict.fromkeys(PROMISED.values()):
        suffixes = " ".join(suffix[1:] for suffix, of in PROMISED.items() if of == kind)
        console.note(f"  {kind}: {suffixes}")


def _watch(folders: Sequence[Path], home: Path, console: Console) -> None:
    """Index again whenever something below the folders changes, until interrupted."""
    from watchfiles import watch

    own = str(home.resolve())
    began = False
    for changes in watch(
        *folders,
        watch_filter=lambda _, path: not path.startswith(own),
        rust_timeout=1000,
        yield_on_timeout=True,
        raise_interrupt=True,
    ):
        # Once at first: something may have changed before the watching began.
        if changes or not began:
            try:
                _index(folders, home, console)
            except LibraryError as error:  # a folder that is away may come back
                console.note(f"error: {error}")
        if not began:
            began = True
            console.note("watching; Ctrl-C stops")


def _reembed(home: Path, console: Console) -> None:
    from library.index import Index
    from library.reembedding import reembed
    from library.runs import alone

    try:
        with _told(home), alone(home, console), closing(Index.open(home)) as index:
            count = reembed(home, index, _models(home), console)
            _warm(index)
    finally:
        console.end()
    console.note(f"{count} assets embedded anew")


def _warm(index: Index) -> None:
    """Let the search make what it keeps of a large library, so that serving starts quickly."""
    from library.shelves import Shelves

    Shelves(index).warm()


def _serve(home: Path, port: int) -> None:
    from library.index import Index
    from library.serving import serve

    Index.open(home).close()  # says so at once when there is no library
    serve(home, port)


def _run(options: argparse.Namespace) -> None:
    if options.command == "serve":
        _serve(options.home or home_for(_data(), options.folder), options.port)
        return
    console = Console(quiet=options.quiet)
    if options.command == "index":
        home = options.home or home_for(_data(), options.folders[0])
        _index(options.folders, home, console, prune=options.prune)
        if options.watch:
            _watch(options.folders, home, console)
    elif options.command == "mirror":
        from library.mirror import Access, Mirror

        Mirror(Access.from_environment(), options.folder, console, rate=options.rate).run()
        _index([options.folder], options.home or home_for(_data(), options.folder), console)
    elif options.command == "reembed":
        _reembed(options.home or home_for(_data(), options.folder), console)
    else:
        from library import demo

        home = options.home or home_for(_data(), None)
        _index([demo.folder()], home, console, suffixes=demo.SUFFIXES, dated=demo.dated())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 1 with a line, 130 when interrupted."""
    options = _parser().parse_args(arguments)
    try:
        _run(options)
    except KeyboardInterrupt:
        print("stopped; what was done so far is kept, the next run goes on", file=sys.stderr)
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
