"""The search space `morl`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, ClassVar

from automl.core.choices import Choose
from automl.core.domains import Domain, Value
from automl.core.errors import InvalidCandidate, MissingExtra, UnknownName, UsageError
from automl.core.records import Json, Weights
from automl.core.space import SearchSpace
from automl.search_spaces.morl import program
from automl.search_spaces.morl.algorithms import ALGORITHMS
from automl.search_spaces.morl.candidate import Configuration
from automl.search_spaces.morl.fixed import Held, held_by, refuse_others
from automl.search_spaces.morl.own import is_own, load_own
from automl.search_spaces.morl.program import Algorithm

ALGORITHM = "algorithm"
"""The choice among several algorithms."""


class MorlSpace(SearchSpace[Configuration]):
    """Hyperparameters of algorithms that learn several policies, one for each way to weigh the objectives.

    Every algorithm asks for its own, under its name: `tabular/learning_rate`. Rates and lengths are asked on a
    logarithmic scale, the discount as its horizon 1 / (1 - gamma), the end of exploration as a share of its start and
    its decay as a share of the training, so that no candidate contradicts itself.

    Settings:
        algorithm: whose hyperparameters; several names, separated by commas, are searched together. `module:Class`
            names an algorithm of one's own, with a `program` and a `default`.
        actions: "discrete" or "continuous"; the trainer's environment says it. So with the next.
        observations: "discrete" or "continuous".
        fixed: values of hyperparameters that are not searched, as in `fixed.batch_size=32`; `fixed.envelope/batch_size`
            speaks of one algorithm among several. They are part of every candidate, and of the default that the winner
            is compared with.
    """

    default_controller: ClassVar[str] = "bayesian"

    def __init__(
        self,
        *,
        algorithm: tuple[str, ...] = ("tabular",),
        actions: str = "discrete",
        observations: str = "discrete",
        fixed: Mapping[str, Value] | None = None,
    ) -> None:
        if not algorithm or len(set(algorithm)) != len(algorithm):
            raise UsageError("Name one algorithm or several different ones.", f"Known: {', '.join(ALGORITHMS)}.")
        self.algorithms = {name: known(name) for name in algorithm}
        for one in self.algorithms.values():
            _refuse_misfit(one, actions, observations)
        self.held = held_by(self.algorithms.values(), fixed or {})

    def require(self) -> None:
        for one in self.algorithms.values():
            _refuse_missing(one)

    def build(self, choose: Choose) -> Configuration:
        names = tuple(self.algorithms)
        name = names[0] if len(names) == 1 else choose(ALGORITHM, names)
        held = self.held[name]

        def answer(asked: str, domain: Domain) -> Value:
            value: Value = held[asked] if asked in held else choose(f"{name}/{asked}", domain)
            return value

        return _configured(name, program.asked(self.algorithms[name], answer), held)

    def defaults(self) -> Sequence[Mapping[str, Value]]:
        """Return the answers to `build` that one would give without a search, once for each algorithm."""
        several = len(self.algorithms) > 1
        return [
            {**({ALGORITHM: name} if several else {}), **{f"{name}/{key}": value for key, value in answers.items()}}
            for name, answers in ((name, self._searched_of(self.default(name))) for name in self.algorithms)
        ]

    def _searched_of(self, candidate: Configuration) -> Mapping[str, Value]:
        held = self.held[candidate.algorithm]
        return {name: value for name, value in candidate.hyperparameters if name not in held}

    def default(self, name: str) -> Configuration:
        """Return an algorithm as it is without a search, but for what is fixed."""
        return default_of(self.algorithms[name], self.held[name])

    def check(self, candidate: Configuration) -> None:
        if candidate.algorithm not in self.algorithms:
            raise InvalidCandidate(
                f"This space does not search '{candidate.algorithm}'.",
                f"Type: --set algorithm={','.join((*self.algorithms, candidate.algorithm))}",
            )
        program.given(self.algorithms[candidate.algorithm], candidate.values)
        refuse_others(candidate.values, self.held[candidate.algorithm])

    def dump(self, candidate: Configuration) -> Json:
        """Write as {"algorithm": "tabular", "hyperparameters": {"learning_rate": 0.1, ...}}."""
        return {"algorithm": candidate.algorithm, "hyperparameters": dict(candidate.hyperparameters)}

    def load(self, json: Any) -> Configuration:
        """Read a configuration back; its hyperparameters are brought into the order of the program.

        Raises:
            InvalidCandidate: if the JSON describes none.
        """
        try:
            name, values = json["algorithm"], dict(json["hyperparameters"])
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidCandidate(
                f"This JSON describes no configuration: {type(error).__name__} {error}.",
                'Write {"algorithm": NAME, "hyperparameters": {NAME: VALUE, ...}}.',
            ) from error
        if name not in self.algorithms:
            return Configuration(name, tuple(values.items()))  # `check` says why it is refused
        return _configured(name, program.given(self.algorithms[name], values), self.held[name])

    def describe(self, candidate: Configuration) -> str:
        """Return a configuration as in `tabular learning_rate=0.1 horizon=10 policies=10`."""
        return " ".join([candidate.algorithm, *(f"{name}={_short(v)}" for name, v in candidate.hyperparameters)])

    def inherit(self, child: Configuration, parent: Configuration, weights: Weights) -> Weights | None:
        """Return copies of a paused run, for the same algorithm; the hyperparameters may have changed."""
        if child.algorithm != parent.algorithm:
            return None
        return {name: array.copy() for name, array in weights.items()}


def known(name: str) -> Algorithm:
    """Return an algorithm by name, or one's own by `module:Class`.

    Raises:
        UnknownName: if there is none.
        UsageError: if one's own cannot be loaded.
    """
    if is_own(name):
        return load_own(name)
    if name not in ALGORITHMS:
        raise UnknownName("algorithm", name, ALGORITHMS, "One of your own is named as module:Class.")
    return ALGORITHMS[name]


def default_of(algorithm: Algorithm, held: Held = MappingProxyType({})) -> Configuration:
    """Return an algorithm with the hyperparameters that one would take without a search, but for those held.

    Raises:
        InvalidCandidate: if its default lacks a value, and nothing is held that could be why.
    """
    values = program.unsearched(algorithm, held) if held else program.given(algorithm, algorithm.default)
    return _configured(algorithm.name, values, held)


def default_beside(candidate: Configuration) -> Configuration:
    """Return what a candidate is compared with: its algorithm's default, with the same hyperparameters held."""
    return default_of(known(candidate.algorithm), dict(candidate.fixed))


def _configured(name: str, values: Mapping[str, Value], held: Held) -> Configuration:
    return Configuration(name, tuple(values.items()), tuple(held.items()))


def _refuse_misfit(algorithm: Algorithm, actions: str, observations: str) -> None:
    for kind, has, takes in (
        ("actions", actions, algorithm.actions),
        ("observations", observations, algorithm.observations),
    ):
        if has not in takes:
            fitting = [
                one.name for one in ALGORITHMS.values() if actions in one.actions and observations in one.observations
            ]
            raise UsageError(
                f"'{algorithm.name}' needs {' or '.join(takes)} {kind}; this environment has {has} ones.",
                f"Algorithms that fit: {', '.join(fitting) or 'none of those here'}.",
            )


def _refuse_missing(algorithm: Algorithm) -> None:
    """Refuse to search what could not be trained here."""
    if algorithm.package and find_spec(algorithm.package) is None:
        raise MissingExtra(algorithm.package.replace("_", "-"), algorithm.package.replace("_", "-"))


def _short(value: Value) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
