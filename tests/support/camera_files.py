"""Raw files of cameras: a DNG with a preview, as a camera writes it."""

from __future__ import annotations

import struct
from typing import Any

from PIL import Image

from tests.support import sample_files

_LETTERS = {1: "B", 3: "H", 4: "I", 5: "II", 10: "ii"}
_IDENTITY = [(1, 1), (0, 1), (0, 1), (0, 1), (1, 1), (0, 1), (0, 1), (0, 1), (1, 1)]
Entries = list[tuple[int, int, Any]]


def _directory(order: str, entries: Entries, at: int) -> bytes:
    """A directory of a TIFF at the offset `at`."""
    body, beside = struct.pack(order + "H", len(entries)), b""
    after = at + 6 + 12 * len(entries)
    for tag, kind, values in sorted(entries):
        if kind == 2:
            raw, count = values, len(values)
        else:
            raw = b"".join(
                struct.pack(order + _LETTERS[kind], *(v if isinstance(v, tuple) else (v,)))
                for v in values
            )
            count = len(values)
        body += struct.pack(order + "HHI", tag, kind, count)
        if len(raw) <= 4:
            body += raw.ljust(4, b"\0")
        else:
            body += struct.pack(order + "I", after + len(beside))
            beside += raw + b"\0" * (len(raw) % 2)
    return body + struct.pack(order + "I", 0) + beside


def dng(
    preview: Image.Image | None,
    orientation: int = 1,
    *,
    order: str = "<",
    make: bytes = b"Canon\0",
    small: bool = True,
    **options: Any,
) -> bytes:
    """A DNG of 64 x 48 pixels of raw data, with a thumbnail and a JPEG as its preview."""
    thumb = Image.new("RGB", (160, 107), "lime").tobytes() if small else b""
    jpeg = b"" if preview is None else sample_files.encoded(preview, "JPEG", quality=90, **options)
    sensor = struct.pack(order + "H", 0x2010) * 64 * 48

    def directories(at: list[int]) -> list[Entries]:
        first: Entries = [
            (254, 4, [1]), (256, 4, [160]), (257, 4, [107]), (258, 3, [8, 8, 8]), (259, 3, [1]),
            (262, 3, [2]), (271, 2, make), (272, 2, b"EOS 5D\0"), (274, 3, [orientation]),
            (277, 3, [3]), (278, 4, [107]), (284, 3, [1]), (330, 4, at[:2] if jpeg else at[1:2]),
            (50706, 1, [1, 4, 0, 0]), (50707, 1, [1, 1, 0, 0]), (50708, 2, b"Canon EOS 5D\0"),
            (50721, 10, _IDENTITY), (50728, 5, [(1, 2), (1, 1), (1, 2)]), (50778, 3, [21]),
        ]  # fmt: skip
        if thumb:
            first += [(273, 4, [at[2]]), (279, 4, [len(thumb)])]
        second: Entries = [
            (254, 4, [1]), (256, 4, [1200]), (257, 4, [800]), (258, 3, [8, 8, 8]), (259, 3, [7]),
            (262, 3, [6]), (273, 4, [at[3]]), (277, 3, [3]), (278, 4, [800]),
            (279, 4, [len(jpeg)]), (284, 3, [1]),
        ]  # fmt: skip
        third: Entries = [
            (254, 4, [0]), (256, 4, [64]), (257, 4, [48]), (258, 3, [16]), (259, 3, [1]),
            (262, 3, [32803]), (273, 4, [at[4]]), (277, 3, [1]), (278, 4, [48]),
            (279, 4, [len(sensor)]), (284, 3, [1]), (33421, 3, [2, 2]), (33422, 1, [0, 1, 1, 2]),
            (50717, 4, [65535]),
        ]  # fmt: skip
        return [first, second, third]

    lengths = [len(_directory(order, entries, 8)) for entries in directories([0] * 5)]
    starts = [8, 8 + lengths[0], 8 + lengths[0] + lengths[1]]
    end = starts[2] + lengths[2]
    at = [starts[1], starts[2], end, end + len(thumb), end + len(thumb) + len(jpeg)]
    written = [
        _directory(order, entries, start)
        for entries, start in zip(directories(at), starts, strict=True)
    ]
    head = b"II*\0" if order == "<" else b"MM\0*"
    return head + struct.pack(order + "I", 8) + b"".join(written) + thumb + jpeg + sensor
