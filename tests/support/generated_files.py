"""Files of image generators and renderers: generation parameters, HDR light, hidden text, 3D."""

from __future__ import annotations

import json
from fractions import Fraction

import av
import numpy as np
import trimesh
from PIL import Image, PngImagePlugin

from tests.support import sample_files

AUTOMATIC1111 = (
    "a castle in the clouds, (masterpiece:1.2)\nNegative prompt: blurry, text\n"
    "Steps: 28, Sampler: DPM++ 2M, CFG scale: 6.5, Seed: 1234567890, Size: 512x768, "
    "Model hash: abc123, Model: dreamlike_v2"
)
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
SVG = '<svg xmlns="http://www.w3.org/2000/svg" {attributes}>{inside}</svg>'


def png_with(texts: dict[str, str]) -> bytes:
    """Return a PNG with these text chunks."""
    info = PngImagePlugin.PngInfo()
    for key, value in texts.items():
        info.add_text(key, value)
    return sample_files.encoded(sample_files.picture(), pnginfo=info)


def box_files(kind: str) -> dict[str, bytes]:
    """The files of a box: its name is box, whatever else it comes with."""
    box = trimesh.creation.box()
    if kind == "gltf":
        exported = trimesh.Scene(box).export(file_type="gltf")
        return {"box.gltf": exported.pop("model.gltf"), **exported}
    found = box.export(file_type=kind)
    return {f"box.{kind}": found.encode() if isinstance(found, str) else found}


def light(kind: str, size: tuple[int, int] = (96, 64), factor: float = 1.0) -> bytes:
    """A file of this kind: orange on the left, blue on the right, a sun of 5,000 in a corner."""
    width, height = size
    pixels = np.zeros((height, width, 3), np.float32)
    pixels[:, : width // 2] = (0.8, 0.3, 0.05)
    pixels[:, width // 2 :] = (0.05, 0.1, 0.6)
    pixels[0, 0] = 5000
    frame = av.VideoFrame(width, height, "gbrpf32le")
    for plane, band in zip(frame.planes, (1, 2, 0), strict=True):
        rows = np.zeros((height, plane.line_size // 4), "<f4")
        rows[:, :width] = pixels[..., band] * factor
        plane.update(rows.tobytes())
    encoder = av.codec.CodecContext.create(kind, "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "gbrpf32le"  # type: ignore[attr-defined]
    encoder.time_base = Fraction(1, 25)
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])  # type: ignore[attr-defined]


def hidden(kind: str, body: bytes, size: tuple[int, int] = (61, 80), told: int = -1) -> Image.Image:
    """Return a picture with the hidden text `body`, whose stated length is `told` bytes."""
    bands = 3 if "rgb" in kind else 1
    length = (len(body) if told < 0 else told) * 8
    carried = kind.encode() + length.to_bytes(4, "big") + body
    pixels = np.full((*size, 4), 254, np.uint8)  # column, row, band: as the bits are laid
    bits = np.unpackbits(np.frombuffer(carried, np.uint8))
    part = pixels[..., :3] if bands == 3 else pixels[..., 3:]
    flat = part.reshape(-1)
    flat[: len(bits)] |= bits
    pixels[..., :3] = flat.reshape(part.shape) if bands == 3 else pixels[..., :3]
    pixels[..., 3:] = flat.reshape(part.shape) if bands == 1 else pixels[..., 3:]
    return Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 0, 2)), "RGBA")
