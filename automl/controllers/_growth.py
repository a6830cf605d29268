"""Growing a candidate by a chain of edits, each a run of the space's program `grow`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from automl.controllers._schedule import ANY
from automl.core.choices import Answer, Choice, at_random, run
from automl.core.domains import Domain, Options, Value

_MOST_DRAWS = 50
"""An edit that changes nothing is drawn again; after so many in a row the candidate stays as it is."""


def grown(
    space: Any, parent: Any, plan: Sequence[str], rng: np.random.Generator, *, small: bool
) -> tuple[Any, dict[str, Choice]]:
    """Grow a candidate by edits that change it; return it and the trace, names led by `edit0/`, `edit1/` ...

    Args:
        space: a Growable space.
        parent: where to start.
        plan: per edit the name it must have, or `ANY`; an edit that is not possible is left out.
        rng: draws every answer.
        small: True to answer yes to about one in all of the questions 'this word, yes or no?'; False to toss
            a coin.
    """
    trace: dict[str, Choice] = {}
    for place, name in enumerate(plan):
        possible = space.edits(parent)
        if possible and name in (ANY, *possible):
            parent, choices = _edited(space, parent, name, rng, small)
            trace |= {f"edit{place}/{asked}": choice for asked, choice in choices.items()}
    return parent, trace


def _edited(space: Any, parent: Any, name: str, rng: np.random.Generator, small: bool) -> tuple[Any, dict[str, Choice]]:
    before = space.key(parent)
    yes = 1.0 / len(space.words(parent)) if small else 0.5
    for _ in range(_MOST_DRAWS):
        child, trace = run(lambda choose: space.grow(parent, choose), _one_edit(name, yes, rng))
        if space.key(child) != before:
            return child, trace
    return parent, {}


def _one_edit(edit: str, yes: float, rng: np.random.Generator) -> Answer:
    """Answer uniformly at random, but yes to 'this word, yes or no?' with a probability of its own."""
    uniform = at_random(rng)

    def answer(name: str, domain: Domain, allowed: Sequence[Value] | None) -> Value:
        if name == "edit" and edit != ANY:
            return edit
        if _is_yes_or_no(domain) and name.rpartition("/")[2].isdigit():
            return bool(rng.random() < yes)
        return uniform(name, domain, allowed)

    return answer


def _is_yes_or_no(domain: Domain) -> bool:
    return isinstance(domain, Options) and sorted(map(repr, domain.values)) == ["False", "True"]
