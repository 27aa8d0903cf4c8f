"""Speed of indexing: pictures per CPU-second, a resumed run, an unchanged folder.

    python -m bench.indexing [--count 800] [--unchanged 10000]
    python -m bench.indexing --against CHECKOUT [--count 200]

Draws folders of pictures in a temporary folder and runs `python -m library index` on each in a
process of its own. CPU time is that of the process and its workers (user and system), with its
start and the creation of the network's file; a run over one picture shows what those cost. The same
run measures the embedder alone on as many pictures, and each part of the second pass on the same.
Prints Markdown.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from PIL import Image, ImageDraw, ImageFilter

from extras import SECOND_PASS
from library.embedding.models import Models

if TYPE_CHECKING:
    from extras import Extra

SIZES = {"64 px PNG": (64, "png"), "512 px PNG": (512, "png"), "2048 px JPEG": (2048, "jpg")}


class Run(NamedTuple):
    """Seconds of one run of the indexer."""

    wall: float
    cpu: float


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=800, help="pictures of a size; 0: none")
    parser.add_argument("--unchanged", type=int, default=10_000, help="files of a no-op run")
    parser.add_argument("--against", type=Path, help="another checkout, for ratios alone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        if options.against:
            _ratios(Path(place), options.count, options.against.resolve())
            return
        if options.count:
            _pictures(Path(place), options.count)
        many = _notes(Path(place) / "many", options.unchanged)
        home = Path(place) / "homemany"
        print(f"\n{options.unchanged} notes: {_index(many, home).wall:.0f} s", end="; ")
        run = _index(many, home)
        print(f"run again, unchanged: {run.wall:.2f} s ({run.cpu:.2f} s of CPU)")


def _pictures(place: Path, count: int) -> None:
    print("| pictures | a CPU-second | the start apart | a second, all cores |")
    print("| --- | --- | --- | --- |")
    print(f"| the embedder alone, one thread | {_bare(place / 'bare', count):.0f} | | |")
    once = _index(_drawn(place / "one", 1, 64, "png"), place / "homeone").cpu
    for name, (side, kind) in SIZES.items():
        folder = _drawn(place / f"{side}", count, side, kind)
        run = _index(folder, place / f"home{side}")
        figures = (count / run.cpu, count / (run.cpu - once), count / run.wall)
        print(f"| {name} |", *(f"{figure:.0f} |" for figure in figures), flush=True)
    for part in SECOND_PASS:
        _second_pass(place, count, part)
    print(f"\nstarting, and the network's file, once: {once:.1f} s of CPU")
    _kill_halfway(place / "64", place / "resumed", count)
    resumed = _index(place / "64", place / "resumed")
    print(f"killed half-way and run again: {resumed.cpu:.1f} s of CPU")


def _second_pass(place: Path, count: int, part: Extra) -> None:
    """Print a row for each size, of the pictures that have been indexed."""
    if part.is_missing():
        print(f"| {part.what} | not installed: {part.command} | | |")
        return
    setting = dict(part.settings)
    once = _second_run(place / "homeone", setting).cpu
    for name, (side, _) in SIZES.items():
        run = _second_run(place / f"home{side}", setting)
        figures = (count / run.cpu, count / (run.cpu - once), count / run.wall)
        cells = (f"{figure:.1f} |" for figure in figures)
        print(f"| {part.what}, {name} |", *cells, flush=True)


def _second_run(home: Path, setting: dict[str, str]) -> Run:
    command = [sys.executable, "-m", "library", "second-pass", "--home", str(home), "--quiet"]
    return _measured(command, env=os.environ | setting)


def _ratios(place: Path, count: int, other: Path) -> None:
    """Print pictures per CPU-second of both checkouts, the start apart, and their ratio."""
    print("| pictures | other checkout | this one | ratio (median of 5 pairs) |")
    print("| --- | --- | --- | --- |")
    one = _drawn(place / "one", 1, 64, "png")
    for name, (side, kind) in SIZES.items():
        folder = _drawn(place / f"{side}", count, side, kind)
        pairs = []
        for turn in range(5):
            speeds = []
            for code in (other, Path.cwd()):
                runs = [
                    _index(each, place / f"home-{side}-{turn}-{code.name}-{each.name}", code)
                    for each in (one, folder)
                ]
                speeds.append(count / (runs[1].cpu - runs[0].cpu))
            pairs.append(speeds)
        before, now = (statistics.median(pair[which] for pair in pairs) for which in (0, 1))
        ratio = statistics.median(pair[1] / pair[0] for pair in pairs)
        print(f"| {name} | {before:.0f} | {now:.0f} | {ratio:.3f} |", flush=True)


def _drawn(folder: Path, count: int, side: int, kind: str) -> Path:
    """Draw pictures with shapes, gradients and some noise, which compress as drawings do."""
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


def _notes(target: Path, count: int) -> Path:
    """Write `count` different texts: an unchanged file of any kind costs the same."""
    for number in range(count):
        below = target / f"set {number % 50}"
        below.mkdir(parents=True, exist_ok=True)
        (below / f"note {number}.txt").write_text(f"The note of number {number}.", "utf-8")
    return target


def _command(folder: Path, home: Path) -> list[str]:
    return [sys.executable, "-m", "library", "index", str(folder), "--home", str(home), "--quiet"]


def _index(folder: Path, home: Path, code: Path | None = None) -> Run:
    return _measured(_command(folder, home), cwd=code)


def _measured(command: list[str], **options: Any) -> Run:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, **options)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(time.perf_counter() - began, cpu)


def _kill_halfway(folder: Path, home: Path, count: int) -> None:
    process = subprocess.Popen(_command(folder, home), stderr=subprocess.DEVNULL)
    while process.poll() is None and len(list(home.glob("thumbnails/*/*"))) < count // 2:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()


def _bare(home: Path, count: int) -> float:
    """Return pictures per CPU-second of the embedder alone, on one thread, 16 at a time."""
    models = Models.load(home, threads=1, choice="")
    pictures = [Image.effect_noise((256, 256), 60).convert("RGB") for _ in range(16)]
    models.analyse_images(pictures)
    began = time.process_time()
    for _ in range(max(1, count // 16)):
        models.analyse_images(pictures)
    return max(1, count // 16) * 16 / (time.process_time() - began)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for extra in SECOND_PASS:
        for variable, _ in extra.settings:
            os.environ.pop(variable, None)
    main()
