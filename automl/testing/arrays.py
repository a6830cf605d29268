"""What the kits check of weights: named arrays that are the same to the last bit, and are nobody else's."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from automl.core.records import Weights

MakeWeights: TypeAlias = Callable[[Any], Weights]
"""Makes weights for a candidate, shaped as its trainer would return them."""


def same_arrays(found: Weights | None, expected: Weights) -> None:
    """Check that two sets of weights are equal to the last bit."""
    assert found is not None
    assert list(found) == list(expected) or set(found) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)
        assert found[name].dtype == array.dtype


def inherits_cleanly(space: Any, child: Any, parent: Any, given: Weights) -> Weights | None:
    """Inherit twice, and check that both times are alike and nothing given is changed or shared."""
    before = copy.deepcopy(dict(given))
    first: Weights | None = space.inherit(child, parent, given)
    again: Weights | None = space.inherit(child, parent, given)
    same_arrays(given, before)
    assert (first is None) == (again is None)
    if first is None or again is None:
        return None
    same_arrays(first, again)
    for name, array in first.items():
        assert isinstance(array, np.ndarray), name
        assert not any(np.shares_memory(array, other) for other in given.values()), f"'{name}' aliases its input"
    return first
