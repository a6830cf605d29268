"""Environments by name, and what is known of them: how to judge policies, and the true front where there is one."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from automl.core.errors import InvalidData, MissingExtra, UnknownName, UsageError

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Custom:
    """How policies of an environment are judged, and how much is learned.

    Attributes:
        gamma: discount of the returns.
        reference: reference point of the hypervolume.
        steps: of a training, so many that hyperparameters matter.
        chance: whether two episodes of one policy can differ.
        front: whether the environment knows its true front.
    """

    gamma: float
    reference: tuple[float, ...]
    steps: int
    chance: bool = False
    front: bool = False


KNOWN: Mapping[str, Custom] = {
    "deep-sea-treasure-v0": Custom(1.0, (0.0, -50.0), 4_000, front=True),
    "deep-sea-treasure-concave-v0": Custom(1.0, (0.0, -50.0), 10_000, front=True),
    "deep-sea-treasure-mirrored-v0": Custom(1.0, (0.0, -50.0), 20_000, front=True),
    "resource-gathering-v0": Custom(0.99, (-1.0, -1.0, -1.0), 10_000, chance=True, front=True),
    "fruit-tree-v0": Custom(1.0, (-1.0,) * 6, 10_000, front=True),
    "four-room-v0": Custom(0.99, (-1.0,) * 3, 20_000),
    "fishwood-v0": Custom(0.99, (0.0, 0.0), 20_000, chance=True),
    "breakable-bottles-v0": Custom(0.99, (-100.0, -1.0, -10.0), 20_000, chance=True),
    "minecart-v0": Custom(0.98, (-1.0, -1.0, -200.0), 20_000, chance=True, front=True),
    "minecart-deterministic-v0": Custom(0.98, (-1.0, -1.0, -200.0), 20_000, front=True),
    "water-reservoir-v0": Custom(0.99, (-4000.0, -4000.0), 3_000, chance=True),
}
"""The environments of MO-Gymnasium that need nothing else to be installed and have been measured."""
STEPS = 20_000
"""Of a training in any other environment."""
CUT = 1_000
"""Steps after which an episode is cut off in an environment that has no limit of its own."""


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment, described so that it can be made anywhere.

    Attributes:
        name: its id, or a callable's name.
        arguments: keyword arguments.
        factory: makes it, where it has no id.
        objectives: length of a reward.
        actions: "discrete" or "continuous".
        observations: "discrete" or "continuous".
        limit: steps after which an episode is cut off.
        front: its true front at a discount, where it knows one.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    factory: Callable[..., Any] | None = None
    objectives: int = 0
    actions: str = "discrete"
    observations: str = "discrete"
    limit: int = 0

    @property
    def known(self) -> Custom | None:
        """Return what is known of it; of an environment with other arguments nothing is."""
        return None if self.factory or self.arguments else KNOWN.get(self.name)

    def make(self) -> Any:
        """Return a new one."""
        return self.factory(**self.arguments) if self.factory else _made(self.name, self.arguments)

    def front(self, gamma: float) -> Array | None:
        """Return the true front (points, objectives) at a discount, if the environment knows it."""
        known = getattr(self.make().unwrapped, "pareto_front", None)
        if known is None or (self.known is not None and not self.known.front):
            return None
        return np.array([np.asarray(point, dtype=np.float64) for point in known(gamma)])


def read(data: Any, arguments: str) -> Environment:
    """Read an environment: an id of MO-Gymnasium, `module:id`, or something callable that makes one.

    Raises:
        MissingExtra: if MO-Gymnasium is not installed.
        UnknownName: if there is none of that id.
        InvalidData: if it cannot be made, or is no environment with vectors as rewards.
    """
    given = _arguments(arguments)
    if callable(data):
        described = Environment(getattr(data, "__name__", type(data).__name__), given, data)
    else:
        described = Environment(str(data), given)
    try:
        made = described.make()
    except (UsageError, KeyboardInterrupt):
        raise
    except Exception as error:
        raise InvalidData(
            f"The environment '{described.name}' cannot be made: {type(error).__name__} {error}.",
            "Its keyword arguments are set as --set env_kwargs='{\"depth\": 5}'.",
        ) from error
    return _measured(described, made)


def _arguments(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text)
    except ValueError as error:
        raise UsageError(f"env_kwargs is no JSON: {error}.", "Write --set env_kwargs='{\"depth\": 5}'.") from error
    if not isinstance(given, dict):
        raise UsageError(f"env_kwargs must be an object of names and values, got {text}.", 'Write {"depth": 5}.')
    return given


def _made(name: str, arguments: Mapping[str, Any]) -> Any:
    if find_spec("mo_gymnasium") is None:
        raise MissingExtra("mo-gymnasium", "morl")
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import gymnasium
        import mo_gymnasium

        known = [key for key, spec in gymnasium.registry.items() if "mo_gymnasium" in str(spec.entry_point)]
        if ":" not in name and name not in gymnasium.registry:
            raise UnknownName("environment", name, known, "One of your own is named as module:id.")
        return mo_gymnasium.make(name, **arguments)


def _measured(described: Environment, made: Any) -> Environment:
    """Return the description with what the environment itself says."""
    rewards = getattr(made.unwrapped, "reward_space", None)
    if rewards is None or len(getattr(rewards, "shape", ())) != 1 or rewards.shape[0] < 2:
        raise InvalidData(
            f"The environment '{described.name}' does not say that its rewards are vectors of two numbers or more.",
            "It needs an attribute reward_space: Box of shape (objectives,).",
        )
    spec = getattr(made, "spec", None)
    own_limit = getattr(spec, "max_episode_steps", None)
    return Environment(
        described.name,
        described.arguments,
        described.factory,
        int(rewards.shape[0]),
        _kind(made.action_space),
        _kind(made.observation_space),
        int(own_limit or CUT),
    )


def _kind(space: Any) -> str:
    """Return whether a space is of numbers that can be counted."""
    if hasattr(space, "n"):
        return "discrete"
    dtype = getattr(space, "dtype", None)
    return (
        "discrete" if dtype is not None and np.issubdtype(dtype, np.integer) and len(space.shape) == 1 else "continuous"
    )


def maker(environment: Environment) -> Callable[[], Any]:
    """Return what makes an environment, for learners."""
    return partial(Environment.make, environment)
