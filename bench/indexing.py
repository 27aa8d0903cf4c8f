"""How fast a folder becomes a library: pictures a CPU-second, resumed, unchanged.

    python -m bench.indexing [--count 800] [--unchanged 10000]

Makes folders of drawn pictures in a temporary place and runs `python -m library index` on each as
a process of its own; CPU time is that of the process (user and system), its start and the making
of the network's file included, which are told beside it: a run over one picture. In the same run:
the embedder alone on the same number of pictures. Prints Markdown.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFilter

from library.models import Models

SIZES = {"64 px PNG": (64, "png"), "512 px PNG": (512, "png"), "2048 px JPEG": (2048, "jpg")}


class Ran(NamedTuple):
    """One run of the indexer, in seconds."""

    wall: float
    cpu: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=800, help="pictures of a size; 0: none")
    parser.add_argument("--unchanged", type=int, default=10_000, help="files of a no-op run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        if options.count:
            _pictures(Path(place), options.count)
        many = _noted(Path(place) / "many", options.unchanged)
        home = Path(place) / "homemany"
        print(f"\n{options.unchanged} notes: {_index(many, home).wall:.0f} s", end="; ")
        ran = _index(many, home)
        print(f"run again, unchanged: {ran.wall:.2f} s ({ran.cpu:.2f} s of CPU)")


def _pictures(place: Path, count: int) -> None:
    print("| pictures | a CPU-second | the start apart | a second, all cores |")
    print("| --- | --- | --- | --- |")
    print(f"| the embedder alone, one thread | {_bare(place / 'bare', count):.0f} | | |")
    once = _index(_drawn(place / "one", 1, 64, "png"), place / "homeone").cpu
    for name, (side, kind) in SIZES.items():
        folder = _drawn(place / f"{side}", count, side, kind)
        ran = _index(folder, place / f"home{side}")
        figures = (count / ran.cpu, count / (ran.cpu - once), count / ran.wall)
        print(f"| {name} |", *(f"{figure:.0f} |" for figure in figures), flush=True)
    print(f"\nstarting, and the network's file, once: {once:.1f} s of CPU")
    _kill_halfway(place / "64", place / "resumed", count)
    resumed = _index(place / "64", place / "resumed")
    print(f"killed half-way and run again: {resumed.cpu:.1f} s of CPU")


def _drawn(folder: Path, count: int, side: int, kind: str) -> Path:
    """Pictures with shapes, gradients and some noise, so that they compress as drawings do."""
    chance = random.Random(side)
    folder.mkdir(parents=True)
    for number in range(count):
        image = Image.linear_gradient("L").resize((side, side)).convert("RGB")
        pen = ImageDraw.Draw(image)
        for _ in range(12):
            box = sorted(chance.randrange(side) for _ in range(2))
            colour = tuple(chance.randrange(256) for _ in range(3))
            pen.ellipse((box[0], chance.randrange(side), box[1] + 1, side), fill=colour)
        if kind == "jpg":
            image = image.filter(ImageFilter.GaussianBlur(2))
        image.save(folder / f"drawing {number}.{kind}", quality=88)
    return folder


def _noted(target: Path, count: int) -> Path:
    """`count` small texts, each another: what an unchanged file costs is the same for all kinds."""
    for number in range(count):
        below = target / f"set {number % 50}"
        below.mkdir(parents=True, exist_ok=True)
        (below / f"note {number}.txt").write_text(f"The note of number {number}.", "utf-8")
    return target


def _command(folder: Path, home: Path) -> list[str]:
    return [sys.executable, "-m", "library", "index", str(folder), "--home", str(home), "--quiet"]


def _index(folder: Path, home: Path) -> Ran:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(_command(folder, home), check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Ran(time.perf_counter() - began, cpu)


def _kill_halfway(folder: Path, home: Path, count: int) -> None:
    process = subprocess.Popen(_command(folder, home), stderr=subprocess.DEVNULL)
    while process.poll() is None and len(list(home.glob("thumbnails/*/*"))) < count // 2:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()


def _bare(home: Path, count: int) -> float:
    """Pictures a CPU-second of the embedder alone, on one thread, 16 at a time."""
    models = Models.load(home, threads=1, choice="")
    pictures = [Image.effect_noise((256, 256), 60).convert("RGB") for _ in range(16)]
    models.see(pictures)
    began = time.process_time()
    for _ in range(max(1, count // 16)):
        models.see(pictures)
    return max(1, count // 16) * 16 / (time.process_time() - began)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
