"""What is fuzzed, as libFuzzer calls it: one input, and nothing but a refusal may come of it.

Run by tests.fuzz, one process a target: `python -m tests.fuzz.targets NAME ARGUMENTS OF LIBFUZZER`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# The last byte of an input chooses the name that a file has.
NAMES = ("x.png", "x.svg", "x.gltf", "x.obj", "x.stl", "x.fbx", "x.txt", "x.bmp", "x.tga", "x")


class Target(NamedTuple):
    """A function of any bytes, and inputs to begin with."""

    try_out: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]


def _filter(content: bytes) -> None:
    """A filter becomes a tree and SQL, or is refused at a column within it."""
    from library.clauses import clause
    from library.errors import FilterError
    from library.filters import parse

    text = content.decode("utf-8", "surrogateescape")
    try:
        tree = parse(text)
    except FilterError as error:
        if not 1 <= error.column <= len(text) + 1:
            raise AssertionError(error.column) from error
    else:
        if tree is not None:
            str(clause(tree))


def _filters() -> Iterator[bytes]:
    yield b'tags IN ["castle", sky] AND NOT (width >= 512 OR seed = 7)'
    yield b"createdAt 2025-01-01 TO 2025-02-01T00:00:00Z AND prompt CONTAINS 'a b'"
    yield b"prompt:dragon OR nsfw IS EMPTY AND modelId EXISTS"
    yield b"((((((kind != image))))))"


def _query(content: bytes) -> None:
    """A body becomes a query, whose text is taken apart, or is refused."""
    from library.errors import LibraryError
    from library.query import read
    from library.wording import MOST, wording

    with suppress(LibraryError):
        said = wording(read(content, {}).words)
        if max(len(said.phrases), len(said.without)) > MOST:
            raise AssertionError(said)


def _queries() -> Iterator[bytes]:
    yield json.dumps({"query": "castle", "querySemanticRatio": 0.5, "hitsPerPage": 48}).encode()
    yield json.dumps({"query": 'a "gold coin" -old -"silver coin" \\"'}).encode()
    yield json.dumps({"images": {"like": ["asset_a"], "unlike": []}, "sortBy": ["a:asc"]}).encode()
    yield b'{"image": "data:image/png;base64,iVBORw0KGgo=", "filter": "width > 3", "offset": 1e3}'


def _file(content: bytes) -> None:
    """A file is described, or refused in one line."""
    from library.describing import NotAnAsset, Unusable, describe, identify
    from library.pictures import thumbnail
    from library.walking import walk

    name = NAMES[content[-1] % len(NAMES)] if content else "x"
    place = _FOLDER / name
    place.write_bytes(content[:-1])
    try:
        (file,) = walk(_FOLDER, lambda *_: None).files
        described = describe(file, *identify(file))
        described.document("asset_x")
        if described.picture is not None:
            thumbnail(described.picture)
    except (NotAnAsset, Unusable) as refused:
        if "\n" in str(refused):
            raise AssertionError(str(refused)) from refused
    finally:
        place.unlink()


def _files() -> Iterator[bytes]:
    from PIL import Image

    from library.pictures import decode
    from tests.library import samples
    from tests.library.test_describing import AUTOMATIC1111, SVG, _box, _png_with
    from tests.library.test_hdr import light
    from tests.library.test_stealth import hidden

    decode(samples.png())  # what registers HEIF
    yield samples.png(size=(9, 9)) + b"\x00"
    yield _png_with({"parameters": AUTOMATIC1111}) + b"\x00"
    yield samples.encoded(hidden("stealth_pnginfo", b"a castle")) + b"\x00"
    yield samples.rotated_jpeg() + b"\x09"
    for kind in ("WEBP", "GIF", "TIFF", "AVIF", "HEIF", "JPEG2000", "QOI", "DDS", "PPM", "ICO"):
        yield samples.encoded(Image.new("RGB", (16, 16), "tomato"), kind) + b"\x09"
    yield samples.sound(0.05) + b"\x09"
    yield samples.video(1) + b"\x09"
    yield (
        SVG.format(attributes='viewBox="0 0 9 9"', inside="<path d='M0 0h9v9'/>").encode() + b"\x01"
    )
    for number, kind in ((2, "gltf"), (3, "obj"), (4, "stl"), (9, "glb")):
        yield _box(kind)[f"box.{kind}"] + bytes([number])
    for kind in ("exr", "hdr"):
        yield light(kind, (16, 16)) + b"\x09"


TARGETS = {
    "filters": Target(_filter, _filters),
    "queries": Target(_query, _queries),
    "files": Target(_file, _files),
}
_FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-")) if __name__ == "__main__" else Path()


def main() -> None:
    """Hand over to libFuzzer, which ends the process."""
    import atheris

    with atheris.instrument_imports(include=["library", "lark", "PIL", "trimesh", "sd_parsers"]):
        for module in ("clauses", "describing", "query"):
            import_module(f"library.{module}")

    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[name].try_out)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
