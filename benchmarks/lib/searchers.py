"""Who searches a landscape: controllers through their contract, samplers of Optuna in a plain study."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna

from automl.controllers.bayesian import Bayesian
from automl.controllers.conservative import Conservative
from automl.controllers.evolution import Evolution
from automl.controllers.random import Random
from automl.controllers.reinforce import Reinforce
from automl.controllers.surrogate import Surrogate
from automl.core.choices import run
from automl.core.domains import Domain, Integers, Options, Reals, Value
from automl.testing.drive import drive
from lib.landscapes import OBJECTIVES, Landscape, Measure


@dataclass(frozen=True)
class Found:
    """One search: the best value after each evaluation, and process CPU seconds."""

    best: np.ndarray[Any, np.dtype[np.float64]]
    seconds: float


CONTROLLERS: dict[str, Any] = {
    "surrogate": Surrogate,
    "random": Random,
    "evolution": Evolution,
    "conservative": Conservative,
    "reinforce": Reinforce,
    "bayesian": Bayesian,
}
SAMPLERS: dict[str, Callable[..., Any]] = {
    "optuna TPE": optuna.samplers.TPESampler,
    "optuna NSGA-II": optuna.samplers.NSGAIISampler,
    "optuna random": optuna.samplers.RandomSampler,
}


def search(searcher: str, landscape: Landscape, seed: int, evaluations: int) -> Found:
    """Search a landscape with a key of `CONTROLLERS` or `SAMPLERS`, with its default settings."""
    began = time.process_time()
    by = _by_controller if searcher in CONTROLLERS else _by_sampler
    values = by(searcher, landscape, seed, evaluations)
    return Found(np.maximum.accumulate(values), time.process_time() - began)


def _by_controller(name: str, landscape: Landscape, seed: int, evaluations: int) -> list[float]:
    controller = CONTROLLERS[name](landscape.space, OBJECTIVES, seed)
    results = drive(controller, landscape.space, Measure(landscape), evaluations, seed=seed)
    return [float(result.metrics["value"]) for result in results]


def _by_sampler(name: str, landscape: Landscape, seed: int, evaluations: int) -> list[float]:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=SAMPLERS[name](seed=seed))
    values: list[float] = []
    for _ in range(evaluations):
        trial = study.ask()
        candidate, _ = run(landscape.space.build, lambda asked, domain, allowed, t=trial: _suggested(t, asked, domain))
        values.append(landscape.value(candidate))
        study.tell(trial, values[-1])
    return values


def _suggested(trial: optuna.Trial, name: str, domain: Domain) -> Value:
    if isinstance(domain, Options):
        value: Value = trial.suggest_categorical(name, list(domain.values))
        return value
    if isinstance(domain, Integers):
        return trial.suggest_int(name, domain.low, domain.high, step=domain.step, log=domain.log)
    assert isinstance(domain, Reals)
    return trial.suggest_float(name, domain.low, domain.high, log=domain.log)
