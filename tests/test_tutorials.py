"""The tutorials are run from their first line to their last, as a reader would: one folder, one name for all pages.

Code runs block by block in one namespace per page; lines with `assert` are what a page promises. Commands run in the
shell's place.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs/tutorials").glob("*.md"))
_MOST_LINES = 80


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One folder for all pages: they share the stores of Optuna and MLflow, as runs beside each other do."""
    return tmp_path_factory.mktemp("tutorials")


def name_of(page: Path) -> str:
    return page.stem


def blocks(page: Path) -> list[tuple[str, str, int]]:
    """Return (language, text, line it begins in) of the fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```(\w*)\n(.*?)^```", text, re.M | re.S)
    return [(m[1], m[2], text.count("\n", 0, m.start()) + 1) for m in found]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_page_runs(page, folder, monkeypatch):
    from automl.cli import app

    monkeypatch.chdir(folder)
    namespace: dict[str, Any] = {"__name__": "tutorial"}
    for language, text, line in blocks(page):
        if language == "python":
            exec(compile("\n" * line + text, str(page), "exec"), namespace)
        elif language == "sh":
            for command in text.splitlines():
                program, *arguments = shlex.split(command, comments=True)
                assert program == "automl", command
                done = CliRunner().invoke(app, arguments)
                assert done.exit_code == 0, f"{command}\n{done.output}"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_page_is_short(page):
    assert len(page.read_text(encoding="utf-8").splitlines()) <= _MOST_LINES
