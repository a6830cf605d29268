"""Samplers of Optuna by name: its own, those of OptunaHub that are on this machine, and any other class.

    tpe multivariate=false          one of Optuna's, its settings in Optuna's words behind it
    partial_fixed base=gp lr=0.1    another sampler for all names but those that are fixed
    optunahub:samplers/NAME         a package that OptunaHub has downloaded before, or a folder of such a package
    module:Class                    any subclass of `optuna.samplers.BaseSampler`

Nothing is downloaded here.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import optuna
from optuna.samplers import BaseSampler
from optuna.search_space import IntersectionSearchSpace

from automl.controllers._draws import draws
from automl.core.errors import Incompatible, MissingExtra, UnknownName, UsageError

SAMPLERS = {
    "brute_force": "BruteForceSampler",
    "cmaes": "CmaEsSampler",
    "gp": "GPSampler",
    "nsgaii": "NSGAIISampler",
    "nsgaiii": "NSGAIIISampler",
    "partial_fixed": "PartialFixedSampler",
    "qmc": "QMCSampler",
    "random": "RandomSampler",
    "tpe": "TPESampler",
}
HUB = "optunahub"
_ONE_OBJECTIVE = {"cmaes"}
_STATEFUL = {"cmaes", "partial_fixed"}
"""Those of Optuna's own whose attributes in a study are more than plain JSON, or may be, as read in Optuna 5.0."""
_SEEDS = 2**31


class Samplers:
    """Makes the samplers of one private study.

    Optuna's own are made anew for each trial and know nothing but a seed: what they have learned is in the study. They
    pass on which names all trials have, or each would go through all trials again to find out. Any other is made once
    and lasts, because it may remember what it likes.

    Args:
        text: which, and its settings.
        startup: random trials before a model is used, or the size of a population, where a sampler has such a setting.
        seed: of the study.
        goals: how many objectives there are.

    Attributes:
        name: the sampler's name without its settings.
        plain: whether a study with this sampler can be written as JSON; else it is resumed by asking again.
        lasting: whether one sampler serves all trials.
    """

    def __init__(self, text: str, startup: int, seed: int, goals: int) -> None:
        self.name, settings = parsed(text, "sampler")
        if goals > 1 and self.name in _ONE_OBJECTIVE:
            raise Incompatible(
                f"The sampler '{self.name}' learns from one objective, and there are {goals}.",
                "Set sampler to tpe, gp, nsgaii or nsgaiii.",
            )
        self._text, self._startup, self._seed, self._settings = text, startup, seed, settings
        self._class = _class_of(self.name)
        self.plain = self.name in SAMPLERS and self.name not in _STATEFUL
        self.lasting = self.name not in SAMPLERS
        self._common: dict[str, IntersectionSearchSpace] = {}
        self._last = self._made(0)

    def of(self, trial: int) -> BaseSampler:
        """Return the sampler that answers a trial."""
        if self.lasting:
            return self._last
        made = self._made(trial)
        for name, value in vars(made).items():
            if isinstance(value, IntersectionSearchSpace):
                setattr(made, name, self._common.setdefault(name, value))
        return made

    def _made(self, trial: int) -> BaseSampler:
        seed = self.seed_of(trial)
        offered: dict[str, Any] = {
            "seed": seed,
            "n_startup_trials": self._startup,
            "population_size": max(2, self._startup),
            "warn_independent_sampling": False,
            "warn_asynchronous_seeding": False,
        }
        if self.name == "qmc":  # one scrambled sequence for the whole study, other names at random
            offered |= {"seed": self._seed % _SEEDS, "scramble": True}
            offered["independent_sampler"] = optuna.samplers.RandomSampler(seed)
        settings = dict(self._settings)
        if self.name == "partial_fixed":
            base = Samplers(str(settings.pop("base", "tpe")), self._startup, self._seed, 1)
            settings = {"fixed_params": settings, "base_sampler": base._made(trial)}
        taken = inspect.signature(self._class).parameters
        chosen = {**{name: value for name, value in offered.items() if name in taken}, **settings}
        try:
            made: BaseSampler = self._class(**chosen)
        except (TypeError, ValueError, NotImplementedError, ImportError) as error:
            raise UsageError(f"The sampler '{self._text}' cannot be made: {error}") from error
        if "seed" not in taken:
            _seed(made, seed)
        return made

    def seed_of(self, trial: int) -> int:
        """Return the seed of whatever is drawn for a trial."""
        return int(draws(self._seed, trial).integers(_SEEDS))


