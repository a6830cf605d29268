"""A hash that is the same in every process, on every machine and in every version."""

from __future__ import annotations

from hashlib import blake2b

BYTES = 8


def bucket(text: str, buckets: int) -> int:
    """Return the bucket of a text, from 0 to `buckets` - 1: its BLAKE2b digest of eight bytes, big-endian, modulo."""
    return int.from_bytes(blake2b(text.encode(), digest_size=BYTES).digest(), "big") % buckets
