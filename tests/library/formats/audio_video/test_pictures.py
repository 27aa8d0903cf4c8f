"""Videos as players show them."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from PIL import Image

from library.formats.audio_video import reading as audio_video
from library.formats.audio_video import tone_mapping
from library.formats.audio_video.reading import Media
from tests.support import videos
from tests.support.videos import corners, quarters, video

MIMES = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "matroska": "video/webm",
    "webm": "video/webm",
    "avi": "video/x-msvideo",
}


def read(content: bytes, container: str = "mp4") -> Media:
    return audio_video.read(io.BytesIO(content), MIMES[container])


def poster(media: Media) -> Image.Image:
    assert media.picture is not None
    return media.picture


def near(image: Image.Image, at: tuple[float, float], colour: tuple[int, ...], by: int) -> bool:
    pixel = image.getpixel((int(image.width * at[0]), int(image.height * at[1])))
    return bool(np.abs(np.subtract(pixel, colour)).max() <= by)


MATRICES = [
    ((1, 0, 0, 1), "rgbw"),
    ((0, 1, -1, 0), "brwg"),  # a phone held upright
    ((-1, 0, 0, -1), "wbgr"),
    ((0, -1, 1, 0), "gwrb"),
    ((-1, 0, 0, 1), "grwb"),  # a front camera
    ((1, 0, 0, -1), "bwrg"),
    ((0, 1, 1, 0), "rbgw"),
    ((0, -1, -1, 0), "wgbr"),
]


@pytest.mark.parametrize("container", ["mp4", "mov", "matroska"])
@pytest.mark.parametrize(("matrix", "shown"), MATRICES)
def test_a_video_is_turned_and_mirrored(
    matrix: tuple[int, ...], shown: str, container: str
) -> None:
    a, b, c, d = (value << 16 for value in matrix)
    content = video(
        container=container,
        prepare=lambda stream: stream.set_display_matrix((a, b, 0, c, d, 0, 0, 0, 1 << 30)),
    )
    media = read(content, container)
    assert corners(poster(media)) == shown
    size = (160, 96) if b == 0 else (96, 160)
    assert (media.width, media.height) == poster(media).size == size


@pytest.mark.parametrize(("degrees", "shown"), [("90", "brwg"), ("-90", "gwrb"), ("180", "wbgr")])
def test_a_video_is_turned_by_its_tag(degrees: str, shown: str) -> None:
    content = video(
        container="matroska", prepare=lambda stream: stream.metadata.update(rotate=degrees)
    )
    assert corners(poster(read(content, "matroska"))) == shown


@pytest.mark.parametrize("container", ["mp4", "mov", "matroska", "avi"])
@pytest.mark.parametrize(
    ("aspect", "size"), [((16, 11), (233, 96)), ((2, 1), (320, 96)), ((1, 2), (160, 192))]
)
def test_an_anamorphic_video_has_square_pixels(
    aspect: tuple[int, int], size: tuple[int, int], container: str
) -> None:
    def prepare(stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(*aspect)

    media = read(video(container=container, prepare=prepare), container)
    assert (media.width, media.height) == poster(media).size == size
    assert corners(poster(media)) == "rgbw"


def test_an_anamorphic_video_is_stretched_before_it_is_turned() -> None:
    def prepare(stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)
        stream.set_display_rotation(90)

    media = read(video(prepare=prepare))
    assert (media.width, media.height) == poster(media).size == (96, 320)


@pytest.mark.parametrize(
    ("container", "codec", "pixels"),
    [
        ("webm", "libvpx", "yuva420p"),
        ("webm", "libvpx-vp9", "yuva420p"),
        ("mov", "prores_ks", "yuva444p10le"),
        ("mov", "qtrle", "argb"),
        ("mov", "png", "rgba"),
        ("matroska", "ffv1", "yuva420p"),
    ],
)
def test_a_transparent_video_has_a_transparent_poster(
    container: str, codec: str, pixels: str
) -> None:
    options = {"auto-alt-ref": "0"} if codec == "libvpx" else {}
    image = quarters().convert("RGBA")
    image.paste((0, 0, 0, 0), (80, 48, 160, 96))
    content = video([image] * 3, container=container, codec=codec, pixels=pixels, **options)
    shown = poster(read(content, container))
    assert shown.mode == "RGBA"
    assert near(shown, (0.25, 0.25), (*videos.COLOURS[0], 255), 12)
    assert shown.getchannel("A").getpixel((120, 72)) == pytest.approx(0, abs=8)
    opaque = video([quarters().convert("RGBA")], container=container, codec=codec, pixels=pixels,
                   **options)  # fmt: skip
    assert poster(read(opaque, container)).mode == "RGB"


def test_black_letters_on_a_transparent_ground_are_no_blank_frame() -> None:
    image = Image.new("RGBA", (160, 96), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (40, 20, 120, 40))
    content = video([Image.new("RGBA", (160, 96))] * 5 + [image] * 5, container="mov",
                    codec="qtrle", pixels="argb")  # fmt: skip
    shown = poster(read(content, "mov"))
    assert shown.getchannel("A").getextrema() == (0, 255)


def _tagged(space: int, full: bool, size: tuple[int, int], pixels: str) -> bytes:
    """A video of a matrix and range; 2: the matrix is not stated."""

    def frame(made: Any) -> Any:
        matrix = {1: "ITU709", 2: "ITU709" if size[0] >= 1280 else "ITU601", 5: "ITU601", 9: 9}
        made = made.reformat(
            format=pixels,
            dst_colorspace=matrix[space],
            src_color_range="JPEG",
            dst_color_range="JPEG" if full else "MPEG",
        )
        made.colorspace, made.color_range = space, 2 if full else 1
        return made

    def prepare(stream: Any) -> None:
        context = stream.codec_context
        context.colorspace, context.color_range = space, 2 if full else 1

    return video(
        [quarters(size)] * 2, codec="libx264", pixels=pixels, frame=frame, prepare=prepare, crf="4"
    )


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv420p10le", "yuv444p"])
@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize(
    ("space", "size"),
    [(1, (160, 96)), (5, (160, 96)), (2, (160, 96)), (2, (1280, 720)), (9, (160, 96))],
)
def test_matrix_range_and_depth(space: int, full: bool, size: tuple[int, int], pixels: str) -> None:
    shown = poster(read(_tagged(space, full, size, pixels)))
    for number, colour in enumerate(videos.COLOURS):
        assert near(shown, (0.25 + number % 2 / 2, 0.25 + number // 2 / 2), colour, 6)


def _linear(srgb: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _signal(light: np.ndarray[Any, Any], transfer: int) -> np.ndarray[Any, Any]:
    """PQ or HLG of light in cd/m²."""
    if transfer == tone_mapping.PQ:
        power = np.power(light / 10_000, 0.1593017578125)
        return np.power((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power), 78.84375)
    luminance = np.maximum(light @ np.array([0.2627, 0.6780, 0.0593]), 1e-9) / 1000
    scene = light / 1000 * luminance[..., None] ** (1 / 1.2 - 1)
    high = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), high)


TO_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])


def hdr_video(image: Image.Image, transfer: int, white: float = 203) -> bytes:
    """A video in ten bits of BT.2020 that shows the colours of an image."""
    import av

    light = _linear(np.asarray(image, np.float64) / 255) @ TO_2020.T * white
    signal = np.round(np.clip(_signal(light, transfer), 0, 1) * 65535).astype(np.uint16)

    def frame(_made: Any) -> Any:
        made = av.VideoFrame.from_ndarray(signal, "rgb48le")
        made = made.reformat(
            format="yuv420p10le", dst_colorspace=9, src_color_range=2, dst_color_range=1
        )
        made.colorspace, made.color_trc, made.color_primaries = 9, transfer, 9
        return made

    def prepare(stream: Any) -> None:
        context = stream.codec_context
        context.colorspace, context.color_trc, context.color_primaries = 9, transfer, 9
        context.color_range = 1

    return video(
        [image] * 2, codec="libx264", pixels="yuv420p10le", frame=frame, prepare=prepare, crf="4"
    )


@pytest.mark.parametrize("transfer", [tone_mapping.PQ, tone_mapping.HLG])
def test_an_hdr_video_has_natural_colours(transfer: int) -> None:
    shown = poster(read(hdr_video(quarters(), transfer)))
    for number, colour in enumerate(videos.COLOURS):
        assert near(shown, (0.25 + number % 2 / 2, 0.25 + number // 2 / 2), colour, 12)


@pytest.mark.parametrize("transfer", [tone_mapping.PQ, tone_mapping.HLG])
def test_highlights_of_an_hdr_video_keep_their_differences(transfer: int) -> None:
    """What is brighter than white is not cut off, and what is dark stays as it is."""
    image = Image.new("RGB", (160, 96), (60, 60, 60))
    image.paste((170, 170, 170), (40, 0, 80, 96))
    image.paste((225, 225, 225), (80, 0, 120, 96))
    image.paste((255, 255, 255), (120, 0, 160, 96))
    shown = poster(read(hdr_video(image, transfer, white=900))).convert("L")
    row = np.asarray(shown)[48]
    levels = [int(row[x]) for x in (20, 60, 100, 140)]
    assert levels == sorted(set(levels))
    assert levels[3] >= 250
    assert levels[2] <= 252
    assert levels[0] == pytest.approx(122, abs=8)  # 900/203 times the light of 60


def test_an_interlaced_video_shows_no_combs() -> None:
    """Two fields of a moving edge are not shown together."""
    rows = np.zeros((96, 160, 3), np.uint8)
    rows[0::2, :60] = 255
    rows[1::2, :100] = 255

    def prepare(stream: Any) -> None:
        stream.codec_context.flags |= 0x00040000 | 0x20000000  # interlaced DCT and motion

    content = video([Image.fromarray(rows)] * 3, codec="mpeg2video", container="matroska",
                    prepare=prepare, qmin="1", qmax="2")  # fmt: skip
    shown = np.asarray(poster(read(content, "matroska")).convert("L"), np.int16)
    assert np.abs(np.diff(shown[:, 80])).max() < 60
    assert shown[:, 20].min() > 200


def _with_clap(content: bytes, *numbers: int) -> bytes:
    """A QuickTime file whose last box is `moov`, with a clean aperture."""
    clap = struct.pack(">I4s8i", 40, b"clap", *numbers)
    entry = content.rindex(b"mp4v", 0, content.rindex(b"esds")) - 4
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"):
        place = content.index(kind, content.rindex(b"moov")) - 4
        content = _longer(content, place)
    end = entry + int.from_bytes(content[entry : entry + 4], "big")
    content = _longer(content, entry)
    return content[:end] + clap + content[end:]


def _longer(content: bytes, place: int, by: int = 40) -> bytes:
    size = int.from_bytes(content[place : place + 4], "big") + by
    return content[:place] + size.to_bytes(4, "big") + content[place + 4 :]


@pytest.mark.parametrize("container", ["mp4", "mov"])
@pytest.mark.parametrize(
    ("numbers", "size", "shown"),
    [
        ((120, 1, 72, 1, 0, 1, 0, 1), (120, 72), "rgbw"),
        ((80, 1, 48, 1, 40, 1, -24, 1), (80, 48), "gggg"),
        ((240, 2, 96, 1, 0, 1, 0, 1), (120, 96), "rgbw"),
        ((0, 1, 96, 1, 0, 1, 0, 1), (160, 96), "rgbw"),  # nonsense
        ((500, 1, 96, 1, 0, 0, 0, 0), (160, 96), "rgbw"),
    ],
)
def test_a_clean_aperture_is_cut_out(
    numbers: tuple[int, ...], size: tuple[int, int], shown: str, container: str
) -> None:
    media = read(_with_clap(video(container=container), *numbers), container)
    assert (media.width, media.height) == poster(media).size == size
    assert corners(poster(media)) == shown


def test_a_clean_aperture_of_a_turned_video() -> None:
    content = video(prepare=lambda stream: stream.set_display_rotation(-90))
    media = read(_with_clap(content, 80, 1, 48, 1, 40, 1, 0, 1))
    assert (media.width, media.height) == poster(media).size == (48, 80)


@pytest.mark.parametrize(("degrees", "size"), [(180, (80, 48)), (90, (48, 80))])
def test_pixels_that_matroska_crops_are_not_shown(degrees: int, size: tuple[int, int]) -> None:
    content = video(
        container="matroska", live=True,  # without positions of what follows
        prepare=lambda stream: stream.set_display_rotation(degrees),
    )  # fmt: skip
    crops = b"\x54\xcc\x81\x50" + b"\x54\xaa\x81\x30"  # 80 at the left, 48 at the bottom
    codec = content.index(b"V_MPEG4")
    tracks = content.rindex(b"\x16\x54\xae\x6b", 0, codec) + 4
    place = content.index(b"\xe0", codec) + 1  # the size of Video
    for at in (place, content.index(b"\xae", tracks) + 1, tracks):
        content = _enlarged(content, at, len(crops))
    start = place + 9 - content[place].bit_length()
    shown = poster(read(content[:start] + crops + content[start:], "matroska"))
    assert shown.size == size
    assert corners(shown) == "gggg"


def _enlarged(content: bytes, at: int, by: int) -> bytes:
    """Matroska with a larger size of the element whose size is there."""
    length = 9 - content[at].bit_length()
    size = int.from_bytes(content[at : at + length], "big") + by
    return content[:at] + size.to_bytes(length, "big") + content[at + length :]


def test_wide_gamut_of_sdr_becomes_srgb() -> None:
    linear = _linear(np.array(videos.COLOURS) / 255)
    for primaries, matrix in ((9, TO_2020), (12, TO_P3)):
        signal = tone_mapping.srgb((linear @ matrix.T).astype(np.float32))
        shown = tone_mapping.to_srgb(signal[None], 14, primaries)[0]
        np.testing.assert_allclose(shown * 255, videos.COLOURS, atol=2)


TO_P3 = np.array([[0.8225, 0.1774, 0.0], [0.0332, 0.9669, 0.0], [0.0171, 0.0724, 0.9108]])
