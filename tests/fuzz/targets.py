"""Targets for libFuzzer: each input must be accepted or refused with an error of the library.

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
NAMES = ("x.png", "x.svg", "x.gltf", "x.obj", "x.stl", "x.fbx", "x.txt", "x.bmp", "x.tga", "x",
         "x.sketch", "x.procreate", "x.3mf", "x.dae", "x.off", "x.aseprite", "x.blend", "x.dng",
         "x.ai", "x.svgz", "x.cur")  # fmt: skip


class Target(NamedTuple):
    """A function of any bytes, and its seed inputs."""

    try_out: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]


def _filter(content: bytes) -> None:
    """Parse a filter and build SQL; errors must state a column within the filter."""
    from library.errors import FilterError
    from library.query.filter_parser import parse_filter
    from library.search.filter_sql import clause

    text = content.decode("utf-8", "surrogateescape")
    try:
        tree = parse_filter(text)
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
    """Parse a request body and the text of its query."""
    from library.errors import LibraryError
    from library.query.query_text import TERMS_MOST, parse_text
    from library.query.search_query import parse_search

    with suppress(LibraryError):
        said = parse_text(parse_search(content, {}).words)
        if max(len(said.phrases), len(said.excluded)) > TERMS_MOST:
            raise AssertionError(said)


def _queries() -> Iterator[bytes]:
    yield json.dumps({"query": "castle", "querySemanticRatio": 0.5, "hitsPerPage": 48}).encode()
    yield json.dumps({"query": 'a "gold coin" -old -"silver coin" \\"'}).encode()
    yield json.dumps({"images": {"like": ["asset_a"], "unlike": []}, "sortBy": ["a:asc"]}).encode()
    yield b'{"image": "data:image/png;base64,iVBORw0KGgo=", "filter": "width > 3", "offset": 1e3}'


def _parameters(content: bytes) -> None:
    """Read generation parameters from a text; the last byte chooses its place."""
    from library.formats.generation import makers, sources
    from library.formats.metadata.exif_tags import user_comment
    from library.ingest.facts import checked

    places = ("parameters", "UserComment", "Comment", "invokeai_metadata", "sd-metadata", "Dream",
              "Description", "xmp:description", "generation_data", "Source")  # fmt: skip
    place = places[content[-1] % len(places)] if content else "parameters"
    texts = sources.unwrapped({place: user_comment(content[:-1]), "Software": "NovelAI"})
    for maker in makers.MAKERS:
        if maker.names != "ComfyUI":  # no error is raised by a reader of our own
            checked(maker.parse(texts))


def _parameter_texts() -> Iterator[bytes]:
    from tests.support.generated_files import AUTOMATIC1111, NOVELAI

    yield AUTOMATIC1111.encode() + b"\0"
    yield b"UNICODE\0" + AUTOMATIC1111.encode("utf-16-be") + b"\1"
    yield NOVELAI["Comment"].encode() + b"\2"
    yield b'{"positive_prompt": "a", "model": {"name": "b"}, "loras": [{"model": {}}]}\3'
    yield b'{"image": {"prompt": [{"prompt": "a [b]"}], "seed": 5}, "model_weights": "c"}\4'
    yield b'"a castle [blurry]" -s 50 -S 12 -C 7.5 -A k_lms\5'
    yield b"brass automaton --no text --ar 16:9 --v 6.0 Job ID: 00000000-aaaa\6"
    yield b"Include in Image: a; Exclude from Image: b; Seed: 42; Steps: 8\7"
    yield b'{"prompt": "a", "samplerName": "b", "baseModel": {"label": "c"}, "seed": "7"}\x08'
    yield b'{"sui_image_params": {"prompt": "a <lora:b:1>", "seed": 1, "loras": ["c"]}}\0'
    yield b'{"c": "a", "uc": "b", "scale": 7, "lora": [{"model": "c.ckpt"}]}\1'


def _file(content: bytes) -> None:
    """Extract a file in this process; error messages must have one line."""
    from library.errors import LibraryError
    from library.ingest.describe import NotAnAsset, Unusable, identify
    from library.ingest.extract import extract
    from library.ingest.walk import walk
    from tests.support.descriptions import LocalFiles

    name = NAMES[content[-1] % len(NAMES)] if content else "x"
    place = _FOLDER / name
    place.write_bytes(content[:-1])
    try:
        (file,) = walk(_FOLDER, lambda *_: None).files
        with place.open("rb") as opened:
            kind, _ = identify(opened, file)
            opened.seek(0)
            json.dumps(extract(LocalFiles(opened), kind.kind, kind.mime, [])[0])
    except (NotAnAsset, Unusable, LibraryError) as refused:
        if "\n" in str(refused):
            raise AssertionError(str(refused)) from refused
    finally:
        place.unlink()


def _files() -> Iterator[bytes]:
    from PIL import Image

    from library.formats.images import decode
    from tests.support import sample_files, videos
    from tests.support.generated_files import (
        AUTOMATIC1111,
        SVG,
        box_files,
        hidden,
        light,
        png_with,
    )

    decode(sample_files.png())  # what registers HEIF
    yield sample_files.png(size=(9, 9)) + b"\x00"
    yield png_with({"parameters": AUTOMATIC1111}) + b"\x00"
    yield sample_files.encoded(hidden("stealth_pnginfo", b"a castle")) + b"\x00"
    yield sample_files.rotated_jpeg() + b"\x09"
    for kind in ("WEBP", "GIF", "TIFF", "AVIF", "HEIF", "JPEG2000", "QOI", "DDS", "PPM", "ICO"):
        yield sample_files.encoded(Image.new("RGB", (16, 16), "tomato"), kind) + b"\x09"
    yield sample_files.sound(0.05) + b"\x09"
    yield sample_files.video(1) + b"\x09"
    clear = [videos.quarters().convert("RGBA")] * 2
    yield videos.video(clear, container="webm", codec="libvpx-vp9", pixels="yuva420p") + b"\x09"
    yield videos.video(prepare=lambda stream: stream.set_display_rotation(90)) + b"\x09"
    yield videos.video(codec="libx265", pixels="yuv420p10le") + b"\x09"
    yield videos.video(cover=sample_files.encoded(videos.quarters(), "JPEG")) + b"\x09"
    yield (
        SVG.format(attributes='viewBox="0 0 9 9"', inside="<path d='M0 0h9v9'/>").encode() + b"\x01"
    )
    for number, kind in ((2, "gltf"), (3, "obj"), (4, "stl"), (9, "glb")):
        yield box_files(kind)[f"box.{kind}"] + bytes([number])
    for kind in ("exr", "hdr"):
        yield light(kind, (16, 16)) + b"\x09"
    yield from _documents()


def _documents() -> Iterator[bytes]:
    """Yield files of painting and modelling programs and of cameras, behind each its name."""
    from tests.support import camera_files, design_files, mesh_files, sample_files
    from tests.support.design_files import Layer, archive, corner

    named = NAMES.index
    png = sample_files.encoded(corner((12, 9)))
    small = corner((20, 14), "RGBA")
    contents = {
        "x": (
            design_files.painting("application/x-krita", "mergedimage.png"),
            design_files.clip(png),
            design_files.affinity(png, png),
            *(design_files.photoshop(corner((20, 14)), version=version, depth=depth, packed=packed)
              for version, depth, packed in ((1, 8, 1), (2, 16, 0), (1, 16, 3), (2, 32, 2))),
            design_files.photoshop(corner((20, 14)).quantize(4)),
            *(design_files.xcf((20, 14), [Layer(small, mask=9), Layer(small, (3, 2), mode=30)],
                               packed=packed, version=version)
              for packed, version in ((1, 11), (2, 12), (0, 3))),
            mesh_files.box("3mf")["box.3mf"],
        ),
        "x.sketch": (archive({"previews/preview.png": png}),),
        "x.procreate": (archive({"QuickLook/Thumbnail.png": png}),),
        "x.3mf": (mesh_files.three_mf(),),
        "x.dae": (mesh_files.collada("<rotate>0 0 1 9</rotate>"),),
        "x.off": (b"OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n",),
        "x.aseprite": (
            design_files.aseprite((20, 14), [[Layer(small)], [Layer(small, (3, 3))]]),
            design_files.aseprite((20, 14), [[Layer(small)]], depth=16, packed=0),
        ),
        "x.blend": tuple(design_files.blender(corner((12, 9)), packed=p) for p in ("", "zstd")),
        "x.dng": (camera_files.dng(corner((64, 48)), 6),),
        "x.ai": (b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n",),
    }  # fmt: skip
    for name, each in contents.items():
        yield from (content + bytes([named(name)]) for content in each)


def _graph(content: bytes) -> None:
    """Read a text as ComfyUI's graph; the fields must have the types of Document."""
    from library.formats.generation import comfyui
    from library.ingest.facts import checked

    text = content.decode("utf-8", "replace")
    for kind in ("prompt", "workflow"):
        checked(json.loads(json.dumps(comfyui.read({"comment": text}, kind))))


