"""The first run: space and time that `run.py` takes on a machine that has nothing of Akin.

    python -m bench.first_run [--images 200]

A copy of the checkout, an empty pip cache, a new data folder; once with a folder of images, once
with the demo pack. Seconds of the clock from the command, with nothing else running: they include
what the network and the package index take. The size is that of `du -sm .venv` when the page has
responded.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from bench.processes import ROOT
from tests.support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterable

SIDE = 1024  # pixels of a picture
SECONDS = 900  # until a run that does not respond is given up
INDEXED = " assets in the library"  # in the last line of the indexer


class FirstRun(NamedTuple):
    """What a first run takes: of the clock until indexed and until a page responds, and of CPU."""

    megabytes: int
    seconds_indexed: float
    seconds_page: float
    seconds_cpu: float
    lines: list[tuple[float, str]]


def pictures(folder: Path, count: int) -> None:
    """Write photographs, drawings with transparency and SVG in turn."""
    random = np.random.default_rng(0)
    for number in range(count):
        coarse = random.integers(0, 256, (24, 24, 4), np.uint8)
        image = Image.fromarray(coarse, "RGBA").resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        path = folder / f"folder {number % 7}" / f"picture {number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if number % 10 == 9:
            colour = "#" + coarse[0, 0, :3].tobytes().hex()
            shape = f'<circle cx="50" cy="50" r="40" fill="{colour}"/>'
            text = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">{shape}</svg>'
            path.with_suffix(".svg").write_text(text)
        elif number % 3:
            image.convert("RGB").save(path.with_suffix(".jpg"), quality=90)
        else:
            image.save(path.with_suffix(".png"), compress_level=1)


def checkout(folder: Path) -> None:
    """Copy the files of this checkout, without what git ignores."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (source := ROOT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def first_run(folder: Path, assets: Path | None) -> FirstRun:
    """Run run.py in a checkout until its page responds, then stop it."""
    port = free_port()
    given = [] if assets is None else ["--assets", str(assets)]
    command = [sys.executable, "run.py", "--port", str(port), *given]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AKIN_")}
    environment = kept | {"PIP_CACHE_DIR": str(folder / "cache"), "PYTHONUNBUFFERED": "1"}
    began, cpu = time.monotonic(), _cpu()
    lines: list[tuple[float, str]] = []
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True,
    ) as process:  # fmt: skip
        reader = threading.Thread(target=_read, args=(process, began, lines))
        reader.start()
        try:
            _wait_for_page(port, process)
            page = time.monotonic() - began
            while process.poll() is None and not any(INDEXED in line for _, line in lines):
                time.sleep(0.05)
            size = subprocess.run(
                ["du", "-sm", ".venv"], cwd=folder, capture_output=True, text=True, check=True
            )
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait()
            reader.join()
    indexed = next(seconds for seconds, line in lines if INDEXED in line)
    return FirstRun(int(size.stdout.split()[0]), indexed, page, _cpu() - cpu, lines)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _read(process: subprocess.Popen[str], began: float, lines: list[tuple[float, str]]) -> None:
    for line in process.stdout or ():
        lines.append((time.monotonic() - began, line.rstrip()))  # noqa: PERF401 - read meanwhile


def _wait_for_page(port: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as page:
                if b"data-asset-id=" in page.read():
                    return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("run.py does not respond")


def _shown(lines: Iterable[tuple[float, str]]) -> str:
    """Return the lines of a run with their times, without progress bars and warnings of pip."""
    return "\n".join(
        f"{seconds:8.1f}  {line}"
        for seconds, line in lines
        if line and not line.startswith(("indexing:", "WARNING:"))
    )


def main(count: int) -> None:
    """Measure both and print Markdown."""
    rows = []
    for name in (f"a folder of {count} images", "the demo pack"):
        with tempfile.TemporaryDirectory(prefix="akin-first-run-") as temporary:
            folder = Path(temporary)
            checkout(folder / "akin")
            assets = None
            if name.startswith("a folder"):
                assets = folder / "images"
                pictures(assets, count)
            done = first_run(folder / "akin", assets)
        print(_shown(done.lines), file=sys.stderr)
        rows.append(
            f"| {name} | {done.megabytes} | {done.seconds_indexed:.0f} | {done.seconds_page:.0f} "
            f"| {done.seconds_cpu:.0f} |"
        )
    print("| the first run of | MB in .venv | seconds until indexed | until a page | of CPU |")
    print("| --- | ---: | ---: | ---: | ---: |")
    print("\n".join(rows))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=200)
    main(parser.parse_args().images)
