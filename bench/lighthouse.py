"""What Lighthouse says of the pages, as a phone and as a desk, in all four categories.

    python -m bench.lighthouse [--runs 3] [--url http://127.0.0.1:8000]

Lighthouse comes from npm into the data folder, once a version; Chromium is Debian's. Without --url
the demo library is served as `make run` serves it. Of several runs the one in the middle counts.
Lighthouse simulates a slow phone from what it saw, so a busy machine shows in `performance` alone;
its own measure of the machine (benchmark index, about 1500 and more on an idle desk) stands beside.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.browser.browsing import FLAGS, chromium
from tests.browser.server import ROOT, Server

PACKAGE = "lighthouse@12.8.2"
FORMS = {"phone": (), "desk": ("--preset=desktop",)}
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
FIGURES = {
    "first-contentful-paint": "first paint ms",
    "largest-contentful-paint": "largest ms",
    "total-blocking-time": "blocked ms",
    "cumulative-layout-shift": "shift",
}


def installed(folder: Path) -> Path:
    """The program, fetched where it is not there yet. Raises CalledProcessError without npm."""
    program = folder / "node_modules" / ".bin" / "lighthouse"
    stamp = folder / "version"
    if not program.exists() or not stamp.exists() or stamp.read_text() != PACKAGE:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text("{}")
        command = ["npm", "install", "--no-audit", "--no-fund", "--silent", PACKAGE]
        environment = os.environ | {"PUPPETEER_SKIP_DOWNLOAD": "1"}
        subprocess.run(command, cwd=folder, env=environment, check=True)
        stamp.write_text(PACKAGE)
    return program


def addresses(url: str) -> dict[str, str]:
    """The pages that are looked at: name and address."""
    with urllib.request.urlopen(f"{url}/search.json?query=tree&kind=image") as answer:  # noqa: S310 - http only
        hits = json.load(answer)["hits"]
    first = hits[0]["id"]
    return {
        "the newest": f"{url}/",
        "a search": f"{url}/?query=green&querySemanticRatio=0.5",
        "likes": f"{url}/?like={first}",
        "an asset": f"{url}/assets/{first}?query=tree",
    }


def report(program: Path, url: str, *options: str) -> dict[str, Any]:
    """Lighthouse's own report of one run; a run that breaks off is begun once more."""
    try:
        return _run(program, url, *options)
    except subprocess.CalledProcessError:
        return _run(program, url, *options)


def _run(program: Path, url: str, *options: str) -> dict[str, Any]:
    chrome = ["--headless=new", *FLAGS]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "report.json"
        command = [str(program), url, "--quiet", "--output=json", f"--output-path={out}"]
        command += [f"--chrome-flags={' '.join(chrome)}", *options]
        environment = os.environ | {"CHROME_PATH": chromium() or ""}
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
        found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        return found


def scores(found: dict[str, Any]) -> list[int]:
    """The points of each category, of 100."""
    return [round(100 * found["categories"][name]["score"]) for name in CATEGORIES]


def costs(found: dict[str, Any]) -> list[str]:
    """What took points off, outside of performance."""
    return [
        f"{name}: {found['audits'][each['id']]['title']}"
        for name in CATEGORIES[1:]
        for each in found["categories"][name]["auditRefs"]
        if each["weight"] and (found["audits"][each["id"]]["score"] or 0) < 1
        if found["audits"][each["id"]]["score"] is not None
    ]


def main() -> int:
    """Print a line a page and form, and what cost points."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--url", default="")
    parser.add_argument("--data", type=Path, default=ROOT / "instance")
    given = parser.parse_args()
    if chromium() is None:
        print("no Chromium found; on Debian: apt-get install chromium", file=sys.stderr)
        return 1
    program = installed(given.data / "npm" / "lighthouse")
    with ExitStack() as stack:
        url = given.url or stack.enter_context(Server(given.data, {})).url
        print("| page | as a | " + " | ".join((*CATEGORIES, *FIGURES.values(), "machine")) + " |")
        print("| --- | --- |" + " ---: |" * (len(CATEGORIES) + len(FIGURES) + 1))
        for name, address in addresses(url).items():
            for form, options in FORMS.items():
                runs = [report(program, address, *options) for _ in range(given.runs)]
                runs.sort(key=lambda run: run["categories"]["performance"]["score"])
                middle = runs[len(runs) // 2]
                values = [f"{middle['audits'][each]['numericValue']:.4g}" for each in FIGURES]
                machine = statistics.median(each["environment"]["benchmarkIndex"] for each in runs)
                cells = [name, form, *map(str, scores(middle)), *values, f"{machine:.0f}"]
                print("| " + " | ".join(cells) + " |", flush=True)
                for cost in sorted({cost for run in runs for cost in costs(run)}):
                    print(f"    {cost}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
