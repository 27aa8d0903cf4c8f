"""Lighthouse scores of the pages, as a phone and as a desktop, in all four categories.

    python -m bench.lighthouse [--runs 3] [--url http://127.0.0.1:8000]

Lighthouse is installed from npm into the data folder; Chromium is Debian's. Without --url the demo
library is served as `make run` serves it. The median of several runs counts. Lighthouse simulates a
slow phone from its measurements, so a busy machine lowers `performance` alone; its own measure of
the machine (benchmark index, about 1500 and more on an idle desktop) is in the last column.
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

from tests.support.browser import FLAGS, chromium
from tests.support.server import ROOT, Server

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
    """Return the program, installed where it is missing. Raises CalledProcessError without npm."""
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
    """Return the addresses of the pages by their names."""
    with urllib.request.urlopen(f"{url}/search.json?query=tree&kind=image") as response:  # noqa: S310 - http only
        hits = json.load(response)["hits"]
    first = hits[0]["id"]
    return {
        "the newest": f"{url}/",
        "a search": f"{url}/?query=green&querySemanticRatio=0.5",
        "likes": f"{url}/?like={first}",
        "an asset": f"{url}/assets/{first}?query=tree",
    }


def report(program: Path, url: str, *options: str) -> dict[str, Any]:
    """Return the report of one run; a run that fails is repeated once."""
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
        result: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        return result


def scores(result: dict[str, Any]) -> list[int]:
    """Return the points of each category, of 100."""
    return [round(100 * result["categories"][name]["score"]) for name in CATEGORIES]


def costs(result: dict[str, Any]) -> list[str]:
    """Return the audits that cost points, except in performance."""
    return [
        f"{name}: {result['audits'][each['id']]['title']}"
        for name in CATEGORIES[1:]
        for each in result["categories"][name]["auditRefs"]
        if each["weight"] and (result["audits"][each["id"]]["score"] or 0) < 1
        if result["audits"][each["id"]]["score"] is not None
    ]


def main() -> int:
    """Print a line per page and device, and the audits that cost points."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--url", default="")
    parser.add_argument("--data", type=Path, default=ROOT / "instance")
    options = parser.parse_args()
    if chromium() is None:
        print("no Chromium found; on Debian: apt-get install chromium", file=sys.stderr)
        return 1
    program = installed(options.data / "npm" / "lighthouse")
    with ExitStack() as stack:
        url = options.url or stack.enter_context(Server(options.data, {})).url
        print("| page | device | " + " | ".join((*CATEGORIES, *FIGURES.values(), "machine")) + " |")
        print("| --- | --- |" + " ---: |" * (len(CATEGORIES) + len(FIGURES) + 1))
        for name, address in addresses(url).items():
            for form, flags in FORMS.items():
                runs = [report(program, address, *flags) for _ in range(options.runs)]
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
