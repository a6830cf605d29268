"""What is remembered and how it is learned from: transitions, memory, best episodes, targets, the network."""

import dataclasses
from collections import deque

import numpy as np
import pytest
import torch

from automl.controllers._dqn.adam import Adam
from automl.controllers._dqn.batch import Judge
from automl.controllers._dqn.elite import Elite
from automl.controllers._dqn.learner import Batch, Learner, Learning
from automl.controllers._dqn.network import Network, Shape
from automl.controllers._dqn.replay import Replay
from automl.controllers._dqn.reward import Reward, Standard
from automl.controllers._dqn.transitions import transitions
from automl.controllers._dqn.walk import Walk

NEVER = Standard(reference=-10.0, bar=-np.inf, floor=-11.0)


def walk(values, moves=None, width=5):
    """Return an episode of such values; place k shows the bits of k."""
    count = len(values) - 1
    seen = [(np.array([k >> i & 1 for i in range(width)], dtype=np.float32), np.array([True, k % 2 == 0])) for k in
            range(count + 1)]  # fmt: skip
    return Walk(None, None, None, moves=list(moves or [k % 2 for k in range(count)]), values=list(values), seen=seen)


def number(bits):
    return (np.asarray(bits) * 2 ** np.arange(5)).sum(axis=1).astype(int).tolist()


def judge(**settings):
    given = {"inputs": "value", "gamma": 0.5, "power": True, "relabel": True, "masked": True, **settings}
    return Judge(given.pop("reward", Reward()), **given)


def test_a_transition_spans_n_moves_or_up_to_the_end():
    rows = transitions(walk([3.0, 2.0, 1.0, 0.5]), 2, NEVER, full=True)
    assert number(rows["before"]) == [0, 1, 2]
    assert number(rows["after"]) == [2, 3, 3]
    assert rows["length"].tolist() == [2, 2, 1]
    assert rows["values"].tolist() == [[3.0, 2.0, 1.0], [2.0, 1.0, 0.5], [1.0, 0.5, 0.5]]
    assert rows["ended"].tolist() == rows["full"].tolist() == [False, True, True]
    assert rows["legal"].tolist() == [[True, True], [True, False], [True, False]]


def released(episodes, n, gamma):
    """Return (seen, move, return, seen next, ended) as the window of the released code gives them, late ones left out.

    Its window runs on across episodes; an end within it cuts the sum and stands for what comes next.
    """
    window, out = deque(maxlen=n), []
    for episode in episodes:
        for k, move in enumerate(episode.moves):
            last = k == len(episode.moves) - 1
            before, after = episode.values[k], episode.values[k + 1]
            reward = -5.0 if last else (before - after) / (before + 10.0)
            window.append((k, move, reward, k + 1, last))
            if len(window) < n:
                continue
            total, following, ended = window[-1][2:]
            for _, _, reward, place, last in list(window)[-2::-1]:
                total = reward + (0.0 if last else gamma * total)
                following, ended = (place, last) if last else (following, ended)
            out.append((window[0][0], window[0][1], round(total, 9), following, ended))
    return out


@pytest.mark.parametrize("n", [1, 3, 5])
def test_transitions_are_those_of_the_released_window(n):
    rng = np.random.default_rng(n)
    episodes = [walk(rng.random(length), rng.integers(2, size=length - 1).tolist()) for length in (9, 4, 7, 12)]
    mine = []
    for episode in episodes:
        rows = transitions(episode, n, NEVER, full=True)
        returns, discounts = judge(power=False).returns(rows, NEVER)
        ended = (discounts == 0.0).tolist()
        mine += zip(number(rows["before"]), rows["move"].tolist(), returns.round(9).tolist(), number(rows["after"]),
                    ended, strict=True)  # fmt: skip
    theirs = released(episodes, n, 0.5)
    assert mine[: len(theirs)] == theirs
    assert len(mine) - len(theirs) == n - 1


def test_the_discount_of_what_follows():
    rows = transitions(walk([0.0] * 6), 3, NEVER, full=False)
    assert judge().returns(rows, NEVER)[1].tolist() == [0.125, 0.125, 0.125, 0.25, 0.5]
    assert judge(power=False).returns(rows, NEVER)[1].tolist() == [0.5] * 5


