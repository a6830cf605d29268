"""Searches of one's own programs through the Python interface, the command line, a script and its workers."""

import os
import re
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

import automl
from automl.core.errors import LedgerError, UsageError


def linear(choose):
    c = choose("C", automl.Reals(1e-3, 1e3, log=True))
    return Pipeline([("model", LogisticRegression(C=c, max_iter=50))])


SCRIPT = """
    import sys
    import automl
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    def linear(choose):
        return LogisticRegression(C=choose("C", automl.Reals(1e-3, 1e3, log=True)), max_iter=50)

    if __name__ == "__main__":
        data = load_iris(return_X_y=True)
        quiet = {"optuna": "none", "mlflow": "none", "baselines": ["none"], "quiet": True}
        if sys.argv[1] == "search":
            summary = automl.search(linear, data=data, trials=3, workers=2, out="run", **quiet)
        else:
            summary = automl.resume("run", space=linear, data=data, trials=4, workers=1, quiet=True)
        print(summary.trials, type(summary.best.load()).__name__)
"""


@pytest.fixture
def iris():
    return load_iris(return_X_y=True)


def test_a_program_is_searched_in_the_place_of_a_space(quick, iris, tmp_path):
    summary = automl.search(linear, data=iris, trials=4, **quick)
    model = summary.best.load()
    assert isinstance(model, Pipeline)
    assert summary.best.candidate.values["C"] == model.named_steps["model"].C
    assert model.score(*iris) > 0.9
    [final] = summary.final
    assert final["metrics"]["test_score"] > 0.8
    assert summary.json["best"]["text"].startswith("C=")
    written = tomllib.loads((tmp_path / "run/config.toml").read_text())
    assert (written["space"], written["trainer"]) == ("model", "estimator")
    assert written["set"]["space.of"] == f"{__name__}:linear"


def test_halving_reaches_a_program_through_shares_of_the_rows(quick, iris):
    summary = automl.search(linear, data=iris, trials=4, controller="halving", **quick)
    assert summary.evaluations > summary.trials
    assert summary.best.load().score(*iris) > 0.9


def test_a_module_is_given_to_lightning(quick):
    from automl.trainers.lightning_module.example import Net

    settings = {"epochs": 1, "final_epochs": 1}
    summary = automl.search(Net, trials=2, set=settings, **quick)
    assert summary.trainer == "lightning"
    assert summary.objectives == ["min:val_loss"]
    assert isinstance(summary.best.load(), Net)


def test_a_lambda_is_searched_and_taken_up_in_its_process(quick, iris):
    summary = automl.search(lambda choose: linear(choose), data=iris, trials=2, **quick)
    assert summary.best.load().score(*iris) > 0.7
    more = automl.resume(quick["out"], space=lambda choose: linear(choose), data=iris, trials=3, quiet=True)
    assert more.trials == 3


def test_a_program_that_workers_would_not_find_is_refused_at_once(quick, iris, tmp_path):
    with pytest.raises(UsageError, match=r"<lambda>: it is a lambda.* workers=1"):
        automl.search(lambda choose: linear(choose), data=iris, workers=2, **quick)
    assert not (tmp_path / "run").exists()


def test_other_data_are_refused_when_it_is_resumed(quick, iris):
    automl.search(linear, data=iris, trials=2, **quick)
    x, y = iris
    with pytest.raises(LedgerError, match="not those"):
        automl.resume(quick["out"], data=(np.flip(x), y), trials=3)


def test_what_is_no_program_is_refused_before_anything_is_searched(quick):
    with pytest.raises(UsageError, match="must take choose"):
        automl.search(LogisticRegression, **quick)


@pytest.mark.slow
def test_a_script_with_workers_is_resumed_with_its_own_program(tmp_path):
    (tmp_path / "train.py").write_text(textwrap.dedent(SCRIPT))

    def ran(*command):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=200, env={**os.environ})
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert ran(sys.executable, "train.py", "search").split() == ["3", "LogisticRegression"]
    assert "C=" in ran(sys.executable, "-m", "automl", "show", "run")
    assert ran(sys.executable, "train.py", "resume").split() == ["4", "LogisticRegression"]
    found = "import automl.api; print(automl.api.read_summary('run').best.candidate)"
    lost = subprocess.run([sys.executable, "-c", found], cwd=tmp_path, capture_output=True, text=True, timeout=100)
    assert "automl.resume(DIR, space=linear)" in lost.stderr


@pytest.mark.slow
def test_the_command_line_finds_a_program_in_a_module_of_the_working_directory(tmp_path):
    (tmp_path / "shop.py").write_text(textwrap.dedent(SCRIPT))
    (tmp_path / "rows.csv").write_text("a,b\n" + "".join(f"{i},{'yes' if i > 20 else 'no'}\n" for i in range(40)))
    command = [sys.executable, "-m", "automl", "search", "model", "--set", "of=shop:linear", "--set", "target=b"]
    options = ["--data", "rows.csv", "--trials", "2", "--baseline", "none", "--out", "run", "--quiet"]
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}  # as the installed command, which does not look where it is run
    none = ["--optuna", "none", "--mlflow", "none"]
    done = subprocess.run(
        [*command, *options, *none], cwd=tmp_path, capture_output=True, text=True, env=environment, timeout=200
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run/summary.json").is_file()


@pytest.mark.parametrize("number", [0, 1])
def test_the_examples_of_the_guide_run(quick, number):
    guide = (Path(__file__).parents[1] / "docs/guide/own-models.md").read_text(encoding="utf-8")
    example = re.findall(r"^```python\n(.*?)^```", guide, re.M | re.S)[number]
    shorter = re.sub(r"trials=\d+, set={", "trials=2, **quick, set={**small, ", example)
    small = {"trainer.folds": 2} if number == 0 else {"trainer.final_epochs": 2}
    names = {"__name__": "guide", "quick": quick, "small": small}
    exec(compile(shorter, "own-models.md", "exec"), names)
    found = names["summary"]
    assert found.trials == 2
    assert type(found.best.load()).__name__ == ("Pipeline", "Net")[number]