def _graphs() -> Iterator[bytes]:
    from tests.support.comfyui_graphs import advanced, node, sampled, stored

    yield stored(sampled())["prompt"].encode()
    yield stored(advanced())["prompt"].encode()
    yield json.dumps({"prompt": stored(sampled())["prompt"], "workflow": {"nodes": []}}).encode()
    yield stored(
        {
            "1": node("ImpactSwitch", select=("2", 0), input1=("3", 0), input2=("1", 0)),
            "2": node("PrimitiveInt", value=1),
            "3": node("StringConcatenate", string_a="a", string_b=("1", 0), delimiter=", "),
            "4": node("KSampler", seed=1, steps=2, positive=("1", 0), model=("5", 0)),
            "5": node("CR LoRA Stack", switch_1="On", lora_name_1="a.pth", model_weight_1=0.5),
            "6": node("SaveImage", images=("4", 0)),
        }
    )["prompt"].encode()
    yield json.dumps(
        {
            "nodes": [
                {"id": 1, "type": "u", "inputs": [{"name": "a", "link": 1}], "mode": 4},
                {"id": 2, "type": "KSampler", "widgets_values": [1, "fixed", 20, 7.5, "euler"]},
            ],
            "links": [[1, 2, 0, 1, 0, "*"], {"id": 2, "origin_id": -10, "origin_slot": 0}],
            "definitions": {"subgraphs": [{"id": "u", "nodes": [], "links": [], "inputs": []}]},
            "extra": {"groupNodes": {"g": {"nodes": [], "links": [[0, 0, 1, 0]]}}},
        }
    ).encode()


