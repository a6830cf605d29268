"""What travels between the study and a worker: a message, and beside it the large arrays in it, which nobody repacks.

    parcel = pack(message)                  # arrays of a page or more stay where they are
    send(line, parcel)                      # from their own memory into the pipe
    unpack(receive(line))                   # and out of it into memory of their own, which can be written to

On the wire: how many arrays there are and their sizes, whether the message is the last of an evaluation, the pickled
message; then array after array. A process that only passes parcels on, as an actor of Ray does, never opens them.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any, NamedTuple, TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview
PROTOCOL = 5
"""Pickle protocol of all messages: arrays travel as plain buffers."""
_LARGE = 65_536
"""Bytes from which an array travels beside its message: below, a message of its own costs more than copying."""
_COUNT = struct.Struct("<?I")


class Parcel(NamedTuple):
    """A message on its way.

    Attributes:
        message: the message, pickled without its large arrays.
        arrays: the memory of these arrays, in the order in which the message needs them.
        last: whether it is the last word of an evaluation, or of a worker's start.
    """

    message: bytes
    arrays: Sequence[Any] = ()
    last: bool = True


def pack(message: Any, dumps: Callable[..., bytes] = pickle.dumps, *, last: bool = True) -> Parcel:
    """Pickle a message; its large arrays stay where they are, so do not change them before it is sent."""
    arrays: list[memoryview] = []

    def keep(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < _LARGE:
            return True  # into the message
        arrays.append(raw)
        return False

    return Parcel(dumps(message, protocol=PROTOCOL, buffer_callback=keep), arrays, last)


def unpack(parcel: Parcel) -> Any:
    """Return the message; its large arrays are the memory of the parcel."""
    return pickle.loads(parcel.message, buffers=parcel.arrays)


def send(line: Connection, parcel: Parcel) -> None:
    """Send a parcel.

    Raises:
        OSError: if nobody listens any more.
    """
    sizes = [memoryview(array).nbytes for array in parcel.arrays]
    head = _COUNT.pack(parcel.last, len(sizes)) + struct.pack(f"<{len(sizes)}Q", *sizes)
    line.send_bytes(head + parcel.message)
    for array in parcel.arrays:
        line.send_bytes(array)


def receive(line: Connection) -> Parcel:
    """Receive a parcel.

    Raises:
        EOFError, OSError: if nobody sends any more.
    """
    body = line.recv_bytes()
    last, count = _COUNT.unpack_from(body)
    start = _COUNT.size + 8 * count
    arrays = [bytearray(size) for size in struct.unpack_from(f"<{count}Q", body, _COUNT.size)]
    for array in arrays:
        line.recv_bytes_into(array)
    return Parcel(body[start:], arrays, last)
