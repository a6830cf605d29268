"""Small environments with vector rewards, each with one property that a learner must cope with."""

import random

import gymnasium as gym
import numpy as np
from gymnasium.spaces import Box, Discrete


class Corridor(gym.Env):
    """Walk right for a prize that grows with the distance, or stop: prize against time."""

    prizes = (1.0, 4.0, 5.0, 8.0)

    def __init__(self, length=4):
        self.length = length
        self.observation_space = Discrete(length)
        self.action_space = Discrete(2)
        self.reward_space = Box(-1.0, 10.0, (2,))
        self.place = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = 0
        return self.place, {}

    def step(self, action):
        if action == 0:
            return self.place, np.array([self.prizes[min(self.place, 3)], -1.0]), True, False, {}
        self.place = min(self.place + 1, self.length - 1)
        return self.place, np.array([0.0, -1.0]), False, False, {}


class Slippery(Corridor):
    """Sometimes it does not leave its first place; the environment's own generator says when."""

    def step(self, action):
        if action == 1 and self.place == 0 and self.np_random.random() < 0.3:
            return self.place, np.array([0.0, -1.0]), False, False, {}
        return super().step(action)


class Shared(Corridor):
    """At its end it draws from the global generators."""

    def step(self, action):
        if action == 0 and self.place == self.length - 1:
            bonus = random.random() + np.random.random()
            return self.place, np.array([8.0 + bonus, -1.0]), True, False, {}
        return super().step(action)


class Painted(Corridor):
    """Whoever comes to its end paints the wall or wipes it, which nobody sees."""

    def __init__(self, length=4):
        super().__init__(length)
        self.wall = [0]

    def step(self, action):
        result = super().step(action)
        if self.place == self.length - 1:
            self.wall[0] = 1 - self.wall[0]
        return result


class Lottery(Corridor):
    """At its end it draws from its own generator."""

    def step(self, action):
        seen, reward, ended, cut, more = super().step(action)
        return seen, reward + (self.np_random.random() if seen == self.length - 1 else 0.0), ended, cut, more


class Clocked(Corridor):
    """What is seen says nothing of the time that has passed, and the prize depends on it."""

    def reset(self, *, seed=None, options=None):
        self.time = 0
        return super().reset(seed=seed)

    def step(self, action):
        self.time += 1
        seen, reward, ended, cut, more = super().step(action)
        return seen, reward * np.array([1.0 / self.time, 1.0]), ended, cut, more


class Engine:
    """State that is no plain data."""

    def __init__(self):
        self.turns = 0


class Driven(Corridor):
    """Its state lies in an object."""

    def __init__(self, length=4):
        super().__init__(length)
        self.engine = Engine()

    def step(self, action):
        self.engine.turns += 1
        return super().step(action)


class Scalar(Corridor):
    """Its reward is one number."""

    def __init__(self):
        super().__init__()
        self.reward_space = Box(0.0, 1.0, (1,))


class Steered(Corridor):
    """Its actions are real numbers."""

    def __init__(self):
        super().__init__()
        self.action_space = Box(-1.0, 1.0, (1,))


class Broken(Corridor):
    """It raises in the middle of an episode."""

    def step(self, action):
        if self.place == 2:
            raise RuntimeError("the door is stuck")
        return super().step(action)


class Endless(Corridor):
    """Its prizes are not finite."""

    prizes = (float("nan"),) * 4
