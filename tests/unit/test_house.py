"""The house is as docs/design.md draws it, and clean: what reviews would otherwise look for."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import config
from scripts import links, readme, templates

ROOT = Path(__file__).parents[2]
MOST_LINES = 400  # of a module: about 350, beyond that it is split by job


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of this house with almost nothing in its environment."""
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"}
    return subprocess.run(
        command, cwd=ROOT, env=path | environment, capture_output=True, text=True, check=False
    )


def tracked() -> list[Path]:
    """The files that git has, as far as they are there; in an archive, all that it would have."""
    if (ROOT / ".git").exists():
        names = run("git", "-c", f"safe.directory={ROOT}", "ls-files", "-z").stdout.split("\0")
        return [ROOT / name for name in names if name and (ROOT / name).is_file()]
    ignored = {line.strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").splitlines()}

    def is_kept(file: Path) -> bool:
        parts = file.relative_to(ROOT).parts
        return not ignored & {*parts, "/".join(parts[:2]), f"*{file.suffix}"}

    return [file for file in sorted(ROOT.rglob("*")) if file.is_file() and is_kept(file)]


def texts() -> dict[str, str]:
    """The text of each tracked file that has one, by its path."""
    found = {}
    for file in tracked():
        content = file.read_bytes()
        if b"\0" not in content:
            found[file.relative_to(ROOT).as_posix()] = content.decode("utf-8")
    return found


# --- layout ------------------------------------------------------------------------------------


def documented() -> list[str]:
    """The paths in the first column of the layout in docs/design.md."""
    design = (ROOT / "docs/design.md").read_text("utf-8")
    layout = design.split("## Layout")[1].split("<!-- end of the layout -->")[0]
    return re.findall(r"^\| `([^`]+\.py)` \|", layout, re.MULTILINE)


def test_the_layout_names_every_module_and_no_other() -> None:
    """docs/design.md promises no file that is not there, and forgets none."""
    modules = [
        name
        for name in texts()
        if re.fullmatch(r"(app|library)/.+\.py|(config|variables|consistency|wsgi)\.py", name)
    ]
    assert sorted(documented()) == sorted(modules)


def test_imports_keep_to_their_directions() -> None:
    """The contracts of import-linter hold."""
    command = str(Path(sys.executable).with_name("lint-imports"))
    result = run(command, "--no-cache")
    assert result.returncode == 0, result.stdout


def test_no_module_is_longer_than_can_be_read_at_once() -> None:
    """Longer modules are split by job."""
    lines = {
        file.relative_to(ROOT).as_posix(): file.read_text("utf-8").count("\n")
        for package in ("app", "library")
        for file in (ROOT / package).rglob("*.py")
    }
    assert lines
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_names_say_what_a_module_is_for() -> None:
    """No drawer for everything."""
    drawers = {"utils", "util", "helpers", "helper", "manager", "misc", "common"}
    assert [name for name in texts() if Path(name).stem in drawers] == []


# --- cleanliness -------------------------------------------------------------------------------

# Spelled in pieces, so that this file is not what it looks for.
FOREIGN = {
    "a path of somebody's machine": r"(?<![\w.])/(wo" r"rk|ro" r"ot|home/\w+|Users/\w+)/\w",
    "a package registry": r"(py" r"pi|npm" r"js|python" r"hosted|deb" r"ian)\.(org|com)\b",
    "a private key": r"BEGIN [A-Z ]*PRIVATE " r"KEY",
    "an unfinished place": r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b",
}


@pytest.mark.parametrize("what", FOREIGN)
def test_nothing_foreign_is_in_the_tree(what: str) -> None:
    """What belongs to one machine, to a secret, or to later stays out of git."""
    pattern = re.compile(FOREIGN[what])
    found = [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}"
        for name, text in texts().items()
        for match in pattern.finditer(text)
    ]
    assert found == []


def test_every_requirement_is_pinned() -> None:
    """The same versions everywhere, until somebody changes them here."""
    loose = [
        f"{file.name}: {line}"
        for file in ROOT.glob("requirements*.txt")
        for line in file.read_text("utf-8").splitlines()
        if line and not line.startswith(("#", "-r ")) and not re.match(r"[\w.-]+==[\w.]+", line)
    ]
    assert loose == []


