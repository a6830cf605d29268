"""The program of choices that builds a circuit: how many gates, then which, one after another."""

from __future__ import annotations

from automl.core.choices import Choose
from automl.search_spaces.circuits.candidate import Circuit
from automl.search_spaces.circuits.order import Front
from automl.search_spaces.circuits.rules import Rules


def build(rules: Rules, choose: Choose) -> Circuit:
    """Build a circuit from answers to `gates` and `gate0`, `gate1`, ... in the order in which they act."""
    texts, front, numbers = rules.order.texts, Front(rules.redundancy), list[int]()
    for place in range(choose("gates", range(1, rules.max_gates + 1))):
        allowed = [texts[number] for number in rules.legal_at(front)]
        numbers.append(rules.named[choose(f"gate{place}", rules.gate_names, allowed=allowed)])
        front.push(numbers[-1])
    return rules.circuit(numbers)
