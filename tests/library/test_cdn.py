"""The CDN: signed URLs, originals, transforms, thumbnails; and what is never served."""

from __future__ import annotations

import io
import os
import re
import shutil
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from library import cdn, transforms
from library.api import answer_errors
from library.documents import Document, SourceFile
from library.homes import thumbnail_path
from library.index import Index
from library.signing import Forbidden, Signer, expiry
from tests.library import samples

SIGNER = Signer(b"s" * 32, "/library")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def _document(folder: Path, path: str, mime: str, kind: str = "image") -> Document:
    return Document(
        id=f"asset_{path.replace('.', '')}",
        source=SourceFile(root=str(folder), path=path, size=1, mtime_ns=1, sha256="0"),
        kind=kind,
        type="uploaded",
        mimeType=mime,
        createdAt="2026-01-01T00:00:00.000Z",
        updatedAt="2026-01-01T00:00:00.000Z",
        name=path,
    )


class Documents:
    """What the CDN asks of the index."""

    def __init__(self, documents: list[Document]) -> None:
        self._by_id = {document.id: document for document in documents}

    def document(self, id: str) -> Document | None:  # noqa: A002 - as the index has it
        return self._by_id.get(id)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return samples.fill(
        tmp_path / "art",
        {
            "a.png": samples.png(size=(400, 200)),
            "s.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
            "v.mp4": bytes(range(256)) * 8,
            "m.glb": b"glTF",
            "not-indexed.png": samples.png(),
        },
    )


@pytest.fixture
def client(folder: Path, tmp_path: Path) -> FlaskClient:
    (tmp_path / "secret.png").write_bytes(samples.png())
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    documents = [
        _document(folder, "a.png", "image/png"),
        _document(folder, "s.svg", "image/svg+xml"),
        _document(folder, "v.mp4", "video/mp4", "video"),
        _document(folder, "m.glb", "model/gltf-binary", "3d"),
        _document(folder, "link.png", "image/png"),
        _document(folder, "../secret.png", "image/png"),
        _document(folder, "gone.png", "image/png"),
    ]
    thumbnail = thumbnail_path(tmp_path, "asset_apng")
    samples.fill(thumbnail.parent, {thumbnail.name: samples.encoded(samples.picture(), "WEBP")})
    app = Flask(__name__)
    app.register_error_handler(Exception, answer_errors)
    app.register_blueprint(cdn.blueprint(tmp_path, Documents(documents), SIGNER))
    return app.test_client()


def _path(url: str) -> str:
    return url.removeprefix("/library")


def test_signed_urls_are_spelled_as_at_the_api() -> None:
    url = urlsplit(SIGNER.transform("asset_x", now=NOW))
    query = parse_qs(url.query)
    assert url.path == "/library/assets-transform/asset_x"
    assert list(query) == ["p", "Policy", "Key-Pair-Id", "Signature"]
    assert not set("+=/") & set(query["Policy"][0] + query["Signature"][0])
    assert SIGNER.transform("asset_x", now=NOW) == SIGNER.transform(
        "asset_x", now=NOW.replace(day=30)
    )


@pytest.mark.parametrize(
    ("asked", "until"),
    [("2026-01-01", "2026-01-15"), ("2026-01-07T23:59:59", "2026-01-15"),
     ("2026-01-08", "2026-01-22"), ("2026-01-14T23:59:59.999999", "2026-01-22"),
     ("2026-02-15", "2026-03-01"), ("2028-02-21", "2028-03-01"),
     ("2026-01-22", "2026-02-08"), ("2026-12-31T23:59:59", "2027-01-08")],
)  # fmt: skip
def test_expiry_rolls_with_the_calendar(asked: str, until: str) -> None:
    """Until the end of the 14th, the 21st, the month, the next 7th."""
    assert expiry(datetime.fromisoformat(asked).replace(tzinfo=UTC)) == datetime.fromisoformat(
        until
    ).replace(tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC), max_value=datetime(9990, 1, 1)))
def test_every_url_lasts_at_least_a_day(now: datetime) -> None:
    assert (expiry(now) - now).total_seconds() >= 24 * 3600


