"""Tags, texts and dates of sounds and videos."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from library.formats.metadata import media_texts, tags
from tests.support import sample_files
from tests.support.descriptions import document
from tests.support.metadata_blocks import box, id3v1, id3v2, listed, packet, riff

FRAMES = b"\xff\xfb\x90\x64" + b"\0" * 413  # of MP3


def fields(content: bytes, mime: str) -> dict[str, Any]:
    """Return what a sound or video states."""
    return media_texts.read(io.BytesIO(content), mime)


@pytest.mark.parametrize(
    ("title", "artist", "encoding"),
    [
        ("Grüße aus Köln", "Müller", "latin-1"),
        ("Группа крови", "Кино", "cp1251"),
        ("花火の夜", "さくら", "cp932"),
        ("Příliš žluťoučký kůň", "", "cp1250"),
        ("plain", "words", "ascii"),
    ],
)
@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_id3_in_old_encodings(title: str, artist: str, encoding: str, version: int) -> None:
    texts = [text.encode(encoding) for text in (title, artist)]
    if version == 1:
        content = FRAMES * 3 + id3v1(*texts)
    else:
        names = (b"TT2", b"TP1") if version == 2 else (b"TIT2", b"TPE1")
        pairs = zip(names, texts, strict=True)
        content = id3v2(version, [(n, b"\0" + text) for n, text in pairs if text]) + FRAMES * 3
    found = fields(content, "audio/mpeg")
    assert found["name"] == title
    assert found.get("description", "") == artist


@pytest.mark.parametrize(("mark", "encoding"), [(1, "utf-16"), (2, "utf-16-be"), (3, "utf-8")])
def test_id3_in_unicode_with_comments_dates_and_own_fields(mark: int, encoding: str) -> None:
    def text(words: str, *, first: str = "") -> bytes:
        end = b"\0" * (2 if mark < 3 else 1)
        described = first.encode(encoding) + end if first else b""
        return bytes([mark]) + described + words.encode(encoding)

    empty = b"\xff\xfe\0\0" if mark == 1 else b"\0\0" if mark == 2 else b"\0"
    frames = [
        (b"TIT2", text("Жук")),
        (b"COMM", bytes([mark]) + b"eng" + empty + "an old 太鼓".encode(encoding)),
        (b"TCON", text("Ambience")),
        (b"TYER", text("1999")),
        (b"TXXX", text("Cave", first="Place")),
        (b"TCOP", text("(c) Ada")),
        (b"WCOP", b"http://creativecommons.org/licenses/by/4.0/"),
    ]
    if mark != 1:
        frames = [(b"TDRC" if name == b"TYER" else name, content) for name, content in frames]
    assert fields(id3v2(3 if mark == 1 else 4, frames) + FRAMES, "audio/mpeg") == {
        "name": "Жук",
        "description": "Ambience\nan old 太鼓",
        "license": "CC BY 4.0",
        "metadata": {"place": "Cave", "copyright": "(c) Ada"},
        "dates": {"tags": "1999-01-01T00:00:00.000Z"},
    }


def test_a_damaged_frame_costs_only_itself() -> None:
    frames = [(b"TPE1", b"\x09Ada"), (b"TIT2", b"\x03Bell"), (b"TALB", b""), (b"TXXX", b"\x01")]
    assert fields(id3v2(4, frames) + FRAMES, "audio/mpeg")["name"] == "Bell"


def test_both_versions_of_id3_count() -> None:
    content = id3v2(3, [(b"TIT2", b"\0Bell")]) + FRAMES + id3v1(b"Bell", b"Ada", b"a chapel")
    expected = {"name": "Bell", "description": "Ada\na chapel", "author": "Ada"}
    assert fields(content, "audio/mpeg") == expected


def test_ape_tags() -> None:
    items = b"".join(
        struct.pack("<II", len(text), 0) + name + b"\0" + text
        for name, text in ((b"Title", "Köln".encode()), (b"Keywords", b"bell, chapel"))
    )
    head = struct.pack("<IIII8x", 2000, len(items) + 32, 2, 0)
    found = fields(FRAMES * 3 + items + b"APETAGEX" + head, "audio/mpeg")
    assert found == {"name": "Köln", "tags": ("bell", "chapel")}


@pytest.mark.parametrize(
    ("kind", "codec", "mime"),
    [
        ("flac", "flac", "audio/flac"),
        ("oga", "flac", "audio/ogg"),
        ("opus", "libopus", "audio/ogg"),
        ("ipod", "aac", "audio/mp4"),
        ("mp3", "libmp3lame", "audio/mpeg"),
        ("aiff", "pcm_s16be", "audio/aiff"),
        ("wav", "pcm_s16le", "audio/wav"),
    ],
)
def test_tags_of_every_format_of_sound(kind: str, codec: str, mime: str) -> None:
    file = io.BytesIO()
    options = {"write_id3v2": "1"} if kind == "aiff" else {}
    with av.open(file, "w", format=kind, options=options) as container:
        tags = {"title": "Köln", "comment": "haunted 夜", "artist": "Ada", "date": "2019-06-24"}
        container.metadata.update(tags)
        stream = container.add_stream(codec, rate=48000)
        for packet_ in [*stream.encode(_silence()), *stream.encode(None)]:
            container.mux(packet_)
    assert fields(file.getvalue(), mime) == {
        "name": "Köln",
        "description": "Ada\nhaunted 夜",
        "author": "Ada",
        "dates": {"tags": "2019-06-24T00:00:00.000Z"},
    }


def _silence() -> av.AudioFrame:
    frame = av.AudioFrame(format="s16", layout="mono", samples=1024)
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    frame.sample_rate, frame.pts = 48000, 0
    return frame


BEXT = (
    b"Wooden door, haunted house".ljust(256, b"\0") + b"SFX Co".ljust(32, b"\0") + b"x" * 32
    + b"2011-12-13" + b"14:15:16" + b"\0" * 264
)  # fmt: skip
IXML = (
    b'<?xml version="1.0"?><BWFXML><PROJECT>Ghosts</PROJECT><SCENE>4A</SCENE><NOTE>wind</NOTE>'
    b"<USER><FXNAME>Door creak</FXNAME><KEYWORDS>door, creak</KEYWORDS></USER></BWFXML>"
)


@pytest.mark.parametrize(
    ("chunk", "expected"),
    [
        ((b"bext", BEXT), {"description": "Wooden door, haunted house",
                           "author": "SFX Co",
                           "dates": {"container": "2011-12-13T14:15:16.000Z"}}),
        ((b"iXML", IXML), {"name": "Door creak", "description": "wind", "tags": ("door", "creak"),
                           "metadata": {"scene": "4A", "project": "Ghosts"}}),
        ((b"iXML", IXML.partition(b"XNAME")[0]), {"description": "wind",
                                 "metadata": {"scene": "4A", "project": "Ghosts"}}),
        ((b"iXML", b"<BWFXML><NOTE>wind & rain\x02</NOTE><SCENE>4&amp;5</SCENE></BWFXML>"),
         {"description": "wind & rain", "metadata": {"scene": "4&5"}}),
        ((b"LIST", b"INFOICMT\x06\0\0\0K\xe4fer\0IKEY\x04\0\0\0bee\0"),
         {"description": "Käfer", "tags": ("bee",)}),
        ((b"LIST", b"INFOINAM\x04\0\0\0" + "Жук".encode("cp1251") + b"\0"), {"name": "Жук"}),
        ((b"_PMX", packet(listed("dc:subject", "harbour"))), {"tags": ("harbour",)}),
        ((b"id3 ", id3v2(3, [(b"TIT2", b"\0Bell")])), {"name": "Bell"}),
    ],
)  # fmt: skip
def test_chunks_of_a_wav(chunk: tuple[bytes, bytes], expected: dict[str, Any]) -> None:
    format_ = (b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16))
    for order in ([format_, chunk, (b"data", b"\0" * 99)], [format_, (b"data", b"\0" * 98), chunk]):
        assert fields(riff(b"WAVE", *order), "audio/wav") == expected


def test_waves_of_more_than_four_gigabytes_are_recognised(tmp_path: Path) -> None:
    sound = sample_files.sound(0.1)
    sizes = b"ds64" + struct.pack("<IQQQI", 28, len(sound) + 28, len(sound) - 44, 0, 0)
    bext = b"bext" + struct.pack("<I", len(BEXT)) + BEXT
    content = b"RF64\xff\xff\xff\xffWAVE" + sizes + bext + sound[12:]
    sample_files.fill(tmp_path, {"a.wav": content})
    found = document(tmp_path, "a.wav")
    assert (found.description, found.tags) == ("Wooden door, haunted house", ())


def test_damaged_chunks_cost_only_themselves() -> None:
    content = riff(b"WAVE", (b"iXML", b"<BWFXML><NOTE>"), (b"bext", BEXT[:40]), (b"LIST", b"INFO"))
    assert fields(content + b"data\xff\xff", "audio/wav") == {
        "description": "Wooden door, haunted house"
    }


def test_texts_and_date_of_an_avi() -> None:
    info = b"INFOINAM\x05\0\0\0Ferry\0ICRD\x0a\0\0\x002019-06-24"
    content = riff(b"AVI ", (b"LIST", b"hdrl" + b"avih" + b"\0\0\0\0"), (b"LIST", info))
    assert fields(content, "video/x-msvideo") == {
        "name": "Ferry",
        "dates": {"tags": "2019-06-24T00:00:00.000Z"},
    }


def data(kind: bytes, text: str) -> bytes:
    """Return an item of iTunes."""
    return box(kind, box(b"data", struct.pack(">II", 1, 0), text.encode()))


HEAD = box(b"ftyp", b"isom\0\0\0\0")
MVHD = box(b"mvhd", struct.pack(">IIIII", 0, 3_644_229_453 - 1, 0, 1000, 0), b"\0" * 80)
ITUNES = box(
    b"meta", b"\0\0\0\0", box(b"hdlr", b"\0" * 25),
    box(b"ilst", data(b"\xa9nam", "Köln"), data(b"desc", "bells"), data(b"keyw", "bell,dom")),
)  # fmt: skip
KEYS = b"com.apple.quicktime.creationdate", b"com.apple.quicktime.title"
APPLE = box(
    b"meta", box(b"hdlr", b"\0" * 25),
    box(b"keys", struct.pack(">II", 0, 2), *(box(b"mdta", key) for key in KEYS)),
    box(b"ilst", data(b"\0\0\0\x01", "2019-06-24T15:57:33+0200"), data(b"\0\0\0\x02", "Ferry")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("boxes", "expected"),
    [
        ([box(b"udta", ITUNES)], {"name": "Köln", "description": "bells", "tags": ("bell", "dom")}),
        ([MVHD, APPLE], {"name": "Ferry", "dates": {"container": "2019-06-24T13:57:33.000Z"}}),
        ([MVHD], {"dates": {"container": "2019-06-24T13:57:32.000Z"}}),
        ([box(b"mvhd", struct.pack(">III", 0, 1_561_384_653, 0), b"\0" * 88)],  # since 1970
         {"dates": {"container": "2019-06-24T13:57:33.000Z"}}),
        ([box(b"mvhd", b"\0" * 100)], {}),
        ([box(b"udta", box(b"\xa9cmt", struct.pack(">HH", 6, 0), "Käfer".encode()))],
         {"description": "Käfer"}),
        ([box(b"udta", box(b"titl", b"\0" * 6, "Жук".encode(), b"\0"))], {"name": "Жук"}),
        ([box(b"udta", box(b"titl", b"\0" * 6, b"\xfe\xff", "Жук".encode("utf-16-be")))],
         {"name": "Жук"}),
        ([box(b"udta", box(b"XMP_", packet(listed("dc:subject", "harbour"))))],
         {"tags": ("harbour",)}),
    ],
)  # fmt: skip
def test_boxes_of_mp4_and_quicktime(boxes: list[bytes], expected: dict[str, Any]) -> None:
    content = HEAD + box(b"moov", *boxes) + box(b"mdat", b"\0" * 99)
    assert fields(content, "video/mp4") == expected
    assert fields(HEAD + box(b"mdat", b"\0" * 99) + box(b"moov", *boxes), "video/quicktime") == (
        expected
    )


def test_the_comment_of_a_generator_is_no_description() -> None:
    comment = data(b"\xa9cmt", '{"prompt": {"3": {"class_type": "KSampler"}}}')
    boxes = box(b"udta", box(b"meta", b"\0" * 4, box(b"hdlr", b"\0" * 25), box(b"ilst", comment)))
    assert fields(HEAD + box(b"moov", boxes), "video/mp4") == {}


def test_tags_that_ffmpeg_reads() -> None:
    assert media_texts.of_tags(
        {"title": "Ferry", "creation_time": "2019-06-24T13:57:33.000000Z", "encoder": "Lavf"}
    ) == {"name": "Ferry", "dates": {"container": "2019-06-24T13:57:33.000Z"}}


@pytest.mark.parametrize("name", ["DATE_RECORDED", "originaldate", "date", "DATE_RELEASED"])
def test_the_date_of_a_recording_has_several_names(name: str) -> None:
    dated = tags.stated({name: ["2014-03-04 05:06:07"]}).fields()
    assert dated == {"dates": {"tags": "2014-03-04T05:06:07.000Z"}}


def test_a_worker_reads_the_texts_of_sounds_whole_and_damaged(tmp_path: Path) -> None:
    sound = sample_files.sound(0.1)
    whole = sound[:12] + b"bext" + struct.pack("<I", len(BEXT)) + BEXT + sound[12:]
    sample_files.fill(
        tmp_path,
        {
            "door.wav": whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:],
            "broken.mp3": id3v2(3, [(b"TIT2", b"\0Bell"), (b"TPE1", b"\0Ada")]) + b"\1\2\3" * 99,
        },
    )
    door, broken = document(tmp_path, "door.wav"), document(tmp_path, "broken.mp3")
    assert (door.description, door.createdAt) == (
        "Wooden door, haunted house", "2011-12-13T14:15:16.000Z",
    )  # fmt: skip
    assert "damaged" in broken.tags
    assert (broken.name, broken.description) == ("Bell", "Ada")


@given(st.binary(max_size=300), st.sampled_from(sorted(media_texts.TYPES)))
def test_any_sound_or_video_is_read(noise: bytes, mime: str) -> None:
    heads = (b"", b"ID3\x03\0\0\0\0\x02\0", HEAD, b"RIFF\0\0\0\0WAVE", b"OggS\0", b"fLaC", FRAMES)
    for head in heads:
        assert isinstance(fields(head + noise, mime), dict)
    assert isinstance(fields(sample_files.sound(0.01) + noise, mime), dict)
