"""The order of the edits of one child: which question `edit` of the program `grow` is answered by whom.

EAS gives every child the same sequence of edits, first all wider steps, then all deeper steps (section 1.1
of the released code: 4 + 5 for plain networks). Written as text:

    widen*4,deepen*5        the paper's plain space
    widen,deepen,learned*3  one of each, then three edits that the policy chooses itself
    any*9                   nine edits, each drawn at random
"""

from __future__ import annotations

import re
from typing import Any

from automl.core.domains import Domain, Options, Value, as_domain
from automl.core.errors import UnknownName, UsageError

LEARNED = "learned"
"""The word for an edit that the policy chooses."""
ANY = "any"
"""The word for an edit that is drawn."""


class _Asked(Exception):
    def __init__(self, domain: Domain) -> None:
        self.domain = domain


def edit_names(space: Any) -> tuple[str, ...]:
    """Return every edit the space knows: the domain of the first question of `grow`."""

    def probe(name: str, domain: Any, *, allowed: Any = None) -> Value:
        raise _Asked(as_domain(domain))

    try:
        space.grow(space.root(), probe)
    except _Asked as asked:
        if isinstance(asked.domain, Options):
            return tuple(map(str, asked.domain.values))
    raise UsageError("This space cannot grow by edits: its program asks for no edit by name.")


def parse_schedule(text: str, known: tuple[str, ...], free: str) -> tuple[str, ...]:
    """Read a schedule; return one word per step, an edit of the space or the word `free`.

    Raises:
        UsageError: if the text is no schedule or holds no step.
        UnknownName: if it names an edit the space does not know.
    """
    steps: list[str] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*([\w-]+)\s*(?:\*\s*(\d+))?\s*", part)
        if match is None:
            raise UsageError(f"'{text}' is no schedule of edits.", "Write for example schedule=widen*4,deepen*5")
        if match[1] not in (*known, free):
            raise UnknownName("edit", match[1], (*known, free))
        steps += [match[1]] * int(match[2] or 1)
    if not steps:
        raise UsageError(f"The schedule '{text}' has no step.", "Write for example schedule=widen*4,deepen*5")
    return tuple(steps)


def default_schedule(known: tuple[str, ...], wanted: tuple[tuple[str, int], ...]) -> tuple[str, ...]:
    """Return the wanted (edit, count) pairs that the space knows; as many learned steps if it knows none."""
    steps = [edit for edit, count in wanted for _ in range(count) if edit in known]
    return tuple(steps) or (LEARNED,) * sum(count for _, count in wanted)