@given(st.integers(0, 2000), st.characters(codec="ascii", categories=["L", "N", "P"]))
def test_no_changed_character_of_a_signed_query_is_accepted(place: int, character: str) -> None:
    url = urlsplit(_path(SIGNER.original("asset_x", now=NOW)))
    place %= len(url.query)
    if url.query[place] == character:
        return
    changed = url.query[:place] + character + url.query[place + 1 :]
    with pytest.raises(Forbidden):
        SIGNER.verify(url.path, changed, now=NOW)


@pytest.mark.parametrize("base", ["", "/library", "https://files.example"])
def test_urls_stand_below_their_place_with_a_slash_at_its_end_or_none(base: str) -> None:
    urls = [Signer(b"s" * 32, each).thumbnail("asset_x") for each in (base, f"{base}/")]
    assert [url.partition("?")[0] for url in urls] == [f"{base}/thumbnails/asset_x"] * 2


def test_refused_urls_say_why() -> None:
    url = urlsplit(_path(SIGNER.original("asset_x", now=NOW)))
    late = datetime(2026, 12, 8, tzinfo=UTC)
    foreign = urlsplit(_path(Signer(b"t" * 32, "/library").original("asset_x", now=NOW))).query
    cases = [
        (url.path, url.query, late, "expired"),
        ("/assets/asset_y", url.query, NOW, "another path"),
        ("/assets-transform/asset_x", url.query, NOW, "another path"),
        (url.path, "", NOW, "not signed"),
        (url.path, foreign, NOW, "does not match"),
        (url.path, url.query.replace("Policy=", "Policy=!"), NOW, "cannot be read"),
        (url.path, f"{url.query}{'&width=9' * 64}", NOW, "more than 64 parameters"),
        (url.path, f"width=9&{url.query}", NOW, "begin"),
        (url.path, re.sub("Key-Pair-Id=K", "Key-Pair-Id=L", url.query), NOW, "Key-Pair-Id"),
        (url.path, f"{url.query}&Key-Pair-Id=", NOW, "Key-Pair-Id"),
        (url.path, url.query.replace("p=100&", "p=1000&"), NOW, "begin"),
    ]
    for path, query, now, said in cases:
        with pytest.raises(Forbidden, match=said):
            SIGNER.verify(path, query, now=now)
    assert SIGNER.verify(url.path, f"{url.query}&width=9", now=NOW) == late


