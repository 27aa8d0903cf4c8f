"""Files that somebody uploads to be let in, to be run, to fill the disk or to tell on others."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING

import pytest
from PIL import Image, PngImagePlugin

from tests.pages.wire import Wire, make_app

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

SCRIPT = b"<script>alert(document.domain)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(1)</script></svg>'
XXE = (
    b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    b'<svg xmlns="http://www.w3.org/2000/svg"><text>&x;</text></svg>'
)


FORM = "multipart/form-data; boundary=b"


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30), **options: object) -> bytes:
    """A good picture."""
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 60)).save(out, kind, **options)
    return out.getvalue()


def upload(client: FlaskClient, content: bytes, name: str = "a.png") -> TestResponse:
    """Send a file as the form does."""
    return client.post("/references", data={"image": (io.BytesIO(content), name)})


def kept(folder: Path) -> list[Path]:
    """Every file below a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def chunk(name: bytes, body: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_of(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that says it has so many pixels."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + head
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (SVG, "a.svg"),
        (SVG, "a.png"),
        (XXE, "a.svg"),
        (SCRIPT, "a.html"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) (w) file\n", "a.png"),
        (b"%PDF-1.7\n", "a.png"),
        (b"#define x_width 9\n#define x_height 9\nstatic char x_bits[] = {0};", "a.png"),
        (b"\x00\x00\x01\x00\x01\x00" + bytes(16), "a.ico"),
        (b"\x7fELF" + bytes(100), "a.png"),
        (b"PK\x03\x04" + bytes(100), "a.png"),
        (picture()[:60], "a.png"),
        (picture("JPEG")[:300], "a.jpg"),
        (b"GIF89a" + SCRIPT, "a.gif"),
        (png_of(60_000, 60_000), "bomb.png"),
        (png_of(2**31 - 1, 1), "wide.png"),
        (png_of(0, 0), "nothing.png"),
        (b"", "a.png"),
    ],
)
def test_what_is_no_picture_is_refused(
    client: FlaskClient, tmp_path: Path, content: bytes, name: str
) -> None:
    """Documents, programs, bombs and torsos, whatever they are called: a 400 and nothing kept."""
    answer = upload(client, content, name)
    assert answer.status_code == 400
    assert kept(tmp_path) == []


@pytest.mark.parametrize("kind", ["GIF", "PNG", "JPEG", "BMP"])
def test_polyglot_is_made_anew(client: FlaskClient, tmp_path: Path, kind: str) -> None:
    """A picture that is a page as well comes back as a picture alone, and is called one."""
    answer = upload(client, picture(kind) + SCRIPT, "page.html")
    assert answer.status_code == 303
    [path] = kept(tmp_path)
    assert b"script" not in path.read_bytes()
    shown = client.get(f"/references/{path.name}")
    assert shown.headers["Content-Type"] in {"image/png", "image/jpeg"}
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert b"script" not in shown.data


