"""Pages of the guide are run from their first line to their last, and bring what they promise."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from automl.controllers.bayesian import Bayesian
from automl.integrations.optuna import samplers
from automl.settings import assign, parse_assignments

GUIDE = Path(__file__).parents[1] / "docs/guide"


@dataclass(frozen=True)
class Ran:
    """What a page printed, the names it made, and the folder it was run in."""

    printed: list[str]
    names: dict[str, Any]
    folder: Path


def optuna(ran: Ran) -> None:
    first, trials, states = ran.printed
    names, _, best = first.rpartition(" ")
    assert names == str(samplers())
    assert float(best) < 1.5
    assert trials == "45"
    assert states == "['COMPLETE', 'PRUNED']"


def ray(ran: Ran) -> None:
    best = ran.names["best"]
    assert best.metrics["loss"] < 2.0
    assert best.config["net"]["width"] in (8, 16, 32, 64)


def scikit_learn(ran: Ran) -> None:
    score, network, controller = ran.printed
    assert float(score) > 0.95
    assert "|" in network
    assert "controller" in controller
    assert [path.name for path in ran.folder.iterdir()] == ["digits-model"]


def mlflow(ran: Ran) -> None:
    assert ran.printed == ["models:/progression/1", "(3,)", "1"]


def dashboard(ran: Ran) -> None:
    assert ran.printed == ["True", "['best-model.zip']"]
    assert len(list((ran.folder / "runs" / "optuna-artifacts").iterdir())) == 1


@pytest.fixture
def runs(stores: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Runs with stores that are there; MLflow is left as it was."""
    import mlflow

    before = mlflow.get_tracking_uri()
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID", "OPTUNA_STORAGE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "runs").mkdir()
    for name in ("mlflow.db", "optuna.db"):
        (tmp_path / "runs" / name).write_bytes((stores / name).read_bytes())
    yield
    mlflow.set_tracking_uri(before)
    os.environ.pop("MLFLOW_TRACKING_URI", None)


@pytest.fixture
def cluster(request: pytest.FixtureRequest) -> None:
    """A cluster of Ray."""
    pytest.importorskip("ray.tune")
    request.getfixturevalue("one_ray")


def text_of(page: str) -> str:
    return (GUIDE / f"{page}.md").read_text(encoding="utf-8")


PAGES: dict[str, tuple[Callable[[Ran], None], str | None]] = {
    "optuna": (optuna, None),
    "ray": (ray, "cluster"),
    "scikit-learn": (scikit_learn, None),
    "mlflow": (mlflow, "runs"),
    "dashboard": (dashboard, "runs"),
}
"""What a page promises, and the fixture that it needs."""


@pytest.mark.parametrize("page", PAGES)
def test_the_page_runs(
    page: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    promise, needs = PAGES[page]
    if needs:
        request.getfixturevalue(needs)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "__main__"}
    blocks = re.findall(r"^```python\n(.*?)^```", text_of(page), re.M | re.S)
    exec(compile("\n".join(blocks), page, "exec"), names)
    promise(Ran(capsys.readouterr().out.splitlines(), names, tmp_path))


@pytest.mark.parametrize("page", ["mlflow", "dashboard"])
def test_the_page_is_short(page: str) -> None:
    assert len(text_of(page).splitlines()) < 80


def test_the_commands_of_the_page_on_optuna_set_what_the_controller_has() -> None:
    lines = re.findall(r"^automl search gnn (.*)$", text_of("optuna"), re.M)
    texts = [part for line in lines for part in shlex.split(line) if part.startswith("sampler=")]
    assert len(texts) == len(lines) == 5
    for text in texts:
        assert assign(parse_assignments([text]), {"controller": Bayesian})["controller"]["sampler"]
