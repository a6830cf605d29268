"""CRLQAS itself: does `double_dqn` learn to build circuits, and what does each of its ingredients bring?

    python benchmarks/circuits_dqn.py                        # everything: about half an hour on two cores
    python benchmarks/circuits_dqn.py --only ablation --seeds 7

Success: an episode succeeds when it visits a circuit within chemical accuracy (1.6e-3 hartree). The random agent is the
same controller that never stops exploring (`epsilon_end=1`): same masks, same optimiser, same episodes. Every search
minimises the energy without prices; no agent sees the exact energy.

Ablation: the default, and one ingredient at a time switched off, or put back to what was published. COBYLA needs
milliseconds per energy, so it has a table of its own on a smaller problem, with fewer episodes.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from lib.searches import Search, run_all

CHEMICAL = 1.6e-3
ENERGY = ("min:energy",)
FREE = {"gate_price": 0.0, "cnot_price": 0.0}
RANDOM = {"epsilon_end": 1.0}
SUCCESS = {"h2-2q": 60, "h2-3q": 100, "h2-4q": 100, "lih-4q": 700}
"""Episodes per search."""
MINUTES = {"h2-2q": 3, "h2-3q": 3, "h2-4q": 3, "lih-4q": 20}
ABLATION: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "random agent": RANDOM,
    "no masking": {"masking": "none"},
    "published masking": {"masking": "paper", "symmetry": "wires"},
    "flat encoding": {"encoding": "flat"},
    "no curriculum": {"curriculum": "fixed", "start_bar": 1.0},
    "with halting": {"halting": "negative_binomial", "halting_range": (10, 40), "halting_failures": 40},
    "one step, not five": {"n_step": 1},
    "single Q, not double": {"double": False},
    "lagged reward": {"lagged_reward": True},
    "no best episodes": {"elite": 0, "elite_share": 0.0, "imitation": 0.0},
    "nothing added": {"elite": 0, "elite_share": 0.0, "imitation": 0.0, "reward": "fraction", "relabel": False,
                      "overtime": 0},
}  # fmt: skip
OPTIMISERS = {
    "bfgs": {},
    "lbfgs (SciPy)": {"optimizer": "lbfgs"},
    "cobyla (SciPy)": {"optimizer": "cobyla", "iterations": 100},
}


def search(name: str, data: str, seed: int, episodes: int, settings: Mapping[str, Any]) -> Search:
    """Return a search by Q-learning."""
    return Search(name, data, "double_dqn", seed, {"trials": episodes}, {**FREE, **settings}, ENERGY)


def rate(found: Mapping[str, Any]) -> float:
    """Return the share of episodes that succeeded."""
    errors = found["errors"]
    return sum(error is not None and error < CHEMICAL for error in errors) / len(errors)


def success(seeds: Sequence[int], at_once: int, problems: Sequence[str]) -> None:
    """Run and print the first table."""
    agents = {"double_dqn": {}, "random agent": RANDOM}
    print(f"{'problem':<9}{'agent':<14}{'episodes':>9}{'seeds below 1.6 mHa':>21}{'median error':>14}", end="")
    print(f"{'episodes that succeed':>23}{'s (longest)':>13}{'s to 1.6 mHa':>14}")
    for data in problems:
        episodes = SUCCESS[data]
        jobs = [search(agent, data, seed, episodes, agents[agent]) for agent in agents for seed in seeds]
        found = iter(run_all(jobs, at_once))
        rates = {}
        for agent in agents:
            ones = [next(found) for _ in seeds]
            errors = [min(e for e in one["errors"] if e is not None) for one in ones]
            first = [one["seconds_to"]["1.6e-3"] for one in ones if "1.6e-3" in one["seconds_to"]]
            rates[agent] = statistics.mean(map(rate, ones))
            good = f"{sum(error < CHEMICAL for error in errors)} of {len(seeds)}"
            print(
                f"{data:<9}{agent:<14}{episodes:>9}{good:>21}{max(statistics.median(errors), 0):>14.1e}"
                f"{rates[agent]:>23.1%}{max(one['seconds'] for one in ones):>13.0f}"
                f"{(f'{statistics.median(first):.1f}' if first else '-'):>14}"
            )
        ratio = rates["double_dqn"] / rates["random agent"] if rates["random agent"] else float("inf")
        print(f"{'':<9}ratio of success rates {ratio:.1f}; time allowed {MINUTES[data]} min", flush=True)


def ablation(seeds: Sequence[int], at_once: int, data: str, episodes: int, arms: Mapping[str, Any]) -> None:
    """Run and print a table with one row per variant."""
    jobs = [search(name, data, seed, episodes, settings) for name, settings in arms.items() for seed in seeds]
    found = iter(run_all(jobs, at_once))
    print(
        f"\n{data}, {episodes} episodes, {len(seeds)} seeds: mean success rate, in the last quarter; best error, median"
    )
    print(f"{'variant':<22}{'all':>8}{'last':>8}{'best error':>13}{'CNOTs':>7}{'gates':>7}{'energies':>12}{'s':>7}")
    for name in arms:
        ones = [next(found) for _ in seeds]
        late = [rate({"errors": one["errors"][-max(1, episodes // 4) :]}) for one in ones]
        errors = [min(e for e in one["errors"] if e is not None) for one in ones]
        print(
            f"{name:<22}{statistics.mean(map(rate, ones)):>8.1%}{statistics.mean(late):>8.1%}"
            f"{max(statistics.median(errors), 0):>13.1e}{statistics.median(one['best']['cnots'] for one in ones):>7.0f}"
            f"{statistics.median(one['best']['gates'] for one in ones):>7.0f}"
            f"{statistics.median(one['cost'] for one in ones):>12,.0f}"
            f"{statistics.median(one['seconds'] for one in ones):>7.0f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--problems", nargs="+", default=list(SUCCESS))
    parser.add_argument("--only", choices=["success", "ablation", "optimisers"])
    options = parser.parse_args()
    if options.only in (None, "success"):
        success(options.seeds, options.at_once, options.problems)
    if options.only in (None, "ablation"):
        ablation(options.seeds[:3], options.at_once, "lih-4q", 250, ABLATION)
    if options.only in (None, "optimisers"):
        ablation(options.seeds[:3], options.at_once, "h2-3q", 15, OPTIMISERS)


if __name__ == "__main__":
    main()
