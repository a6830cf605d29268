"""A third party's package, installed as its users would install it, is found and searched like a built-in.

The package is `tests/plugin/`; the guide walks through it. It goes into a folder of its own, which only the
subprocesses of these tests have on their path, so that no other test sees it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parent / "plugin"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the plug-in, without network, into an empty folder."""
    source = shutil.copytree(PLUGIN, tmp_path_factory.mktemp("source") / "plugin")  # a build writes beside the source
    target = tmp_path_factory.mktemp("site")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
    ]
    subprocess.run([*pip, "--target", str(target), str(source)], check=True, capture_output=True, text=True)
    return target


def python(site: Path, code: str, *arguments: str) -> str:
    """Run code in a process that has the plug-in on its path; return what it printed."""
    return run(site, [sys.executable, "-c", code, *arguments])


def run(site: Path, command: list[str], cwd: Path | None = None) -> str:
    environment = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_registry_finds_all_three(site: Path) -> None:
    code = """
from automl import registry
wanted = [("search_spaces", "polynomials"), ("controllers", "tinker"), ("trainers", "polynomials")]
for family, name in wanted:
    assert name in registry.names(family)
    print(registry.load(family, name).__module__)
"""
    assert python(site, code).split() == ["automl_polynomials"] * 3


def test_it_is_not_there_where_it_is_not_installed() -> None:
    assert find_spec("automl_polynomials") is None


def test_doctor_names_the_package_it_comes_from(site: Path) -> None:
    code = """
from automl.doctor import examine
[mine] = [p for p in examine().plugins if p.name == "tinker"]
print(mine.origin, mine.health)
"""
    assert python(site, code).strip() == "automl-polynomials ok"


def test_its_controller_searches_its_space_with_its_trainer(site: Path) -> None:
    """Tinkering ends far below the error of the straight line, which is 0.43 on these points."""
    code = """
import json
from automl import registry
from automl.core.objectives import Objectives
from automl.core.records import Result
from automl.core.runner import Job, measure

trainer = registry.load("trainers", "polynomials")()
space = registry.load("search_spaces", "polynomials")(**trainer.facts())
controller = registry.load("controllers", "tinker")(space, Objectives.parse(["min:val_error"]), 0)
for trial in range(40):
    [proposal] = controller.ask(1, trial / 40)
    space.check(proposal.candidate)
    assert space.load(space.dump(proposal.candidate)) == proposal.candidate
    result = measure(trainer, Job(trial, proposal, None, 0), lambda step, metrics: None)
    assert result.error is None, result.error
    assert controller.tell([result]) == [trial]
print(json.dumps(controller.state_dict()))
"""
    state = json.loads(python(site, code))
    assert state["asked"] == 40
    assert -state["score"] < 0.15
    assert set(state["best"]) == {"degree", "ridge"}


def test_the_command_line_searches_it_by_name(site: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "automl",
        "search",
        "polynomials",
        "--controller",
        "tinker",
        "--trials",
        "5",
    ]
    run(site, [*command, "--quiet", "--out", "run", "--optuna", "none", "--mlflow", "none"], cwd=tmp_path)
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert (summary["space"], summary["controller"], summary["trials"]) == ("polynomials", "tinker", 5)
    assert summary["best"]["metrics"]["val_error"] > 0


def test_a_plugin_that_cannot_be_imported_costs_itself_only(tmp_path: Path) -> None:
    info = tmp_path / "crumbling-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: crumbling\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[automl.trainers]\ncrumbling = crumbling.nowhere:Trainer\n")
    code = """
from automl.core.errors import AutomlError
from automl.fit import trainers_for
from automl.registry import load, names
assert "crumbling" in names("trainers")
print(trainers_for("cnn"))
try:
    load("trainers", "crumbling")
except AutomlError as error:
    print(error)
"""
    fitting, said = python(tmp_path, code).splitlines()[:2]
    assert "'cnn'" in fitting
    assert "crumbling.nowhere:Trainer" in said
