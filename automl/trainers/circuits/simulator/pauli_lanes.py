"""Four adjacent numbers as one value in compiled code, so that one instruction works on all four.

Left to itself the compiler vectorises loops over long slices only, and the innermost stride of a Pauli vector is 4.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, cast

import numba
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core.datamodel import PrimitiveModel, register_default
from numba.extending import intrinsic as _intrinsic
from numba.extending import overload

from automl.trainers.circuits.simulator.compiled import Kernel

WIDTH = 4


class Lanes(types.Type):  # type: ignore[misc]
    """The type of four numbers of one kind."""

    def __init__(self, number: Any) -> None:
        """Name the type after its numbers: float64 or float32."""
        self.number = number
        super().__init__(name=f"Lanes({number})")


class _Model(PrimitiveModel):  # type: ignore[misc]
    """Four numbers live in one vector register."""

    def __init__(self, manager: Any, kind: Lanes) -> None:
        super().__init__(manager, kind, ir.VectorType(manager.lookup(kind.number).get_value_type(), WIDTH))


register_default(Lanes)(_Model)


def inner(kernel: Kernel) -> Kernel:
    """Compile as `compiled` does, but only for calls from compiled code, which halves the time it takes."""
    return _compile(kernel, {"reassoc", "contract"})


def inner_in_order(kernel: Kernel) -> Kernel:
    """Compile as `inner` does, with sums in the order in which they are written."""
    return _compile(kernel, {"contract"})


def _compile(kernel: Kernel, fastmath: set[str]) -> Kernel:
    options = {"cache": True, "nogil": True, "error_model": "numpy", "fastmath": fastmath}
    return cast(Kernel, numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **options)(kernel))


def intrinsic(write: Callable[..., Any]) -> Callable[..., Any]:
    """Let compiled code call what the function writes in the compiler's own language."""
    return _intrinsic(write)  # type: ignore[no-any-return]


def _place(builder: Any, context: Any, signature: Any, array: Any, index: Any) -> Any:
    """Return the address of four numbers of an array."""
    data = context.make_array(signature.args[0])(context, builder, array).data
    vector = ir.VectorType(context.get_data_type(signature.args[0].dtype), WIDTH)
    return builder.bitcast(builder.gep(data, [index]), vector.as_pointer())


def _bytes(signature: Any) -> int:
    return int(signature.args[0].dtype.bitwidth) // 8


@intrinsic
def load(typing: Any, array: Any, index: Any) -> Any:
    """Return four numbers of an array (N,) from a place on."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place = _place(builder, context, signature, *values)
        return builder.load(place, align=_bytes(signature))

    return Lanes(array.dtype)(array, types.intp), code


@intrinsic
def store(typing: Any, array: Any, index: Any, lanes: Any) -> Any:
    """Write four numbers into an array (N,) from a place on."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        place = _place(builder, context, signature, values[0], values[1])
        builder.store(values[2], place, align=_bytes(signature))
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), code


@intrinsic
def spread(typing: Any, number: Any) -> Any:
    """Return four times the same number."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        vector = ir.VectorType(values[0].type, WIDTH)
        first = builder.insert_element(ir.Constant(vector, ir.Undefined), values[0], ir.Constant(ir.IntType(32), 0))
        return _shuffle(builder, first, first, (0, 0, 0, 0))

    return Lanes(number)(number), code


@intrinsic
def total(typing: Any, lanes: Any) -> Any:
    """Return the sum of the four."""

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        parts = [builder.extract_element(values[0], ir.Constant(ir.IntType(32), k)) for k in range(WIDTH)]
        return builder.fadd(builder.fadd(parts[0], parts[1]), builder.fadd(parts[2], parts[3]))

    return lanes.number(lanes), code


def _shuffle(builder: Any, left: Any, right: Any, places: tuple[int, ...]) -> Any:
    mask = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), list(places))
    return builder.shuffle_vector(left, right, mask)


@intrinsic
def pick(typing: Any, left: Any, right: Any, places: Any) -> Any:
    """Return four of the eight numbers of two by a literal like "0167": 0 to 3 are of the left, 4 to 7 of the right."""
    if not isinstance(places, types.StringLiteral):
        return None
    chosen = tuple(int(place) for place in places.literal_value)

    def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return _shuffle(builder, values[0], values[1], chosen)

    return left(left, right, places), code


def _arithmetic(symbol: Callable[..., Any], instruction: str) -> None:
    """Give lanes one of + - *; LLVM may fuse a product with a sum."""

    @intrinsic
    def both(typing: Any, left: Any, right: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            return getattr(builder, instruction)(*values, flags=("contract",))

        return left(left, right), code

    def apply(left: Any, right: Any) -> Any:
        return both(left, right)

    def choose(left: Any, right: Any) -> Any:
        return apply if isinstance(left, Lanes) and isinstance(right, Lanes) else None

    overload(symbol)(choose)


for _symbol, _instruction in ((operator.add, "fadd"), (operator.sub, "fsub"), (operator.mul, "fmul")):
    _arithmetic(_symbol, _instruction)
