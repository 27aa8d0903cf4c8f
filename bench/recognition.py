"""The second pass on labelled sets: false positives, and processor time per picture.

    python -m bench.recognition [--cache FOLDER]

No picture of the sets (bench.labelled) is sensitive, so each that is marked is a false positive.
Text: how many pictures have some, and the time for these and for drawn screens with three lines.
Processor time is that of one thread, without decoding. Prints Markdown. Needs both extras:
`python3 -m scripts.install requirements/ocr.lock requirements/nsfw.lock`.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw, ImageFont

from bench import labelled
from library.embedding import recognition
from library.formats import images, resizing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SAMPLE = 150  # pictures of a set in which text is looked for
_SCREENS = 8


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cache", type=Path, default=Path("instance/bench"))
    cache: Path = parser.parse_args().cache
    cache.mkdir(parents=True, exist_ok=True)
    classify, read = recognition.sensitive_classifier(), recognition.text_recogniser()
    draw = random.Random(1)
    print("| set | marked as sensitive | ms | with text | ms |\n| --- | --- | --- | --- | --- |")
    for name, chosen in labelled.sets(cache).items():
        pictures = [decoded(each.path) for each in chosen]
        sensitive, classifying = rated([resizing.shrunk(p, 512) for p in pictures], classify)
        some = draw.sample(pictures, min(_SAMPLE, len(pictures)))
        texts, reading = rated(some, read)
        print(
            f"| {name} | {sensitive} of {len(pictures)} ({sensitive / len(pictures):.2%}) "
            f"| {classifying:.1f} | {texts} of {len(some)} | {reading:.0f} |",
            flush=True,
        )
    texts, reading = rated([screen(number) for number in range(_SCREENS)], read)
    print(f"| screens, 1,280 x 800 | | | {texts} of {_SCREENS} | {reading:.0f} |")


def decoded(path: Path) -> Image.Image:
    """Return a picture of a set at the size in which text is looked for."""
    return resizing.shrunk(images.decode(path.read_bytes()), recognition.TEXT_SIDE)


def rated(
    pictures: Sequence[Image.Image], recognise: Callable[[Image.Image], dict[str, Any]]
) -> tuple[int, float]:
    """Return in how many pictures something is found, and milliseconds for each picture."""
    start = time.thread_time()
    found = sum(bool(recognise(picture)) for picture in pictures)
    return found, 1000 * (time.thread_time() - start) / len(pictures)


def screen(number: int) -> Image.Image:
    """Draw a picture with three lines of text."""
    picture = Image.new("RGB", (1280, 800), (200 - 9 * number, 210, 220))
    draw = ImageDraw.Draw(picture)
    for row, (text, size) in enumerate(
        ((f"Chapter {number}", 90), ("Press any key to continue", 32), ("version 1.42", 16))
    ):
        draw.text((80 + 20 * number, 80 + 220 * row), text, "#203040", ImageFont.load_default(size))
    return picture


if __name__ == "__main__":
    main()
