"""A small library of made-up files: pictures of several shapes and colours, sounds, texts.

The same files each time. Folders are labels, as in a library of game art.
"""

from __future__ import annotations

import io
import math
import struct
import wave
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from pathlib import Path

SUBJECTS = {"castles": "castle", "dragons": "dragon", "coins": "coin", "trees": "tree"}
COLOURS = {"red": (190, 50, 45), "green": (60, 150, 70), "blue": (50, 80, 180)}
SIZES = ((96, 96), (160, 90), (90, 160), (240, 80), (32, 32))
EACH = 10  # pictures of each subject in each colour
PICTURES = len(SUBJECTS) * len(COLOURS) * EACH


def draw(folder: Path) -> None:
    """Fill a folder with PICTURES pictures, two sounds and a text."""
    for place, (label, subject) in enumerate(SUBJECTS.items()):
        (folder / label).mkdir(parents=True)
        for colour, rgb in COLOURS.items():
            for number in range(EACH):
                size = SIZES[(number + place) % len(SIZES)]
                name = f"{colour} {subject} {number + 1:02d}.png"
                _picture(place, number, rgb, size).save(folder / label / name)
    (folder / "sounds").mkdir()
    for name, pitch in (("castle bell", 660.0), ("dragon growl", 70.0)):
        _sound(folder / "sounds" / f"{name}.wav", pitch)
    (folder / "notes.txt").write_text("The castle belongs to the dragon.\n", encoding="utf-8")


def example() -> bytes:
    """A PNG that is in no library: a red castle, a little another one."""
    file = io.BytesIO()
    _picture(0, 3, (200, 40, 40), (128, 96)).save(file, "PNG")
    return file.getvalue()


def _picture(
    shape: int, number: int, rgb: tuple[int, int, int], size: tuple[int, int]
) -> Image.Image:
    picture = Image.new("RGB", size, tuple(min(255, part + 60 + number) for part in rgb))
    pen = ImageDraw.Draw(picture)
    width, height = size
    left, top, right, bottom = width * 0.2, height * 0.2, width * 0.8, height * 0.8
    if shape == 0:
        pen.rectangle((left, height * 0.4, right, bottom), fill=rgb)
        for tower in range(3):
            x = left + (right - left) * tower / 3
            pen.rectangle((x, top, x + width * 0.1, bottom), fill=rgb)
    elif shape == 1:
        points = [
            (left + (right - left) * step / 12, height * (0.5 + 0.25 * math.sin(step + number)))
            for step in range(13)
        ]
        pen.line(points, fill=rgb, width=max(2, height // 8))
    elif shape == 2:
        pen.ellipse((left, top, right, bottom), fill=(240, 200, 40), outline=rgb, width=3)
    else:
        pen.polygon(((width / 2, top), (left, bottom), (right, bottom)), fill=rgb)
        pen.rectangle((width * 0.45, bottom, width * 0.55, height), fill=(90, 60, 30))
    return picture


def _sound(path: Path, pitch: float) -> None:
    rate = 8000
    samples = [int(12000 * math.sin(2 * math.pi * pitch * n / rate)) for n in range(rate // 2)]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
