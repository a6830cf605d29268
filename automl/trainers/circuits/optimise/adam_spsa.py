"""Adam-SPSA: the gradient estimate of SPSA under Adam's moments, in stages of more and more shots.

CRLQAS (Patel et al., ICLR 2024), section 3.4 and appendix on Adam-SPSA; quirks and hyperparameters are those of the
authors' public code and configurations, since the paper's text leaves them open:

* the first moment's decay fades: beta1(k) = beta1 / (k + 1)^lambda, so that late steps are plain RMS-scaled gradients;
* its bias is corrected as if the current beta1(k) had ruled from the start, which undercorrects it a little;
* the steps have no stability constant: a_k = a / (k + 1)^alpha;
* the first step of the form of one stage is a plain gradient step, without moments (`plain_start`);
* k runs on from stage to stage and the moments are kept: steps do not grow again when the shots do;
* the best angles seen are returned, judged by one more energy per step (`keep_best`); the published count of
  evaluations leaves those out, the count here does not. Here the best are those of the stage, and the next stage
  starts from them: energies of few shots would win a comparison with those of many by luck alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from automl.trainers.circuits.optimise.contract import Energy, Watch, unwatched
from automl.trainers.circuits.optimise.spsa import Gains, slope
from automl.trainers.circuits.simulator.contract import Array, Minimum

EPSILON = 1e-8
"""Added to the root of the second moment (public code)."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Decay of Adam's moments.

    Attributes:
        beta1: of the first moment, at the start.
        beta2: of the second moment.
        fade: lambda, with which beta1 decays.
    """

    beta1: float
    beta2: float
    fade: float

    def first(self, k: int) -> float:
        """Return beta1(k)."""
        return float(self.beta1 / (k + 1) ** self.fade)


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of the run.

    Attributes:
        steps: number of steps, of two energies each.
        share: share of the full number of shots that an energy gets.
    """

    steps: int
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class AdamSpsa:
    """Hyperparameters.

    Attributes:
        gains: sequences of steps and perturbations.
        moments: decay of the moments.
        stages: the stages, in order.
        plain_start: whether the first step is a plain gradient step.
        keep_best: whether one more energy per step decides which angles are returned; else it is the last ones.
    """

    gains: Gains
    moments: Moments
    stages: tuple[Stage, ...]
    plain_start: bool = False
    keep_best: bool = True

    def lasting(self, steps: int) -> AdamSpsa:
        """Return the same with about that many steps, divided between the stages as before."""
        whole = sum(stage.steps for stage in self.stages)
        stages = tuple(replace(stage, steps=max(1, round(stage.steps * steps / whole))) for stage in self.stages)
        return replace(self, stages=stages)


def _one(steps: int) -> tuple[Stage, ...]:
    return (Stage(steps),)


def _three(*evaluations: int) -> tuple[Stage, ...]:
    """Return the published stages: a hundredth, a tenth and all of the shots, two evaluations per step."""
    return tuple(Stage(-(-n // 2), share) for n, share in zip(evaluations, (0.01, 0.1, 1.0), strict=True))


PUBLISHED: Mapping[str, AdamSpsa] = MappingProxyType(
    {  # a, c, alpha, gamma; beta1, beta2, lambda; maxfev: configurations of the public code
        "h2-2q": AdamSpsa(
            Gains(1.2104, 0.1039, 0.9531, 0.0984), Moments(0.9414, 0.9983, 0.9277), _one(250), plain_start=True
        ),
        "h2-3q": AdamSpsa(
            Gains(0.5188, 0.0938, 0.9859, 0.0974), Moments(0.716, 0.6265, 0.6483), _one(250), plain_start=True
        ),
        "lih-4q": AdamSpsa(
            Gains(1.8658, 0.046, 0.9451, 0.1397), Moments(0.9658, 0.8594, 0.0138), _three(1191, 357, 119)
        ),
        "lih-6q": AdamSpsa(
            Gains(1.7564, 0.1068, 0.8365, 0.1549), Moments(0.6841, 0.9048, 0.1223), _three(1430, 429, 143)
        ),
    }
)
"""The published hyperparameters, by the problem they were tuned for. Their first steps are of 0.5 to 1.9 radians: from
angles that are good already they leave the valley, and end in another one (benchmarks/adam_spsa.py)."""
WARM = AdamSpsa(Gains(0.16, 0.24, 0.4, 0.101), Moments(0.97, 0.8, 0.4), _three(1191, 357, 119), keep_best=False)
"""Hyperparameters for angles that are inherited, from the same benchmark: of 70 random ones the best on seeds that are
not reported, for a circuit of `lih-4q`. The last angles are returned, not the best seen: a third fewer evaluations."""


class _Adam:
    """The steps: what is remembered from one to the next."""

    def __init__(self, settings: AdamSpsa, angles: int) -> None:
        self._settings = settings
        self._k = 0
        self._m = np.zeros(angles)
        self._v = np.zeros(angles)

    def step(self, energy: Energy, angles: Array, share: float, rng: np.random.Generator) -> Array:
        """Return the angles after one step, which takes two energies."""
        gains, moments, k = self._settings.gains, self._settings.moments, self._k
        self._k += 1
        g = slope(energy, angles, gains.width(k), rng, share=share)
        if k == 0 and self._settings.plain_start:
            return angles - gains.step(0) * g
        beta1, beta2 = moments.first(k), moments.beta2
        self._m = beta1 * self._m + (1 - beta1) * g
        self._v = beta2 * self._v + (1 - beta2) * g * g
        m, v = self._m / (1 - beta1 ** (k + 1)), self._v / (1 - beta2 ** (k + 1))
        moved: Array = angles - gains.step(k) * m / (np.sqrt(v) + EPSILON)
        return moved


def adam_spsa(
    energy: Energy, angles: Array, settings: AdamSpsa, *, rng: np.random.Generator, watch: Watch = unwatched
) -> Minimum:
    """Minimise from angles (P,), and measure where that ends with all shots."""
    here, spent = angles.copy(), 0
    if angles.size:
        adam = _Adam(settings, angles.size)
        for stage in settings.stages:
            best, least = here, np.inf
            for _ in range(stage.steps):
                here = adam.step(energy, here, stage.share, rng)
                spent += 2
                if settings.keep_best:
                    seen = energy(here, stage.share)
                    spent += 1
                    best, least = (here, seen) if seen < least else (best, least)
                watch(spent, here)
            here = best if settings.keep_best else here
    return Minimum(here, energy(here), spent + 1, 0)
