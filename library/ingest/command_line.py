"""The options of `python -m library`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from library.folders import Folder


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    commands_of = argparse.ArgumentParser(
        prog="python -m library",
        description="A searchable library of the files in a folder, with the Scenario API.",
    )
    commands = commands_of.add_subparsers(dest="command", required=True, metavar="COMMAND")
    home: dict[str, Any] = {
        "type": Path,
        "metavar": "HOME",
        "help": "folder of the library; default: below $AKIN_DATA (instance), one for each FOLDER",
    }
    quiet: dict[str, Any] = {"action": "store_true", "help": "no progress bar"}

    copy = commands.add_parser(
        "copy",
        help="copy a library between a folder and PostgreSQL",
        description="Copy the index, the ids, the decisions and the thumbnails of a library. A "
        "copy that was stopped continues. Stop the indexer and the servers before.",
    )
    for name, what in (("source", "the library to copy"), ("target", "where to copy it")):
        copy.add_argument(
            name,
            metavar=name.upper(),
            help=f"{what}: sqlite:HOME, or postgresql://USER:PASSWORD@HOST/DATABASE?library=NAME",
        )
    index = commands.add_parser(
        "index",
        help="index folders; unchanged files are skipped",
        description="Index the files of one or more folders. Files that have not changed since the "
        "last run are skipped, moved and edited files keep their ids, deleted files are removed "
        "from the library. Where a folder, or more than a fifth of its files, is gone, its assets "
        "stay and are marked as missing. AKIN_EXCLUDE and files named .akinignore exclude files "
        "(docs/files.md).",
    )
    index.add_argument(
        "folders",
        nargs="+",
        type=Folder.parse,
        metavar="FOLDER",
        help="folder to index, or NAME=FOLDER",
    )
    index.add_argument("--home", **home)
    index.add_argument("--quiet", **quiet)
    index.add_argument(
        "--prune",
        action="store_true",
        help="remove the assets of files that are missing, and of folders that are not named",
    )
    index.add_argument(
        "--no-second-pass",
        action="store_true",
        help="do not look for text in images and for sensitive images, whatever the settings are",
    )
    index.add_argument(
        "--watch", action="store_true", help="keep running and index the changes of the folders"
    )

    index.add_argument(
        "--background",
        action="store_true",
        help="as --watch, at low priority, until standard input is closed; beside a server",
    )

    create = commands.add_parser(
        "create",
        help="create an empty library, or convert an old one, to serve it while it is indexed",
    )
    create.add_argument("folders", nargs="*", type=Folder.parse, metavar="FOLDER")
    create.add_argument("--home", **home)

    again = commands.add_parser(
        "reembed",
        help="compute all vectors again, with another model",
        description="Embed every asset with the model of AKIN_IMAGE_MODEL ('clip', a folder with "
        "ONNX files, or empty for the packaged one). Searches use the old vectors until all new "
        "ones are complete. A stopped run is resumed by the next one.",
    )
    again.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="default: demo")
    again.add_argument("--home", **home)
    again.add_argument("--quiet", **quiet)

    second = commands.add_parser(
        "second-pass",
        help="look for text in images and for sensitive images, as far as that is turned on",
        description="Look for text in images (AKIN_TEXT_IN_IMAGES=on) and for sensitive images "
        "(AKIN_SENSITIVE_IMAGES=on) in an indexed library; `index` does so at its end. It runs at "
        "low priority; a stopped run is resumed by the next one.",
    )
    second.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="default: demo")
    second.add_argument("--home", **home)
    second.add_argument("--quiet", **quiet)
    second.add_argument("--beside", action="store_true", help=argparse.SUPPRESS)  # ends with it

    mirror = commands.add_parser(
        "mirror",
        help="download a Scenario project's assets into a folder, and index it",
        description="Download the assets of a Scenario project through the API into FOLDER and "
        "index it, for searching offline. A stopped run is resumed by the next one; later runs "
        "download only new assets. Reads SCENARIO_SDK_API_KEY, SCENARIO_SDK_API_SECRET, "
        "SCENARIO_SDK_JWT, SCENARIO_BASE_URL and SCENARIO_PROJECT_ID.",
    )
    mirror.add_argument("folder", type=Path, metavar="FOLDER", help="folder of the downloads")
    mirror.add_argument("--home", **home)
    mirror.add_argument("--quiet", **quiet)
    mirror.add_argument(
        "--rate", type=float, default=5.0, help="requests per second; default: %(default)s"
    )

    serve = commands.add_parser(
        "serve",
        help="serve the API on this machine, under /v1",
        description="Serve the API on the loopback address. The key pair is that of "
        "SCENARIO_SDK_API_KEY and SCENARIO_SDK_API_SECRET, or a random one stored in HOME.",
    )
    serve.add_argument(
        "folder", nargs="?", type=Path, metavar="FOLDER", help="an indexed folder; default: demo"
    )
    serve.add_argument("--home", **home)
    serve.add_argument("--port", type=int, default=9000, help="default: %(default)s")

    commands.add_parser(
        "check",
        help="show how reading files is protected on this machine",
        description="Show which protections of docs/security.md, section Foreign files, hold here.",
    )

    decisions = commands.add_parser(
        "decisions",
        help="export or import tags, collections, ratings, ... that were given by hand",
        description="Write the decisions about the assets of FOLDER as JSON Lines, or read them. "
        "An import can be repeated; where both sides decided differently, the later decision is "
        "kept, and the conflict is reported.",
    )
    decisions.add_argument("action", choices=("export", "import"))
    decisions.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="default: demo")
    decisions.add_argument(
        "--file", type=Path, metavar="FILE", help="default: standard output, or standard input"
    )
    decisions.add_argument("--home", **home)

    demo = commands.add_parser("demo", help="index the demo pack")
    demo.add_argument("--home", **home)
    demo.add_argument("--quiet", **quiet)
    demo.add_argument(
        "--background", action="store_true", help="at low priority, until standard input is closed"
    )
    return commands_of
