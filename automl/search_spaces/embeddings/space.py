"""The search space `embeddings`."""

from __future__ import annotations

import json as texts
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, get_args

from automl.core.choices import Choose
from automl.core.errors import UsageError
from automl.core.records import Json, Weights
from automl.core.space import SearchSpace
from automl.search_spaces.embeddings import codec, program, rules, thumbs
from automl.search_spaces.embeddings.check import check
from automl.search_spaces.embeddings.describe import describe
from automl.search_spaces.embeddings.elements import MOST_COLUMNS
from automl.search_spaces.embeddings.facts import read_fields
from automl.search_spaces.embeddings.frame import Form, Frame, cut
from automl.search_spaces.embeddings.inherit import inherit
from automl.search_spaces.embeddings.plan import Plan


class EmbeddingSpace(SearchSpace[Plan]):
    """Which embedding dimensions each block of rows of each field keeps.

    Budgets are a share of the bytes of the widest tables up to 1, else bytes; see `size`.

    Settings:
        fields: name, rows and popularity of each field; the trainer's data say them.
        rotatable: whether the model is the same after a rotation of all embeddings; the trainer's model says it.
        max_dim: the largest embedding dimension, 1 to 255.
        blocks: most blocks that the rows of a field are cut into, in equal shares, hottest first; blocks of fewer than
            16 rows are not made.
        form: what is kept of a relaxed plan: whole cells (block x column) after the warm-started table was `aligned`
            with its principal axes, whole `cells` as they are, or single `elements`, as published. `auto`: aligned
            where the model is rotatable, else elements.
        temperature: how much rule `mde` prefers popular rows, from 0, not at all, to 1, in proportion.

    Profile `paper`: dimensions, blocks and element masks of DNIS (Cheng, Shen and Huang: Differentiable neural input
    search for recommender systems. arXiv 2006.04466, 2020). Blocks are cut field by field, not across all fields.
    """

    default_controller: ClassVar[str] = "differentiable"
    profiles: ClassVar[Mapping[str, Mapping[str, Any]]] = {"paper": {"form": "elements", "max_dim": 64, "blocks": 10}}
    rules: ClassVar[Sequence[str]] = tuple(rules.STAGES)
    spares: ClassVar[Mapping[str, str]] = {"magnitude": "damage"}
    """Both cut the warm start to what matters; magnitudes are for models whose damage cannot be measured."""
    thumbs: ClassVar[Sequence[str]] = thumbs.THUMBS

    def __init__(
        self,
        *,
        fields: tuple[tuple[str, int, tuple[float, ...]], ...] | None = None,
        rotatable: bool = True,
        max_dim: int = 32,
        blocks: int = 6,
        form: Literal["auto", "aligned", "cells", "elements"] = "auto",
        temperature: float = 0.3,
    ) -> None:
        _refuse_bad_numbers(max_dim, blocks, temperature)
        read = read_fields(fields)
        starts = tuple(cut(field.rows, blocks) for field in read)
        self.frame = Frame(read, starts, max_dim, _resolve(form, rotatable=rotatable))
        self._rotatable, self._temperature = rotatable, temperature
        if self.frame.form == "elements":  # damage is that of whole cells
            self.rules = tuple(rule for rule in rules.STAGES if rule != "damage")  # type: ignore[misc]

    def build(self, choose: Choose) -> Plan:
        return program.build(self.frame, choose)

    def check(self, candidate: Plan) -> None:
        check(self.frame, candidate, rotatable=self._rotatable)

    def dump(self, candidate: Plan) -> Json:
        return codec.dump(candidate)

    def load(self, json: Any) -> Plan:
        return codec.load(json)

    def describe(self, candidate: Plan) -> str:
        """Return a plan as in `K 32, 42.0 kB: user 16/9/4, item 12/4/1, by search`."""
        return describe(candidate, self.frame.fields)

    def key(self, candidate: Plan) -> str:
        """Return what the plan is, whichever rule proposed it."""
        return texts.dumps(codec.dump_unnamed(candidate), sort_keys=True, separators=(",", ":"))

    def relax(self, rule: str) -> Sequence[Plan]:
        return rules.relax(self.frame, rule)

    def discretise(self, relaxed: Plan, extras: Mapping[str, Json], budget: float, rule: str) -> Plan:
        """Return the plan that a rule reads within `budget`.

        Args:
            relaxed: the last stage of the rule.
            extras: for whole cells {"importance": {field: [[K numbers] per block]}}, the root mean square of
                alpha * e over the block, and, optional, {"damage": ...} alike, the order in which the rules
                `search` and `damage` keep cells; nothing for elements.
            budget: a share of the relaxed plan's bytes up to 1, else bytes.
            rule: how to read it.

        Raises:
            InvalidCandidate: if nothing fits into the budget.
        """
        return rules.discretise(self.frame, relaxed, extras, budget, rule)

    def sized(self, budget: float, thumb: str) -> Plan:
        return thumbs.sized(self.frame, budget, thumb, temperature=self._temperature)

    def inherit(self, child: Plan, parent: Plan, weights: Weights) -> Weights | None:
        """Return copies of the parent's arrays, named as in `layout`, that the child can use; see `inherit`."""
        return inherit(self.frame.fields, child, parent, weights)


def _resolve(form: str, *, rotatable: bool) -> Form:
    """Return the form that is meant.

    Raises:
        UsageError: if there is none of that name, or the model does not allow it.
    """
    forms: tuple[Form, ...] = get_args(Form)
    if form == "auto":
        return "aligned" if rotatable else "elements"
    if form == "aligned" and not rotatable:
        raise UsageError(
            "form=aligned rotates the embeddings, and this model is not the same after a rotation.",
            "Set form=elements or form=cells, or choose a model such as fm.",
        )
    for known in forms:
        if form == known:
            return known
    raise UsageError(f"form must be one of auto, {', '.join(forms)}, got '{form}'.")


def _refuse_bad_numbers(max_dim: int, blocks: int, temperature: float) -> None:
    if not 1 <= max_dim <= MOST_COLUMNS:
        raise UsageError(
            f"max_dim must be 1 to {MOST_COLUMNS}, got {max_dim}.", "The columns of single values are kept in a byte."
        )
    if blocks < 1:
        raise UsageError(f"blocks must be one or more, got {blocks}.", "Set blocks=1 for one dimension per field.")
    if not (math.isfinite(temperature) and 0 <= temperature <= 1):
        raise UsageError(f"temperature must be from 0 to 1, got {temperature}.", "The paper's is 0.3.")
