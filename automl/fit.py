"""What fits what: which controllers a space can serve, which trainers can train its candidates, and why not."""

from __future__ import annotations

from typing import Any

from automl.core.errors import Incompatible
from automl.core.objectives import Objectives
from automl.registry import usable


def missing_capabilities(space: type[Any], controller: type[Any]) -> list[str]:
    """Return the capabilities that a controller needs and a space lacks."""
    lacking = [need.__name__ for need in controller.requires if not _has(space, need)]
    known = {*getattr(space, "rules", ()), *getattr(space, "thumbs", ())}
    return lacking or [f"{controller.requires[0].__name__} by '{r}'" for r in controller.reads if r not in known]


def _has(space: type[Any], need: type[Any]) -> bool:
    """Say whether a space has what a capability names; `issubclass` refuses those that name more than methods."""
    named = {*vars(need), *need.__annotations__}
    return all(hasattr(space, name) for name in named if not name.startswith("_"))


def controllers_for(space: type[Any]) -> list[str]:
    """Return the names of the controllers that can search a space."""
    return [name for name, cls in usable("controllers").items() if not missing_capabilities(space, cls)]


def trainers_for(space: str) -> list[str]:
    """Return the names of the trainers for a space; the one named like it comes first."""
    fitting = [name for name, cls in usable("trainers").items() if space in cls.accepts]
    return sorted(fitting, key=lambda name: (name != space, name))


def check_pair(space_name: str, space: type[Any], controller_name: str, controller: type[Any]) -> None:
    """Refuse a controller that needs what the space does not have.

    Raises:
        Incompatible: naming the controllers that would fit.
    """
    lacking = missing_capabilities(space, controller)
    if lacking:
        fitting = ", ".join(controllers_for(space))
        raise Incompatible(
            f"The controller '{controller_name}' needs a space that is {' and '.join(lacking)}; '{space_name}' is not.",
            f"Controllers that fit '{space_name}': {fitting}.",
        )


def check_objectives(controller_name: str, controller: type[Any], objectives: Objectives) -> None:
    """Refuse several objectives for a controller that learns from one number.

    Raises:
        Incompatible: naming the controllers that take several.
    """
    if len(objectives.goals) > 1 and not controller.many_objectives:
        many = [name for name, cls in usable("controllers").items() if cls.many_objectives]
        raise Incompatible(
            f"The controller '{controller_name}' takes one objective, got {len(objectives.goals)}.",
            f"Turn the others into limits (params<=50000), or use one of: {', '.join(many)}.",
        )
