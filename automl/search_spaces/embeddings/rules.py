"""Relaxed plans, and the rules that read an ordinary plan from one.

    search       stages wide, soft      the cells, or values, that are missed most after the search (DNIS)
    magnitude    stage  wide            the largest of the warm start, without any search
    damage       stage  wide            the cells that are missed most, without any search
    truncate     stage  wide            the first columns, the same everywhere
    pep          stage  thresholds      the values that outgrew their threshold (PEP)

Deviation from DNIS, which prunes single values only: whole cells (block x column) are kept unless the form is
"elements", because they need no places and, after alignment, lose less. And `search` keeps of these not the largest
alpha * e, but those without which the loss would rise most, where the trainer reports that ("damage"). `pep` keeps
single values always.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.errors import Incompatible, InvalidCandidate, UnknownName
from automl.core.records import Json
from automl.search_spaces.embeddings.frame import Frame
from automl.search_spaces.embeddings.plan import Plan, Stage
from automl.search_spaces.embeddings.size import COUNT, PLACE, VALUE, allowed, element_bytes, too_small

STAGES: Mapping[str, tuple[Stage, ...]] = {
    "search": ("wide", "soft"),
    "magnitude": ("wide",),
    "damage": ("wide",),
    "truncate": ("wide",),
    "pep": ("thresholds",),
}


class Unmeasured(InvalidCandidate):
    """No plan, because the trainer did not tell what the rule goes by; `reason` is why, for diagnostics."""

    reason = "unmeasured"


def relax(frame: Frame, rule: str) -> tuple[Plan, ...]:
    """Return the stages that a rule needs: all columns everywhere.

    Raises:
        UnknownName: if there is no such rule.
    """
    if rule not in STAGES:
        raise UnknownName("rule", rule, STAGES)
    aligned = frame.form == "aligned" and rule != "pep"  # PEP never looks at columns as a whole
    return tuple(
        Plan(frame.width, frame.starts, frame.uniform(frame.width), stage=stage, aligned=aligned)
        for stage in STAGES[rule]
    )


def discretise(frame: Frame, relaxed: Plan, extras: Mapping[str, Json], budget: float, rule: str) -> Plan:
    """Return the plan that a rule reads within a budget.

    Raises:
        InvalidCandidate: if nothing fits, or `relaxed` is not the rule's last stage.
        Unmeasured: if the rule goes by what the trainer did not report.
        Incompatible: if the trainer did not report the importance of every cell.
        UnknownName: if there is no such rule.
    """
    last = relax(frame, rule)[-1]
    if replace(relaxed, origin="") != last:
        raise InvalidCandidate(
            f"The rule '{rule}' reads stage '{last.stage}', and this plan is of stage '{relaxed.stage}'"
            f"{'' if relaxed.stage != last.stage else ' of another space'}.",
            f"Hand over the last of relax('{rule}').",
        )
    most = allowed(frame, budget)
    if rule == "truncate":
        return replace(last, columns=frame.uniform(largest_dim(frame, most)), stage="plain", origin=rule)
    if rule == "damage" and frame.form == "elements":
        raise InvalidCandidate(
            "The rule 'damage' keeps whole cells, and this space keeps single elements.", "Set form=aligned."
        )
    if rule == "pep" or frame.form == "elements":
        return replace(last, elements=_elements(frame, most), stage="plain", origin=rule)
    kept = keep_cells(_importance(frame, extras, rule), np.array([VALUE * block.rows for block in frame.blocks]), most)
    if not kept.any():
        raise too_small(
            frame, most, VALUE * min(block.rows for block in frame.blocks), "a column of the smallest block"
        )
    columns = frame.by_field(tuple(np.flatnonzero(row).tolist()) for row in kept)
    return replace(last, columns=columns, stage="plain", origin=rule)


def largest_dim(frame: Frame, most: int) -> int:
    """Return the largest dimension that fits everywhere.

    Raises:
        InvalidCandidate: if not even one does.
    """
    dim = min(most // (VALUE * frame.rows), frame.width)
    if dim == 0:
        raise too_small(frame, most, VALUE * frame.rows, "one dimension everywhere")
    return dim


def _elements(frame: Frame, most: int) -> int:
    """Return how many single values fit; PAD rows have none."""
    values = (most - COUNT * frame.rows) // (VALUE + PLACE)
    if values < 1:
        raise too_small(frame, most, element_bytes(1, frame.rows), "one value, with the counts of all rows,")
    return min(values, (frame.rows - len(frame.fields)) * frame.width)


def keep_cells(importance: npt.NDArray[np.float64], costs: npt.NDArray[np.int64], most: int) -> npt.NDArray[np.bool_]:
    """Return which cells to keep: the most important ones per value first, and whatever still fits then.

    Cells whose importance is zero or no number are left out, unless no cell has any. Equal ones are taken in the order
    of blocks and columns.

    Args:
        importance: (blocks, K) of an average value of each cell.
        costs: (blocks,) bytes of one column of each block.
        most: bytes that all of them may take.
    """
    kept = np.zeros(importance.shape, dtype=bool)
    width, left, cheapest = importance.shape[1], most, int(costs.min())
    useful = importance.size if not (importance > 0).any() else int((importance > 0).sum())
    for cell in np.argsort(-importance, axis=None, kind="stable")[:useful].tolist():
        if left < cheapest:
            break
        cost = int(costs[cell // width])
        if cost <= left:
            kept.flat[cell] = True
            left -= cost
    return kept


def _importance(frame: Frame, extras: Mapping[str, Json], rule: str) -> npt.NDArray[np.float64]:
    """Return the importance (blocks, K) of an average value of each cell, as the trainer reported it."""
    if rule == "damage" and "damage" not in extras:
        raise Unmeasured(
            "The rule 'damage' keeps what is missed most, and the trainer did not report it: it cannot for models that "
            "mix the embeddings of all rows, for lists that are not of dot products, and for stages that were cut "
            "short.",
            "Take the rule 'magnitude'.",
        )
    name = "damage" if rule in ("search", "damage") and "damage" in extras else "importance"
    reported: Any = extras.get(name)
    try:
        found = [_of_field(frame, field.name, reported[field.name]) for field in frame.fields]
    except (KeyError, TypeError, ValueError) as error:
        raise Incompatible(
            f"The trainer did not report the {name} of every block and column: {type(error).__name__} {error}.",
            f"Its extras need {name}: {{field: [[one number per column] per block]}}.",
        ) from error
    return np.concatenate(found)


def _of_field(frame: Frame, name: str, reported: Any) -> npt.NDArray[np.float64]:
    expected = (sum(block.field == name for block in frame.blocks), frame.width)
    found = np.array(reported, dtype=np.float64)
    if found.shape != expected:
        raise ValueError(f"field '{name}' has shape {found.shape}, not {expected}")
    return found
