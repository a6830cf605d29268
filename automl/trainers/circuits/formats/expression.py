"""Angles as programs write them: numbers, pi, and arithmetic on both."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable

from automl.core.errors import UsageError

LONGEST = 200
"""Characters of an expression; no angle needs more."""

_NAMES = {"pi": math.pi, "π": math.pi, "tau": math.tau, "τ": math.tau, "euler": math.e}
_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def value(text: str) -> float:
    """Return the value of an expression in radians.

    Raises:
        UsageError: if it is none, or not finite.
    """
    try:
        if len(text) > LONGEST:
            raise ValueError
        number = _evaluate(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError, OverflowError, RecursionError) as error:
        raise UsageError(
            f"'{text.strip()[:60]}' is no angle.", "Angles are numbers, pi and + - * / of them."
        ) from error
    if not math.isfinite(number):
        raise UsageError(f"The angle '{text.strip()[:60]}' is not finite.")
    return number


def _evaluate(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return float(number)
        case ast.Name(id=name) if name in _NAMES:
            return _NAMES[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_evaluate(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _evaluate(operand)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _BINARY:
            return _BINARY[type(sign)](_evaluate(left), _evaluate(right))
    raise ValueError
