"""The candidate: a plan of embedding dimensions.

A field's rows, most frequent first, are cut into blocks; a plan says which columns of a `width`-wide embedding each
block keeps. What is not kept is neither stored nor trained; the model sees zeros there.

    ordinary plan        stage "plain"; whole cells (block x column), or the largest `elements` values of those cells
    relaxed plans        stage "wide": all columns, trained as usual, the warm start
                         stage "soft": all columns, each cell weighted by an alpha in [0, 1] that is learned too (DNIS)
                         stage "thresholds": all columns, every value shrunk by a learned threshold (PEP)

Cheng, Shen and Huang: Differentiable neural input search for recommender systems. arXiv 2006.04466, 2020.
Liu et al.: Learnable embedding sizes for recommender systems (PEP). ICLR 2021.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Stage: TypeAlias = Literal["plain", "wide", "soft", "thresholds"]
Columns: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan of embedding dimensions.

    Attributes:
        width: length of the vectors that the model sees, K.
        starts: the first row of every block of every field; the first is 0, so that PAD belongs to the hottest block
            and OOV, the last row, to the coldest.
        columns: the columns that are kept, ascending, for every field and its blocks, hottest block first.
        elements: keep only so many values, the largest by magnitude; None keeps all values of the columns.
        stage: what is trained.
        aligned: whether columns are the principal axes of the warm-started table, in order of falling variance, not
            the coordinates that training happened to find.
        origin: the rule that proposed it, for reports; empty where a controller built it choice by choice. It is no
            part of the plan's identity.
    """

    width: int
    starts: tuple[tuple[int, ...], ...]
    columns: tuple[tuple[Columns, ...], ...]
    elements: int | None = None
    stage: Stage = "plain"
    aligned: bool = False
    origin: str = ""

    @property
    def dims(self) -> tuple[tuple[int, ...], ...]:
        """Return how many columns each block of each field keeps."""
        return tuple(tuple(len(kept) for kept in blocks) for blocks in self.columns)
