"""Sample files made in code: small, of every kind, and broken in every known way."""

from __future__ import annotations

import io
import json
import math
import struct
import wave
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from pathlib import Path


def picture(
    colour: str = "tomato", size: tuple[int, int] = (96, 64), *, shape: str = "ellipse"
) -> Image.Image:
    """A picture with one shape on a transparent ground."""
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    box = (size[0] // 8, size[1] // 8, size[0] - size[0] // 8, size[1] - size[1] // 8)
    if shape == "ellipse":
        draw.ellipse(box, fill=colour)
    elif shape == "cross":
        draw.line(box, fill=colour, width=max(2, size[0] // 10))
        draw.line((box[0], box[3], box[2], box[1]), fill=colour, width=max(2, size[0] // 10))
    else:
        draw.rectangle(box, fill=colour)
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The picture as a file's content."""
    if kind == "JPEG":
        image = image.convert("RGB")
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(colour: str = "tomato", size: tuple[int, int] = (96, 64), **how: Any) -> bytes:
    """A PNG with one shape."""
    return encoded(picture(colour, size, **how))


def bomb(width: int = 40_000, height: int = 40_000) -> bytes:
    """A PNG of a few bytes that announces more than a billion pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content))
            + name
            + content
            + struct.pack(">I", zlib.crc32(name + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\x00" * 100))
        + chunk(b"IEND", b"")
    )


def rotated_jpeg() -> bytes:
    """A JPEG of 60 x 40 stored pixels that its EXIF turns into 40 x 60."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(Image.new("RGB", (60, 40), "navy"), "JPEG", exif=exif)


def sound(seconds: float = 0.5, rate: int = 8000) -> bytes:
    """A WAV file with a tone."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(
            b"".join(
                struct.pack("<h", int(20_000 * math.sin(number / 5)))
                for number in range(int(seconds * rate))
            )
        )
    return file.getvalue()


def video(seconds: int = 2, size: tuple[int, int] = (64, 48)) -> bytes:
    """An MP4 of ten frames a second, its first half black."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for number in range(seconds * 10):
            image = Image.new("RGB", size, "black")
            if number >= seconds * 5:
                image.paste("orange", (8, 8, size[0] // 2, size[1] // 2))
            container.mux(stream.encode(av.VideoFrame.from_image(image)))
        container.mux(stream.encode())
    return file.getvalue()


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    """Write the files (paths below the folder -> content); returns the folder."""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder


def colour_pair(folder: Path) -> Path:
    """A joint model in a folder, tiny and true: pictures and the words of colours share a space.

    A picture's vector is its mean colour, from -1 to 1; a text's is the sum of its colours.
    """
    from onnx import TensorProto, helper, numpy_helper, save
    from tokenizers import Tokenizer, models, pre_tokenizers

    def model(nodes: list[Any], given: Any, wanted: str, weights: list[Any]) -> Any:
        output = helper.make_tensor_value_info(wanted, TensorProto.FLOAT, ["n", 3])
        graph = helper.make_graph(nodes, "tiny", [given], [output], weights)
        opset = [helper.make_opsetid("", 17)]
        return helper.make_model(graph, opset_imports=opset, ir_version=9)

    folder.mkdir(parents=True, exist_ok=True)
    pixels = helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["n", 3, 16, 16])
    pool = helper.make_node("GlobalAveragePool", ["pixel_values"], ["pooled"])
    flat = helper.make_node("Flatten", ["pooled"], ["image_embeds"], axis=1)
    save(model([pool, flat], pixels, "image_embeds", []), folder / "vision_model.onnx")

    words = {"red": 0, "green": 1, "blue": 2, "[UNK]": 3, "[PAD]": 4}
    colours = [[1, -1, -1], [-1, 1, -1], [-1, -1, 1], [0.01, 0.01, 0.01], [0, 0, 0]]
    table = numpy_helper.from_array(np.array(colours, np.float32), "table")
    axes = numpy_helper.from_array(np.array([1], np.int64), "axes")
    ids = helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["n", "t"])
    gather = helper.make_node("Gather", ["table", "input_ids"], ["each"])
    total = helper.make_node("ReduceSum", ["each", "axes"], ["text_embeds"], keepdims=0)
    save(model([gather, total], ids, "text_embeds", [table, axes]), folder / "text_model.onnx")

    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens(["[PAD]"])
    tokenizer.save(str(folder / "tokenizer.json"))
    told = {"size": {"height": 16}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    (folder / "preprocessor_config.json").write_text(json.dumps(told))
    return folder
