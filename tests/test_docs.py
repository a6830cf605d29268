"""Documents are code: what they name exists, what exists they name, and their excerpts are real."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from automl import registry

ROOT = Path(__file__).parents[1]
WORDS = ROOT / "docs/reference/words.md"
RAYS_WORD = ROOT / "automl/integrations/ray_tune.py"
"""Extends a class of Ray that is named by a word of ours."""
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "mlflow").rglob("*.md")])
PLUGINS = [
    (family, name)
    for family in registry.FAMILIES
    for name, point in registry.found(family).items()
    if not point.value.startswith("automl.testing.")  # toys, for tests only
]


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def fences(page: Path, language: str = r"\w*") -> list[str]:
    """Return the fenced blocks of a page, without their fences."""
    return re.findall(rf"^```{language}\n(.*?)^```", read(page), re.M | re.S)


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


@cache
def flags(command: str) -> frozenset[str]:
    """Ask the command line itself; an empty command stands for `automl`."""
    arguments = [sys.executable, "-m", "automl", *command.split(), "--help"]
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"automl {command} --help: {done.stderr or done.stdout}"
    return frozenset(re.findall(r"--[a-z][a-z-]*", done.stdout))


def commands_in(page: Path) -> list[tuple[str, list[str]]]:
    """Return the `automl` commands a page shows, in blocks and in running text, with their flags."""
    code = "\n".join(fences(page)) + "\n" + "\n".join(re.findall(r"`(automl [^`\n]+)`", read(page)))
    lines = re.findall(r"^(?:\S*/)?automl ([a-z]+)\b([^#\n]*)", code, re.M)
    return [(command, re.findall(r"--[a-z][a-z-]*", rest)) for command, rest in lines]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_and_flag_that_is_shown_exists(page: Path) -> None:
    for command, shown in commands_in(page):
        unknown = set(shown) - flags(command)
        assert not unknown, f"automl {command} has no {sorted(unknown)}"


def test_the_reference_lists_the_flags_of_search() -> None:
    listed = set(re.findall(r"^\| `(--[a-z-]+)", read(ROOT / "docs/reference/cli.md"), re.M))
    assert listed == flags("search") - {"--help"}


@pytest.mark.parametrize(("family", "name"), PLUGINS)
def test_every_plugin_is_named_in_a_page(family: str, name: str) -> None:
    assert any(f"`{name}`" in read(page) for page in PAGES)


@pytest.mark.parametrize(("family", "name"), PLUGINS)
def test_every_setting_has_a_default_and_is_explained(family: str, name: str) -> None:
    if family in ("runners", "trackers"):
        pytest.skip("made by the study, not from settings")
    cls = registry.load(family, name)
    explained = (cls.__doc__ or "").partition("Settings:")[2]
    for setting in registry.settings_of(cls).values():
        assert setting.default is not setting.empty, setting.name
        assert re.search(rf"^\s+[\w, ]*\b{setting.name}\b[\w, ]*:", explained, re.M), setting.name


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere_in_the_repository(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", read(page)):
        assert "://" not in target, f"{target} leaves the repository"
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_names_of_the_package_exist(page: Path) -> None:
    import automl

    for block in fences(page, "python"):
        compile(block, str(page), "exec")
        for name in re.findall(r"\bautoml\.([a-z]+)\(", block):
            assert hasattr(automl, name), f"automl.{name}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen, front = {ROOT / "README.md"}, [ROOT / "README.md"]
    while front:
        page = front.pop()
        linked = {(page.parent / target).resolve() for target in re.findall(r"\]\(([^)#\s]+)", read(page))}
        inside = {p for target in linked for p in (target.glob("*.md") if target.is_dir() else [target])}
        front += [p for p in inside - seen if p.suffix == ".md"]
        seen |= inside
    assert [name_of(p) for p in (ROOT / "docs").rglob("*.md") if p not in seen] == []


def test_the_excerpts_of_the_guide_are_the_plugin() -> None:
    """Line by line: everything but `...` stands in the package that the tests install."""
    package = {read(ROOT / "tests/plugin" / n) for n in ("automl_polynomials.py", "pyproject.toml")}
    real = {line for text in package for line in text.splitlines()}
    guide = ROOT / "docs/guide/plugins.md"
    shown = [line for block in (*fences(guide, "python"), *fences(guide, "toml")) for line in block.splitlines()]
    assert [line for line in shown if line.strip() not in ("", "...") and line not in real] == []


def test_the_readme_names_how_to_test() -> None:
    assert "make test" in read(ROOT / "README.md")


def banned() -> list[str]:
    """Return the last column of the table of words."""
    rows = re.findall(r"^\| [^|]+ \| [^|]+ \| ([a-z, ]+) \|$", read(WORDS), re.M)
    return [word.strip() for row in rows for word in row.split(",") if row != "not"]


def test_one_word_per_concept() -> None:
    assert len(banned()) > 5
    wrong = re.compile(rf"\b({'|'.join(banned())})s?\b", re.I)
    sources = [p for p in (ROOT / "automl").rglob("*.py") if "__pycache__" not in p.parts]
    said = [
        f"{name_of(page)}:{number}: {match.group()}"
        for page in (*PAGES, *sources)
        if page not in (WORDS, RAYS_WORD)
        for number, line in enumerate(read(page).splitlines(), 1)
        if (match := wrong.search(line))
    ]
    assert said == []
