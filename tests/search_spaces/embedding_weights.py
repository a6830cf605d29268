"""Spaces, plans and weights of embeddings to test with, by numpy alone."""

import numpy as np
from hypothesis import strategies as st

from automl.search_spaces.embeddings import EmbeddingSpace, Field, Plan, layout
from automl.search_spaces.embeddings.elements import largest, pack
from automl.search_spaces.embeddings.frame import block_rows

FORMS = ("aligned", "cells", "elements")


@st.composite
def spaces(draw, forms=FORMS):
    """Spaces of one to three fields, some of them small."""
    rows = draw(st.lists(st.integers(2, 90), min_size=1, max_size=3))
    fields = tuple(Field(f"f{place}", each) for place, each in enumerate(rows))
    most, blocks = draw(st.integers(1, 6)), draw(st.integers(1, 5))
    return EmbeddingSpace(fields=fields, max_dim=most, blocks=blocks, form=draw(st.sampled_from(forms)))


@st.composite
def plans(draw, space):
    """Plans of whole cells, of any columns."""
    frame = space.frame
    columns = st.sets(st.integers(0, frame.width - 1)).map(lambda kept: tuple(sorted(kept)))
    kept = [[draw(columns) for _ in starts] for starts in frame.starts]
    if not any(map(any, kept)):
        kept[0][0] = (frame.width - 1,)
    return Plan(frame.width, frame.starts, tuple(map(tuple, kept)), aligned=frame.form == "aligned")


def blocks_of(space, plan):
    """Yield name, number, rows and kept columns of every block."""
    for field, starts, columns in zip(space.frame.fields, plan.starts, plan.columns, strict=True):
        for number, (rows, kept) in enumerate(zip(block_rows(starts, field.rows), columns, strict=True)):
            yield field.name, number, rows, kept


def weights_of(space, plan, seed=0):
    """Random weights of a plan, by name as its trainer returns them; rows of PAD are zero."""
    rng = np.random.default_rng(seed)
    found, tables = {}, {}
    for name, number, rows, kept in blocks_of(space, plan):
        table = rng.standard_normal((rows, len(kept))).astype(np.float32)
        table[: number == 0] = 0.0
        tables[name, number] = np.where(rng.random(table.shape) < 0.3, 0.0, table) if _thresholds(plan) else table
        found |= _beside(plan, name, number, table, rng)
    if plan.elements is None:
        found |= {layout.table(*block): table for block, table in tables.items()}
    else:
        found |= _elements(space, plan, tables)
    first = {layout.first(field.name): rng.standard_normal(field.rows, np.float32) for field in space.frame.fields}
    net = {"net/hidden.weight": rng.standard_normal((3, plan.width), np.float32)}
    state = {} if plan.stage == "plain" else {"state/epoch": np.array([3]), "state/best": tables[name, number].copy()}
    return {**found, **first, **net, **state}


def _thresholds(plan):
    return plan.stage == "thresholds"


def _beside(plan, name, number, table, rng):
    """What stands beside the table of a block at its stage."""
    if plan.stage == "soft":
        return {layout.alpha(name, number): rng.random(plan.width, np.float32)}
    return {layout.initial(name, number): table * 2 - 1} if _thresholds(plan) else {}


def _elements(space, plan, tables):
    found = {}
    masks = largest([*tables.values()], plan.elements)
    for (name, number, _, kept), table, mask in zip(blocks_of(space, plan), tables.values(), masks, strict=True):
        elements = pack(table, mask)
        found[layout.values(name, number)] = elements.values
        found[layout.places(name, number)] = np.array(kept, np.uint8)[elements.places]
        found[layout.counts(name, number)] = elements.counts
    return found


def importance_of(space, weights):
    """Root mean squares of alpha e of every cell, as a trainer reports them."""
    found = {field.name: [] for field in space.frame.fields}
    for name, number, _, _ in blocks_of(space, space.relax("search")[0]):
        gate = weights.get(layout.alpha(name, number), 1.0)
        table = weights[layout.table(name, number)] * gate
        found[name].append(np.sqrt((table.astype(np.float64) ** 2).mean(0)).tolist())
    return {"settled": True, "importance": found, "damage": found}
