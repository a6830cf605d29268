"""Places for the nodes of a forest: compact, without crossings, and the path that matters is straight."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeAlias

Places: TypeAlias = Mapping[int, tuple[float, float]]
Contour: TypeAlias = dict[int, tuple[float, float]]
"""Generation -> (leftmost, rightmost) place of a subtree, relative to its root."""
_ROOT = -1  # above all roots; not drawn


def layout(parents: Mapping[int, int], path: Collection[int] = ()) -> Places:
    """Place a forest, generation by generation.

    Each node stands right above one of its children, that on the path or else that with the most generations
    below. The other subtrees stand alternately right and left of it, as near as their outlines allow: the idea of
    Reingold and Tilford, "Tidier drawings of trees" (1981), without their symmetry.

    Args:
        parents: child -> parent, without cycles.
        path: nodes from a root to a leaf.

    Returns:
        node -> (x, y), with y the generation from 0; exchanged where the forest is deeper than wide.
    """
    children = _children(parents)
    order = _from_the_top(children)
    generation = {_ROOT: -1}
    for node in order:
        generation.update((child, generation[node] + 1) for child in children.get(node, ()))
    shifts = _shifts(children, order, generation, set(path))
    places = {_ROOT: 0.0}
    for node in order[1:]:
        places[node] = places[parents.get(node, _ROOT)] + shifts[node]
    return _turned({node: (places[node], float(generation[node])) for node in order[1:]})


def _children(parents: Mapping[int, int]) -> dict[int, list[int]]:
    children: dict[int, list[int]] = {_ROOT: sorted(set(parents.values()) - set(parents))}
    for child, parent in sorted(parents.items()):
        children.setdefault(parent, []).append(child)
    return children


def _from_the_top(children: Mapping[int, list[int]]) -> list[int]:
    """List parents before their children, without recursion: a lineage may be longer than Python's stack."""
    order = [_ROOT]
    for node in order:
        order += children.get(node, ())
    return order


def _shifts(
    children: Mapping[int, list[int]], order: list[int], generation: Mapping[int, int], path: set[int]
) -> dict[int, float]:
    """Return how far each node stands to the right of its parent, working from the leaves up."""
    shifts: dict[int, float] = {}
    outlines: dict[int, Contour] = {}
    for node in reversed(order):
        below = sorted(children.get(node, ()), key=lambda c: (c not in path, -len(outlines[c]), c))
        outline = outlines.pop(below[0]) if below else {}
        shifts.update({below[0]: 0.0} if below else {})
        for place, child in enumerate(below[1:]):
            shifts[child] = _join(outline, outlines.pop(child), right=place % 2 == 0)
        outline[generation[node]] = (0.0, 0.0)
        outlines[node] = outline
    return shifts


def _join(outline: Contour, other: Contour, right: bool) -> float:
    """Put a subtree beside what is there, widen the outline by it, and return how far it was moved."""
    shared = outline.keys() & other.keys()
    if right:
        shift = max(outline[g][1] - other[g][0] for g in shared) + 1.0
    else:
        shift = min(outline[g][0] - other[g][1] for g in shared) - 1.0
    for g, (low, high) in other.items():
        mine = outline.get(g, (low + shift, high + shift))
        outline[g] = (min(mine[0], low + shift), max(mine[1], high + shift))
    return shift


def _turned(places: dict[int, tuple[float, float]]) -> Places:
    """Let a forest that is deeper than wide grow from left to right."""
    across = [x for x, _ in places.values()]
    deepest = max(y for _, y in places.values())
    return {n: (y, x) for n, (x, y) in places.items()} if deepest > max(across) - min(across) else places