def _metadata(content: bytes) -> None:
    """Read a block of metadata; the last byte chooses its kind."""
    import io

    from library.formats.metadata import dates, file_texts, iptc, media_texts, text, xmp
    from library.formats.metadata.exif_tags import Tags
    from library.ingest.sidecars import reading as sidecars

    raw, choice = content[:-1], content[-1] if content else 0
    kinds = sorted(media_texts.TYPES)
    names = ("a.json", "a.txt", "a.tags", "a.xmp")
    match choice % 4:
        case 0:
            json.dumps(media_texts.read(io.BytesIO(raw), kinds[choice // 4 % len(kinds)]))
        case 1:
            json.dumps(sidecars.read([(names[choice // 4 % 4], io.BytesIO(raw))])[0])
        case 2:
            json.dumps(Tags(io.BytesIO(raw)).stated().fields())
            json.dumps(iptc.read(iptc.in_photoshop(raw) or raw).fields())
            json.dumps(file_texts.read(io.BytesIO(raw)))
        case _:
            words = text.decoded(raw)
            dates.parse(words)
            dates.of_name(words)
            with suppress(ValueError):
                xmp.read(raw)


def _blocks() -> Iterator[bytes]:
    from tests.support import metadata_blocks as blocks
    from tests.support import sample_files

    tags = {0x010E: (2, b"A heron\0"), 0x9C9B: (1, "Жук".encode("utf-16-le"))}
    dated = {0x9003: (2, b"2019:06:24 13:57:33\0"), 0x9286: (7, b"UNICODE\0a\0")}
    yield blocks.exif_block(tags, dated, {0x1D: (2, b"2019:06:24\0")})[6:] + b"\x02"
    yield b"%!PS-Adobe-3.0\r%%Title: (Heron \\(old\\).eps)\r" + b"\x02"
    yield blocks.photoshop_block(blocks.iptc_block([(2, 25, b"ferry")])) + b"\x02"
    yield blocks.packet(blocks.listed("dc:subject", "harbour"), 'xmp:Rating="4"') + b"\x03"
    yield b"\x00" * 9 + blocks.id3v1("Köln".encode("cp1252"), b"Ada", year=b"1999") + b"\x10"
    yield blocks.id3v2(3, [(b"TIT2", b"\0Bell"), (b"COMM", b"\0eng\0a bell")]) + b"\x10"
    yield blocks.riff(b"WAVE", (b"bext", b"door" * 150), (b"LIST", b"INFOICMT\2\0\0\0ab")) + b"\x18"
    yield sample_files.video(1) + b"\x1c"
    yield json.dumps({"photoTakenTime": {"timestamp": "1"}, "people": [{"name": "A"}]}).encode() + (
        b"\x01"
    )
    yield "Ein Käfer".encode("cp1252") + b"\x05"


TARGETS = {
    "metadata": Target(_metadata, _blocks),
    "filters": Target(_filter, _filters),
    "queries": Target(_query, _queries),
    "files": Target(_file, _files),
    "parameters": Target(_parameters, _parameter_texts),
    "graphs": Target(_graph, _graphs),
}
_FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-")) if __name__ == "__main__" else Path()


def main() -> None:
    """Run libFuzzer, which exits the process."""
    import atheris

    with atheris.instrument_imports(include=["library", "lark", "PIL", "mutagen", "trimesh"]):
        for module in (
            "search.filter_sql",
            "ingest.describe",
            "ingest.extract",
            "formats.generation.makers",
            "ingest.facts",
            "query.search_query",
        ):
            import_module(f"library.{module}")

    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[name].try_out)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
