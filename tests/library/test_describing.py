"""What files and their sidecars tell: formats, generation parameters, captions, 3D, SVG."""

from __future__ import annotations

import io
import json
import struct
import threading
from pathlib import Path
from typing import Any

import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from library import drawing, generation, kinds, media, shapes, sidecars, vector
from library.describing import Described, NotAnAsset, Unusable, describe, identify
from library.documents import Document
from library.pictures import BadImage, decode
from library.walking import walk
from tests.library import samples


def _described(folder: Path, name: str) -> Described:
    found = walk(folder, lambda *_: None)
    (file,) = [file for file in found.files if file.path == name]
    return describe(file, *identify(file))


def _document(folder: Path, name: str) -> Document:
    return _described(folder, name).document("asset_x")


def _png_with(texts: dict[str, str]) -> bytes:
    info = PngImagePlugin.PngInfo()
    for key, value in texts.items():
        info.add_text(key, value)
    return samples.encoded(samples.picture(), pnginfo=info)


AUTOMATIC1111 = (
    "a castle in the clouds, (masterpiece:1.2)\nNegative prompt: blurry, text\n"
    "Steps: 28, Sampler: DPM++ 2M, CFG scale: 6.5, Seed: 1234567890, Size: 512x768, "
    "Model hash: abc123, Model: dreamlike_v2"
)
COMFYUI_PROMPT = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sdxl.safetensors"}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red dragon", "clip": ["1", 1]}},
    "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "ugly", "clip": ["1", 1]}},
    "4": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 42, "steps": 20, "cfg": 7.5, "sampler_name": "euler", "scheduler": "normal",
            "denoise": 1, "model": ["1", 0], "positive": ["2", 0], "negative": ["3", 0],
        },
    },
}  # fmt: skip
FOOOCUS = {
    "base_model": "juggernaut", "base_model_hash": "aa", "guidance_scale": 4.0,
    "scheduler": "karras",
    "seed": 77, "sharpness": 2, "steps": 30, "sampler": "dpmpp_2m", "prompt": "a quiet harbour",
    "negative_prompt": "people",
}  # fmt: skip
INVOKEAI = {
    "app_version": "3.0", "generation_mode": "txt2img", "positive_prompt": "a mossy stone",
    "negative_prompt": "noise", "width": 512, "height": 512, "seed": 9,
    "cfg_scale": 5.5, "steps": 12,
    "scheduler": "ddim", "model": {"model_name": "stone_mix", "base_model": "sd-1"},
}  # fmt: skip
NOVELAI = {
    "Description": "a fox in the snow",
    "Source": "Stable Diffusion F64BA557",
    "Software": "NovelAI",
    "Comment": json.dumps(
        {
            "steps": 28,
            "sampler": "k_euler",
            "seed": 5,
            "scale": 11.0,
            "uc": "lowres",
            "strength": 1,
            "noise": 0,
        }
    ),
}
MAKERS: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "automatic1111": (
        {"parameters": AUTOMATIC1111},
        {"prompt": "a castle in the clouds, (masterpiece:1.2)", "negativePrompt": "blurry, text",
         "seed": "1234567890", "numInferenceSteps": 28, "guidance": 6.5, "scheduler": "DPM++ 2M",
         "modelId": "dreamlike_v2"},
    ),
    "comfyui": (
        {"prompt": json.dumps(COMFYUI_PROMPT)},
        {"prompt": "a red dragon", "negativePrompt": "ugly", "seed": "42", "numInferenceSteps": 20,
         "guidance": 7.5, "scheduler": "euler"},
    ),
    "fooocus": (
        {"parameters": json.dumps(FOOOCUS)},
        {"prompt": "a quiet harbour", "negativePrompt": "people", "seed": "77",
         "numInferenceSteps": 30, "guidance": 4.0, "modelId": "juggernaut"},
    ),
    "invokeai": (
        {"invokeai_metadata": json.dumps(INVOKEAI)},
        {"prompt": "a mossy stone", "negativePrompt": "noise", "seed": "9", "modelId": "stone_mix"},
    ),
    "novelai": (
        NOVELAI,
        {"prompt": "a fox in the snow", "negativePrompt": "lowres", "seed": "5", "guidance": 11.0,
         "scheduler": "k_euler", "numInferenceSteps": 28},
    ),
    "an unknown maker": (
        {"parameters": "a lonely lighthouse\nNegative prompt: crowd"},
        {"prompt": "a lonely lighthouse", "negativePrompt": "crowd"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("maker", MAKERS)
def test_parameters_of_every_maker_are_read(tmp_path: Path, maker: str) -> None:
    texts, expected = MAKERS[maker]
    samples.fill(tmp_path, {"made.png": _png_with(texts)})
    document = _document(tmp_path, "made.png")
    assert {name: getattr(document, name) for name in expected} == expected
    assert document.type == "inference-txt2img"
    assert document.parentJobId is not None


def test_images_of_one_run_share_their_job_and_others_do_not() -> None:
    first = generation.parse({"parameters": AUTOMATIC1111})
    same = generation.parse({"parameters": AUTOMATIC1111.replace("1234567890", "1234567891")})
    other = generation.parse({"parameters": AUTOMATIC1111.replace("castle", "cottage")})
    assert (first["seed"], same["seed"]) == ("1234567890", "1234567891")
    assert first["parentJobId"] == same["parentJobId"] != other["parentJobId"]


@pytest.mark.parametrize("encoding", ["ascii", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_parameters_in_exif_are_read(kind: str, encoding: str, tmp_path: Path) -> None:
    prefix = b"ASCII\0\0\0" if encoding == "ascii" else b"UNICODE\0"
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = prefix + AUTOMATIC1111.encode(encoding)
    content = samples.encoded(samples.picture(), kind, exif=exif)
    samples.fill(tmp_path, {"made.png": content})
    assert _document(tmp_path, "made.png").seed == "1234567890"


def test_parameters_of_one_picture_never_reach_another(tmp_path: Path) -> None:
    """Read on several threads, picture after picture, as the indexer does."""
    files = {
        f"{n}.png": _png_with({"parameters": AUTOMATIC1111.replace("1234567890", str(n))})
        for n in range(40)
    } | {f"plain{n}.png": samples.png(size=(n + 9, 9)) for n in range(40)}
    samples.fill(tmp_path, files)
    found: dict[str, str | None] = {}

    def read(names: list[str]) -> None:
        for name in names:
            found[name] = _document(tmp_path, name).seed

    names = list(files)
    threads = [threading.Thread(target=read, args=(names[part::4],)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: None if "plain" in n else n.removesuffix(".png") for n in names}


_WORDS = st.text(max_size=9)
_TREES = st.recursive(
    st.none() | st.integers() | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=3),
)
_NAMES = "parameters prompt workflow Comment Description Source invokeai_metadata sd-metadata Dream"


@given(
    st.dictionaries(
        st.sampled_from(_NAMES.split()),
        st.text(max_size=80) | _TREES.map(json.dumps),
        max_size=4,
    )
)
def test_nothing_that_a_text_says_is_an_error(texts: dict[str, str]) -> None:
    fields = generation.parse(texts)
    assert all(isinstance(fields.get(name, ""), str) for name in ("prompt", "seed", "modelId"))


def test_sidecars_speak_for_their_picture_and_are_no_assets(tmp_path: Path) -> None:
    said = {
        "id": "asset_mirrored1",
        "tags": ["keep", "tower"],
        "nsfw": ["suggestive"],
        "createdAt": "2024-05-06T07:08:09+02:00",
        "metadata": {
            "prompt": "a tower",
            "seed": 12,
            "guidance": "7",
            "width": 9999,
            "mood": "calm",
        },
        "kind": "video",
        "privacy": "everyone",
    }
    samples.fill(
        tmp_path,
        {
            "castle.png": samples.png(),
            "castle.json": json.dumps(said).encode(),
            "boat.png": samples.png("navy"),
            "boat.png.txt": b"A small boat on a calm sea",
            "fox.jpg": samples.encoded(samples.picture("orange"), "JPEG"),
            "fox.txt": b"1girl, red_hair, forest",
            "readme.txt": b"no picture has this name",
        },
    )
    found = walk(tmp_path, lambda *_: None)
    assert [file.path for file in found.files] == [
        "boat.png",
        "castle.png",
        "fox.jpg",
        "readme.txt",
    ]
    castle = _described(tmp_path, "castle.png")
    document = castle.document("asset_x")
    assert castle.wanted_id == "asset_mirrored1"
    assert {
        "tags": document.tags, "nsfw": document.nsfw, "prompt": document.prompt,
        "seed": document.seed, "guidance": document.guidance, "width": document.width,
        "kind": document.kind, "privacy": document.privacy, "metadata": document.metadata,
        "createdAt": document.createdAt,
    } == {
        "tags": ("castle", "keep", "tower"), "nsfw": ("suggestive",), "prompt": "a tower",
        "seed": "12", "guidance": 7.0, "width": 96, "kind": "image", "privacy": "private",
        "metadata": {"mood": "calm"}, "createdAt": "2024-05-06T05:08:09.000Z",
    }  # fmt: skip
    assert _document(tmp_path, "boat.png").description == "A small boat on a calm sea"
    assert _document(tmp_path, "fox.jpg").tags == ("fox", "1girl", "red hair", "forest")


def test_numbers_that_are_none_are_left_out_of_a_sidecar() -> None:
    told = sidecars.from_words(
        {"guidance": float("nan"), "numInferenceSteps": 10**30, "huge": 10**400, "fits": 7.5}
    )
    assert told == {"metadata": {"fits": 7.5}}
    assert sidecars.from_words({"guidance": "7.5", "numInferenceSteps": 30}) == {
        "guidance": 7.5,
        "numInferenceSteps": 30,
    }


def test_a_changed_sidecar_is_a_change_of_its_picture(tmp_path: Path) -> None:
    samples.fill(tmp_path, {"a.png": samples.png(), "a.txt": b"one"})
    (before,) = walk(tmp_path, lambda *_: None).files
    samples.fill(tmp_path, {"a.txt": b"another"})
    (after,) = walk(tmp_path, lambda *_: None).files
    assert before.stamp != after.stamp
    assert before.mtime_ns == after.mtime_ns


@pytest.mark.parametrize(
    ("content", "name", "metadata"),
    [
        ({"title": "Queen Bee"}, "Queen Bee", {}),
        ({"title": " Queen\n Bee "}, "Queen Bee", {}),
        ({"metadata": {"title": "Queen Bee"}}, "Queen Bee", {}),
        ({"name": "Bee", "title": "Queen Bee"}, "Bee", {"title": "Queen Bee"}),
        ({"title": " "}, "bee", {"title": " "}),
        ({"title": 7}, "bee", {"title": 7}),
    ],
)
def test_a_title_beside_a_picture_names_it(
    content: dict[str, Any], name: str, metadata: dict[str, Any], tmp_path: Path
) -> None:
    samples.fill(tmp_path, {"bee.png": samples.png(), "bee.json": json.dumps(content).encode()})
    document = _document(tmp_path, "bee.png")
    assert (document.name, document.metadata) == (name, metadata)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.json", b'{"title": "x"', "is no JSON (Expecting ',' delimiter in line 1, column 14)"),
        ("a.ppm.json", b"[1]", "is no JSON object"),
        ("a.json", b"[" * 200_000, "is nested too deeply"),
        ("a.txt", b"caf\xe9", "is no text in UTF-8"),
        ("a.txt", b"x" * 1_048_577, "is larger than a megabyte"),
        ("a.xmp", b"<nothing/>", "is no XMP"),
        ("a.xmp", b"<x:xmpmeta></x:xmpmeta>", "is broken XMP"),
    ],
)
def test_a_sidecar_that_cannot_be_read_is_named_and_is_no_asset(
    name: str, content: bytes, why: str, tmp_path: Path
) -> None:
    owner = "a.ppm" if "ppm" in name else "a.png"
    form = "PPM" if "ppm" in name else "PNG"
    picture = samples.encoded(samples.picture().convert("RGB"), form)
    samples.fill(tmp_path, {owner: picture, name: content})
    assert [file.path for file in walk(tmp_path, lambda *_: None).files] == [owner]
    reason = f"{why}; the file that it belongs to is read without"
    assert _described(tmp_path, owner).unread == ((name, reason),)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a.png", "is no PNG: its content is something else"),
        ("a.MP4", "is no MP4: its content is something else"),
        ("a.svg", "is no SVG: its content is something else"),
        ("a.json", "is no text in UTF-8"),
    ],
)
def test_what_is_not_what_its_name_says_is_refused_in_a_line(
    name: str, why: str, tmp_path: Path
) -> None:
    content = b"\xff\xfe\x00" if name.endswith("json") else b"just a text"
    samples.fill(tmp_path, {name: content})
    with pytest.raises(Unusable, match=why):
        _described(tmp_path, name)