def parsed(text: str, kind: str) -> tuple[str, dict[str, Any]]:
    """Split `NAME key=value key=value`; a value is read as JSON, else as a text.

    Raises:
        UsageError: if there is something without a value.
    """
    name, *rest = text.split() or [""]
    settings: dict[str, Any] = {}
    for part in rest:
        key, equals, value = part.partition("=")
        if not equals:
            raise UsageError(f"'{part}' is not a setting of a {kind}.", "Write key=value behind the name.")
        try:
            settings[key] = json.loads(value)
        except ValueError:
            settings[key] = value
    return name, settings


def _class_of(name: str) -> type[BaseSampler]:
    if name in SAMPLERS:
        needed = {"cmaes": "cmaes", "gp": "torch"}.get(name)
        if needed and importlib.util.find_spec(needed) is None:
            raise MissingExtra(needed, needed)
        own: type[BaseSampler] = getattr(optuna.samplers, SAMPLERS[name])
        return own
    place, _, attribute = name.partition(":")
    if place == HUB:
        return _from_hub(attribute)
    if not attribute:
        grid = "For a grid take brute_force, which needs none written down. " * (name == "grid")
        hint = f"{grid}Others are named as optunahub:samplers/NAME or as module:Class."
        raise UnknownName("sampler", name, SAMPLERS, hint)
    try:
        found = getattr(importlib.import_module(place), attribute)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"The sampler '{name}' cannot be loaded: {error}.") from error
    if not _is_sampler(found):
        raise UsageError(f"'{name}' is no Optuna sampler.", "Name a subclass of optuna.samplers.BaseSampler.")
    return found  # type: ignore[no-any-return]


def _is_sampler(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, BaseSampler)


def _from_hub(name: str) -> type[BaseSampler]:
    """Load a package of OptunaHub from its folder; `:Class` behind it says which of several samplers is meant."""
    if importlib.util.find_spec(HUB) is None:
        raise MissingExtra(HUB, HUB)
    package, _, wanted = name.partition(":")
    folder = _folder_of(package)
    try:
        module = _loaded(folder)
    except ImportError as error:
        raise UsageError(
            f"The sampler '{HUB}:{package}' cannot be loaded: {error}.",
            f"Its requirements are said in {folder / 'requirements.txt'}, if it has any.",
        ) from error
    public: Sequence[str] = getattr(module, "__all__", [n for n in vars(module) if not n.startswith("_")])
    offered = {n: vars(module)[n] for n in public if _is_sampler(vars(module).get(n))}
    if wanted and wanted not in offered:
        raise UnknownName(f"sampler of {package}", wanted, offered)
    if not wanted and len(offered) != 1:
        known = ", ".join(offered) or "none"
        raise UsageError(f"{package} has not one sampler but these: {known}.", f"Write {HUB}:{package}:CLASS.")
    return offered[wanted or next(iter(offered))]  # type: ignore[no-any-return]


def _loaded(folder: Path) -> ModuleType:
    """Import a package from its folder, once; OptunaHub names it by the last part of that, which others may share."""
    import optunahub

    name = f"optunahub_registry.package.{folder.name}"
    before = sys.modules.get(name)
    if before is not None and Path(str(before.__file__)).parent == folder:
        return before
    for other in [other for other in sys.modules if other == name or other.startswith(f"{name}.")]:
        del sys.modules[other]
    try:
        module: ModuleType = optunahub.load_local_module(folder.name, registry_root=str(folder.parent))
    except ImportError:
        sys.modules.pop(name, None)
        raise
    return module


def _folder_of(package: str) -> Path:
    """Return the folder of a package: one that is named, or one that OptunaHub has downloaded before."""
    from optunahub import _conf

    registry = Path(_conf.cache_home(), "github.com", "optuna", "optunahub-registry", "main", "package")
    for folder in (Path(package).expanduser().resolve(), registry / package, registry / "samplers" / package):
        if package and (folder / "__init__.py").is_file():
            return folder
    name = package if "/" in package else f"samplers/{package or 'NAME'}"
    raise UsageError(
        f"There is no OptunaHub package '{package}' on this machine, neither as a folder nor among those downloaded.",
        f"Download it once with: python -c \"import optunahub; optunahub.load_module('{name}')\"",
    )


def _seed(sampler: BaseSampler, seed: int) -> None:
    """Seed the generators that a sampler keeps, for one that takes no seed; those of samplers inside it, too."""
    for name, value in vars(sampler).items():
        if isinstance(value, BaseSampler):
            _seed(value, seed)
        elif isinstance(value, np.random.Generator):
            setattr(sampler, name, np.random.default_rng(seed))
        else:
            generator = getattr(value, "rng", value)  # Optuna's own are made when first needed
            if isinstance(generator, np.random.RandomState | random.Random):
                generator.seed(seed)
