"""The folder tree, breadcrumbs and the list of files that are not shown, over a real library."""

from __future__ import annotations

import hashlib
import shutil
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup

from library.embedding.models import Models
from library.ingest.indexer import Indexer
from library.store.index import Index
from tests.support import sample_files
from tests.support.embedded_library import embedded_app
from tests.support.forms import form_url
from tests.support.indexing import RecordedProgress
from tests.support.scenario_api import make_app

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.support.scenario_api import FakeAPI
    from tests.support.soup import Soup

NAMES = ("top", "a/1", "a/b/2", "a/b/3", "a/B & c/4", "a/b/d/e/5", "ab/6", "日本/ü/7")


def _index(base: Path, models: Models) -> None:
    with closing(Index.open(base / "home", create=True)) as index:
        Indexer(base / "home", index, models, RecordedProgress()).run([base / "art"])


def _browser(base: Path) -> FlaskClient:
    return embedded_app(base).test_client()


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory, models: Models) -> FlaskClient:
    base = tmp_path_factory.mktemp("tree")
    files = {f"{n}.png": sample_files.png(size=(20 + i, 20)) for i, n in enumerate(NAMES)}
    sample_files.fill(base / "art", files | {"a/tool.exe": b"MZ\x00", "a/@eaDir/x.png": b"x"})
    _index(base, models)
    return _browser(base)


def _page(client: FlaskClient, path: str) -> BeautifulSoup:
    response = client.get(path)
    assert response.status_code == 200, response.data
    return BeautifulSoup(response.data, "html.parser")


def _rows(page: BeautifulSoup, selector: str = ".folder-tree") -> list[str]:
    """Return the folders of the outermost level, each with its count."""
    found = page.select_one(selector)
    assert found is not None
    return [
        " ".join(
            " ".join(
                item.find_all(class_=["folder", "detail"])[at].get_text() for at in (0, 1)
            ).split()
        )
        for item in found.find_all("li", recursive=False)
    ]


def test_the_panel_has_the_top_of_the_tree_with_counts(tree: FlaskClient) -> None:
    page = _page(tree, "/")
    assert _rows(page) == ["a 5", "ab 1", "日本 1"]
    closed = page.select(".folder-tree details:not([open]) lazy-section")
    assert [each["src"] for each in closed] == [
        "/folders/level?in=a",
        f"/folders/level?in={quote('日本')}",
    ]


def test_a_link_of_the_tree_filters_by_everything_below(tree: FlaskClient) -> None:
    link = _page(tree, "/").select_one(".folder-tree a.folder")
    assert link is not None
    page = _page(tree, str(link["href"]))
    assert len(page.select("article.card")) == 5
    chosen = page.select_one(".folder-tree a.folder[aria-current]")
    assert chosen is not None
    assert chosen["href"] == "/", "the link of a chosen folder removes it"
    assert _rows(page) == ["a 5", "ab 1", "日本 1"], "the others can be chosen instead"
    assert _rows(page, ".folder-tree details[open] .folder-tree") == ["b 3", "B & c 1"]


def test_the_form_with_a_chosen_folder_gives_the_same_search(tree: FlaskClient) -> None:
    for address in ("/?path=a%2Fb", "/?path=a&path=ab", "/?path.not=a"):
        page = _page(tree, address)
        assert tree.get(form_url(page)).headers["Location"] == address
    assert len(_page(tree, "/?path.not=a").select("article.card")) == 3


def test_a_level_is_loaded_alone_and_as_a_page(tree: FlaskClient) -> None:
    part = _page(tree, "/folders/level?in=a&query=png")
    assert _rows(part) == ["b 3", "B & c 1"]
    assert part.select_one("html") is None
    links = [each["href"] for each in part.select("a.folder")]
    assert links == ["/?query=png&path=a%2Fb", "/?query=png&path=a%2FB+%26+c"]
    page = _page(tree, "/folders?in=a/b&query=png")
    assert _rows(page) == ["d 1"]
    assert [a.get_text() for a in page.select(".folder-path a")] == ["Folders", "a"]
    assert [a["href"] for a in page.select("a.below")] == ["/folders?in=a%2Fb%2Fd&query=png"]
    assert _page(tree, "/folders?in=nowhere").select(".folder-tree li") == []
    chosen = _page(tree, "/folders?in=a&path=a/b").select_one("a.folder[aria-current]")
    assert chosen is not None
    assert chosen["href"] == "/", "as in the panel, the link of a chosen folder removes it"


def test_the_asset_page_links_to_each_folder(tree: FlaskClient) -> None:
    card = _page(tree, "/?path=a%2Fb%2Fd").select_one("article.card a.picture")
    assert card is not None
    page = _page(tree, str(card["href"]))
    crumbs = [(a.get_text(), a["href"]) for a in page.select(".folder-path a")]
    assert crumbs == [
        ("a", "/?path=a"),
        ("b", "/?path=a%2Fb"),
        ("d", "/?path=a%2Fb%2Fd"),
        ("e", "/?path=a%2Fb%2Fd%2Fe"),
    ]