@pytest.mark.parametrize(
    ("mime", "path", "expected"),
    [
        ("audio/mpeg", "a.mp3", ("mp3", "mpeg")),
        ("model/gltf-binary", "a.glb", ("glb", "gltf-binary")),
        ("application/octet-stream", "a/b.FBX", ("fbx", "octet-stream")),
        ("image/jpeg", "a.png", ("jpg", "jpeg")),
        ("image/tiff", "a.tif", ("tif", "tiff")),
        ("image/svg+xml", "a.svg", ("svg", "svg+xml")),
        ("image/heic", "a.heic", ("heic", "heif")),
        ("video/mp4", "a.mp4", ("mp4",)),
    ],
)
def test_a_format_goes_by_every_name_it_has(
    mime: str, path: str, expected: tuple[str, ...]
) -> None:
    assert kinds.formats(mime, path) == expected


def test_a_compressed_blend_is_one(tmp_path: Path) -> None:
    samples.fill(tmp_path, {"a.blend": b"\x28\xb5\x2f\xfd and more"})
    assert _document(tmp_path, "a.blend").kind == "3d"


XMP = b"""<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4">
 <dc:subject><rdf:Bag><rdf:li>harbour</rdf:li><rdf:li>dawn</rdf:li></rdf:Bag></dc:subject>
 <dc:description><rdf:Alt><rdf:li xml:lang="x-default">Boats at dawn</rdf:li></rdf:Alt>
 </dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"""


