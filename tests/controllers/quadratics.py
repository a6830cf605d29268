"""A quadratic with masks: a small space that can be relaxed and budgeted, and is really optimised.

    f(x) = (x - t)' A (x - t) / 2,  x zero outside the mask

A candidate says which coordinates may differ from zero; its size is their number. A relaxed candidate has all of them:
stage "wide" is plain gradient descent, "soft" multiplies each coordinate by a learned gate under a price, "shrinking"
lets a soft threshold on the coordinates rise from segment to segment.
"""

from dataclasses import dataclass

import numpy as np

from automl.core.errors import InvalidCandidate
from automl.core.records import Outcome
from automl.core.space import SearchSpace
from automl.core.trainer import Trainer

SIDE = 16
STAGES = {"learned": ("wide", "soft"), "truncate": ("wide",), "magnitude": ("wide",), "pep": ("shrinking",)}


@dataclass(frozen=True, slots=True)
class Mask:
    kept: tuple[int, ...]
    stage: str = "plain"


class MaskSpace(SearchSpace[Mask]):
    """Masks of sixteen coordinates; with `least`, none smaller than that."""

    rules = tuple(STAGES)
    thumbs = ("uniform", "mde")

    def __init__(self, *, least: int = 1) -> None:
        self.least = least

    def build(self, choose):
        return Mask(tuple(i for i in range(SIDE) if choose(f"keep{i}", (False, True))))

    def load(self, json):
        return Mask(tuple(json["kept"]), json["stage"])

    def check(self, candidate):
        if not set(candidate.kept) <= set(range(SIDE)):
            raise InvalidCandidate(f"{candidate} is no mask of {SIDE} coordinates.")

    def relax(self, rule):
        return [Mask(tuple(range(SIDE)), stage) for stage in STAGES[rule]]

    def discretise(self, relaxed, extras, budget, rule):
        n = self._fitting(budget)
        if rule == "truncate":
            return Mask(tuple(range(n)))
        return Mask(tuple(sorted(np.argsort(extras["importance"])[-n:].tolist())))

    def sized(self, budget, thumb):
        n = self._fitting(budget)
        return Mask(tuple(range(n) if thumb == "uniform" else range(0, SIDE, SIDE // n)[:n]))

    def inherit(self, child, parent, weights):
        if child.stage == parent.stage:
            return {name: array.copy() for name, array in weights.items()}
        gate = weights.get("gate", np.ones(SIDE)) if child.stage == "plain" else np.ones(SIDE)
        return {"x": (weights["x"] * gate)[list(child.kept)]}

    def _fitting(self, budget):
        n = int(budget * SIDE if budget <= 1 else budget)
        if n < self.least:
            raise InvalidCandidate(f"{self.least} coordinates are the least, {budget:g} allows {n}.")
        return min(n, SIDE)


class MaskTrainer(Trainer):
    """Gradient descent of fifteen steps a measurement; a segment of a relaxed run is five."""

    accepts = ("masks",)
    metrics = {"loss": "min", "size": "min"}

    def __init__(self, data=None, *, settles_after: int = 4, reports_size: bool = True) -> None:
        rng = np.random.default_rng(3)
        root = rng.standard_normal((SIDE, SIDE))
        self.a = np.diag(rng.permutation(np.geomspace(0.05, 2.0, SIDE))) + 0.01 * root @ root.T
        self.target = rng.standard_normal(SIDE)
        self.settles_after, self.reports_size = settles_after, reports_size

    def fingerprint(self):
        return "masks"

    def train(self, candidate, *, effort, weights, seed, report):
        kept = np.asarray(candidate.kept, dtype=int)
        x = np.zeros(SIDE)
        if weights is not None:
            x[kept] = weights["x"]
        gate = np.array(weights["gate"]) if weights and "gate" in weights else np.ones(SIDE)
        segment = 1 + int(weights["segment"][0]) if weights and "segment" in weights else 1
        mask = np.isin(np.arange(SIDE), kept)
        for _ in range(15 if candidate.stage == "plain" else 5):
            slope = self.a @ (gate * x - self.target)
            if candidate.stage == "soft":
                gate = np.clip(gate - 0.1 * (slope * x + 0.02), 0.0, 1.0)
            x -= 0.3 * mask * gate * slope
            if candidate.stage == "shrinking":
                x = np.sign(x) * np.maximum(np.abs(x) - 0.02 * segment, 0.0)
        return self._outcome(candidate, x, gate, segment)

    def _outcome(self, candidate, x, gate, segment):
        rest, stage = gate * x - self.target, candidate.stage
        metrics = {"loss": float(rest @ self.a @ rest / 2), "size": float(len(candidate.kept))}
        if stage == "plain":
            return Outcome(metrics, {"x": x[list(candidate.kept)]})
        left = float(np.count_nonzero(x))
        extras = {
            "settled": stage != "shrinking" and segment >= self.settles_after,
            "importance": (np.abs(gate * x) * np.sqrt(np.diag(self.a))).tolist(),
            "share": left / SIDE,
        }
        weights = {"x": x, "segment": np.array([float(segment)]), **({"gate": gate} if stage == "soft" else {})}
        return Outcome(metrics, weights, {**extras, **({"size": left} if self.reports_size else {})})
