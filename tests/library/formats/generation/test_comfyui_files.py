"""The places in files where ComfyUI and its savers write their graphs."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from PIL import Image, PngImagePlugin

from tests.support import sample_files
from tests.support.comfyui_graphs import node, sampled
from tests.support.descriptions import document
from tests.support.generated_files import png_with

PROMPT = json.dumps(sampled())
WORKFLOW = json.dumps({"nodes": [{"id": 1, "type": "Note", "widgets_values": ["by the sea"]}]})
BOTH = {"prompt": PROMPT, "workflow": WORKFLOW}


def check(folder: Path, name: str, content: bytes) -> None:
    """Assert that the graph in a file is read."""
    sample_files.fill(folder, {name: content})
    asset = document(folder, name)
    assert (asset.prompt, asset.negativePrompt, asset.seed) == ("a lantern fish", "murky", "77")
    assert (asset.modelId, asset.numInferenceSteps) == ("atlas", 21)
    assert asset.description is None


def png(kind: str) -> bytes:
    """Return a PNG with the graph in chunks of this kind."""
    info = PngImagePlugin.PngInfo()
    for name, text in BOTH.items():
        if kind == "iTXt":
            info.add_itxt(name, text)
        elif kind == "comf":
            info.add(b"comf", name.encode() + b"\0" + text.encode(), after_idat=True)
        else:
            info.add_text(name, text, zip=kind == "zTXt")
    return sample_files.encoded(sample_files.picture(), pnginfo=info)


@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt", "comf"])
def test_graphs_in_a_png_are_read(kind: str, tmp_path: Path) -> None:
    check(tmp_path, "made.png", png(kind))


def test_a_large_compressed_graph_is_read(tmp_path: Path) -> None:
    """Larger than Pillow unpacks by default."""
    graph = {**sampled(), "99": {"class_type": "Painter", "inputs": {"image": "A" * 2_000_000}}}
    body = b"prompt\0\0" + zlib.compress(json.dumps(graph).encode())
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body
    chunk += struct.pack(">I", zlib.crc32(b"zTXt" + body))
    plain = sample_files.png()
    check(tmp_path, "made.png", plain[:33] + chunk + plain[33:])


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"prompt": [7, "id", sampled(), {}, []]}),
        "\ufeff" + PROMPT,
        f" \n{PROMPT}\n",
        PROMPT + "\0\0",
        json.dumps(PROMPT),
        PROMPT[:-1],
    ],
    ids=["an entry of the history", "byte order mark", "blanks", "zeros", "a JSON text", "cut"],
)
def test_graphs_with_something_around_them_are_read(text: str, tmp_path: Path) -> None:
    check(tmp_path, "made.png", png_with({"prompt": text}))


_COMMENT = 0x9286
EXIF: dict[str, Callable[[Image.Exif], object]] = {
    "ComfyUI's tags of cameras": lambda exif: exif.update(
        {0x0110: f"prompt:{PROMPT}", 0x010F: f"workflow:{WORKFLOW}"}
    ),
    "tags below them": lambda exif: exif.update(
        {0x0110: "title:x", 0x010F: f"workflow:{WORKFLOW}", 0x010E: f"Prompt: {PROMPT}"}
    ),
    "a name of the document": lambda exif: exif.update({0x010D: f"prompt:{PROMPT}"}),
    "a description": lambda exif: exif.update({0x010E: json.dumps(BOTH)}),
    "a comment": lambda exif: exif.get_ifd(0x8769).update(
        {_COMMENT: b"ASCII\0\0\0" + json.dumps(BOTH).encode()}
    ),
    "a comment in UTF-16": lambda exif: exif.get_ifd(0x8769).update(
        {_COMMENT: b"UNICODE\0" + f"Workflow:{json.dumps(BOTH)}".encode("utf-16-be")}
    ),
    "a comment outside its block": lambda exif: exif.update(
        {_COMMENT: b"ASCII\0\0\0" + f"prompt:{PROMPT}".encode()}
    ),
    "a comment of objects": lambda exif: exif.get_ifd(0x8769).update(
        {_COMMENT: json.dumps({"prompt": sampled(), "workflow": {}}).encode()}
    ),
}


@pytest.mark.parametrize("place", EXIF)
@pytest.mark.parametrize("kind", ["WEBP", "JPEG"])
def test_graphs_in_exif_are_read(kind: str, place: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    EXIF[place](exif)
    check(tmp_path, "made", sample_files.encoded(sample_files.picture(), kind, exif=exif))


def media(kind: str, tags: dict[str, str], suffix: str, options: dict[str, str]) -> bytes:
    """Return a second of video or sound with these tags."""
    file = io.BytesIO()
    with av.open(file, "w", format=suffix, options=options) as container:
        container.metadata.update(tags)
        if kind == "video":
            codec = {"mp4": "libx264", "matroska": "libx264", "webm": "libvpx-vp9"}[suffix]
            picture = container.add_stream(codec, rate=5)
            picture.width, picture.height, picture.pix_fmt = 32, 32, "yuv420p"
            for at in range(5):
                image = Image.linear_gradient("L").rotate(at * 40).resize((32, 32)).convert("RGB")
                container.mux(picture.encode(av.VideoFrame.from_image(image)))
            container.mux(picture.encode(None))
        else:
            codec = {"flac": "flac", "mp3": "libmp3lame", "opus": "libopus", "ogg": "flac"}[suffix]
            sound = container.add_stream(codec, rate=48000, layout="mono")
            frame = av.AudioFrame(format="s16", layout="mono", samples=4800)
            frame.planes[0].update(bytes(range(256)) * 37 + bytes(128))
            frame.sample_rate, frame.pts = 48000, 0
            resampler = av.AudioResampler(
                format=sound.format, layout="mono", rate=48000, frame_size=sound.frame_size or None
            )
            for piece in [*resampler.resample(frame), *resampler.resample(None)]:
                container.mux(sound.encode(piece))
            container.mux(sound.encode(None))
    return file.getvalue()


COMMENT = {"comment": json.dumps(BOTH)}
OBJECTS = {"comment": json.dumps({"prompt": sampled(), "workflow": json.loads(WORKFLOW)})}
KEPT = {"movflags": "use_metadata_tags"}
MEDIA = {
    "MP4 comment": ("video", COMMENT, "mp4", {}),
    "MP4 comment of objects": ("video", OBJECTS, "mp4", {}),
    "MP4 tags": ("video", BOTH, "mp4", KEPT),
    "MP4 tags and comment": ("video", BOTH | COMMENT, "mp4", KEPT),
    "MKV comment": ("video", COMMENT, "matroska", {}),
    "MKV tags": ("video", {k.upper(): v for k, v in BOTH.items()}, "matroska", {}),
    "WebM tags": ("video", BOTH, "webm", {}),
    "WebM comment": ("video", OBJECTS, "webm", {}),
    "FLAC": ("audio", BOTH, "flac", {}),
    "MP3": ("audio", BOTH, "mp3", {}),
    "Opus": ("audio", BOTH, "opus", {}),
    "FLAC in Ogg": ("audio", BOTH, "ogg", {}),
}


@pytest.mark.parametrize("name", MEDIA)
def test_graphs_in_video_and_sound_are_read(name: str, tmp_path: Path) -> None:
    suffix = {"matroska": "mkv", "opus": "opus"}.get(MEDIA[name][2], MEDIA[name][2])
    check(tmp_path, f"made.{suffix}", media(*MEDIA[name]))
    assert document(tmp_path, f"made.{suffix}").type == f"txt2{MEDIA[name][0]}"


def test_videos_that_begin_with_a_picture_are_told(tmp_path: Path) -> None:
    graph = sampled(latent_image=("20", 2))
    graph["20"] = node("WanImageToVideo", vae=("1", 2), width=64, height=64, start_image=("21", 0))
    graph["21"] = node("LoadImage", image="start.png")
    content = media("video", {"comment": json.dumps({"prompt": graph})}, "mp4", {})
    sample_files.fill(tmp_path, {"made.mp4": content})
    assert document(tmp_path, "made.mp4").type == "img2video"


def test_parameters_in_words_complete_a_graph(tmp_path: Path) -> None:
    """Some savers write what was executed as Automatic1111 does; LoRAs are only in the graph."""
    graph = sampled(model=("20", 0))
    lora = {"lora_name": "ink.safetensors", "strength_model": 1, "model": ["1", 0]}
    graph["20"] = {"class_type": "LoraLoader", "inputs": lora}
    words = "a red moth\nSteps: 9, Sampler: Euler, CFG scale: 2, Seed: 8, Size: 64x64, Model: moth"
    texts = {"prompt": json.dumps(graph), "parameters": words}
    sample_files.fill(tmp_path, {"made.png": png_with(texts)})
    asset = document(tmp_path, "made.png")
    assert (asset.prompt, asset.seed, asset.loras) == ("a red moth", "8", ("ink",))


@pytest.mark.parametrize("content", [PROMPT, json.dumps({"prompt": sampled(), "workflow": {}})])
def test_graphs_beside_a_file_are_read(content: str, tmp_path: Path) -> None:
    """As some savers write them for formats without texts."""
    sample_files.fill(tmp_path, {"made.json": content.encode()})
    check(tmp_path, "made.bmp", sample_files.encoded(sample_files.picture(), "BMP"))


def test_a_damaged_graph_leaves_the_picture(tmp_path: Path) -> None:
    for at, text in enumerate(('{"1": {"class_type"', "{" * 100_000, '{"class_type": [NaN]}')):
        sample_files.fill(tmp_path, {f"{at}.png": png_with({"prompt": text, "workflow": text})})
        assert document(tmp_path, f"{at}.png").width
