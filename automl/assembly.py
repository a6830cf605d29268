"""From a configuration to the parts of a search: names become classes, settings become arguments, gaps get defaults."""

from __future__ import annotations

import os
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from automl.config import SearchConfig
from automl.core.budget import Budget
from automl.core.choices import Program
from automl.core.controller import Controller
from automl.core.errors import Incompatible, UnknownName, UsageError
from automl.core.objectives import Objectives
from automl.core.programs import name_of
from automl.core.records import Json
from automl.core.space import SearchSpace
from automl.core.trainer import Taking, Trainer
from automl.fit import check_objectives, check_pair, trainers_for
from automl.registry import load, names, settings_of
from automl.settings import assign, complete, program_of

_BASELINE = "random"


@dataclass(frozen=True)
class Parts:
    """The parts of a search, ready to run.

    Attributes:
        config: the configuration with every default filled in; running it again repeats the search.
        space, trainer: the plug-ins.
        objectives, budget: what for, and how much.
        controller_settings: keyword arguments of the main controller.
    """

    config: SearchConfig
    space: SearchSpace[Any]
    trainer: Trainer
    objectives: Objectives
    budget: Budget
    controller_settings: Mapping[str, Any] = field(default_factory=dict)

    def controller(self) -> Controller:
        """Make the controller of the search, fresh."""
        return self._make(str(self.config.controller), self.controller_settings)

    def baseline(self, name: str) -> Controller:
        """Make a controller to compare with, with its own defaults."""
        cls = load("controllers", name)
        check_pair(self.config.space, type(self.space), name, cls)
        check_objectives(name, cls, self.objectives)
        return self._make(name, {})

    def _make(self, name: str, settings: Mapping[str, Any]) -> Controller:
        made: Controller = load("controllers", name)(self.space, self.objectives, self.config.seed, **settings)
        return made


def assemble(config: SearchConfig, data: Any = None) -> Parts:
    """Make the parts of a search.

    Args:
        config: what was asked for.
        data: an object that stands in for `config.data`.

    Raises:
        UsageError: for anything that is unknown, of the wrong type, or does not fit together.
    """
    space_class = load("search_spaces", config.space)
    controller_name = config.controller or space_class.default_controller
    controller_class = load("controllers", controller_name)
    check_pair(config.space, space_class, controller_name, controller_class)
    trainer_name = _trainer_name(config)
    trainer_class = load("trainers", trainer_name)
    plugins = {"space": space_class, "controller": controller_class, "trainer": trainer_class}
    chosen = assign(config.set, plugins)

    trainer: Trainer = trainer_class(config.data if data is None else data, **chosen["trainer"])
    objectives = _objectives(config, trainer)
    check_objectives(controller_name, controller_class, objectives)
    facts = {k: v for k, v in trainer.facts().items() if k in settings_of(space_class) and k not in chosen["space"]}
    space: SearchSpace[Any] = space_class(**facts, **chosen["space"])
    space.require()
    budget = config.budget()
    if not budget.bounds():
        budget = Budget(**trainer_class.default_budget)
    every = {
        f"{role}.{name}": value
        for role, cls in plugins.items()
        for name, value in complete(cls, chosen[role], facts if role == "space" else {}).items()
    }
    finalists = trainer_class.default_finalists if config.finalists is None else config.finalists
    named = {"controller": controller_name, "trainer": trainer_name, "set": every, "finalists": finalists}
    _check_travels(program_of(space_class, chosen["space"]), config)
    parts = Parts(config.model_copy(update=named), space, trainer, objectives, budget, chosen["controller"])
    parts.controller()  # what it refuses is refused now, before there is a folder
    return replace(parts, config=_resolve(parts.config, objectives, budget))


def _check_travels(program: Program | None, config: SearchConfig) -> None:
    """Refuse a program that worker processes would not find, before anything is searched."""
    if program is None or _runner(config) == "serial":
        return
    try:
        pickle.dumps(program)
    except Exception as error:  # whatever the user's object makes of being pickled
        raise UsageError(
            f"Worker processes cannot find the program {name_of(program)}: it is a lambda, or defined in a function.",
            "Define it at the top of a .py file, or search with workers=1.",
        ) from error