def test_an_original_is_served_as_it_is(client: FlaskClient, folder: Path) -> None:
    answer = client.get(_path(SIGNER.original("asset_apng")))
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    assert answer.data == (folder / "a.png").read_bytes()
    assert answer.content_length == len(answer.data)
    changed = datetime.fromtimestamp(int((folder / "a.png").stat().st_mtime), UTC)
    assert answer.last_modified == changed
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    kept = re.fullmatch(r"private, max-age=([0-9]+), immutable", answer.headers["Cache-Control"])
    assert kept
    assert 24 * 3600 < int(kept[1]) < 32 * 24 * 3600  # as long as its URL lasts
    again = client.get(
        _path(SIGNER.original("asset_apng")), headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")


def test_only_the_head_of_a_file_is_answered_where_only_that_is_asked_for(
    client: FlaskClient, folder: Path
) -> None:
    answer = client.head(_path(SIGNER.original("asset_vmp4")))
    size = (folder / "v.mp4").stat().st_size
    assert (answer.status_code, answer.data, answer.content_length) == (200, b"", size)


def test_a_transform_that_a_browser_has_is_not_sent_again(client: FlaskClient) -> None:
    url = _path(SIGNER.transform("asset_apng")) + "&width=20"
    tag = client.get(url).headers["ETag"]
    again = client.get(url, headers={"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)


def test_what_is_no_picture_is_resized_from_its_thumbnail(folder: Path, tmp_path: Path) -> None:
    """A video and an SVG; what has none, or is broken, says that there is no picture."""
    kinds = {
        "v.mp4": ("video/mp4", "video"),
        "s.svg": ("image/svg+xml", "image"),
        "m.glb": ("model/gltf-binary", "3d"),
        "broken.png": ("image/png", "image"),
    }
    (folder / "broken.png").write_bytes(b"\x89PNG broken")
    documents = {name: _document(folder, name, *kind) for name, kind in kinds.items()}
    for name in ("v.mp4", "s.svg"):
        thumbnail = thumbnail_path(tmp_path, documents[name].id)
        content = samples.encoded(samples.picture(), "WEBP")
        samples.fill(thumbnail.parent, {thumbnail.name: content})
    app = Flask(__name__)
    app.register_blueprint(cdn.blueprint(tmp_path, Documents([*documents.values()]), SIGNER))
    answers = {
        name: app.test_client().get(_path(SIGNER.transform(document.id)) + "&width=48&format=png")
        for name, document in documents.items()
    }
    assert [answer.status_code for answer in answers.values()] == [200, 200, 404, 404]
    for name in ("v.mp4", "s.svg"):
        with Image.open(io.BytesIO(answers[name].data)) as image:
            assert image.size == (48, 32)
    assert answers["m.glb"].json["error"] == "There is no picture of this asset"
    assert answers["broken.png"].json["error"].startswith("The file of this asset is ")


@pytest.mark.parametrize(
    ("path", "mime", "told"),
    [
        ("notes", "text/plain", "notes.txt"),
        ("below/notes.md", "text/markdown", "notes.md"),
        ("bl\xe9.glb", "model/gltf-binary", "ble.glb; filename*=UTF-8''bl%C3%A9.glb"),
    ],
)
def test_a_file_is_saved_under_its_name(
    folder: Path, tmp_path: Path, path: str, mime: str, told: str
) -> None:
    """Without its folders, with an ending that says what it is, and in letters of any script."""
    samples.fill(folder, {path: b"x"})
    document = replace(_document(folder, path, mime), id="asset_f")
    app = Flask(__name__)
    app.register_blueprint(cdn.blueprint(tmp_path, Documents([document]), SIGNER))
    with app.test_client().get(_path(SIGNER.original("asset_f")) + "&download=true") as answer:
        assert answer.headers["Content-Disposition"] == f"attachment; filename={told}"


def test_video_is_served_in_ranges(client: FlaskClient, folder: Path) -> None:
    url = _path(SIGNER.original("asset_vmp4"))
    content = (folder / "v.mp4").read_bytes()
    with client.get(url, headers={"Range": "bytes=300-399"}) as part:
        assert (part.status_code, part.data) == (206, content[300:400])
        assert part.headers["Content-Range"] == f"bytes 300-399/{len(content)}"
    with client.get(url, headers={"Range": "bytes=-5"}) as part:
        assert part.data == content[-5:]
    beyond = client.get(url, headers={"Range": "bytes=9999-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(content)}")


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "bytes=x", "bytes=9-5", "lines=0-1", "x"])
def test_a_range_that_is_no_single_one_of_bytes_brings_all(
    client: FlaskClient, folder: Path, asked: str
) -> None:
    answer = client.get(_path(SIGNER.original("asset_vmp4")), headers={"Range": asked})
    assert (answer.status_code, answer.data) == (200, (folder / "v.mp4").read_bytes())


@pytest.mark.parametrize("asked", ["width=20", "format=webp", "download=true&height=9"])
def test_an_original_takes_no_transform_parameters(client: FlaskClient, asked: str) -> None:
    answer = client.get(f"{_path(SIGNER.original('asset_apng'))}&{asked}")
    assert (answer.status_code, answer.json["code"]) == (403, "FORBIDDEN")
    assert "/assets-transform/" in answer.json["error"]


def test_nothing_served_can_run_a_script(client: FlaskClient) -> None:
    svg = client.get(_path(SIGNER.original("asset_ssvg")), buffered=True)
    assert svg.mimetype == "image/svg+xml"
    directives = svg.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "sandbox"} <= set(directives)
    assert [each for each in directives if "script" in each] == []
    model = client.get(_path(SIGNER.original("asset_mglb")), buffered=True)
    assert model.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    "asset", ["asset_linkpng", "asset_/secretpng", "asset_gonepng", "asset_none"]
)
def test_links_other_folders_and_missing_files_are_not_served(
    client: FlaskClient, asset: str
) -> None:
    resized = SIGNER.transform(asset) + "&width=20"
    for url in (SIGNER.original(asset), SIGNER.transform(asset), resized):
        answer = client.get(_path(url))
        assert answer.status_code == 404