def test_xmp_is_read_inside_of_pictures_and_beside_them(tmp_path: Path) -> None:
    samples.fill(
        tmp_path,
        {
            "in.webp": samples.encoded(samples.picture(), "WEBP", xmp=XMP),
            "by.png": samples.png(),
            "by.xmp": XMP,
        },
    )
    for name in ("in.webp", "by.png"):
        document = _document(tmp_path, name)
        assert document.tags[-2:] == ("harbour", "dawn")
        assert (document.description, document.metadata) == ("Boats at dawn", {"rating": 4})


@pytest.mark.parametrize("name", ["a.json", "a.txt", "a.xmp"])
@given(
    content=st.binary(max_size=200) | st.sampled_from([b"[" * 5000, b'{"tags": [' * 3000, b"null"])
)
def test_no_sidecar_keeps_a_picture_out(
    name: str, content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("s")
    samples.fill(folder, {name: content})
    told, unread = sidecars.read(str(folder), [name])
    assert isinstance(told, dict)
    assert [path for path, _ in unread] in ([], [name])


def test_xml_with_declarations_is_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + XMP
    with pytest.raises(ValueError, match="declarations"):
        sidecars.xmp(bomb)


def test_the_day_a_photo_was_taken_is_when_it_was_created(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = "2019:08:07 06:05:04"
    samples.fill(tmp_path, {"p.jpg": samples.encoded(samples.picture(), "JPEG", exif=exif)})
    assert _document(tmp_path, "p.jpg").createdAt == "2019-08-07T06:05:04.000Z"


@pytest.mark.parametrize(
    ("name", "options", "mime"),
    [("AVIF", {}, "image/avif"), ("HEIF", {}, "image/heic"), ("TIFF", {}, "image/tiff"),
     ("GIF", {}, "image/gif"), ("BMP", {}, "image/bmp"), ("TGA", {}, "image/x-tga"),
     ("PPM", {}, "image/x-portable-pixmap"),
     ("JPEG2000", {}, "image/jp2"), ("QOI", {}, "image/qoi"), ("DDS", {}, "image/vnd-ms.dds")],
)  # fmt: skip
def test_every_format_is_a_picture(
    name: str, options: dict[str, Any], mime: str, tmp_path: Path
) -> None:
    decode(samples.png())  # what registers HEIF
    image = samples.picture().convert("RGB")
    content = samples.encoded(image, name, **options)
    samples.fill(tmp_path, {f"x.{name.lower()}": content})
    described = _described(tmp_path, f"x.{name.lower()}")
    assert (described.kind.mime, described.facts["width"]) == (mime, 96)
    assert described.picture is not None
    pixel = described.picture.convert("RGB").getpixel((48, 32))
    assert all(abs(a - b) < 30 for a, b in zip(pixel, (255, 99, 71), strict=True))  # type: ignore[arg-type]


def test_an_animation_is_seen_by_its_first_frame(tmp_path: Path) -> None:
    frames = [samples.picture(colour) for colour in ("red", "green", "blue")]
    content = samples.encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    samples.fill(tmp_path, {"a.webp": content})
    described = _described(tmp_path, "a.webp")
    assert described.facts["properties"]["frameCount"] == 3
    assert described.picture is not None
    assert described.picture.convert("RGB").getpixel((48, 32))[0] > 200  # type: ignore[index]


def test_an_animation_whose_second_frame_is_broken_is_a_picture(tmp_path: Path) -> None:
    """Found by fuzzing: Pillow's count of frames raises struct.error."""
    first = samples.encoded(Image.new("P", (16, 16)), "GIF")
    samples.fill(tmp_path, {"a.gif": first.removesuffix(b";") + b",\x00;"})
    described = _described(tmp_path, "a.gif")
    assert described.picture is not None
    assert "frameCount" not in described.facts["properties"]


def test_a_video_of_endless_frames_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples.fill(tmp_path, {"a.mp4": samples.video(1, (64, 48))})
    assert _described(tmp_path, "a.mp4").picture is not None
    monkeypatch.setattr(media, "_MAX_PIXELS", 64 * 48 - 1)
    with pytest.raises(Unusable, match="million pixels"):
        _described(tmp_path, "a.mp4")


SVG = '<svg xmlns="http://www.w3.org/2000/svg" {attributes}>{inside}</svg>'


def test_svg_is_rendered_and_its_size_read(tmp_path: Path) -> None:
    inside = '<rect width="50%" height="100%" fill="#ff0000"/>'
    content = SVG.format(attributes='viewBox="0 0 200 100"', inside=inside)
    samples.fill(tmp_path, {"a.svg": content.encode()})
    described = _described(tmp_path, "a.svg")
    assert (described.facts["width"], described.facts["height"]) == (200, 100)
    assert described.picture is not None
    assert described.picture.size == (200, 100)
    assert described.picture.getpixel((10, 10)) == (255, 0, 0, 255)
    assert described.picture.getpixel((190, 10))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [('width="30" height="40"', (30, 40)), ('width="1in" height="2in"', (96, 192)),
     ('width="100" viewBox="0 0 2 1"', (100, 50)), ('width="100%" viewBox="0 0 9 8"', (9, 8)),
     ("", None), ('width="-5" height="1e999"', None), ('viewBox="0 0 nan 1"', None)],
)  # fmt: skip
def test_the_size_of_an_svg_is_told_by_its_root(
    attributes: str, expected: tuple[int, int] | None
) -> None:
    assert vector.told_size(SVG.format(attributes=attributes, inside="")) == expected


def test_no_svg_shows_another_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    Image.new("RGB", (10, 10), (1, 2, 3)).save(secret)
    for reference in (
        f'<image href="{secret}" width="10" height="10"/>',
        f"<image xlink:href='file://{secret}' width='10' height='10'/>",
        f'<image  href = "{secret}" width="10" height="10"/>',
        f'<rect width="10" height="10" fill="url({secret}#a)"/>',
    ):
        inside = f'<g xmlns:xlink="http://www.w3.org/1999/xlink">{reference}</g>'
        image, _ = vector.render(
            SVG.format(attributes='width="10" height="10"', inside=inside).encode()
        )
        assert image.convert("RGB").getpixel((5, 5)) != (1, 2, 3)
        assert str(secret) not in vector.contained(reference.encode())


@pytest.mark.parametrize(
    "content",
    ["<svg", SVG.format(attributes="", inside="<use href='#a'/>" * 6000),
     '<!DOCTYPE svg [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg"/>'],
)  # fmt: skip
def test_odd_svgs_are_refused_in_a_line(content: str) -> None:
    with pytest.raises(BadImage):
        vector.render(content.encode())


def test_an_svg_that_overflows_the_drawer_takes_nothing_along() -> None:
    nested = "<g>" * 100_000 + "</g>" * 100_000
    with pytest.raises(BadImage, match="cannot be drawn"):
        vector.render(SVG.format(attributes='width="9" height="9"', inside=nested).encode())


def test_an_svg_that_is_never_done_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "SECONDS", 1)
    inside = (
        '<filter id="f" x="-1000%" y="-1000%" width="9000%" height="9000%"><feGaussianBlur '
        'stdDeviation="2000"/><feTurbulence numOctaves="100"/></filter>'
        '<rect width="4000" height="4000" filter="url(#f)"/>'
    )
    with pytest.raises(BadImage, match="takes too long"):
        vector.render(SVG.format(attributes='width="4000" height="4000"', inside=inside).encode())


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ('<path d="M0 0h9v9z" opacity=".5"/>' * 50, True),
        ('<path d="M0 0h9v9z"/>' * 60, False),
        (f'<path d="M0 0{"h1" * 8000}"/>', False),
        ('<g filter="url(#a)"/>', False),
        ('<USE href="#a"/>', False),
        ('<path stroke-dasharray="0.001"/>', False),
    ],
)
def test_only_what_is_plain_is_drawn_without_care(inside: str, expected: bool) -> None:
    assert drawing.is_icon(SVG.format(attributes="", inside=inside)) == expected


