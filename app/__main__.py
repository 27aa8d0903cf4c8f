"""`python -m app`: check the configuration, serve, and edit the file of users.

check               try key, project, cache, references, sign-in and clock
serve               serve with several workers, as `make serve` does
backup FILE         write all that people decided, here and in the libraries, into a file
restore FILE        replace it by what is in such a file; --replace where something is stored
user add NAME       add a user, or change the password of one; prompts for it
user remove NAME    remove a user, and end their sessions
user list           list all users
secret              print a new key for AKIN_SECRET_KEYS or AKIN_METRICS_TOKEN
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from app.auth.passwords.user_store import MIN_PASSWORD, InvalidUser, UserStore
from app.auth.sessions import new_key, session_keys
from app.errors import AkinError, CannotRestore
from app.services import backups
from app.services.health import HealthChecks, Trial
from app.storage.blobs import open_blob_store
from app.storage.database import Database
from app.telemetry.prometheus import FOLDER, new_folder
from app.web.context import services_of
from config import InvalidSettings, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.auth.proxy_headers import ProxyHeaders

CHECK_SECONDS = 30.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit status, 1 where something is wrong."""
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
    commands.add_parser("backup").add_argument("file", type=Path)
    restore = commands.add_parser("restore")
    restore.add_argument("file", type=Path)
    restore.add_argument("--replace", action="store_true")
    options = parser.parse_args(arguments)
    if options.command == "secret":
        print(new_key())
        return 0
    os.umask(0o077)  # what is stored is for this user alone
    try:
        settings = Settings.from_environ(os.environ)
        if options.command == "check":
            return _check()
        if options.command == "serve":
            return _serve(settings)
        if options.command in {"backup", "restore"}:
            return _back_up_or_restore(options, settings)
        return _user(UserStore.from_settings(settings), options.what, getattr(options, "name", ""))
    except (InvalidSettings, InvalidUser) as error:
        print(error, file=sys.stderr)
        return 1


def _check() -> int:
    from wsgi import application, protections  # here, because the import starts the application

    print("ok    settings: all variables are valid")
    findings = services_of(application).health.run(seconds=CHECK_SECONDS)
    if check_client := getattr(application.extensions["akin.guard"].backend, "check_client", None):
        findings += HealthChecks([Trial("client", check_client)]).run(seconds=CHECK_SECONDS)
    for finding in findings:
        word = "ok  " if finding.ok else "WRONG"
        print(f"{word:5} {finding.name}: {finding.message}")
    ignored = cast("ProxyHeaders", application.wsgi_app).report()
    for message in ignored or ["nothing that a proxy sent was ignored in the last day"]:
        print(f"{'note' if ignored else 'ok':5} proxies: {message}")
    for name, holds in protections(application).items():
        print(
            f"{'ok' if holds else 'note':5} reading foreign files: {name}{'' if holds else ': NO'}"
        )
    sys.stdout.flush()
    return 0 if all(finding.ok for finding in findings) else 1


def _serve(settings: Settings) -> int:
    if settings.auth in {"password", "oidc"} or settings.has_feeds:
        session_keys(settings)  # an error is printed once, not by each worker at each attempt
    open_blob_store(settings.references_url, settings.data / "references")  # likewise
    folder = os.environ.get(FOLDER) or str(new_folder())
    environment = {
        **os.environ,
        FOLDER: folder,
        "AKIN_LOG": os.environ.get("AKIN_LOG") or "json",
    }
    os.execve(  # noqa: S606 - no shell is wanted
        sys.executable,
        [
            *(sys.executable, "-m", "scripts.server", "wsgi:application"),
            *("--host", settings.listen, "--port", str(settings.port)),
            *("--workers", str(settings.workers)),
        ],
        environment,
    )


def _back_up_or_restore(options: argparse.Namespace, settings: Settings) -> int:
    database = Database(settings.store_url, settings.data)
    try:
        if options.command == "backup":
            found = backups.write(options.file, database, settings.data)
        else:
            replace = options.replace
            found = backups.restore(options.file, database, settings.data, replace=replace)
    except CannotRestore as error:
        hint = "" if options.replace else " To replace what is stored: --replace."
        print(f"{error.message} {error.advice}{hint}", file=sys.stderr)
        return 1
    except AkinError as error:
        print(f"{error.message} {error.advice}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or options.file}: {error.strerror or error}", file=sys.stderr)
        return 1
    finally:
        database.close()
    done = "has been written" if options.command == "backup" else "has been restored"
    print("\n".join([f"{options.file} {done}:", *backups.described(found)]))
    return 0


def _user(users: UserStore, what: str, name: str) -> int:
    if what == "list":
        print(
            "\n".join(users.names())
            or "There are no users yet. Add one: python -m app user add NAME"
        )
    elif what == "remove":
        users.remove(name)
        print(f"{name} has been removed, and is signed out everywhere.")
    elif users.fingerprint(name) is not None:
        print(f"{name} exists already and gets a new password.")
        users.set_password(name, _password())
        print(f"{name} has a new password, and is signed out everywhere.")
    else:
        users.set_password(name, _password())
        print(f"{name} can sign in.")
    return 0


def _password() -> str:
    """Prompt for a password twice; without a terminal, read one line of standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass(f"Password ({MIN_PASSWORD} characters or more): ")
    if password != getpass.getpass("Repeat the password: "):
        raise InvalidUser("The two passwords differ. Try again.")
    return password


if __name__ == "__main__":
    sys.exit(main())
