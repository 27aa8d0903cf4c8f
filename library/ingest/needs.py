"""What a run does about extras (extras.py): it installs those that its files need, and reports.

A file without its extra becomes an asset with a placeholder. The content's hash of its source has
the name of the extra before it, by which a later run recognises that the file waits.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import extras
from library.folders import is_address
from library.formats import file_types
from library.formats.format_table import BY_SUFFIX
from library.formats.open_file import NotRegularError, open_below
from library.ingest.plan import make_plan
from scripts.install import ROOT, Installer

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from extras import Extra
    from library.ingest.plan import Known, Plan
    from library.ingest.process.runs import Progress
    from library.ingest.walk import FoundFile, Walk


def missing() -> tuple[Extra, ...]:
    """Return the extras for files that are not installed."""
    return tuple(extra for extra in extras.FOR_FILES if extra.is_missing())


def planned(
    walks: Sequence[Walk],
    known: Known,
    installer: Installer | None,
    progress: Progress,
    *,
    again: bool,
) -> Plan:
    """Return the plan of a run, after the installation of the extras that its files need."""
    absent = missing()
    plan = make_plan(walks, known, again=again, missing=absent)
    if installer is not None and absent:
        met = of_plan(plan, absent)
        if install(met, installer, progress):
            return make_plan(walks, known, again=again, missing=missing())
    return plan


def of_plan(plan: Plan, missing: Collection[Extra]) -> dict[Extra, str]:
    """Return those of the missing extras that a plan's files need, and a file for each."""
    by_name = {extra.name: extra for extra in missing}
    met = {by_name[name]: paths[0] for name, paths in plan.waiting.items()}
    for file in plan.read:
        if len(met) == len(by_name):
            break
        extra = file_types.extra_of(_mime(file))
        if extra is not None and extra.name in by_name:
            met.setdefault(extra, file.path)
    return met


def _mime(file: FoundFile) -> str:
    """Return the type of a file by its first bytes; "" where it is not known.

    That of an object in S3 by its name: reading the first bytes of all of them takes too long.
    """
    if is_address(file.root):
        form = BY_SUFFIX.get(PurePosixPath(file.path).suffix.lower().lstrip("."))
        return "" if form is None else form.mime
    try:
        with open_below(file.root, file.path) as opened:
            kind = file_types.recognise(opened.read(file_types.HEAD), file.path)
    except (OSError, NotRegularError):
        return ""  # reported when it is read
    return "" if kind is None else kind.mime


def installer() -> Installer | None:
    """Return what installs extras, None where it is turned off or another Python runs than .venv's.

    Another Python has packages that are not Akin's to change.
    """
    is_own = Path(sys.prefix).resolve() == (ROOT / ".venv").resolve()
    is_on = os.environ.get("AKIN_INSTALL", "auto") != "off"
    return Installer(report=lambda _: None) if is_own and is_on else None


def install(met: Mapping[Extra, str], installer: Installer, progress: Progress) -> bool:
    """Install extras, with a line for each; return whether one was."""
    installed = False
    for extra, path in met.items():
        if installer.has_failed(extra.lock):
            continue  # reported with the command that installs it
        packages = ", ".join(extra.modules)
        progress.note(f"{path} needs packages for {extra.what}: installing {packages}")
        if failure := installer.attempt(extra.lock):
            progress.note(f"they cannot be installed: {failure}")
        else:
            installed = True
    importlib.invalidate_caches()
    return installed


def report(waiting: Mapping[str, int], progress: Progress) -> None:
    """Report how many files wait for each extra, by its name, and how to install it."""
    for extra in extras.EXTRAS:
        if count := waiting.get(extra.name, 0):
            files = "1 file is" if count == 1 else f"{count} files are"
            progress.note(
                f"{files} listed with a placeholder: packages for {extra.what} are not installed. "
                f"Install them, then index again: {extra.command}"
            )
