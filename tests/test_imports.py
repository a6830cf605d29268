"""Heavy packages load when they are used: what a person types often starts at once.

Each check runs in a process of its own, because this one has already imported what other tests need.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys

import pytest

HEAVY = ("torch", "pytorch_lightning", "mlflow", "optuna", "sklearn", "scipy", "pandas", "ray", "plotly")
HELP_CPU_SECONDS = 0.3


def loaded_by(code: str) -> list[str]:
    """Run code in a fresh process; return which heavy packages it has loaded at its end, however it ends."""
    report = f"print('LOADED', *(name for name in {HEAVY!r} if name in sys.modules))"
    program = f"import sys\ntry:\n    {code}\nexcept SystemExit as ended:\n    assert not ended.code\n{report}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.rpartition("LOADED")[2].split()


def test_importing_automl_loads_nothing_heavy() -> None:
    assert loaded_by("import automl") == []


@pytest.mark.parametrize("family", ["search_spaces", "controllers", "trainers", "runners", "trackers"])
def test_loading_every_plugin_loads_nothing_heavy(family: str) -> None:
    code = f"from automl import registry as r; [r.load('{family}', name) for name in r.names('{family}')]"
    assert loaded_by(code) == []


@pytest.mark.parametrize("command", ["--help", "list", "list --json", "search --help", "doctor --json"])
def test_the_command_line_loads_nothing_heavy(command: str) -> None:
    assert loaded_by(f"sys.argv = ['automl', *{command.split()!r}]; from automl.cli import main; main()") == []


def test_help_takes_little_cpu() -> None:
    """The median of a few runs, after one that fills the disk cache."""
    used = [cpu_seconds([sys.executable, "-m", "automl", "--help"]) for _ in range(4)][1:]
    assert statistics.median(used) <= HELP_CPU_SECONDS, used


def cpu_seconds(command: list[str]) -> float:
    """Return user and system time of a command, as its parent is told when it ends."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
