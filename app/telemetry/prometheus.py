"""Prometheus metrics of one process or of all workers, from `app.telemetry.events`.

The workers of one server share a folder, named by PROMETHEUS_MULTIPROC_DIR in their environment
before this program starts (`python -m app serve` sees to it); each has files of its own there.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
_PREFIX: Final = "akin-metrics-"
_NAME: Final = re.compile(_PREFIX + r"(\d+)-\w+")
_LIVE: Final = re.compile(r"gauge_live\w+_(\d+)\.db")


def exposition() -> bytes:
    """Return the text of `/metrics`."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return generate_latest(REGISTRY)
    remove_dead_workers(Path(folder))
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call] # it has no types
    return generate_latest(registry)


def remove_dead_workers(folder: Path) -> None:
    """Remove the gauges of workers that have ended; their counters stay."""
    for path in folder.glob("gauge_live*.db"):
        named = _LIVE.fullmatch(path.name)
        if named and not _is_alive(int(named[1])):
            mark_process_dead(int(named[1]), str(folder))  # type: ignore[no-untyped-call] # as above


def new_folder() -> Path:
    """Create a folder for the workers of this process; remove those of servers that have ended."""
    parent = Path(tempfile.gettempdir())
    for old in parent.glob(f"{_PREFIX}*"):
        named = _NAME.fullmatch(old.name)
        if named and not _is_alive(int(named[1])) and old.stat().st_uid == os.getuid():
            shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent))


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
