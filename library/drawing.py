"""SVG drawn by resvg in a process of its own: what crashes or never ends there takes nothing along.

Knows the process and its bounds; what may stand in an SVG is `vector`'s. An SVG is a program: 300
groups within each other overflow resvg's stack, and a filter of a few letters draws for hours. A
process costs 40 ms, so an icon, which can do neither, is drawn in this one.
Run as a script it is that process: the text on standard input, the PNG on standard output.
"""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import suppress
from typing import Final

SECONDS: Final = 10  # of processor time
_WAIT: Final = 120  # of clock, on a machine that has no time for it
_MEMORY: Final = 2 * 1024**3  # bytes of addresses
# What an icon is: no more than this, and nothing of what draws more than it says.
_LETTERS: Final = 16_000
_ELEMENTS: Final = 60
_MORE: Final = re.compile(
    "filter|mask|pattern|marker|use|symbol|clip|text|image|dash|switch", re.IGNORECASE
)
_REFUSED: Final = 3  # exit code: resvg says what is wrong


class BadDrawing(ValueError):
    """The SVG cannot be drawn; the text says why, and fits behind its name."""


def draw(text: str, *, width: int | None, height: int | None) -> bytes:
    """The PNG of an SVG, as wide or as high as asked for. Raises BadDrawing."""
    if is_icon(text):
        try:
            return _drawn(text, width, height)
        except (ValueError, RuntimeError) as error:
            raise BadDrawing(_broken(str(error))) from error
    # -P: the modules beside this one are no packages of their own.
    command = [sys.executable, "-P", __file__, *map(str, (width or 0, height or 0, SECONDS))]
    try:
        ran = subprocess.run(  # noqa: S603 - our own file
            command,
            input=text.encode("utf-8", "replace"),
            capture_output=True,
            check=False,
            timeout=_WAIT,
        )
    except subprocess.TimeoutExpired as error:
        raise BadDrawing("is an SVG that takes too long to be drawn") from error
    if ran.returncode == 0:
        return ran.stdout
    if ran.returncode == _REFUSED:
        raise BadDrawing(_broken(ran.stderr.decode("utf-8", "replace")))
    raise BadDrawing("is an SVG that cannot be drawn: it takes too long, or too much")


def is_icon(text: str) -> bool:
    """Whether an SVG is so plain that it can be drawn without care."""
    return len(text) <= _LETTERS and text.count("<") <= _ELEMENTS and _MORE.search(text) is None


def _drawn(text: str, width: int | None, height: int | None) -> bytes:
    import resvg_py

    return bytes(resvg_py.svg_to_bytes(svg_string=text, width=width, height=height))


def _broken(said: str) -> str:
    return f"is broken: {' '.join(said.split())[:120]}"


def _bounded(seconds: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such bounds: there, only the clock
        return
    wanted = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_AS: _MEMORY,
    }
    for kind, most in wanted.items():
        _, hard = resource.getrlimit(kind)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with suppress(ValueError, OSError):  # macOS refuses to bound addresses
            resource.setrlimit(kind, (bound, bound))


def main(width: int, height: int, seconds: int) -> int:
    """Draw what standard input says; answers the exit code."""
    _bounded(seconds)
    text = sys.stdin.buffer.read().decode("utf-8")
    try:
        png = _drawn(text, width or None, height or None)
    except (ValueError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return _REFUSED
    sys.stdout.buffer.write(png)
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