def test_a_success_ends_the_sum_and_what_follows_counts_nothing():
    rows = transitions(walk([0.0, 0.0, -9.6, -9.7, -9.7]), 3, NEVER, full=False)
    standard = Standard(-10.0, 0.5, -11.0)
    returns, discounts = judge().returns(rows, standard)
    assert returns.tolist() == [2.5, 5.0, 5.0, 5.0]
    assert discounts.tolist() == [0.0] * 4


def test_old_transitions_are_judged_by_todays_bar_or_by_that_of_their_day():
    loose = Standard(-10.0, 0.5, -11.0)
    rows = transitions(walk([0.0, -9.6]), 1, loose, full=False)
    assert judge().batch(rows, NEVER).returns[0] == pytest.approx(0.96)
    assert judge().batch(rows, NEVER).discounts[0] == 0.5
    assert judge(relabel=False).batch(rows, NEVER).returns[0] == 5.0


def test_the_network_reads_the_value_or_decades_and_moves():
    rows = transitions(walk([0.0, -10.9]), 1, NEVER, full=False)
    assert judge().batch(rows, NEVER).after[0, -1] == np.float32(-10.9)
    scaled = judge(inputs="scaled").batch(rows, NEVER)
    assert scaled.after[0, -2:] == pytest.approx([-1.0, 1 / 40])
    assert scaled.before[0, -1] == 0.0


def test_all_moves_count_where_the_mask_is_off():
    rows = transitions(walk([0.0, 0.0]), 1, NEVER, full=False)
    assert judge().batch(rows, NEVER).legal.tolist() == [[True, False]]
    assert judge(masked=False).batch(rows, NEVER).legal.tolist() == [[True, True]]


def test_the_memory_keeps_the_latest_and_packs_bits():
    memory = Replay(10)
    for first in range(6):
        memory.add(transitions(walk([float(first), 0.0, 0.0, 0.0]), 1, NEVER, full=True))
    rows = memory.rows(np.arange(10))
    assert len(memory) == 10
    assert sorted(set(rows["values"][:, 0]) - {0.0}) == [3.0, 4.0, 5.0]
    assert set(number(rows["before"])) == {0, 1, 2}
    assert memory.state_dict()["columns"]["before"].dtype == np.uint8
    assert memory.state_dict()["columns"]["before"].shape == (10, 1)


def test_the_memory_takes_numbers_that_are_no_bits():
    memory = Replay(10)
    memory.add(transitions(walk([0.0, 0.0]), 1, NEVER, full=True))
    graded = transitions(walk([0.0, 0.0]), 1, NEVER, full=True)
    graded["before"][0, 2] = 0.25
    memory.add(graded)
    assert memory.rows(np.arange(2))["before"][:, 2].tolist() == [0.0, 0.25]
    other = Replay(10)
    other.load_state_dict(memory.state_dict())
    assert other.rows(np.arange(2))["before"].tolist() == memory.rows(np.arange(2))["before"].tolist()


def test_the_best_episodes_are_the_shortest_that_reach_enough():
    elite = Elite(2)
    for values in ([3.0, 1.0, 0.9, 0.1], [3.0, 0.2], [3.0, 2.0, 0.15], [3.0, 0.2]):
        episode = walk(values, moves=range(len(values) - 1))
        elite.consider(episode.values, transitions(episode, 1, NEVER, full=True), enough=0.3)
    kept = elite.draw(np.random.default_rng(0), 200)["values"].tolist()
    assert sorted({tuple(row) for row in kept}) == [(2.0, 0.15), (3.0, 0.2), (3.0, 2.0)]


LEARNING = Learning(lr=1e-3, double=True, copy_every=3)
SHAPE = Shape(inputs=4, hidden=(8, 8), moves=3)


