"""A finished network as users get it: a module made from its own generated source."""

from __future__ import annotations

import linecache
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import torch
from torch import nn

from automl.core.records import Weights
from automl.search_spaces.gnn.candidate import Gnn
from automl.trainers.gnn.network import load_known
from automl.trainers.gnn.source import source_of
from automl.trainers.gnn.weights import refuse_incomplete

FILE = "model.py"
"""Name of the file with the source, beside the weights."""


def exported(candidate: Gnn, weights: Weights, facts: Mapping[str, Any]) -> nn.Module:
    """Return a finished network in eval mode and on the CPU; `source` is how it was made.

    Raises:
        WeightsError: if the weights are not complete, or of another network.
    """
    source = source_of(candidate, facts)
    made = ModuleType("generated_gnn")
    name = f"<generated {hash(source):x}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)  # tracebacks show it
    exec(compile(source, name, "exec"), made.__dict__)
    with torch.random.fork_rng([]):
        model: nn.Module = made.Model()
    with torch.no_grad():
        refuse_incomplete(load_known(model, weights))
    model.source = source  # type: ignore[assignment]
    return model.requires_grad_(False).eval()
