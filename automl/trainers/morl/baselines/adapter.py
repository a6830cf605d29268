"""What all adapters have in common: environments, chance, pace, and the check that what was learned is numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

import gymnasium
import numpy as np
import numpy.typing as npt
import torch

from automl.core.domains import Value
from automl.core.errors import UsageError
from automl.search_spaces.morl.algorithms import ALGORITHMS
from automl.trainers.morl.baselines.chance import Chance, silent
from automl.trainers.morl.baselines.pace import Pace, Paced, Training
from automl.trainers.morl.learner import Actor, Plan, Policy

Array = npt.NDArray[Any]

ENDLESS = 10**15
"""Steps that the library is told to train for; it rests long before."""


class Adapter(ABC):
    """An algorithm of the library as a learner.

    A subclass makes the library's agent, says how it is trained, and hands out its policies.

    Args:
        make: makes the environment.
        hyperparameters: as the program of the algorithm asks for them.
        plan: how long, from which seed.
    """

    whole_episodes: ClassVar[bool] = False
    """Whether it rests between two episodes only."""
    kinds: ClassVar[tuple[type[Any], ...]] = (gymnasium.spaces.Discrete,)
    """Kinds of actions it can choose from."""

    def __init__(self, make: Callable[[], Any], hyperparameters: Mapping[str, Value], plan: Plan) -> None:
        self.own: dict[str, Any] = dict(hyperparameters)
        self.plan = plan
        agent, training, measuring, chance = np.random.SeedSequence(plan.seed).generate_state(4)
        self.seed = int(agent)
        self.pace = Pace(whole_episodes=self.whole_episodes)
        self.chance = Chance(int(chance))
        self.see: Callable[[Any], Any] | None = None
        with self.chance, silent():
            self.environment = self._made(make, int(training))
            self.measured_in = self._made(make, int(measuring))
            self.agent = self.build()
        self._training = Training(self.training(), self.pace)

    @abstractmethod
    def build(self) -> Any:
        """Return the library's agent for `self.environment`."""

    @abstractmethod
    def training(self) -> Callable[[], object]:
        """Return what trains the agent without end; it must not refer to this learner."""

    def measured(self, **settings: Any) -> Callable[[], object]:
        """Return the library's training without end, for algorithms that measure their own policies on the way.

        Args:
            **settings: of the library's `train`, beside the steps, where to measure, and the reference point.
        """
        return partial(self.agent.train, ENDLESS, self.measured_in, np.array(self.plan.reference), **settings)

    @abstractmethod
    def found(self) -> Sequence[Policy]:
        """Return the policies; of networks, those at rest, not those that go on learning."""

    @property
    def steps(self) -> int:
        """Steps of the environment so far, those of the library's own measurements among them."""
        return self.pace.taken

    def advance(self, steps: int) -> None:
        """Learn for so many more steps.

        Raises:
            FloatingPointError: if the algorithm fails because its numbers are not finite any more.
        """
        with self.chance, silent():
            try:
                self._training.advance(steps)
            except (ValueError, RuntimeError) as error:
                self.refuse_divergence(error)
                raise

    def policies(self) -> Sequence[Policy]:
        """Return what was found so far.

        Raises:
            FloatingPointError: if a network holds numbers that are not finite.
        """
        self.refuse_divergence(None)
        with self.chance, silent():
            return self.found()

    def networks(self) -> Iterable[torch.nn.Module]:
        """Return the networks of the agent."""
        return ()

    def refuse_divergence(self, cause: Exception | None) -> None:
        """Refuse networks that are no numbers."""
        for network in self.networks():
            if not all(bool(torch.isfinite(values).all()) for values in network.parameters()):
                raise FloatingPointError(
                    f"The agent diverged: after {self.steps} steps its network is no numbers any more. "
                    "Its learning rate is probably too high."
                ) from cause

    def shape(self) -> list[int]:
        """Return the layers of the networks."""
        return [int(self.own["width"])] * int(self.own["depth"])

    @property
    def gamma(self) -> float:
        """The discount to learn with."""
        return float(1 - 1 / self.own["horizon"])

    def share(self, count: str) -> int:
        """Return the steps of one of so many parts of the training."""
        return max(1, self.plan.steps // int(self.own[count]))

    def decay(self, name: str) -> int:
        """Return the steps of a share of the training."""
        return max(1, round(float(self.own[name]) * self.plan.steps))

    def exploration(self) -> dict[str, Any]:
        """Return the arguments of the schedule of actions at random."""
        start = self.own["epsilon"]
        falls = self.own["epsilon_schedule"] == "run"
        return {
            "initial_epsilon": start,
            "final_epsilon": start * self.own.get("epsilon_end", 1.0),
            "epsilon_decay_steps": self.decay("epsilon_decay") if falls else None,
        }

    def target(self) -> dict[str, Any]:
        """Return the arguments of a target network that follows; at a rate below 1 it does so at every step."""
        if self.own["target"] == "periodic":
            return {"tau": 1.0, "target_net_update_freq": self.own["target_period"]}
        return {"tau": self.own["tau"]}

    def _made(self, make: Callable[[], Any], seed: int) -> Paced:
        environment = make()
        if not isinstance(environment, gymnasium.Env):
            raise UsageError(
                "The algorithms of morl-baselines need an environment that is a gymnasium.Env.",
                "Type: --set algorithm=tabular",
            )
        self._refuse_misfit(environment.action_space)
        space, self.see = self.readable(environment.observation_space)
        if not hasattr(environment.unwrapped, "reward_dim"):  # some algorithms look it up there
            environment.unwrapped.reward_dim = self.plan.objectives
        environment.reset(seed=seed)  # the library resets without a seed
        environment.action_space.seed(seed)
        return Paced(environment, self.pace, self.plan.limit, seen=self.see, space=space)

    def readable(self, space: Any) -> tuple[Any, Callable[[Any], Any] | None]:
        """Return the space of observations that the algorithm can read, and what turns others into these.

        Raises:
            UsageError: if they are no arrays of numbers.
        """
        if isinstance(space, gymnasium.spaces.Discrete):
            first = int(space.start)
            box = gymnasium.spaces.Box(first, first + int(space.n) - 1, (1,), np.int64)
            return box, _listed
        if not space.shape:
            raise UsageError(f"Observations must be numbers or arrays, here they are {space}.")
        return space, None

    def _refuse_misfit(self, space: Any) -> None:
        if not isinstance(space, self.kinds):
            words = " or ".join(_word(kind) for kind in self.kinds)
            fitting = [name for name, one in ALGORITHMS.items() if _word(type(space)) in one.actions]
            raise UsageError(
                f"This algorithm needs {words} actions, here they are {space}.",
                f"Algorithms that fit: {', '.join(fitting) or 'none of those here'}.",
            )
        if isinstance(space, gymnasium.spaces.Box) and not space.is_bounded():
            raise UsageError(
                f"Actions must have bounds, here they are {space}.",
                "water-reservoir-v0 has them with --set env_kwargs='{\"normalized_action\": true}'.",
            )


def _word(kind: type[Any]) -> str:
    """Return what the space calls a kind of actions; "" for one that no algorithm here can choose from."""
    return {gymnasium.spaces.Discrete: "discrete", gymnasium.spaces.Box: "continuous"}.get(kind, "")


def _listed(observation: Any) -> Array:
    return np.array([observation], np.int64)


class Following:
    """A policy that chooses from the observation alone.

    Args:
        choose: from an observation that the algorithm can read.
        see: turns the environment's observations into these; None if they are.
    """

    def __init__(self, choose: Callable[[Any], Any], see: Callable[[Any], Any] | None) -> None:
        self._choose, self._see = choose, see

    def start(self) -> Actor:
        """Return the actor of a new episode."""
        return partial(_chosen, self._choose, self._see)


def _chosen(choose: Callable[[Any], Any], see: Callable[[Any], Any] | None, observation: Any, reward: Array) -> Any:
    return choose(observation if see is None else see(observation))
