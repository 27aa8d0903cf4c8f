"""Run the targets of tests.fuzz.targets one after the other, each for some seconds.

    python -m tests.fuzz [--seconds 60] [TARGET ...]

The corpus is stored below instance/fuzz and used again by the next run. An input
that breaks a target is stored there too and its name is printed; the exit status is then 1.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz.targets import TARGETS

PLACE = Path("instance/fuzz")
LONGEST = 20  # seconds that one input may take
MEMORY = 3000  # MB


def main() -> int:
    """Run the targets; return 0 when nothing was found, or when atheris is not installed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    options = parser.parse_args()
    if find_spec("atheris") is None:
        print("skipped: atheris is not installed (requirements/fuzz.txt; CPython 3.11 to 3.13)")
        return 0
    found = [name for name in options.targets or TARGETS if not _holds(name, options.seconds)]
    print(f"broken: {', '.join(found)}" if found else "nothing found")
    return 1 if found else 0


def _holds(name: str, seconds: int) -> bool:
    corpus = PLACE / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(TARGETS[name].seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    limits = [
        f"-max_total_time={seconds}",
        f"-timeout={LONGEST}",
        f"-rss_limit_mb={MEMORY}",
        "-max_len=65536",
        f"-artifact_prefix={PLACE}/{name}-",
        "-print_final_stats=1",
    ]
    command = [sys.executable, "-m", "tests.fuzz.targets", name, *limits, str(corpus)]
    return (
        subprocess.run(command, check=False, env=os.environ | {"OMP_NUM_THREADS": "1"}).returncode
        == 0
    )


if __name__ == "__main__":
    sys.exit(main())
