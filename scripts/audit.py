"""Asks pip-audit whether a locked version has a known weakness; says so when nobody can tell.

Exit status 1 where there is one. A machine that cannot reach PyPI's data has audited nothing, which
is no failure, and no success either: it is said.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = "requirements-library.lock"


def main() -> int:
    """Audit the lock file that has everything; answers the exit status."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", LOCK, "--disable-pip"]
    done = subprocess.run(  # noqa: S603 - a fixed command
        [*command, "--format", "json", "--progress-spinner", "off"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"Not audited: {done.stderr.strip().splitlines()[-1:]}")
        return 0
    audited = [each for each in found if "skip_reason" not in each]
    weak = [each for each in audited if each["vulns"]]
    for each in weak:
        for one in each["vulns"]:
            fixed = ", ".join(one["fix_versions"]) or "nowhere yet"
            print(f"{each['name']} {each['version']}: {one['id']}, fixed in {fixed}")
    if not audited:
        print("Not audited: PyPI's data cannot be reached from this machine.")
        return 0
    print(f"{len(audited)} of {len(found)} packages audited, {len(weak)} with known weaknesses.")
    return 1 if weak else 0


if __name__ == "__main__":
    sys.exit(main())
