"""Styles, icons and scripts: cached forever, under URLs that contain a hash of the content."""

from __future__ import annotations

import io
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup
from PIL import Image

from scripts import draw_icons

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.support.soup import Soup


def test_static_files_of_a_page_are_immutable(soup: Soup, client: FlaskClient) -> None:
    """Each of Akin's own files that the head names."""
    head = soup("/").head
    assert head
    named = [str(each["src"]) for each in head.select("script[src]")]
    named += [str(each["href"]) for each in head.select("link[rel=stylesheet]")]
    kept = {client.get(each).headers["Cache-Control"] for each in named}
    assert kept == {"public, max-age=31536000, immutable"}


def test_imports_of_scripts_are_immutable(soup: Soup, client: FlaskClient) -> None:
    """A bare name leads below the same address."""
    script = soup("/").select_one("script[type=module]")
    assert script
    folder = str(script["src"]).rpartition("/")[0]
    names = re.findall(r'"\./([a-z-]+\.js)"', client.get(str(script["src"])).text)
    assert "navigate.js" in names
    for name in names:
        response = client.get(f"{folder}/{name}")
        assert (response.status_code, response.mimetype) == (200, "text/javascript")
        assert "immutable" in response.headers["Cache-Control"]


def test_a_page_of_another_version_gets_the_script_that_there_is(client: FlaskClient) -> None:
    """And it is not cached under the wrong URL."""
    response = client.get("/js/000000000000/keys.js")
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-cache")


def test_a_script_that_is_not_there(client: FlaskClient) -> None:
    """No path leads out of the folder."""
    for name in ("nothing.js", "..%2f..%2fconfig.py", "%2e%2e"):
        assert client.get(f"/js/000000000000/{name}").status_code == 404


@pytest.mark.parametrize("base", ["", "/akin"])
@pytest.mark.parametrize(
    ("name", "kind", "sizes"),
    [
        ("favicon.ico", "image/x-icon", {(16, 16), (32, 32), (48, 48)}),
        ("apple-touch-icon.png", "image/png", {(180, 180)}),
        ("apple-touch-icon-precomposed.png", "image/png", {(180, 180)}),
    ],
)
def test_drawn_icons(
    client: FlaskClient, name: str, kind: str, sizes: set[tuple[int, int]], base: str
) -> None:
    """They are where browsers look for them, also without having read a page or signed in."""
    response = client.get(f"/{name}", environ_overrides={"SCRIPT_NAME": base})
    assert (response.status_code, response.mimetype) == (200, kind)
    with Image.open(io.BytesIO(response.data)) as icon:
        assert set(icon.info.get("sizes", [icon.size])) == sizes
        colours = icon.convert("RGBA").getcolors(maxcolors=1 << 16) or []
        assert len(colours) > 3
        opaque = all(colour[3] == 255 for _, colour in colours)  # type: ignore[index]
        assert opaque is (kind == "image/png")  # iOS shows what is transparent as black


@pytest.mark.parametrize("base", ["", "/akin"])
def test_pages_name_the_icons(client: FlaskClient, base: str) -> None:
    """Pages link to each icon by its digest."""
    response = client.get("/", base_url=f"http://localhost{base}/")
    page = BeautifulSoup(response.data, "html.parser")
    links = {link["href"]: link["rel"] for link in page.select("link[rel~=icon], link[rel|=apple]")}
    assert len(links) == 3
    for url in map(str, links):
        assert url.startswith(f"{base}/static/img/")
        path = url.removeprefix(base)
        icon = client.get(path, environ_overrides={"SCRIPT_NAME": base}, buffered=True)
        assert icon.status_code == 200
        assert "immutable" in icon.headers["Cache-Control"]


def test_drawn_icons_are_of_the_mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files are what the script draws; they are small."""
    there = draw_icons.IMAGES
    for name in ("favicon.ico", "apple-touch-icon.png"):
        assert (there / name).stat().st_size < 5000
    shutil.copy(there / "akin.svg", tmp_path)
    monkeypatch.setattr(draw_icons, "IMAGES", tmp_path)
    draw_icons.main()
    for name in ("favicon.ico", "apple-touch-icon.png"):
        with Image.open(there / name) as kept, Image.open(tmp_path / name) as drawn:
            assert kept.convert("RGBA").tobytes() == drawn.convert("RGBA").tobytes()


def test_scripts_are_served_without_comments(client: FlaskClient) -> None:
    """Nothing else is removed: no text of a module goes over the end of a line."""
    for path in (Path(client.application.static_folder or "") / "js").glob("*.js"):
        lines = path.read_text().splitlines()
        assert [line for line in lines if line.count("`") % 2] == [], path
        served = client.get(f"/js/0/{path.name}").text.splitlines()
        is_comment = False
        code = []
        for line in map(str.strip, lines):
            is_comment = is_comment or line.startswith("/**")
            if not is_comment and not line.startswith("//"):
                code.append(line)
            is_comment = is_comment and not line.endswith("*/")
        assert [line.rstrip() for line in served if line] == [line for line in code if line], path
