"""Hyperparameters that are held at a value instead of being searched.

`batch_size` speaks of every algorithm that asks for one, `envelope/batch_size` of that algorithm alone. What an
algorithm may ask for is found by running its program down every branch: each alternative that was not tried is tried
once, after the answers that led to it, and of a range its two ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from automl.core.domains import Domain, Options, Value
from automl.core.errors import InvalidCandidate, UnknownName, UsageError
from automl.search_spaces.morl.program import Algorithm, asked, in_words, read_as

Held: TypeAlias = Mapping[str, Value]
"""Values of one algorithm's hyperparameters, by their own names."""


def held_by(algorithms: Iterable[Algorithm], given: Mapping[str, Value]) -> Mapping[str, Held]:
    """Return what each algorithm holds, by its name.

    Args:
        algorithms: those that are searched.
        given: values by the names of hyperparameters, with or without the name of an algorithm before them.

    Raises:
        UnknownName: if no algorithm asks for such a hyperparameter.
        UsageError: if it cannot have that value, or is not in force beside the others.
    """
    held: dict[str, dict[str, Value]] = {}
    known: dict[str, str] = {}
    for one in algorithms:
        domains = askable(one, {})
        known |= {f"{one.name}/{name}": name for name in domains}
        held[one.name] = {
            name: _valid(one, name, given[written], domain)
            for name, domain in domains.items()
            for written in (name, f"{one.name}/{name}")
            if written in given
        }
        _refuse_idle(one, held[one.name])
    for written in given:
        if written not in known and written not in known.values():
            raise UnknownName("hyperparameter", written, known if "/" in written else set(known.values()))
    return held


def askable(algorithm: Algorithm, held: Held) -> dict[str, Domain]:
    """Return everything that an algorithm may ask for, with the domains, while some of it is held."""
    found: dict[str, Domain] = {}
    due: list[dict[str, Value]] = [dict(held)]
    while due:
        answers = due.pop()
        path: dict[str, Value] = {}

        def answer(name: str, domain: Domain, answers: Held = answers, path: dict[str, Value] = path) -> Value:
            values = _alternatives(domain)
            if name not in found:
                found[name] = domain
                if name not in answers:
                    due.extend({**held, **path, name: value} for value in values[1:])
            path[name] = answers.get(name, values[0])
            return path[name]

        asked(algorithm, answer)
    return found


def _alternatives(domain: Domain) -> tuple[Value, ...]:
    return domain.values if isinstance(domain, Options) else (domain.low, domain.high)


def _valid(algorithm: Algorithm, name: str, value: Value, domain: Domain) -> Value:
    read = read_as(value, domain)
    if read not in domain:
        raise UsageError(
            f"{algorithm.name} cannot have {name}={value!r}.",
            f"Give a value from {in_words(domain)}, as in --set fixed.{name}={_alternatives(domain)[0]}.",
        )
    return read


def _refuse_idle(algorithm: Algorithm, held: Held) -> None:
    """Refuse what nothing would ask for while the rest is held."""
    idle = sorted(set(held) - set(askable(algorithm, held)))
    if idle:
        others = ", ".join(f"{name}={value}" for name, value in held.items() if name not in idle)
        raise UsageError(
            f"{algorithm.name} has no use for {', '.join(idle)} while {others} is fixed.", "Leave one of them out."
        )


def refuse_others(values: Held, held: Held) -> None:
    """Refuse a candidate whose values are not those that are held.

    Raises:
        InvalidCandidate: naming the first.
    """
    for name, value in held.items():
        if name in values and values[name] != value:
            raise InvalidCandidate(
                f"This search holds {name} at {value!r}; the candidate has {values[name]!r}.",
                f"Leave out --set fixed.{name}={value} to search it.",
            )
