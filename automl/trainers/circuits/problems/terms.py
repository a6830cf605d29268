"""From terms as they come to a Hamiltonian: checked, merged, ordered. Every way in ends here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from numbers import Complex

from automl.core.errors import InvalidData
from automl.trainers.circuits.problems.hamiltonian import Hamiltonian

MOST_QUBITS = 16
"""A noisy state has 4^16 numbers then, 32 GiB; without noise it is 1 MiB."""
NEGLIGIBLE = 1e-12
"""A coefficient below this part of the largest is rounding, not a term."""
REAL = 1e-9
"""An imaginary part below this part of the largest coefficient is rounding."""

Term = tuple[str, complex]
Indexed = tuple[Sequence[tuple[int, str]], complex]


def gathered(terms: Iterable[tuple[object, object]], what: str, negligible: float = NEGLIGIBLE) -> Hamiltonian:
    """Merge equal strings, drop those that vanish, order them by the alphabet.

    Args:
        terms: pairs of Pauli string and coefficient.
        what: what is read, for messages.
        negligible: which part of the largest coefficient is dropped.

    Raises:
        InvalidData: if a string or coefficient is wrong, H is not Hermitian, nothing is left, or only the identity.
    """
    total: dict[str, complex] = {}
    for string, coefficient in terms:
        key = _string(string, what)
        total[key] = total.get(key, 0.0) + _number(coefficient, key, what)
    qubits = _qubits(total, what)
    largest = max(abs(c) for c in total.values())
    _refuse_complex(total, largest, what)
    kept = {key: total[key].real for key in sorted(total) if abs(total[key].real) > negligible * largest}
    if not kept.keys() - {"I" * qubits}:
        raise InvalidData(
            f"{what} has no term but the identity: every circuit has the same energy.",
            'Give at least one string with X, Y or Z, such as {"ZZ": -1.0, "XI": 0.5}.',
        )
    return Hamiltonian(qubits, kept)


def spelled(terms: Iterable[Indexed], what: str) -> list[Term]:
    """Write terms that name their qubits, ((0, "X"), (3, "Z")), as strings over all qubits up to the highest.

    Raises:
        InvalidData: if there are too many qubits, one comes twice in a term, or a letter is unknown.
    """
    pairs = [(list(factors), coefficient) for factors, coefficient in terms]
    qubits = max((place + 1 for factors, _ in pairs for place, _ in factors), default=1)
    refuse_many(qubits, what)
    rows: list[Term] = []
    for factors, coefficient in pairs:
        letters = dict(factors)
        if len(letters) < len(factors):
            raise InvalidData(f"{what} has a term that names a qubit twice: {factors}.", "Multiply them out first.")
        rows.append(("".join(letters.get(k, "I") for k in range(qubits)), coefficient))
    return rows


def refuse_many(qubits: int, what: str) -> None:
    """Refuse more qubits than can be simulated, and say what they would take.

    Raises:
        InvalidData: always above `MOST_QUBITS`.
    """
    if qubits > MOST_QUBITS:
        raise InvalidData(
            f"{what} has {qubits} qubits; the most is {MOST_QUBITS}. One state of {qubits} qubits takes "
            f"{_memory(4 + qubits)}, with noise {_memory(3 + 2 * qubits)}.",
            "Take fewer sites, or a smaller active space (`frozen` and `active` of a molecule).",
        )


def with_known_ground(hamiltonian: Hamiltonian, energy: object, what: str) -> Hamiltonian:
    """Add the ground energy that came with a problem, if any.

    Raises:
        InvalidData: if it is no number, or one that this Hamiltonian cannot have.
    """
    if energy is None:
        return hamiltonian
    value = _number(energy, "ground_energy", what).real
    slack = 1e-6 * max(1.0, abs(hamiltonian.bound))
    low, high = hamiltonian.bound, hamiltonian.reference.energy
    if not low - slack <= value <= high + slack:
        raise InvalidData(
            f"{what} states a ground energy of {value}, but it must lie between {low:.6f} "
            f"(sum of all coefficients) and {high:.6f} (lowest basis state).",
            "Correct `ground_energy`, or leave it out: it is computed when it is needed.",
        )
    return replace(hamiltonian, known_ground=value)


def _string(string: object, what: str) -> str:
    if not isinstance(string, str) or not string:
        raise InvalidData(f"{what} has the term {string!r}, which is no Pauli string.", 'Write one such as "XIZ".')
    strange = sorted(set(string) - set("IXYZ"))
    if strange:
        raise InvalidData(
            f"{what} has the term '{string[:40]}' with the letter '{strange[0]}'.",
            'A term is made of I, X, Y and Z, one for each qubit, such as "XIZ".',
        )
    return string


def _number(value: object, key: str, what: str) -> complex:
    if isinstance(value, bool) or not isinstance(value, Complex):
        raise InvalidData(f"{what}: {key} has the value {value!r:.40}, which is no number.", "Give a real number.")
    try:
        number = complex(value)
    except OverflowError:
        number = complex(math.inf)
    if not (math.isfinite(number.real) and math.isfinite(number.imag)):
        raise InvalidData(f"{what}: {key} has the value {value!r:.40}.", "Coefficients must be finite.")
    return number


def _qubits(terms: dict[str, complex], what: str) -> int:
    if not terms:
        raise InvalidData(f"{what} has no terms.", 'Give at least one, such as {"ZZ": -1.0, "XI": 0.5}.')
    by_length = {len(string): string for string in terms}
    if len(by_length) > 1:
        (m, short), *_, (n, long) = sorted(by_length.items())
        raise InvalidData(
            f"{what} has strings of different length: '{short}' has {m}, '{long}' has {n}.",
            f"Each has one letter for every qubit; fill up with I, such as '{short.ljust(n, 'I')}'.",
        )
    (qubits,) = by_length
    refuse_many(qubits, what)
    return qubits


def _refuse_complex(terms: dict[str, complex], largest: float, what: str) -> None:
    worst = max(terms, key=lambda string: abs(terms[string].imag))
    if abs(terms[worst].imag) > REAL * largest:
        raise InvalidData(
            f"{what} is not Hermitian: the coefficient of {worst} is {terms[worst]}, which is not real.",
            "Energies exist for Hermitian operators only; add the Hermitian conjugate and halve the sum.",
        )


def _memory(exponent: int) -> str:
    """Spell 2^exponent bytes."""
    units = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
    step, rest = divmod(exponent, 10)
    return f"{2**rest} {units[step]}" if step < len(units) else f"2^{exponent} bytes"
