"""A run at rest, as arrays by name, and back: it goes on bit for bit, in any process.

Rows of tables belong to observations, which are saved with them; how a world numbers them is its own affair. Runs rest
between two episodes, so the inner state of the environment is not needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from automl.core.records import Weights
from automl.trainers.morl.tabular import kernels as k

if TYPE_CHECKING:
    from automl.trainers.morl.tabular.learner import Tabular

CHANCE = "chance/"


def dump(run: Tabular) -> Weights:
    """Return a run as arrays that are its own."""
    rows, stored = int(run.register[k.ROWS]), min(int(run.register[k.STORED]), len(run.memory.steps))
    place = np.empty(rows, np.int64)
    met = np.flatnonzero(run.row >= 0)
    place[run.row[met]] = met
    observed = [run.world.observations[number] for number in place]
    return {
        "tables": run.tables[:, :rows].copy(),
        "weights": run.weights.copy(),
        "values": run.values.copy(),
        "observations": np.array(observed) if observed else np.zeros((0, 0)),
        "counts": np.array([run.steps, run.asked, run.opened, run.register[k.STORED]], np.int64),
        "memory": run.memory.steps[:stored].copy(),
        "memory_rewards": run.memory.rewards[:stored].copy(),
        "splitmix": run.splitmix.copy(),
        "outer": _of_text(run.rng.bit_generator.state),
        **{CHANCE + name: array.copy() for name, array in run.chance.items()},
    }


def load(run: Tabular, state: Weights) -> None:
    """Take up a state, in a run that was just made; its hyperparameters may differ."""
    rows = state["tables"].shape[1]
    tables = np.zeros((len(state["tables"]), max(rows + 2, run.tables.shape[1]), *run.tables.shape[2:]))
    tables[:, :rows] = state["tables"]
    run.tables, run.weights, run.values = tables, state["weights"].copy(), state["values"].copy()
    numbers = [run.world.number_of(observation) for observation in state["observations"]]
    run.row = np.full(len(run.world.observations), -1, np.int64)
    run.row[numbers] = np.arange(rows)
    steps, run.asked, run.opened, stored = (int(count) for count in state["counts"])
    run.register[k.STEP], run.register[k.STORED], run.register[k.ROWS] = steps, stored, rows
    run.register[k.OVER] = 1 if steps else 0
    _remember(run, state)
    run.splitmix = state["splitmix"].copy()
    run.rng.bit_generator.state = _to_text(state["outer"])
    run.chance = {name.removeprefix(CHANCE): a.copy() for name, a in state.items() if name.startswith(CHANCE)}


def _remember(run: Tabular, state: Weights) -> None:
    """Fill the memory; one of another size keeps what fits."""
    kept = min(len(state["memory"]), len(run.memory.steps))
    run.memory.steps[:kept], run.memory.rewards[:kept] = state["memory"][:kept], state["memory_rewards"][:kept]
    if kept < len(state["memory"]) or (len(state["memory"]) < len(run.memory.steps) <= run.register[k.STORED]):
        run.register[k.STORED] = kept


def _of_text(value: Any) -> Any:
    import json

    return np.frombuffer(json.dumps(value).encode(), np.uint8).copy()


def _to_text(array: Any) -> Any:
    import json

    return json.loads(array.tobytes())