@pytest.mark.parametrize("count", [1, 40])  # in this process, and in one of its own
def test_an_svg_is_drawn_alike_wherever_it_is_drawn(count: int) -> None:
    rect = '<rect width="9" height="9" fill="#00ff00"/>'
    image, size = vector.render(
        SVG.format(attributes='width="9" height="9"', inside=rect * (count * 2)).encode()
    )
    assert (size, image.size, image.getpixel((4, 4))) == ((9, 9), (9, 9), (0, 255, 0, 255))


def _box(kind: str) -> dict[str, bytes]:
    """The files of a box: its name is box, whatever else it comes with."""
    box = trimesh.creation.box()
    if kind == "gltf":
        exported = trimesh.Scene(box).export(file_type="gltf")
        return {"box.gltf": exported.pop("model.gltf"), **exported}
    found = box.export(file_type=kind)
    return {f"box.{kind}": found.encode() if isinstance(found, str) else found}


@pytest.mark.parametrize("kind", ["glb", "obj", "stl", "gltf"])
def test_models_are_counted_and_drawn(kind: str, tmp_path: Path) -> None:
    samples.fill(tmp_path, _box(kind))
    described = _described(tmp_path, f"box.{kind}")
    assert described.kind.kind == "3d"
    assert described.facts["properties"]["faceCount"] == 12
    assert described.picture is not None
    assert described.picture.getpixel((256, 256))[3] == 255  # type: ignore[index]
    assert described.picture.getpixel((2, 2))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize("way", ["../art 2/{}", "{root}/art 2/{}", "link.bin", "missing.bin", ""])