def test_metadata_is_left_behind(client: FlaskClient, tmp_path: Path) -> None:
    """Where and by whom a picture was taken, comments and profiles are not handed on."""
    exif = Image.Exif()
    exif[0x013B] = "Ada Artist"
    exif[0x8825] = {1: "N", 2: (52.0, 30.0, 0.0)}
    exif[0x9286] = SCRIPT.decode()
    photo = picture("JPEG", exif=exif, comment=SCRIPT, icc_profile=b"Ada's profile" * 20)
    notes = PngImagePlugin.PngInfo()
    notes.add_text("parameters", "the secret prompt of Ada")
    notes.add_itxt("XML:com.adobe.xmp", SCRIPT.decode())
    drawing = picture("PNG", size=(41, 30), pnginfo=notes)
    assert [upload(client, each).status_code for each in (photo, drawing)] == [303, 303]
    files = kept(tmp_path)
    assert len(files) == 2
    for path in files:
        content = path.read_bytes()
        assert not any(word in content for word in (b"Ada", b"script", b"Exif", b"prompt"))
        with Image.open(io.BytesIO(content)) as reopened:
            assert dict(reopened.getexif()) == {}
            assert set(reopened.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize(
    "name",
    [
        "../../../../etc/cron.d/evil",
        "..\\..\\evil.png",
        "/etc/passwd",
        "C:\\evil.png",
        "a\x00.png",
        "x" * 5000,
        "con",
        ".htaccess",
        "\u202egnp.exe",
    ],
)
def test_file_name_means_nothing(client: FlaskClient, tmp_path: Path, name: str) -> None:
    """A file is kept under its content's hash, in the folder of references, and nowhere else."""
    answer = upload(client, picture(), name)
    assert answer.status_code == 303
    [path] = kept(tmp_path)
    assert path.parent.parent == tmp_path / "data" / "references"
    assert path.name.startswith("ref_")


@pytest.mark.parametrize(
    "name",
    [
        "..%2f..%2fusers.json",
        "ref_..%2f..%2fsecret-key",
        "%2e%2e",
        "ref_" + "0" * 31 + "%00",
        "ref_" + "g" * 32,
        "ref_" + "0" * 32 + ".png",
    ],
)
def test_reference_is_no_path(client: FlaskClient, tmp_path: Path, name: str) -> None:
    """The name of a reference reads no other file."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "users.json").write_text("secret")
    (tmp_path / "data" / "secret-key").write_text("secret")
    answer = client.get(f"/references/{name}")
    assert answer.status_code == 404
    assert b'"secret"' not in answer.data


@pytest.mark.parametrize("field", ['name="image"; filename="a.png"', 'name="search"'])
def test_too_large(client: FlaskClient, tmp_path: Path, field: str) -> None:
    """More than may come is not even read, in whatever field it stands."""
    part = f"--b\r\nContent-Disposition: form-data; {field}\r\n\r\n{'x' * 2_100_000}\r\n--b--\r\n"
    answer = client.post("/references", data=part, content_type=FORM)
    assert answer.status_code == 413
    assert kept(tmp_path) == []


def test_too_many_parts(client: FlaskClient) -> None:
    """A form of twenty thousand fields is refused as a whole."""
    part = '--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n1\r\n'
    answer = client.post("/references", data=part * 20_000 + "--b--\r\n", content_type=FORM)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\n"),
        ("multipart/form-data; boundary=" + "b" * 5000, b"--b"),
        ("application/json", b'{"image": "x"}'),
        ("text/plain", b"image=x"),
        ("", b"\xff\xfe"),
    ],
)
def test_broken_forms(client: FlaskClient, content_type: str, body: bytes) -> None:
    """Half a form has no picture in it."""
    answer = client.post("/references", data=body, content_type=content_type)
    assert answer.status_code in {400, 413}


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "http://127.0.0.1:8000/metrics",
        "http://localhost/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://2130706433/",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "http://api.invalid/v1/collections",
        "https://pictures.example.evil.example/a.png",
        "https://pictures.example@evil.example/a.png",
        "https://evil.example#@pictures.example/a.png",
        "https://evil.example\\@pictures.example/a.png",
        "https://evil.example\\.pictures.example/a.png",
        "https://pictures.example:8443/a.png",
        "http://pictures.example/a.png",
        "//pictures.example/a.png",
        "/library/v1/collections",
        "https://pictures\u3002example.evil/a.png",
        "javascript:alert(1)",
        "https://",
        "https://[",
    ],
)
def test_server_fetches_from_named_origins_alone(tmp_path: Path, wire: Wire, address: str) -> None:
    """An address that somebody pastes makes the server ask nobody inside."""
    origins = ("https://pictures.example",)
    client = make_app(wire, tmp_path, reference_origins=origins).test_client()
    answer = client.post("/references", data={"address": address})
    assert answer.status_code == 400
    assert wire.requests == []
