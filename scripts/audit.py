"""Report known vulnerabilities of the locked packages, by pip-audit.

Exit status 1 where there is one. A machine that cannot reach PyPI's data audits nothing; that is
reported and is no failure.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))


def main() -> int:
    """Audit the packages of all lock files; return the exit status."""
    files = [part for lock in LOCKS for part in ("--requirement", lock)]
    command = [sys.executable, "-m", "pip_audit", *files, "--disable-pip"]
    result = subprocess.run(  # noqa: S603 - a fixed command
        [*command, "--format", "json", "--progress-spinner", "off"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        packages = json.loads(result.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"Not audited: {result.stderr.strip().splitlines()[-1:]}")
        return 0
    audited = [each for each in packages if "skip_reason" not in each]
    vulnerable = [each for each in audited if each["vulns"]]
    for each in vulnerable:
        for one in each["vulns"]:
            fixed = ", ".join(one["fix_versions"]) or "no version yet"
            print(f"{each['name']} {each['version']}: {one['id']}, fixed in {fixed}")
    if not audited:
        print("Not audited: PyPI's data cannot be reached from this machine.")
        return 0
    print(f"{len(audited)} of {len(packages)} packages audited, {len(vulnerable)} vulnerable.")
    return 1 if vulnerable else 0


if __name__ == "__main__":
    sys.exit(main())
