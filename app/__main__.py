"""`python -m app`: check the configuration, serve, and keep the file of users.

check               try key, project, cache, references, sign-in and clock
serve               serve with several workers, as `make serve` does
user add NAME       add a user, or give one a new password, which is asked for
user remove NAME    take a user out; ends their sessions
user list           name everybody
secret              print a key for AKIN_SECRET_KEYS or AKIN_METRICS_TOKEN
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from typing import TYPE_CHECKING

from app.auth.sessions import keys_of, new_key
from app.auth.users import LEAST_PASSWORD, InvalidUser, Users
from app.metrics import FOLDER, fresh_folder
from config import InvalidSettings, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.checks import Checks

CHECK_SECONDS = 30.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; answers the exit status: 1 where something is wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m app",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in ("check", "serve", "secret"):
        commands.add_parser(name)
    user = commands.add_parser("user").add_subparsers(dest="what", required=True)
    user.add_parser("list")
    for name in ("add", "remove"):
        user.add_parser(name).add_argument("name")
    chosen = parser.parse_args(arguments)
    if chosen.command == "secret":
        print(new_key())
        return 0
    try:
        settings = Settings.from_environ(os.environ)
        if chosen.command == "check":
            return _check()
        if chosen.command == "serve":
            return _serve(settings)
        return _user(Users.of(settings), chosen.what, getattr(chosen, "name", ""))
    except (InvalidSettings, InvalidUser) as error:
        print(error, file=sys.stderr)
        return 1


def _check() -> int:
    from wsgi import application  # only here: it starts everything

    checks: Checks = application.extensions["akin.checks"]
    print("ok    settings: every variable can be used")
    findings = checks.run(seconds=CHECK_SECONDS)
    for finding in findings:
        word = "ok  " if finding.ok else "WRONG"
        print(f"{word:5} {finding.name}: {finding.message}")
    sys.stdout.flush()
    return 0 if all(finding.ok for finding in findings) else 1


def _serve(settings: Settings) -> int:
    if settings.auth in {"password", "oidc"} or settings.has_feeds:
        keys_of(settings)  # before there are workers, each of which would fail again and again
    folder = os.environ.get(FOLDER) or str(fresh_folder())
    environment = {
        **os.environ,
        FOLDER: folder,
        "AKIN_LOG": os.environ.get("AKIN_LOG") or "json",
    }
    os.execve(  # noqa: S606 - no shell is wanted
        sys.executable,
        [
            *(sys.executable, "-m", "scripts.server", "--interface", "wsgi"),
            *("--host", settings.listen, "--port", str(settings.port)),
            *("--workers", str(settings.workers), "--blocking-threads", "8"),
            *("--respawn-failed-workers", "--workers-kill-timeout", "30"),
            *("--log-level", "error", "wsgi:application"),
        ],
        environment,
    )


def _user(users: Users, what: str, name: str) -> int:
    if what == "list":
        print("\n".join(users.names()) or "Nobody can sign in yet: python -m app user add NAME")
    elif what == "remove":
        users.remove(name)
        print(f"{name} can sign in no more, and is signed out everywhere.")
    elif users.stamp(name) is not None:
        print(f"{name} is there already, and gets a new password.")
        users.put(name, _asked())
        print(f"{name} has a new password, and is signed out everywhere.")
    else:
        users.put(name, _asked())
        print(f"{name} can sign in.")
    return 0


def _asked() -> str:
    """A password, asked for twice; or the one line of a standard input that is no terminal."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass(f"Password ({LEAST_PASSWORD} characters or more): ")
    if password != getpass.getpass("Once more: "):
        raise InvalidUser("The two are not the same.")
    return password


if __name__ == "__main__":
    sys.exit(main())
