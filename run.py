"""Start Akin on this machine: `python run.py [--assets FOLDER]... [--port N] [--data FOLDER]`.

Installs what it needs into .venv, indexes the folder (or the demo pack) and serves. `make run` does
the same. Needs Python 3.11 or newer and nothing else.
"""

import argparse
import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the message for an older Python
    sys.exit(f"Akin needs Python 3.11 or newer; this is {sys.version.split()[0]}.")

from scripts.launch import run, start


def main() -> int:
    """Read the command line, then start; return the exit status."""
    parser = argparse.ArgumentParser(description="Start Akin and print the address to open.")
    parser.add_argument(
        "--assets",
        metavar="FOLDER",
        action="append",
        help="the folder to browse, or NAME=FOLDER (AKIN_ASSETS); several: repeat it",
    )
    parser.add_argument("--port", metavar="N", help="the port to listen on (PORT), 8000 by default")
    parser.add_argument("--data", metavar="FOLDER", help="where Akin stores its files (AKIN_DATA)")
    options = parser.parse_args()
    assets = None if options.assets is None else os.pathsep.join(options.assets)
    given = {"AKIN_ASSETS": assets, "PORT": options.port, "AKIN_DATA": options.data}
    os.environ.update({name: value for name, value in given.items() if value is not None})
    return start(run)


if __name__ == "__main__":
    sys.exit(main())