def batch_of(rng, rows=32):
    return Batch(
        before=rng.random((rows, 4), dtype=np.float32),
        moves=rng.integers(3, size=rows),
        returns=rng.random(rows, dtype=np.float32),
        discounts=np.where(rng.random(rows) < 0.5, 0.0, 0.9).astype(np.float32),
        after=rng.random((rows, 4), dtype=np.float32),
        legal=rng.random((rows, 3)) < 0.7,
        imitated=np.zeros(rows, dtype=bool),
    )


def test_the_target_values_the_move_that_the_network_prefers():
    """The two networks differ after an update, and the goal is worked out by hand."""
    rng = np.random.default_rng(0)
    learner = Learner(SHAPE, 0, Learning(lr=0.3, double=True, copy_every=1000))
    learner.update(batch_of(rng))
    batch = batch_of(rng)
    with torch.no_grad():
        online = learner._online(torch.from_numpy(batch.after)).numpy()
        target = learner._target(torch.from_numpy(batch.after)).numpy()
    preferred = np.where(batch.legal, online, -np.inf).argmax(axis=1)
    expected = batch.returns + batch.discounts * target[np.arange(32), preferred]
    assert learner._goal(batch).numpy() == pytest.approx(expected, abs=1e-6)
    assert (preferred != np.where(batch.legal, target, -np.inf).argmax(axis=1)).any()


def test_the_same_seed_gives_the_same_network_and_torch_is_left_alone():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    assert torch.equal(Network(SHAPE, 3).weights, Network(SHAPE, 3).weights)
    assert not torch.equal(Network(SHAPE, 3).weights, Network(SHAPE, 4).weights)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_dueling_network_shares_the_value_of_the_state():
    network = Network(Shape(4, (8,), 3, dueling=True), 0)
    with torch.no_grad():
        network._layers[-1][1][0] += 2.0
        shifted = network(torch.zeros(1, 4))
        network._layers[-1][1][0] -= 2.0
        assert torch.allclose(shifted, network(torch.zeros(1, 4)) + 2.0)


def test_adam_is_adam():
    """Algorithm 1 of the paper of Adam, in double precision."""
    rng = np.random.default_rng(0)
    weights = rng.standard_normal(10)
    mine, mean, square = torch.from_numpy(weights.astype(np.float32)), np.zeros(10), np.zeros(10)
    adam = Adam(mine, 0.01)
    for step in range(1, 51):
        gradient = rng.standard_normal(10)
        adam.step(torch.from_numpy(gradient.astype(np.float32)))
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        weights -= 0.01 * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    assert mine.numpy() == pytest.approx(weights, abs=1e-5)


def test_values_are_learned():
    rng = np.random.default_rng(0)
    learner = Learner(SHAPE, 0, Learning(lr=1e-2, double=True, copy_every=20))
    batch = dataclasses.replace(batch_of(rng), discounts=np.zeros(32, dtype=np.float32))
    losses = [learner.update(batch) for _ in range(400)]
    assert losses[-1] < 0.2 * losses[0]


def test_imitation_makes_moves_lead():
    batch = batch_of(np.random.default_rng(0))
    leads = []
    for weight in (0.0, 3.0):
        learner = Learner(SHAPE, 0, Learning(1e-2, True, 20, imitation=weight))
        for _ in range(300):
            learner.update(dataclasses.replace(batch, imitated=np.ones(32, dtype=bool)))
        led = [learner.values(x).argmax() == move for x, move in zip(batch.before, batch.moves, strict=True)]
        leads.append(np.mean(led))
    assert leads[1] > 0.8
    assert leads[0] < 0.6


def test_learning_goes_on_from_its_state():
    rng = np.random.default_rng(0)
    batches = [batch_of(rng) for _ in range(10)]
    whole = Learner(SHAPE, 0, LEARNING)
    for batch in batches:
        whole.update(batch)
    first, second = Learner(SHAPE, 0, LEARNING), Learner(SHAPE, 5, LEARNING)
    for batch in batches[:4]:
        first.update(batch)
    second.load_state_dict(first.state_dict())
    for batch in batches[4:]:
        second.update(batch)
    assert np.array_equal(whole.state_dict()["online"], second.state_dict()["online"])
    assert np.array_equal(whole.state_dict()["target"], second.state_dict()["target"])
