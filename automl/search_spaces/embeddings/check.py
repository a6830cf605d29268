"""Which plans belong to a space."""

from __future__ import annotations

from itertools import pairwise

from automl.core.errors import InvalidCandidate
from automl.search_spaces.embeddings.codec import STAGES
from automl.search_spaces.embeddings.frame import Frame
from automl.search_spaces.embeddings.plan import Plan
from automl.search_spaces.embeddings.size import size


def check(frame: Frame, plan: Plan, *, rotatable: bool) -> None:
    """Refuse a plan that is not of the space.

    Raises:
        InvalidCandidate: saying what is wrong, why, and what would be right.
    """
    _refuse_other_blocks(frame, plan)
    if not 1 <= plan.width <= frame.width:
        raise InvalidCandidate(
            f"The plan's width is {plan.width}, the space has max_dim={frame.width}.", "Widths are 1 to max_dim."
        )
    _refuse_bad_columns(frame, plan)
    if plan.aligned and not rotatable:
        raise InvalidCandidate(
            "The plan's columns are principal axes, and the model is not the same after a rotation.",
            "Leave out aligned, or choose another model.",
        )
    _refuse_elements(frame, plan)
    _refuse_stage(frame, plan)


def _refuse_other_blocks(frame: Frame, plan: Plan) -> None:
    names = ", ".join(field.name for field in frame.fields)
    if not len(plan.starts) == len(plan.columns) == len(frame.fields):
        raise InvalidCandidate(
            f"The plan has {len(plan.columns)} fields, the space has {len(frame.fields)}: {names}.",
            "Search again on these data.",
        )
    for field, found, expected, columns in zip(frame.fields, plan.starts, frame.starts, plan.columns, strict=True):
        if found != expected or len(columns) != len(expected):
            raise InvalidCandidate(
                f"The plan has columns for {len(columns)} blocks of field '{field.name}', which start at "
                f"{list(found)}; the space cuts it at {list(expected)}.",
                "Use the same data and the same setting blocks as the search that made the plan.",
            )


def _refuse_bad_columns(frame: Frame, plan: Plan) -> None:
    for field, blocks in zip(frame.fields, plan.columns, strict=True):
        for block, kept in enumerate(blocks):
            if any(a >= b for a, b in pairwise(kept)) or any(not 0 <= column < plan.width for column in kept):
                raise InvalidCandidate(
                    f"Block {block} of field '{field.name}' keeps the columns {list(kept)}.",
                    f"Columns are 0 to {plan.width - 1}, ascending, each once.",
                )
    if not any(kept for blocks in plan.columns for kept in blocks):
        raise InvalidCandidate("The plan keeps no column of any block.", "Give one block a column at least.")


def _refuse_elements(frame: Frame, plan: Plan) -> None:
    if plan.elements is None:
        return
    cells = size(Plan(plan.width, plan.starts, plan.columns), frame.fields).values
    if not 1 <= plan.elements <= cells:
        raise InvalidCandidate(
            f"The plan keeps {plan.elements:,} values, its columns have {cells:,}.",
            f"elements is 1 to {cells:,}, or None for all.",
        )


def _refuse_stage(frame: Frame, plan: Plan) -> None:
    if plan.stage not in STAGES:
        raise InvalidCandidate(f"A plan has no stage '{plan.stage}'.", f"Stages are {', '.join(STAGES)}.")
    if plan.stage == "plain":
        return
    full = plan.width == frame.width and plan.columns == frame.uniform(frame.width) and plan.elements is None
    if not full:
        raise InvalidCandidate(
            f"A plan of stage '{plan.stage}' keeps all {frame.width} columns of all blocks, and this one does not.",
            "Take relaxed plans from relax.",
        )
    if plan.aligned and plan.stage == "thresholds":
        raise InvalidCandidate(
            "Thresholds are learned on values as they are, not on aligned ones.", "Leave out aligned."
        )