def test_nothing_of_it_is_shown_over_another_api(
    soup: Soup, client: FlaskClient, api: FakeAPI
) -> None:
    page = soup("/")
    assert page.select(".folder-tree, .folders, .folder-path, a[href^='/problems']") == []
    page = soup("/?path=a&kind=image")
    notice = page.select_one(".notices li")
    assert notice is not None
    assert "The API cannot filter by folder. The condition was left out." in notice.get_text()
    assert "path" not in api.body().get("filter", "")
    for path in ("/folders", "/folders/level", "/problems"):
        assert client.get(path).status_code == 404
    assert client.post("/problems/prune").status_code == 404


def test_another_library_by_http_has_folders_too(tmp_path: Path, api: FakeAPI) -> None:
    app = make_app(api, tmp_path, facets="on")
    app.test_client().get("/?path=a")
    assert api.body()["folders"] == ["", "a"]
    assert "path" in api.body()["filter"]


def test_files_that_are_not_shown_are_listed(tree: FlaskClient) -> None:
    page = _page(tree, "/problems")
    rows = [[cell.get_text() for cell in row.select("td")] for row in page.select("tbody tr")]
    assert rows == [
        ["tool.exe", "a", ".exe", "Other types: is of no known kind"],
        ["@eaDir", "a", "folder", "Ignored: junk of the system or of another program"],
    ]
    assert page.select("form[action='/problems/prune']") == []
    assert len(_page(tree, "/problems?category=other").select("tbody tr")) == 1
    assert _page(tree, "/problems?category=nonsense").select("tbody tr")
    assert tree.get("/problems?after=nonsense").status_code == 400
    empty = _page(tree, "/?query=nothingofthekind")
    assert empty.select(".empty-state a[href='/problems']")


def test_missing_assets_are_marked_and_removed_by_a_button(tmp_path: Path, models: Models) -> None:
    files = {f"{n}.png": sample_files.png(size=(20 + n, 20)) for n in range(4)}
    sample_files.fill(tmp_path / "art", files)
    _index(tmp_path, models)
    (tmp_path / "art").rename(tmp_path / "away")
    _index(tmp_path, models)
    client = _browser(tmp_path)
    page = _page(client, "/")
    assert [each.get_text() for each in page.select("article.card .kind")] == ["File missing"] * 4
    link = page.select_one("article.card a.picture")
    assert link is not None
    asset = _page(client, str(link["href"]))
    assert "its folder is not there" in asset.get_text()
    assert asset.select_one(".media-view img") is not None, "the thumbnail remains"
    listed = _page(client, "/problems?category=missing")
    assert len(listed.select("tbody tr a")) == 4
    button = listed.select_one("form[action='/problems/prune'] button")
    assert button is not None
    assert "4 missing assets" in button.get_text()
    # One file has returned meanwhile.
    (tmp_path / "art").mkdir()
    shutil.copy(tmp_path / "away/0.png", tmp_path / "art/0.png")
    foreign = client.post("/problems/prune", headers={"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403
    done = client.post("/problems/prune")
    assert (done.status_code, done.headers["Location"]) == (303, "/problems?removed=3")
    assert "3 assets removed" in _page(client, "/problems?removed=3").get_text()
    assert len(_page(client, "/").select("article.card")) == 1


def test_the_second_pass_on_pages(tmp_path: Path, models: Models) -> None:
    """Its progress, and that no person has stated what it has found."""
    content = sample_files.png()
    sample_files.fill(tmp_path / "art", {"a.png": content})
    _index(tmp_path, models)
    client = _browser(tmp_path)
    assert _page(client, "/problems").select("[aria-label='Second pass']") == []
    with closing(Index.open(tmp_path / "home")) as index:
        index.set_parts({"nsfw": "1", "text": "1"})
        sha256 = hashlib.sha256(content).hexdigest()
        index.add_findings("text", "1", {sha256: {"text": "Closed on Mondays"}})
        index.add_findings("nsfw", "1", {sha256: {"nsfw": ["sensitive"]}})
        index.set_parts({"nsfw": "1", "text": "2"})
        index.add_findings("text", "2", {})
    lines = [each.get_text() for each in _page(client, "/problems").select(".roots li")]
    assert lines == [
        "Sensitive images looked at 1 of 1 picture",
        "Text in images looked at 0 of 1 picture",
    ]
    with closing(Index.open(tmp_path / "home")) as index:
        index.add_findings("text", "2", {sha256: {"text": "Closed on Mondays"}})
        (asset_id,) = (found for _, found in index.sources().values())
    facts = _page(client, f"/assets/{asset_id}").select(".facts, dl")
    text = " ".join(each.get_text(" ", strip=True) for each in facts)
    assert "Text (recognised) Closed on Mondays" in text
    assert "Sensitive (recognised) sensitive" in text
