"""A third-party plug-in in full: a space of polynomials, a trainer that fits them, a controller."""

from dataclasses import dataclass

import numpy as np

from automl.core.choices import at_random, run
from automl.core.controller import Controller
from automl.core.domains import Reals
from automl.core.errors import InvalidCandidate
from automl.core.records import Outcome, Proposal
from automl.core.space import SearchSpace
from automl.core.trainer import Trainer


@dataclass(frozen=True)
class Polynomial:
    """How flexible a curve is, and how strongly its coefficients are held small."""

    degree: int
    ridge: float


class PolynomialSpace(SearchSpace[Polynomial]):
    """Polynomials with fewer coefficients than there are points. Settings: `points`, known from the data."""

    def __init__(self, *, points: int = 12) -> None:
        self.points = points

    def build(self, choose):
        degree = choose("degree", range(1, self.points))
        return Polynomial(degree, ridge=choose("ridge", Reals(1e-9, 1.0, log=True)))

    def load(self, json):
        return Polynomial(**json)

    def check(self, candidate):
        if not 1 <= candidate.degree < self.points:
            raise InvalidCandidate(f"Degree {candidate.degree} needs more than {self.points} points.")


class PolynomialTrainer(Trainer):
    """Fits noisy points of a sine and measures the error between them. Settings: `points`."""

    accepts = ("polynomials",)
    metrics = {"val_error": "min"}

    def __init__(self, data=None, *, points: int = 12) -> None:
        self.x, self.points = np.linspace(-1.0, 1.0, 2 * points), points
        self.y = np.sin(3.0 * self.x) + 0.1 * np.random.default_rng(0).standard_normal(2 * points)

    def facts(self):
        return {"points": self.points}

    def fingerprint(self):
        return f"sine:{self.points}"

    def train(self, candidate, *, effort, weights, seed, report):
        powers = self.x[:, None] ** np.arange(candidate.degree + 1)
        seen, held = powers[::2], powers[1::2]
        normal = seen.T @ seen + candidate.ridge * np.eye(candidate.degree + 1)
        coefficients = np.linalg.solve(normal, seen.T @ self.y[::2])
        error = float(np.sqrt(np.mean((held @ coefficients - self.y[1::2]) ** 2)))
        return Outcome({"val_error": error}, weights={"coefficients": coefficients})


class Tinker(Controller):
    """Asks one question of the best candidate so far anew. Learns from the first objective."""

    def __init__(self, space, objectives, seed) -> None:
        super().__init__(space, objectives, seed)
        self.asked, self.best, self.score = 0, {}, -np.inf

    def ask(self, n, progress):
        self.asked += n
        return [self._propose(trial) for trial in range(self.asked - n, self.asked)]

    def _propose(self, trial):
        rng = np.random.default_rng((self.seed, trial))
        anew, fresh = rng.choice([*self.best, "anything"]), at_random(rng)

        def answer(name, domain, allowed):
            return fresh(name, domain, allowed) if name == anew or name not in self.best else self.best[name]

        candidate, trace = run(self.space.build, answer)
        return Proposal(trial, 0, candidate, choices=trace)

    def tell(self, results):
        for result in results:
            score = self.objectives.score(result.metrics)[0] if result.outcome else -np.inf
            if score > self.score:
                self.score = score
                self.best = {name: choice.value for name, choice in result.proposal.choices.items()}
        return [result.proposal.trial for result in results]

    def state_dict(self):
        return {"asked": self.asked, "best": dict(self.best), "score": float(self.score)}

    def load_state_dict(self, state):
        self.asked, self.best, self.score = state["asked"], dict(state["best"]), state["score"]