def test_every_requirement_has_its_reason() -> None:
    """The table in docs/design.md names each, as its requirements file does."""
    design = (ROOT / "docs/design.md").read_text("utf-8")
    reasons = design.split("## What stands on other people's work")[1].split("\n## ")[0].lower()
    names = {
        line.partition("==")[0]
        for file in ROOT.glob("requirements*.txt")
        for line in file.read_text("utf-8").splitlines()
        if "==" in line
    }
    assert names
    assert [name for name in sorted(names) if not re.search(rf"\b{name.lower()}\b", reasons)] == []


def test_templates_have_nothing_inline() -> None:
    """A strict Content-Security-Policy allows no inline script, style or handler."""
    inline = re.compile(
        r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE
    )
    found = [
        f"{name}: {match[0]}"
        for name, text in texts().items()
        if name.startswith("templates/")
        for match in inline.finditer(text)
    ]
    assert found == []


# --- the checks of `make check` can fail, and do not now ---------------------------------------


def test_templates_compile() -> None:
    """Each of them, under StrictUndefined."""
    assert templates.mistakes() == []


def test_links_of_the_documents_lead_somewhere() -> None:
    """Files and headings."""
    assert links.mistakes() == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    """A missing file, a missing heading and a missing picture are told; the rest is not."""
    (tmp_path / "README.md").write_text(
        "# Top of it\n[a](missing.md) [b](#top-of-it) [c](#elsewhere) [d](https://x.invalid/)\n"
        '<img src="none.webp" alt="">\n```\n[in code](nothing.md)\n```\n',
        encoding="utf-8",
    )
    assert links.mistakes(tmp_path) == [
        "README.md: missing.md does not exist",
        "README.md: #elsewhere does not exist",
        "README.md: none.webp does not exist",
    ]


def test_readme_has_the_settings_of_config() -> None:
    """The table in README is made from config.py, and from nothing else."""
    text = readme.README.read_text("utf-8")
    assert readme.with_table(text) == text
    assert config.table() in text


def test_a_changed_table_is_found() -> None:
    """One word less in README's table, and it is written anew."""
    text = readme.README.read_text("utf-8")
    changed = text.replace("| `AKIN_DATA` |", "| `AKIN_DATUM` |")
    assert changed != text
    assert readme.with_table(changed) == text
    with pytest.raises(ValueError, match=r"README\.md has no"):
        readme.with_table("# No marks\n")


# --- scripts -----------------------------------------------------------------------------------


SCRIPTS = sorted(file.name for file in (ROOT / "scripts").glob("[a-z]*") if not file.suffix)


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_plain_shell(script: str) -> None:
    """They parse as POSIX shell."""
    assert run("sh", "-n", f"scripts/{script}").stderr == ""


def test_ci_is_a_script_that_parses() -> None:
    """CI runs it with bash."""
    assert run("bash", "-n", ".ci/run").stderr == ""


def test_help_lists_every_target() -> None:
    """`make help` and .PHONY name the same commands."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony
    listed = [line.split()[1] for line in run("make", "help").stdout.splitlines()]
    assert sorted(listed) == sorted(phony[1].split())


def test_a_folder_that_is_not_there_is_named() -> None:
    """`make run ASSETS=...` says so before anything is installed, quotes and dollars kept."""
    result = run("make", "run", 'ASSETS=/nowhere/it\'s "my" $HOME')
    assert result.returncode != 0
    assert result.stderr.splitlines()[1] == 'ASSETS: /nowhere/it\'s "my" $HOME is not there.'


@pytest.mark.skipif(
    not (ROOT / ".venv/installed/requirements-demo.txt").exists(), reason="made by `make setup`"
)
def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    """Two servers never share a port: the second says how to choose another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run("sh", "scripts/run", PORT=port, AKIN_DATA=str(tmp_path))
    assert result.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in result.stderr
    assert "PORT=8001" in result.stderr


def test_tests_have_the_same_names_each_time(request: pytest.FixtureRequest) -> None:
    """Else the processes that share them could not agree; neither clock nor hashes are in one."""
    names = {item.nodeid for item in request.session.items}
    collected = run(
        *(sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"),
        PYTHONHASHSEED="7",
    )
    assert names - set(collected.stdout.splitlines()) == set()
