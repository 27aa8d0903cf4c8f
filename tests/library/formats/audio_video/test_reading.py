"""Audio and video."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import av
import pytest
from PIL import Image

from library.formats.audio_video import frames as video_frames
from library.formats.audio_video import reading as audio_video
from library.formats.audio_video.reading import Media
from tests.support import sample_files, videos
from tests.support.descriptions import described
from tests.support.videos import corners, quarters

if TYPE_CHECKING:
    from pathlib import Path


def test_a_video_with_too_large_frames_is_refused(tmp_path: Path) -> None:
    sample_files.fill(tmp_path, {"a.mp4": sample_files.video(1, (64, 48))})
    assert described(tmp_path, "a.mp4").picture is not None
    with (
        (tmp_path / "a.mp4").open("rb") as file,
        pytest.raises(audio_video.BadMedia, match="million pixels"),
    ):
        audio_video.read(file, "video/mp4", max_pixels=64 * 48 - 1)


def read(content: bytes, mime: str = "video/mp4") -> Media:
    return audio_video.read(io.BytesIO(content), mime)


def still(colour: str | tuple[int, int, int], size: tuple[int, int] = (96, 64)) -> Image.Image:
    """A picture of two colours, so that it is not blank."""
    image = Image.new("RGB", size, colour)
    image.paste("gray", (8, 8, size[0] // 2, size[1] // 2))
    return image


def seen(image: Image.Image | None) -> tuple[int, ...]:
    assert image is not None
    pixel = image.convert("RGB").getpixel((image.width * 3 // 4, image.height * 3 // 4))
    assert isinstance(pixel, tuple)
    return tuple(round(value / 64) * 64 for value in pixel)


BLACK, WHITE = Image.new("RGB", (96, 64), "black"), Image.new("RGB", (96, 64), "white")
FADE = [Image.blend(BLACK, still((255, 0, 0)), level / 20) for level in range(21)]
FLASH = [*[BLACK] * 90, *[still((0, 0, 255))] * 3, *[WHITE] * 300]


@pytest.mark.parametrize(
    ("frames", "shown"),
    [
        ([BLACK] * 9 + [still((0, 255, 0))], (0, 256, 0)),  # only the last one
        ([still((0, 255, 0))] + [BLACK] * 9, (0, 256, 0)),  # only the first one
        ([WHITE] * 5 + [still((0, 0, 255))] * 2 + [BLACK] * 5, (0, 0, 256)),
        (FADE + [still((255, 0, 0))] * 10, (256, 0, 0)),
        (FADE[:4] * 20 + [still((255, 0, 0))] * 150, (256, 0, 0)),
        (FLASH, (0, 0, 256)),  # longer than what is decoded in sequence
        ([still((0, 255, 0))], (0, 256, 0)),
    ],
)
@pytest.mark.parametrize("key_frames", [12, 1000])
def test_the_poster_is_not_blank(
    frames: list[Image.Image], shown: tuple[int, ...], key_frames: int
) -> None:
    content = videos.video(frames, codec="libx264", g=str(key_frames), crf="4", preset="ultrafast")
    media = read(content)
    assert seen(media.picture) == shown
    assert media.damage is None


def test_a_blank_video_shows_its_frame_or_its_cover() -> None:
    assert seen(read(videos.video([BLACK] * 5)).picture) == (0, 0, 0)
    cover = sample_files.encoded(still((255, 0, 0)), "JPEG")
    assert seen(read(videos.video([BLACK] * 5, cover=cover)).picture) == (256, 0, 0)
    assert seen(read(videos.video([still((0, 0, 255))] * 5, cover=cover)).picture) == (0, 0, 256)


def scenes(each: int = 100) -> list[Image.Image]:
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255)]
    return [still(colour) for colour in colours for _ in range(each)]


@pytest.mark.parametrize("each", [3, 100])
def test_frames_of_several_scenes_are_read(each: int) -> None:
    content = videos.video(scenes(each), codec="libx264", crf="4", preset="ultrafast")
    first, second = read(content), read(content)
    colours = {seen(first.picture), *map(seen, first.others)}
    assert colours == {(256, 0, 0), (0, 256, 0), (0, 0, 256), (256, 256, 0), (0, 256, 256)}
    assert [p.tobytes() for p in first.others] == [p.tobytes() for p in second.others]
    assert read(videos.video([still("red")] * 20)).others == ()


def test_few_frames_of_a_long_video_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []
    frames = video_frames._Decoder._frames

    def counted(self: Any, most: int) -> Any:
        for frame in frames(self, most):
            decoded.append(frame.pts)
            yield frame

    monkeypatch.setattr(video_frames._Decoder, "_frames", counted)
    long = [still((number % 256, 0, 0)) for number in range(3000)]
    read(videos.video(long, codec="libx264", preset="ultrafast", g="250"))
    assert 5 <= len(decoded) <= 500
    read(videos.video([BLACK] * 3000, codec="libx264", preset="ultrafast", g="250"))
    assert len(decoded) <= 1600


@pytest.mark.parametrize("mime", ["audio/mpeg", "audio/flac", "audio/mp4"])
def test_a_sound_shows_its_cover(mime: str) -> None:
    cover = sample_files.encoded(still((255, 0, 0)), "JPEG")
    media = read(videos.sound(mime, cover), mime)
    assert seen(media.picture) == (256, 0, 0)
    assert media.duration == pytest.approx(1, abs=0.1)
    assert read(videos.sound(mime, b""), mime).picture is not None  # the waveform
    broken = read(videos.sound(mime, cover[:40]), mime)
    assert seen(broken.picture) != (256, 0, 0)


def test_broken_pictures_cost_only_themselves() -> None:
    content = videos.with_sound(broken=True)
    media = read(content, "video/quicktime")
    assert media.damage is not None
    assert "only its sound is read" in media.damage
    assert (media.width, media.height) == (160, 96)
    assert media.duration == pytest.approx(1, abs=0.1)
    assert media.sample_rate == 8000
    assert media.picture is not None
    whole = read(videos.with_sound(broken=False), "video/quicktime")
    assert whole.damage is None
    assert corners(whole.picture) == "rgbw"


def test_a_video_without_readable_pictures_states_its_size(tmp_path: Path) -> None:
    content = bytearray(videos.video(container="mov", codec="png", pixels="rgb24"))
    sample_files.fill(tmp_path, {"a.mov": bytes(content).replace(b"IDAT", b"XXXX")})
    document = described(tmp_path, "a.mov")
    assert document.damage is not None
    assert (document.facts["width"], document.facts["height"]) == (160, 96)
    assert document.facts["properties"]["duration"] == pytest.approx(0.5)


def test_a_broken_packet_costs_only_itself() -> None:
    content = videos.video([quarters()] * 20, container="mov", codec="png", pixels="rgb24")
    start = content.index(b"IDAT")
    broken = content[:start] + b"XXXX" + content[start + 4 :]
    assert corners(read(broken, "video/quicktime").picture) == "rgbw"


def test_the_likeness_of_a_video_comes_from_several_frames(tmp_path: Path) -> None:
    """Its frames leave the worker with the poster, smaller than it."""
    sizes = [still(colour, (640, 400)) for colour in ((255, 0, 0), (0, 0, 255))]
    frames = [image for image in sizes for _ in range(10)]
    sample_files.fill(tmp_path, {"a.mp4": videos.video(frames), "b.png": sample_files.png()})
    found = described(tmp_path, "a.mp4")
    assert [seen(picture) for picture in found.pictures] == [(256, 0, 0), (0, 0, 256)]
    assert [max(picture.size) for picture in found.pictures] == [512, 256]
    assert len(described(tmp_path, "b.png").pictures) == 1


@pytest.mark.parametrize(("codec", "container"), [("libvpx", "webm"), ("libx264", "matroska")])
def test_a_recording_without_a_duration_is_measured(codec: str, container: str) -> None:
    """As browsers record it."""
    frames = [image for image in scenes(1) for _ in range(12)]
    media = read(videos.video(frames, codec=codec, container=container, live=True), "video/webm")
    assert media.duration == pytest.approx(6, abs=0.2)
    assert len(media.others) == 4


@pytest.mark.parametrize("mime", ["video/mp4", "video/quicktime"])
def test_a_video_that_ends_too_early_is_shown_and_damaged(tmp_path: Path, mime: str) -> None:
    container = "mp4" if mime == "video/mp4" else "mov"
    frames = [still((number * 12, 0, 255)) for number in range(20)]
    path = tmp_path / f"a.{container}"
    with av.open(str(path), "w", format=container, options={"movflags": "faststart"}) as output:
        stream = output.add_stream("libx264", rate=10, options={"g": "5", "crf": "1"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for image in frames:
            output.mux(stream.encode(av.VideoFrame.from_image(image)))
        output.mux(stream.encode())
    content = path.read_bytes()
    assert read(content, mime).damage is None
    media = read(content[: len(content) * 8 // 10], mime)
    assert media.damage == "ends too early; it is shown as far as it goes"
    assert media.picture is not None
    assert (media.duration, media.width, media.height) == (2, 96, 64)


@pytest.mark.parametrize(("codec", "container"), [("libvpx", "webm"), ("mpeg4", "mp4")])
def test_a_video_of_one_frame(codec: str, container: str) -> None:
    mime = "video/webm" if container == "webm" else "video/mp4"
    media = read(videos.video([quarters()], codec=codec, container=container, rate=25), mime)
    assert corners(media.picture) == "rgbw"
    assert media.duration == pytest.approx(0.04, abs=0.01)
    assert media.frame_rate == 25


def test_frames_with_data_of_unknown_types_are_shown() -> None:
    """FFmpeg gives EXIF with each frame of a TIFF, which PyAV has no name for."""
    content = videos.video(container="mov", codec="tiff", pixels="rgb24",
                           prepare=lambda stream: stream.set_display_rotation(90))  # fmt: skip
    turned = videos.video(prepare=lambda stream: stream.set_display_rotation(90))
    shown = read(content, "video/quicktime").picture
    assert corners(shown) == corners(read(turned).picture) != "rgbw"


@pytest.mark.parametrize("codec", ["libvpx", "libvpx-vp9"])
@pytest.mark.parametrize("part", [0.5, 0.95])
def test_a_webm_file_that_ends_too_early_is_shown_and_damaged(codec: str, part: float) -> None:
    content = videos.video(scenes(4), codec=codec, container="webm")
    assert read(content, "video/webm").damage is None
    media = read(content[: round(len(content) * part)], "video/webm")
    assert media.damage == "ends too early; it is shown as far as it goes"
    assert seen(media.picture) == (256, 0, 0)
    assert media.duration == 2
