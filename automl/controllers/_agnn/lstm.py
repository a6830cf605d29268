"""One LSTM cell (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000), forwards and backwards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from automl.controllers._agnn.parameters import Array


@dataclass(frozen=True, slots=True)
class Memory:
    """The state between two words: what the cell says (units,) and what it keeps (units,)."""

    hidden: Array
    cell: Array


@dataclass(frozen=True, slots=True)
class Step:
    """What the way back needs of one step.

    Attributes:
        read: input and previous hidden state, one after the other (2 units,).
        before: the kept state before the step (units,).
        gates: input, forget, output and proposed content after their nonlinearities (4, units).
        squashed: tanh of the kept state after the step (units,).
    """

    read: Array
    before: Array
    gates: Array
    squashed: Array


def start(units: int) -> Memory:
    """Return the state before the first word."""
    return Memory(np.zeros(units), np.zeros(units))


def advance(weight: Array, bias: Array, given: Array, memory: Memory) -> tuple[Memory, Step]:
    """Read one input.

    Args:
        weight: (4 units, 2 units); the rows are those of the input, forget and output gate and of the content.
        bias: (4 units,).
        given: the input (units,).
        memory: the state before.
    """
    read = np.concatenate((given, memory.hidden))
    gates = (weight @ read + bias).reshape(4, -1)
    gates[:3] *= 0.5  # the sigmoid of x is (1 + tanh(x / 2)) / 2
    np.tanh(gates, out=gates)
    gates[:3] += 1.0
    gates[:3] *= 0.5
    cell = gates[1] * memory.cell + gates[0] * gates[3]
    squashed = np.tanh(cell)
    return Memory(gates[2] * squashed, cell), Step(read, memory.cell, gates, squashed)


def retreat(weight: Array, step: Step, hidden: Array, cell: Array) -> tuple[Array, Array, Array]:
    """Go back through one step.

    Args:
        weight: as for `advance`.
        step: what `advance` returned.
        hidden: gradient with respect to the hidden state after the step (units,).
        cell: the same for the kept state (units,).

    Returns:
        The gradients of the gates before their nonlinearities (4 units,), of `read` (2 units,), and of the kept state
        before the step (units,).
    """
    into, forget, out, content = step.gates
    cell = cell + hidden * out * (1.0 - step.squashed**2)
    gates = np.concatenate(
        (
            cell * content * into * (1.0 - into),
            cell * step.before * forget * (1.0 - forget),
            hidden * step.squashed * out * (1.0 - out),
            cell * into * (1.0 - content**2),
        )
    )
    return gates, gates @ weight, cell * forget
