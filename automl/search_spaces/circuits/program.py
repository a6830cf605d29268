"""The program of choices that builds a circuit: how many gates, then which, one after another."""

from __future__ import annotations

from automl.core.choices import Choose
from automl.search_spaces.circuits.candidate import Circuit
from automl.search_spaces.circuits.rules import Rules


def build(rules: Rules, choose: Choose) -> Circuit:
    """Build a circuit from answers to `gates` and `gate0`, `gate1`, ... in the order in which they act."""
    texts, numbers = rules.order.texts, list[int]()
    domain = [texts[number] for number in rules.numbers]
    number_of = dict(zip(domain, rules.numbers, strict=True))
    for place in range(choose("gates", range(1, rules.max_gates + 1))):
        allowed = [texts[number] for number in rules.legal_numbers(numbers)]
        numbers.append(number_of[choose(f"gate{place}", domain, allowed=allowed)])
    return rules.circuit(numbers)