def test_what_is_no_file_of_the_folder_is_not_served(folder: Path, tmp_path: Path) -> None:
    """Through a folder that is a link, by the folder's parent, nor what is no file: none waits."""
    samples.fill(tmp_path / "elsewhere", {"secret.png": samples.png()})
    (folder / "out").symlink_to(tmp_path / "elsewhere")
    (folder / "folder.png").mkdir()
    os.mkfifo(folder / "pipe.png")
    paths = ("a.png", "out/secret.png", "../elsewhere/secret.png", "folder.png", "pipe.png")
    documents = [
        replace(_document(folder, path, "image/png"), id=f"asset_{number}")
        for number, path in enumerate(paths)
    ]
    app = Flask(__name__)
    app.register_blueprint(cdn.blueprint(tmp_path, Documents(documents), SIGNER))
    for served, document in zip([True, False, False, False, False], documents, strict=True):
        assert cdn.has_file(document) is served
        for url in (SIGNER.original(document.id), SIGNER.transform(document.id) + "&width=20"):
            with app.test_client().get(_path(url)) as answer:
                assert answer.status_code == (200 if served else 404)


@pytest.mark.parametrize(
    ("mime", "disposition"),
    [
        ("image/png", "inline"),
        ("audio/mpeg", "inline"),
        ("video/mp4", "inline"),
        ("text/plain", "inline"),
        ("application/json", "inline"),
        ("application/pdf", "inline"),
        ("text/html", "attachment"),
        ("application/xhtml+xml", "attachment"),
        ("model/gltf-binary", "attachment"),
        ("application/zip", "attachment"),
    ],
)
def test_what_a_browser_would_run_or_cannot_show_is_a_download(
    folder: Path, tmp_path: Path, mime: str, disposition: str
) -> None:
    document = replace(_document(folder, "m.glb", mime), id="asset_m")
    app = Flask(__name__)
    app.register_blueprint(cdn.blueprint(tmp_path, Documents([document]), SIGNER))
    with app.test_client().get(_path(SIGNER.original(document.id))) as answer:
        told = answer.headers["Content-Disposition"].partition(";")[0]
        assert (answer.mimetype, told) == (mime, disposition)
        assert ("Content-Security-Policy" in answer.headers) == (mime != "application/pdf")


def test_names_outside_of_ascii_reach_the_download(folder: Path, tmp_path: Path) -> None:
    samples.fill(folder, {'замок "1"\n.glb': b"glTF"})
    document = replace(
        _document(folder, 'замок "1"\n.glb', "model/gltf-binary", "3d"), id="asset_a"
    )
    app = Flask(__name__)
    app.register_blueprint(cdn.blueprint(tmp_path, Documents([document]), SIGNER))
    answer = app.test_client().get(_path(SIGNER.original(document.id)), buffered=True)
    told = answer.headers["Content-Disposition"]
    assert 'filename="_____ \\"1\\"_.glb"' in told
    assert (answer.status_code, "filename*=UTF-8''%D0%B7" in told, "\n" in told) == (
        200,
        True,
        False,
    )


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (SIGNER.original("asset_apng"), "a.png"),
        (SIGNER.transform("asset_apng") + "&format=webp", "a.webp"),
        (SIGNER.original("asset_ssvg"), "s.svg"),
    ],
)
def test_what_is_asked_for_as_a_file_is_saved(client: FlaskClient, url: str, name: str) -> None:
    """A page that leads to it is not left, and the file has its name."""
    shown = client.get(_path(url), buffered=True)
    assert "attachment" not in shown.headers.get("Content-Disposition", "")
    saved = client.get(f"{_path(url)}&download=true", buffered=True)
    assert (saved.status_code, saved.headers["Content-Disposition"], saved.data) == (
        200,
        f"attachment; filename={name}",
        shown.data,
    )


def test_a_tampered_url_is_a_403_in_json(client: FlaskClient) -> None:
    answer = client.get("/assets/asset_apng?p=100&Policy=x&Signature=y&Key-Pair-Id=z")
    assert (answer.status_code, answer.json["code"]) == (403, "FORBIDDEN")
    assert client.get("/thumbnails/asset_apng").status_code == 403
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("asked", "mime", "size"),
    [
        ("width=100", "image/png", (100, 50)),
        ("height=20&format=webp", "image/webp", (40, 20)),
        ("width=100&height=100", "image/png", (100, 100)),
        ("width=100&height=100&fit=inside&format=jpeg", "image/jpeg", (100, 50)),
        ("width=100&height=100&fit=outside", "image/png", (200, 100)),
        ("width=100&height=100&fit=contain", "image/png", (100, 100)),
        ("width=100&height=100&fit=fill&format=avif", "image/avif", (100, 100)),
        ("width=4000", "image/png", (400, 200)),
        ("width=4000&height=4000", "image/png", (200, 200)),
        ("format=jpg", "image/jpeg", (400, 200)),
    ],
)
def test_transforms_resize_and_convert_and_never_enlarge(
    client: FlaskClient, asked: str, mime: str, size: tuple[int, int]
) -> None:
    answer = client.get(f"{_path(SIGNER.transform('asset_apng'))}&{asked}")
    assert (answer.status_code, answer.mimetype) == (200, mime)
    with Image.open(io.BytesIO(answer.data)) as image:
        assert image.size == size
    assert client.get(f"{_path(SIGNER.transform('asset_apng'))}&{asked}").data == answer.data