def test_a_gltf_is_not_followed_out_of_its_folder(way: str, tmp_path: Path) -> None:
    """It is counted from what its own file says."""
    files = _box("gltf")
    told = json.loads(files.pop("box.gltf"))
    samples.fill(tmp_path / "art 2", files)
    (tmp_path / "art").mkdir()
    (tmp_path / "art/link.bin").symlink_to(tmp_path / "art 2/gltf_buffer_0.bin")
    for buffer in told["buffers"]:
        buffer["uri"] = way.format(buffer["uri"], root=tmp_path)
    samples.fill(tmp_path / "art", {"box.gltf": json.dumps(told).encode()})
    described = _described(tmp_path / "art", "box.gltf")
    assert described.facts["properties"]["faceCount"] == 12
    assert described.picture is None


def test_a_gltf_whose_places_are_no_places_is_counted(tmp_path: Path) -> None:
    """Found by fuzzing: corners of one number each, where three belong."""
    files = _box("gltf")
    told = json.loads(files["box.gltf"])
    place = told["meshes"][0]["primitives"][0]["attributes"]["POSITION"]
    told["accessors"][place] |= {"type": "SCALAR", "count": 8}
    samples.fill(tmp_path, {**files, "box.gltf": json.dumps(told).encode()})
    described = _described(tmp_path, "box.gltf")
    assert described.facts["properties"] == {"vertexCount": 8, "faceCount": 12}
    assert described.picture is None


