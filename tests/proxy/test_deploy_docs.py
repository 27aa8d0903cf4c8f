"""What docs/deploy.md names exists: settings, commands, files, paths, metrics, messages, nginx."""

from __future__ import annotations

import ast
import dataclasses
import importlib.util
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prometheus_client import REGISTRY

import app.__main__
import library.__main__
from config import Settings
from tests.proxy.nginx import Nginx, missing
from tests.support.scenario_api import FakeAPI, make_app

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "deploy.md").read_text("utf-8")
TROUBLE = TEXT[TEXT.index("## Troubleshooting") :]


def texts() -> Iterator[str]:
    """Yield every text in the code, with constants joined as Python joins them."""
    for folder in ("app", "library", "scripts"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value
    for path in (ROOT / "templates").rglob("*.html"):
        yield path.read_text("utf-8")


CODE = "\n".join(texts())


def test_settings() -> None:
    """Every variable is one of Akin, or one that is said to be of another program."""
    known = {each.metadata["variable"] for each in dataclasses.fields(Settings)}
    named = set(re.findall(r"\b(?:AKIN|SCENARIO)_[A-Z0-9_]+", TEXT))
    assert len(named) > 20
    assert {name.removesuffix("_FILE") for name in named} - known == set()
    with_value = dict(re.findall(r"\b(AKIN_[A-Z_]+)=\"?([^\s`,;|\"]+)", TEXT))
    # Three dots, or the output of a command, is no value to check.
    left_out = ("...", "$(")
    values = {name: value for name, value in with_value.items() if not value.startswith(left_out)}
    values |= {"AKIN_AUTH": "password", "AKIN_HOSTS": values["AKIN_HOSTS"]}
    values |= {"AKIN_PROXIES": "10.0.0.2", "AKIN_LISTEN": "127.0.0.1"}
    Settings.from_environ(values)


def test_commands() -> None:
    """Modules, subcommands and targets of make."""
    modules = re.findall(r"-m ([a-z_.]+)((?: [a-z]+)*)", TEXT)
    assert len(modules) > 10
    helps = {"app": app.__main__.__doc__ or "", "library": library.__main__.__doc__ or ""}
    for module, words in modules:
        if module == "pip":
            continue
        assert importlib.util.find_spec(module), module
        if words and module in helps:
            command = words.split()[0:2] if words.split()[0] == "user" else words.split()[:1]
            assert " ".join(command) in helps[module], words
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make ([a-z-]+)", TEXT):
        assert f"\n{target}:" in makefile, target


def test_files() -> None:
    """Files of the repository, and links."""
    pattern = r"\b(?:requirements|scripts|deploy|tests|docs)/[\w./-]*\w"
    paths = {*re.findall(pattern, TEXT), *re.findall(r"\]\((?!http)([^)#]+)\)", TEXT)}
    assert len(paths) > 8
    for path in paths:
        assert (ROOT / path).exists() or (ROOT / "docs" / path).exists(), path


def test_paths_of_pages(tmp_path: Path) -> None:
    """Paths of Akin that the text names have a route."""
    rules = {rule.rule for rule in make_app(FakeAPI(), tmp_path).url_map.iter_rules()}
    first = {rule.split("/")[1] for rule in rules}
    named = {
        *re.findall(r"https://[a-z.]+\.example\.com(?:/akin)?(/[a-z/-]+)", TEXT),
        *("/healthz", "/readyz", "/metrics", "/feeds/", "/robots.txt", "/akin.css", "/icons.svg"),
    } - {"/akin/"}
    for path in named:
        assert path.strip("/") in TEXT
        assert path in rules or path.split("/")[1] in first, path


def test_metrics() -> None:
    """Counters and labels."""
    counters = {metric.name: metric for metric in REGISTRY.collect()}
    for name in re.findall(r"`(akin_\w+)", TEXT):
        assert name.removesuffix("_total") in counters, name


@pytest.mark.parametrize("quoted", sorted(set(re.findall(r"“([^”]+)”", TROUBLE))))
def test_quoted_messages(quoted: str) -> None:
    """What troubleshooting quotes is a text of Akin, or a part of this document."""
    headings = re.findall(r"^##+ (.*)$", TEXT, re.MULTILINE)
    assert quoted in CODE or quoted in headings or quoted in {"Quoted", "unhealthy"}


@pytest.mark.parametrize("message", re.findall(r"\| log: (.*?) \|", TEXT))
def test_log_messages(message: str) -> None:
    """What the table of signs quotes is in the code, if only with another word inserted."""
    for quoted in re.findall(r"`([^`]+)`", message):
        words = quoted.split(" cannot be ")
        assert all(part in CODE for part in words), quoted


def test_symptoms() -> None:
    """Each row has a cause and what to do."""
    rows = [line for line in TROUBLE.splitlines() if line.startswith("| ") and "---" not in line]
    assert len(rows) > 25
    assert [
        row for row in rows if len([cell for cell in row.split(" | ") if cell.strip("| ")]) != 3
    ] == []


@pytest.mark.skipif(bool(missing()), reason=missing())
@pytest.mark.parametrize(
    ("below", "keeps_path", "has_tls"),
    [("", False, True), ("", False, False), ("/akin", False, True), ("/tools/akin", True, True)],
)
def test_nginx_accepts_its_lines(
    tmp_path: Path, below: str, *, keeps_path: bool, has_tls: bool
) -> None:
    """`nginx -t` finds no mistake."""
    Nginx(tmp_path, 8000, below=below, keeps_path=keeps_path, has_tls=has_tls)
    command = ["nginx", "-t", "-c", str(tmp_path / "nginx.conf"), "-p", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[emerg]" not in done.stderr
    if below:
        assert f"location {below}/ {{" in (tmp_path / "nginx.conf").read_text()
