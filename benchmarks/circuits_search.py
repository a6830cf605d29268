"""How small a circuit annealing finds for an energy, next to what was published, and next to five other controllers.

    python benchmarks/circuits_search.py                    # everything: about 25 minutes on two cores
    python benchmarks/circuits_search.py --seeds 7 --only compact

Compact: controller `anneal` on every shipped benchmark problem, noiseless, 3 seeds, all of which must pass. A gate
has a price, and a CNOT that much more, of a sixteenth of the accuracy that is wanted. Every walk ends with a circuit;
the row shows, of those within the accuracy, the smallest: fewest gates, CNOTs counted twice, as they are priced. The
search itself never sees the exact energy. All gates count, those of the Hartree-Fock state included. Seconds are those
of process CPU time, in one thread.

Controllers: six controllers on LiH with 4 qubits, default settings, the same price, the same number of simulated
energies (a gradient counts as three).
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lib.searches import Search, run_all

CHEMICAL = 1.6e-3


@dataclass(frozen=True)
class Goal:
    """What a circuit must reach: an error in hartree, with at most so many CNOTs and gates, in so many minutes."""

    data: str
    accuracy: float
    error: float
    cnots: int
    gates: int | None
    minutes: float
    evaluations: int
    published: str

    def chosen(self, found: dict[str, Any]) -> dict[str, float]:
        """Return the smallest circuit within the accuracy, else the best."""
        within = [metrics for metrics in found["judged"] if metrics["error"] < self.error]
        smallest = min(within, key=lambda metrics: metrics["cnots"] + metrics["gates"], default=found["best"])
        return dict(smallest)

    def passed(self, found: dict[str, Any]) -> bool:
        """Say whether a search reached it."""
        best = self.chosen(found)
        small = best["cnots"] <= self.cnots and best["gates"] <= (self.gates or best["gates"])
        return best["error"] < self.error and small and found["cpu"] <= 60 * self.minutes


GOALS = (
    Goal("h2-2q", CHEMICAL, 1e-8, 1, None, 0.2, 1_000, "-"),
    Goal("h2-3q", CHEMICAL, 1e-8, 2, None, 0.5, 4_000, "-"),
    Goal("h2-4q", CHEMICAL, 1e-8, 3, None, 1.0, 12_000, "7.2e-8, 7 rotations"),
    Goal("lih-4q", CHEMICAL, CHEMICAL, 5, 16, 5, 40_000, "-"),
    Goal("lih-6q", CHEMICAL, CHEMICAL, 9, 18, 10, 80_000, "6.7e-4, 67 gates"),
    Goal("h2o-8q-published", CHEMICAL, CHEMICAL, 4, 10, 10, 100_000, "-"),
    Goal("h2o-8q-published", 1.8e-4, 1.8e-4, 6, 20, 20, 160_000, "1.8e-4, 105 CNOTs + 35 rotations"),
    Goal("beh2-6q-published", CHEMICAL / 10, 1e-4, 5, 17, 5, 20_000, "6.8e-5, 5 CNOTs + 12 rotations"),
)
ARMS = ("anneal", "greedy", "double_dqn", "evolution", "bayesian", "random")
EQUAL_COST = 300_000


def priced(accuracy: float) -> dict[str, float]:
    """Return the prices for an accuracy that is wanted."""
    return {"gate_price": accuracy / 16, "cnot_price": accuracy / 16}


def compact(seeds: Sequence[int], at_once: int) -> None:
    """Run and print the first table."""
    print(f"{'problem':<19}{'goal':<34}{'seed':>5}{'error':>10}{'CNOTs':>7}{'gates':>7}{'depth':>7}{'s':>6}  passed")
    for goal in GOALS:
        bound = {"evaluations": goal.evaluations}
        jobs = [Search("anneal", goal.data, "anneal", seed, bound, priced(goal.accuracy)) for seed in seeds]
        found = iter(run_all(jobs, at_once))
        sizes = f"{goal.cnots} CNOTs" + (f", {goal.gates} gates" if goal.gates else "")
        for seed in seeds:
            one = next(found)
            best = goal.chosen(one)
            print(
                f"{goal.data:<19}{f'< {goal.error:.1e}, {sizes}, {goal.minutes:g} min':<34}{seed:>5}"
                f"{max(best['error'], 0):>10.1e}{best['cnots']:>7.0f}{best['gates']:>7.0f}{best['depth']:>7.0f}"
                f"{one['cpu']:>6.0f}  {'yes' if goal.passed(one) else 'NO'}"
            )
        print(f"{'':<19}published: {goal.published}", flush=True)


def controllers(seeds: Sequence[int], at_once: int) -> None:
    """Run and print the second table."""
    jobs = [Search(arm, "lih-4q", arm, seed, {"cost": EQUAL_COST}, priced(CHEMICAL)) for arm in ARMS for seed in seeds]
    found = iter(run_all(jobs, at_once))
    print(f"\nLiH, 4 qubits, {EQUAL_COST:,} simulated energies each, {len(seeds)} seeds: median (best)")
    print(f"{'controller':<12}{'priced error, mHa':>20}{'error, mHa':>18}{'CNOTs':>12}{'gates':>12}", end="")
    print(f"{'evaluations':>14}{'s':>6}")
    for arm in ARMS:
        ones = [next(found) for _ in seeds]
        bests = [one["best"] for one in ones]
        excess = [1e3 * (b["priced_energy"] - b["energy"] + b["error"]) for b in bests]
        cells = both(excess, 20, 3) + both([1e3 * b["error"] for b in bests], 18, 3)
        cells += both([b["cnots"] for b in bests], 12, 0) + both([b["gates"] for b in bests], 12, 0)
        cells += f"{statistics.median(one['evaluations'] for one in ones):>14,.0f}"
        print(f"{arm:<12}{cells}{statistics.median(one['seconds'] for one in ones):>6.0f}")


def both(values: Sequence[float], width: int, digits: int) -> str:
    """Return the median and the best of some values."""
    return f"{f'{statistics.median(values):.{digits}f} ({min(values):.{digits}f})':>{width}}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--only", choices=["compact", "controllers"])
    options = parser.parse_args()
    if options.only != "controllers":
        compact(options.seeds, options.at_once)
    if options.only != "compact":
        controllers(options.seeds, options.at_once)


if __name__ == "__main__":
    main()