def test_the_buffers_of_a_gltf_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {name: content.ljust(20_000, b" ") for name, content in _box("gltf").items()}
    samples.fill(tmp_path, files)
    assert _described(tmp_path, "box.gltf").picture is not None
    monkeypatch.setattr(shapes, "MAX_BYTES", 30_000)  # either buffer fits, both do not
    assert _described(tmp_path, "box.gltf").picture is None


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.glb", b"glTF\x02\x00\x00\x00", "ends after 8 bytes"),
        ("a.glb", _box("glb")["box.glb"][:-20], "ends after"),
        ("a.glb", b"glTF" + struct.pack("<IIII", 2, 24, 4, 0x4E4F534A) + b"{{{{", "is no JSON"),
        ("a.glb", b"glTF" + struct.pack("<IIII", 2, 24, 4, 7) + b"{}  ", "first part is no JSON"),
        ("a.gltf", b'{"asset": {', "is no JSON"),
        ("a.gltf", b"[1]", "is no glTF"),
        ("a.gltf", b"[" * 5000, "is broken"),
        ("a.stl", bytes(80) + struct.pack("<I", 9) + bytes(60), "ends after 144 bytes"),
        ("a.stl", b"nothing of a model", "is broken"),
        ("a.obj", b"# a note\n", "has no corners"),
        ("a.fbx", b"Kaydara FBX Binary  \x00\x1a\x00", "ends after 23 bytes"),
        ("a.blend", b"BLENDER-v", "ends after 9 bytes"),
    ],
)
def test_broken_models_are_refused_in_a_line(
    name: str, content: bytes, why: str, tmp_path: Path
) -> None:
    samples.fill(tmp_path, {name: content})
    with pytest.raises(Unusable, match=why) as refused:
        _described(tmp_path, name)
    assert "\n" not in str(refused.value)


