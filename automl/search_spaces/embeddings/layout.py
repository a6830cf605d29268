"""Names of a plan's weights.

Blocks are numbered from 0, hottest first.

    table/FIELD/BLOCK      (rows of the block, kept columns) float32, columns ascending: a plan of whole cells
    values/FIELD/BLOCK     (kept values,) float32, row by row: a plan of elements, with
    places/FIELD/BLOCK     (kept values,) uint8, the column of each value, and
    counts/FIELD/BLOCK     (rows of the block,) uint8, how many values each row keeps
    alpha/FIELD/BLOCK      (width,) float32 in [0, 1]: stage "soft" only
    initial/FIELD/BLOCK    (rows of the block, width) float32, the table before training: stage "thresholds" only
    first/FIELD            (rows,) float32: first-order weights, the biases of matrix factorisation
    net/NAME               everything else of the model
    teacher/NAME           any of the above, of a plan of all columns: those cut from a relaxed run learn from it
    state/NAME             state of a relaxed run between two segments; nothing but the next segment reads it
"""

from __future__ import annotations


def table(field: str, block: int) -> str:
    """Return the name of the cells of a block."""
    return f"table/{field}/{block}"


def values(field: str, block: int) -> str:
    """Return the name of the kept values of a block."""
    return f"values/{field}/{block}"


def places(field: str, block: int) -> str:
    """Return the name of the columns of the kept values of a block."""
    return f"places/{field}/{block}"


def counts(field: str, block: int) -> str:
    """Return the name of the number of kept values of each row of a block."""
    return f"counts/{field}/{block}"


def alpha(field: str, block: int) -> str:
    """Return the name of the soft selection of a block."""
    return f"alpha/{field}/{block}"


def initial(field: str, block: int) -> str:
    """Return the name of a block's table before training."""
    return f"initial/{field}/{block}"


def first(field: str) -> str:
    """Return the name of the first-order weights of a field."""
    return f"first/{field}"


NET = "net/"
TEACHER = "teacher/"
STATE = "state/"
