"""A `param_space` of Ray Tune as a search space: its distributions are the choices, everything else stays as it is.

    space = TuneSpace({"lr": tune.loguniform(1e-4, 1e-1), "net": {"width": tune.choice([8, 16])}, "data": "digits"})
    space.build(choose)                    # {"lr": 0.003, "net": {"width": 8}, "data": "digits"}

Options are taken by their place, steps of a quantised range by number; what lies deeper is named by its path.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from ray.tune.search import sample

from automl.core.choices import Choose
from automl.core.domains import Domain, Integers, Options, Reals, Value
from automl.core.errors import Incompatible
from automl.core.records import Json
from automl.core.space import SearchSpace

Path: TypeAlias = tuple[str | int, ...]
Candidate: TypeAlias = dict[str, Any]


class TuneSpace(SearchSpace[Candidate]):
    """The distributions of a `param_space`.

    Args:
        config: the `param_space`: dicts and lists to any depth, with `tune.uniform`, `tune.choice` and the like.

    Raises:
        Incompatible: for what only Tune can draw: functions, normal distributions, grids.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config: Candidate = _mutable(config)
        self._asked = {"/".join(map(str, path)): (path, _Asked(path, found)) for path, found in _found(self._config)}

    def build(self, choose: Choose) -> Candidate:
        candidate: Candidate = _mutable(self._config)
        for name, (path, asked) in self._asked.items():
            _put(candidate, path, asked.suggestion(choose(name, asked.domain)))
        return candidate

    def load(self, json: Any) -> Candidate:
        return dict(json)

    def dump(self, candidate: Candidate) -> Json:
        return candidate

    def answers(self, config: Mapping[str, Any]) -> dict[str, Value]:
        """Return the choices that lead to a config.

        Raises:
            KeyError, IndexError, ValueError: if none do.
        """
        return {name: asked.answer(_get(config, path)) for name, (path, asked) in self._asked.items()}

    def state(self) -> Json:
        """Return the space as JSON; None if what is not chosen cannot be written so."""
        try:
            written: Json = json.loads(json.dumps(_written(self._config)))
        except (TypeError, ValueError):
            return None
        return written

    @classmethod
    def of_state(cls, state: Json) -> TuneSpace:
        """Read back the JSON of `state`."""
        return cls(_read(state))


def has_choices(config: Mapping[str, Any]) -> bool:
    """Say whether there is anything to choose in a config."""
    return any(True for _ in _found(_mutable(config)))


class _Asked:
    """One distribution of Tune, and the domain that stands for it."""

    def __init__(self, path: Path, asked: Any) -> None:
        if not isinstance(asked, sample.Categorical | sample.Integer | sample.Float):
            raise _only_tune_knows(path, asked)
        sampler = asked.get_sampler()
        quantised = isinstance(sampler, sample.Quantized)
        self._step: Any = sampler.q if quantised else None
        inner = sampler.sampler if quantised else sampler
        if isinstance(inner, sample.Normal):
            raise _only_tune_knows(path, asked)
        self._asked = asked
        self.domain = self._domain(log=isinstance(inner, sample.LogUniform))

    def suggestion(self, value: Any) -> Any:
        """Return what the config gets for an answer."""
        if isinstance(self._asked, sample.Categorical):
            return self._asked.categories[value]
        return value if self._step is None else self._asked.cast(value * self._step)

    def answer(self, given: Any) -> Value:
        """Return the answer for what stands in a config; the inverse of `suggestion`."""
        if isinstance(self._asked, sample.Categorical):
            place: int = self._asked.categories.index(given)
            return place
        if self._step is not None:
            place = round(given / self._step)
            return place
        return int(given) if isinstance(self._asked, sample.Integer) else float(given)

    def _domain(self, *, log: bool) -> Domain:
        asked, whole = self._asked, isinstance(self._asked, sample.Integer)
        if isinstance(asked, sample.Categorical):
            return Options(tuple(range(len(asked.categories))))
        if self._step is None:  # Tune leaves out the upper end of a range of integers
            return Integers(asked.lower, asked.upper - 1, log=log) if whole else Reals(asked.lower, asked.upper, log)
        low, high = math.ceil(asked.lower / self._step - _SLACK), math.floor(asked.upper / self._step + _SLACK)
        high -= whole and self._step == 1
        return Integers(low, high, log=log and low > 0)


_SLACK = 1e-9
_MARK = "\0tune"
_HINT = "Use tune.uniform, tune.choice and the like for it, or a search space of automl."


def _only_tune_knows(path: Path, asked: Any) -> Incompatible:
    return Incompatible(f"'{'/'.join(map(str, path))}' is drawn in a way that only Tune knows: {asked!r}.", _HINT)


def _mutable(config: Any) -> Any:
    """Return a copy with lists for tuples, so that what lies in them can be replaced."""
    if isinstance(config, Mapping):
        return {key: _mutable(inner) for key, inner in config.items()}
    if isinstance(config, list | tuple):
        return [_mutable(inner) for inner in config]
    return config


def _found(config: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield the distributions of a config with their places."""
    if isinstance(config, sample.Domain):
        yield path, config
    elif isinstance(config, Mapping):
        if "grid_search" in config:
            raise Incompatible(f"'{'/'.join(map(str, path))}' is a grid, which leaves nothing to choose.", _HINT)
        for key, inner in config.items():
            yield from _found(inner, (*path, key))
    elif isinstance(config, list):
        for place, inner in enumerate(config):
            yield from _found(inner, (*path, place))


def _written(config: Any) -> Any:
    """Return a config with its distributions in words."""
    if isinstance(config, dict):
        return {key: _written(inner) for key, inner in config.items()}
    if isinstance(config, list):
        return [_written(inner) for inner in config]
    if isinstance(config, sample.Categorical):
        return {_MARK: ["choice", config.categories]}
    if isinstance(config, sample.Float | sample.Integer):
        sampler = config.get_sampler()
        step = sampler.q if isinstance(sampler, sample.Quantized) else None
        log = isinstance(sampler.sampler if step is not None else sampler, sample.LogUniform)
        kind = "integers" if isinstance(config, sample.Integer) else "reals"
        return {_MARK: [kind, config.lower, config.upper, log, step]}
    return config


def _read(state: Any) -> Any:
    """Return the config that `_written` wrote."""
    if isinstance(state, list):
        return [_read(inner) for inner in state]
    if not isinstance(state, dict):
        return state
    if _MARK not in state:
        return {key: _read(inner) for key, inner in state.items()}
    kind, *rest = state[_MARK]
    if kind == "choice":
        return sample.Categorical(rest[0]).uniform()
    low, high, log, step = rest
    domain: Any = sample.Integer(low, high) if kind == "integers" else sample.Float(low, high)
    domain = domain.loguniform() if log else domain.uniform()
    return domain if step is None else domain.quantized(step)


def _get(config: Any, path: Path) -> Any:
    for key in path:
        config = config[key]
    return config


def _put(config: Any, path: Path, value: Any) -> None:
    _get(config, path[:-1])[path[-1]] = value