def _compressed() -> bytes:
    """A box whose mesh is packed in a way that no reader here knows."""
    whole = _box("glb")["box.glb"]
    (length,) = struct.unpack_from("<I", whole, 12)
    told = json.loads(whole[20 : 20 + length])
    for mesh in told["meshes"]:
        for primitive in mesh["primitives"]:
            primitive["attributes"] = {"POSITION": 99}
    text = json.dumps({**told, "extensionsRequired": ["KHR_draco_mesh_compression"]}).encode()
    text += b" " * (-len(text) % 4)
    rest = whole[20 + length :]
    head = struct.pack("<IIII", 2, 20 + len(text) + len(rest), len(text), 0x4E4F534A)
    return b"glTF" + head + text + rest


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.glb", _compressed()),
        ("a.glb", b"glTF" + struct.pack("<I", 9) + b"of the future"),
        ("a.obj", b"v 1 2\nf 9 9 9\n"),
        ("a.stl", b"solid x\nfacet normal 0 0 1\nendsolid x\n"),
        ("a.blend", b"BLENDER-v300" + bytes(8)),
        ("a.fbx", b"; FBX 7.4.0 project file\n"),
    ],
)
def test_models_that_nobody_here_reads_are_listed_without_a_drawing(
    name: str, content: bytes, tmp_path: Path
) -> None:
    samples.fill(tmp_path, {name: content})
    described = _described(tmp_path, name)
    assert (described.kind.kind, described.picture) == ("3d", None)


