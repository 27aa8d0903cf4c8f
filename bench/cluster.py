"""Eight machines under load, which are lost one after the other: pages, decisions, what is lost.

    python -m bench.cluster

As root, with what `tests/cluster` needs. The machines are network namespaces of this one, set up
by the commands of docs/deploy.md. They share its processors: times are those of a queue. Prints
Markdown.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench.machine import machine
from tests.cluster import hosts, losses, studio


def main() -> int:
    """Run the losses and print a table; return the exit status."""
    if reason := hosts.missing() or studio.missing():
        print(reason, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="akin-cluster-") as folder:
        report = losses.run(Path(folder))
    print(machine(), "\n")
    print("| | pages | failed in flight | failed later | p50 ms | p95 ms | longest s "
          "| decisions acknowledged | refused | first after s |")  # fmt: skip
    print("| --- |" + " ---: |" * 9)
    for phase in report.phases:
        print(
            f"| {phase.name} | {phase.pages} | {len(phase.in_flight)} | {len(phase.failures)} "
            f"| {phase.percentile(0.5):.0f} | {phase.percentile(0.95):.0f} "
            f"| {phase.percentile(1) / 1000:.1f} | {phase.acknowledged} | {len(phase.refused)} "
            f"| {phase.first:.1f} |"
        )
    for phase in report.phases:
        for line in (*phase.failures, *phase.in_flight):
            print(f"{phase.name}: {line}")
    print(
        f"\n{report.acknowledged} decisions were acknowledged and {report.files} files added; "
        f"lost: {report.lost}. Assets in the restored dump: {report.restored}."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