def _resolve(config: SearchConfig, objectives: Objectives, budget: Budget) -> SearchConfig:
    """Fill in every default that is left."""
    out = Path(config.out) if config.out else _free_directory(f"{config.space}-{config.controller}")
    optuna = config.optuna or os.environ.get("OPTUNA_STORAGE") or f"sqlite:///{out.parent / 'optuna.db'}"
    mlflow = config.mlflow or os.environ.get("MLFLOW_TRACKING_URI") or load("trackers", "mlflow").store_in_use()
    mlflow = mlflow or f"sqlite:///{out.parent / 'mlflow.db'}"
    return config.model_copy(
        update={
            "objectives": str(objectives).split(", "),
            "trials": budget.trials,
            "evaluations": budget.evaluations,
            "cost": budget.cost,
            "runner": _runner(config),
            "out": str(out),
            "optuna": optuna,
            "mlflow": mlflow,
            "baselines": _baselines(config),
        }
    )


def _runner(config: SearchConfig) -> str:
    return config.runner or ("ray" if config.ray_address else "serial" if config.workers == 1 else "process")


def space_from(header: Mapping[str, Any]) -> SearchSpace[Any]:
    """Make the space of a recorded search again, from its configuration and the facts about its data."""
    cls = load("search_spaces", header["config"]["space"])
    known = settings_of(cls)
    facts = {name: value for name, value in header["facts"].items() if name in known}
    prefix = "space."
    chosen = {k.removeprefix(prefix): v for k, v in header["config"]["set"].items() if k.startswith(prefix)}
    space: SearchSpace[Any] = cls(**{**facts, **assign(chosen, {"space": cls})["space"]})
    return space


def _trainer_name(config: SearchConfig) -> str:
    fitting = trainers_for(config.space)
    if config.trainer is None:
        if not fitting:
            raise Incompatible(f"No installed trainer trains candidates of '{config.space}'.", "Type: automl list")
        return _taker(config, fitting) or fitting[0]
    if config.trainer not in names("trainers"):
        raise UnknownName("trainer", config.trainer, names("trainers"))
    load("trainers", config.trainer)  # one that is broken says so itself
    if config.trainer not in fitting:
        raise Incompatible(
            f"The trainer '{config.trainer}' does not train candidates of '{config.space}'.",
            f"Trainers that do: {', '.join(fitting) or 'none'}.",
        )
    return config.trainer


def _taker(config: SearchConfig, fitting: Sequence[str]) -> str | None:
    """Return the trainer that says it is made for the program that is searched, if one is and one does."""
    searched = program_of(load("search_spaces", config.space), config.set)
    if searched is None:
        return None
    classes = {name: load("trainers", name) for name in fitting}
    return next((name for name, cls in classes.items() if issubclass(cls, Taking) and cls.takes(searched)), None)


def _objectives(config: SearchConfig, trainer: Trainer) -> Objectives:
    if not config.objectives:
        return Objectives.parse(trainer.default_objectives())
    objectives = Objectives.parse(config.objectives)
    for metric in objectives.metrics:
        if not trainer.measures(metric):
            raise UnknownName("metric", metric, trainer.metrics)
        if metric in trainer.oracles:
            raise UsageError(
                f"'{metric}' is an oracle: no real search could see it, so none may select by it.",
                f"Search for another metric ({', '.join(m for m in trainer.metrics if m not in trainer.oracles)}); "
                f"the best {metric} on the way is reported beside the result.",
            )
    return objectives


def claims(trainer: Trainer) -> dict[str, Json]:
    """Return what a trainer wants reported beside the result, as texts of objectives, for the ledger's header."""
    known = {**trainer.metrics, **trainer.oracles}
    return {
        "oracles": [f"{direction}:{metric}" for metric, direction in trainer.oracles.items()],
        "trade_off": [f"{known[metric]}:{metric}" for metric in trainer.trade_off or ()],
    }


def _baselines(config: SearchConfig) -> list[str]:
    if config.baselines is None:
        return [] if config.controller == _BASELINE else [_BASELINE]
    wanted = [name for name in config.baselines if name != "none"]
    for name in wanted:
        if name not in names("controllers"):
            raise UnknownName("controller", name, names("controllers"))
    return wanted


def _free_directory(stem: str) -> Path:
    """Return the first of runs/STEM-1, runs/STEM-2, ... that does not exist; now it does, so nobody else takes it."""
    taken = 1
    while True:
        path = Path("runs") / f"{stem}-{taken}"
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            taken += 1
            continue
        except OSError:
            pass  # whoever writes the first file there says why it cannot
        return path