def test_auto_format_is_what_the_browser_takes(client: FlaskClient) -> None:
    url = _path(SIGNER.transform("asset_apng")) + "&format=auto"
    answers = [client.get(url, headers={"Accept": a}) for a in ("image/webp,*/*", "text/css")]
    assert [answer.mimetype for answer in answers] == ["image/webp", "image/jpeg"]
    assert [answer.headers["Vary"] for answer in answers] == ["Accept", "Accept"]


def test_flatten_grey_and_blur(client: FlaskClient) -> None:
    def pixel(asked: str) -> object:
        answer = client.get(f"{_path(SIGNER.transform('asset_apng'))}&{asked}")
        with Image.open(io.BytesIO(answer.data)) as image:
            return (
                image.getpixel((0, 0)) if "greyscale" not in asked else image.getpixel((200, 100))
            )

    assert pixel("format=png&background=ff0000") == (255, 0, 0)
    assert pixel("format=png&flatten=true") == (255, 255, 255)
    assert pixel("format=jpeg") == (255, 255, 255)
    red, green, blue, _ = pixel("greyscale=true&blur=2")  # type: ignore[misc]
    assert red == green == blue


@pytest.mark.parametrize(
    "asked",
    ["width=0", "width=4097", "width=²", "width=1e3", "height=-1", "quality=101", "quality=x",
     "format=gif", "fit=best", "blur=-1", "blur=nan", "background=notacolour", "width=99999999999"],
)  # fmt: skip
def test_transform_parameters_out_of_range_are_a_400(client: FlaskClient, asked: str) -> None:
    answer = client.get(f"{_path(SIGNER.transform('asset_apng'))}&{asked}")
    assert (answer.status_code, answer.json["code"]) == (400, "BAD_REQUEST")
    assert asked.split("=", maxsplit=1)[0] in answer.json["error"]


def test_a_transform_without_parameters_is_the_original(client: FlaskClient, folder: Path) -> None:
    assert client.get(_path(SIGNER.transform("asset_apng"))).data == (folder / "a.png").read_bytes()


def test_a_thumbnail_is_served(client: FlaskClient) -> None:
    answer = client.get(_path(SIGNER.thumbnail("asset_apng")))
    assert (answer.status_code, answer.mimetype) == (200, "image/webp")
    assert client.get(_path(SIGNER.thumbnail("asset_vmp4"))).status_code == 404


def test_a_folder_that_vanishes_is_a_404(client: FlaskClient, folder: Path) -> None:
    shutil.rmtree(folder)
    answer = client.get(_path(SIGNER.original("asset_apng")))
    assert answer.status_code == 404
    assert "index it again" in answer.json["error"]


def test_kept_transforms_stay_below_their_bound(tmp_path: Path) -> None:
    cache = transforms.Cache(tmp_path, limit=1000)
    for number in range(300):
        content, _ = cache.get(
            f"asset_{number}", transforms.Transform(), lambda: (b"x" * 100, "image/png")
        )
        assert content == b"x" * 100
    cache.sweep()
    kept = sum(path.stat().st_size for path in tmp_path.glob("*/*"))
    assert 0 < kept <= 1000


def test_a_transform_is_shown_though_it_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = transforms.Cache(tmp_path / "file" / "below")
    made = cache.get("asset_x", transforms.Transform(), lambda: (b"content", "image/webp"))
    assert made == (b"content", "image/webp")


def test_the_index_answers_what_the_cdn_asks(tmp_path: Path) -> None:
    with closing(Index.open(tmp_path, create=True)) as index:
        assert index.document("asset_none") is None