@given(
    head=st.sampled_from(
        [
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8\xff\xe0",
            b"GIF89a",
            b"II*\x00",
            b"RIFF\x24\x00\x00\x00WEBP",
            b"RIFF\x24\x00\x00\x00WAVEfmt ",
            b"OggS",
            b"ID3\x04",
            b"fLaC",
            b"\x00\x00\x00\x18ftypmp42",
            b"\x00\x00\x00\x18ftypavif",
            b"\x1aE\xdf\xa3",
            b"8BPS\x00\x01",
            b"glTF\x02\x00\x00\x00",
            b"<svg ",
            b"\x00\x00\x01\x00",
            b"DDS ",
            b"qoif",
            b"BM",
            b"P6\n9 9\n255\n",
            b"v/1\x01",
            b"",
        ]
    ),
    body=st.binary(max_size=300),
    name=st.sampled_from(["x.png", "x.bmp", "x.tga", "x.svg", "x.gltf", "x.obj", "x.txt", "x"]),
)
def test_whatever_the_bytes_say_a_file_is_described_or_refused(
    head: bytes, body: bytes, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Files that lie about what they are: a beginning of one kind, anything behind it."""
    folder = tmp_path_factory.mktemp("f")
    samples.fill(folder, {name: head + body})
    (file,) = walk(folder, lambda *_: None).files
    try:
        described = describe(file, *identify(file))
    except (Unusable, NotAnAsset) as refused:
        said = str(refused)
    else:
        said = described.document("asset_x").kind
    assert said
    assert "\n" not in said


def test_sixteen_bits_and_cmyk_have_thumbnails_of_their_colours(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("CMYK", (20, 20), (0, 255, 255, 0)).save(file, "TIFF")
    samples.fill(
        tmp_path,
        {"c.tif": file.getvalue(), "g.png": samples.encoded(Image.new("I;16", (20, 20), 0x4000))},
    )
    red, grey = (_described(tmp_path, name).picture for name in ("c.tif", "g.png"))
    assert red is not None
    assert grey is not None
    assert red.getpixel((5, 5))[0] > 200  # type: ignore[index]
    assert grey.getpixel((5, 5)) == (64, 64, 64)
