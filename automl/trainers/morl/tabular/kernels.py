"""The compiled loops: learning one table, and rolling a fixed policy out.

Both run until they need a step that is not in the world's table, hand it to Python, and go on with what comes back.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from automl.trainers.morl.tabular.compiled import compiled

Array = npt.NDArray[Any]

STATE, TIME, STEP, TARGET, ACTION, FOLLOWING, END, PENDING, OVER, STORED, ROWS = range(11)
"""Places in the register of a loop: the state and the time in the episode; steps taken, and to take; the step that was
handed to Python, and its answer; whether the episode is over; transitions ever stored; rows of the tables in use."""
REGISTERS = 11
DONE, ASK, GROW = 0, 1, 2
"""What a loop returns: the target is reached at the end of an episode; a step is asked for; the tables are full."""


class Table(NamedTuple):
    """What a loop sees of a `World`, and the limit of time."""

    next: Array
    reward: Array
    end: Array
    seen: Array
    limit: int


class Rule(NamedTuple):
    """How a table is learned; rates fall linearly from a step on, over so many steps. Ties may be drawn by lot."""

    gamma: float
    rate: float
    rate_end: float
    epsilon: float
    epsilon_end: float
    start: int
    decay: float
    whole: int
    improvement: bool
    replays: int
    draws: bool


class Agent(NamedTuple):
    """What is learned, and what it is learned from.

    `tables` is (policies, rows, actions, objectives), `weights` (policies, objectives), `current` the table in work.
    `row` says which row belongs to an observation of the world, -1 for one not met in this run.
    """

    tables: Array
    weights: Array
    current: int
    row: Array


class Memory(NamedTuple):
    """Stored transitions as a ring: observation, action, next observation, ended; and rewards."""

    steps: Array
    rewards: Array


Plain: TypeAlias = tuple[Any, ...]
"""One of the above as a tuple without names: Numba takes a call with it in a tenth of the time."""


@compiled
def uniform(rng: Array) -> float:
    """Draw from [0, 1): splitmix64 (Steele, Lea and Flood 2014), whose state is one number."""
    rng[0] += np.uint64(0x9E3779B97F4A7C15)
    z = rng[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) / 9007199254740992.0


@compiled
def scalar(table: Array, weights: Array, row: int, action: int) -> float:
    """Return the weighted value of one action."""
    total = 0.0
    for j in range(weights.shape[0]):
        total += weights[j] * table[row, action, j]
    return total


@compiled
def worth(agent: Agent, rule: Rule, row: int, action: int) -> float:
    """Return what an action is worth under the weights that are learned, by one table or by the best of all."""
    weights = agent.weights[agent.current]
    best = scalar(agent.tables[agent.current], weights, row, action)
    if rule.improvement:
        for other in range(agent.current):
            value = scalar(agent.tables[other], weights, row, action)
            if value > best:
                best = value
    return best


@compiled
def greedy(agent: Agent, rule: Rule, row: int, rng: Array) -> int:
    """Return the best action; of those that are equally good the first, or one at random."""
    chosen, best, equal = 0, -np.inf, 0
    for action in range(agent.tables.shape[2]):
        value = worth(agent, rule, row, action)
        if value > best:
            chosen, best, equal = action, value, 1
        elif rule.draws and value == best:
            equal += 1
            if uniform(rng) * equal < 1.0:
                chosen = action
    return chosen


@compiled
def improved(tables: Array, weights: Array) -> Array:
    """Return the action that is best over all tables (policies, rows, actions, objectives), for each weights and row.

    Weights are (n, objectives), actions (n, rows); of equal ones the first is taken.
    """
    found = np.zeros((weights.shape[0], tables.shape[1]), np.int64)
    for row in range(tables.shape[1]):
        for i in range(weights.shape[0]):
            best = -np.inf
            for policy in range(tables.shape[0]):
                for action in range(tables.shape[2]):
                    value = 0.0
                    for j in range(weights.shape[1]):
                        value += weights[i, j] * tables[policy, row, action, j]
                    if value > best:
                        best, found[i, row] = value, action
    return found


@compiled
def update(agent: Agent, rule: Rule, rate: float, step: Array, reward: Array, rng: Array) -> None:
    """Move the value of one step towards its reward and what follows."""
    row, action, following, ended = step[0], step[1], step[2], step[3]
    table = agent.tables[agent.current]
    ahead = greedy(agent, rule, following, rng)
    discount = 0.0 if ended == 1 else rule.gamma
    for j in range(reward.shape[0]):
        error = reward[j] + discount * table[following, ahead, j] - table[row, action, j]
        table[row, action, j] += rate * error


@compiled
def falling(start: float, end: float, share: float) -> float:
    """Return what a rate has fallen to."""
    return start + (end - start) * min(1.0, max(0.0, share))


@compiled
def store(memory: Memory, register: Array, step: Array, reward: Array) -> None:
    """Put a transition into the ring."""
    place = register[STORED] % memory.steps.shape[0]
    for j in range(4):
        memory.steps[place, j] = step[j]
    for j in range(reward.shape[0]):
        memory.rewards[place, j] = reward[j]
    register[STORED] += 1


@compiled
def chosen_action(agent: Agent, table: Table, rule: Rule, register: Array, rng: Array) -> int:
    """Choose: explore or exploit; at the end of an episode begin the next."""
    if register[OVER] == 1:
        return int(agent.tables.shape[2])
    epsilon = falling(rule.epsilon, rule.epsilon_end, (register[STEP] - rule.start) / rule.decay)
    if uniform(rng) < epsilon:
        return int(uniform(rng) * agent.tables.shape[2])
    return greedy(agent, rule, row_of(agent, table, register), rng)


@compiled
def row_of(agent: Agent, table: Table, register: Array) -> int:
    """Return the row of the observation that is seen now, a new one at the first time."""
    seen = table.seen[register[STATE]]
    if agent.row[seen] < 0:
        agent.row[seen] = register[ROWS]
        register[ROWS] += 1
    return int(agent.row[seen])


@compiled
def looked_up(table: Table, register: Array, outcome: Array) -> bool:
    """Look a step up; False if it is not in the table."""
    state, action = register[STATE], register[ACTION]
    if table.next[state, action] < 0:
        return False
    register[FOLLOWING], register[END] = table.next[state, action], table.end[state, action]
    for j in range(outcome.shape[0]):
        outcome[j] = table.reward[state, action, j]
    return True


@compiled
def arrive(table: Table, register: Array) -> bool:
    """Go to the state that follows; False if that began an episode."""
    began = register[OVER] == 1
    register[STATE], register[PENDING] = register[FOLLOWING], 0
    if began:
        register[TIME], register[OVER] = 0, 0
        return False
    register[STEP] += 1
    register[TIME] += 1
    if register[END] != 0 or (table.limit > 0 and register[TIME] >= table.limit):
        register[OVER] = 1
    return True


@compiled
def _learn(table: Table, agent: Agent, rule: Rule, memory: Memory, register: Array, chance: tuple[Array, Array]) -> int:
    """Learn until the target is reached; `chance` is the generator and room for a reward."""
    rng, outcome = chance
    step = np.zeros(4, np.int64)
    while register[STEP] < register[TARGET] or register[OVER] == 0:
        if register[ROWS] + 2 > agent.tables.shape[1]:
            return GROW
        if register[PENDING] == 0:
            register[ACTION] = chosen_action(agent, table, rule, register, rng)
            if not looked_up(table, register, outcome):
                register[PENDING] = 1
                return ASK
        step[0], step[1] = row_of(agent, table, register), register[ACTION]
        if not arrive(table, register):
            continue
        step[2], step[3] = row_of(agent, table, register), register[END]
        rate = falling(rule.rate, rule.rate_end, register[STEP] / rule.whole)
        update(agent, rule, rate, step, outcome, rng)
        if rule.replays > 0:
            store(memory, register, step, outcome)
            held = min(register[STORED], memory.steps.shape[0])
            for _ in range(rule.replays):
                place = int(uniform(rng) * held)
                update(agent, rule, rate, memory.steps[place], memory.rewards[place], rng)
    return DONE


@compiled
def _roll(table: Table, policy: Array, register: Array, outcome: Array, gained: Array, gamma: float) -> int:
    while True:
        if register[PENDING] == 0:
            if register[OVER] == 1:
                register[STORED] += 1
                if register[STORED] >= register[TARGET]:
                    return DONE
                register[ACTION] = table.next.shape[1] - 1
            else:
                register[ACTION] = policy[table.seen[register[STATE]]]
            if not looked_up(table, register, outcome):
                register[PENDING] = 1
                return ASK
        if arrive(table, register):
            discount = gamma ** (register[TIME] - 1)
            for j in range(outcome.shape[0]):
                gained[register[STORED], j] += discount * outcome[j]


@compiled
def learn(t: Plain, a: Plain, r: Plain, m: Plain, register: Array, chance: tuple[Array, Array]) -> int:
    """Learn until the target is reached, from plain table, agent, rule and memory; `chance` as in `_learn`."""
    table, agent, memory = Table(t[0], t[1], t[2], t[3], t[4]), Agent(a[0], a[1], a[2], a[3]), Memory(m[0], m[1])
    rule = Rule(r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10])
    return _learn(table, agent, rule, memory, register, chance)


@compiled
def roll(t: Plain, policy: Array, register: Array, outcome: Array, gained: Array, gamma: float) -> int:
    """Follow a policy for so many episodes as the target says; `gained` collects their discounted returns.

    `t` is a plain table, `policy` holds an action for every observation; gained is (episodes, objectives). STORED
    counts episodes.
    """
    return _roll(Table(t[0], t[1], t[2], t[3], t[4]), policy, register, outcome, gained, gamma)
