"""The policy of EAS: masks, log-likelihood, the gradient of REINFORCE, parameters that come into being."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.controllers._eas.parameters import Parameters
from automl.controllers._eas.policy import Policy
from automl.controllers._eas.questions import (
    WHOLE,
    Question,
    Step,
    dump_episode,
    load_episode,
    options_of,
    split_name,
)
from automl.controllers._eas.reinforce import Learning, Reinforce
from automl.core.choices import run
from automl.core.domains import Integers, Options, Reals
from automl.core.errors import Incompatible
from automl.testing.towers import TowerSpace

YES_NO = Options((False, True))
FIVE = Options((0, 1, 2, 3, 4))
RAW = Learning(lr=1e-2, entropy_weight=0.0, baseline="batch", standardised=False)


def policy(seed=0):
    return Policy(Parameters(seed, lr=1e-2, dtype=torch.float64))


def probability(a_policy, words, question):
    """Return the probability of one answer to one question, as REINFORCE computes it."""
    log_p, _ = a_policy.log_likelihood([(Step(words, (question,)),)])
    return math.exp(float(log_p[0].detach()))


@pytest.mark.parametrize(("name", "place"), [("widen", 2), ("deepen/block", WHOLE)])
@pytest.mark.parametrize("allowed", [(0, 1, 2, 3, 4), (1, 3), (0, 2, 4)])
def test_probabilities_are_renormalised_over_what_is_allowed(name, place, allowed):
    mine = policy()
    words = ("conv-4-3", "pool", "fc-8")
    total = sum(probability(mine, words, Question(name, place, 5, allowed, answer)) for answer in allowed)
    assert total == pytest.approx(1.0, abs=1e-12)
    for forbidden in set(range(5)) - set(allowed):
        assert probability(mine, words, Question(name, place, 5, allowed, forbidden)) == 0.0


@given(st.integers(0, 1000), st.lists(st.integers(0, 4), min_size=2, max_size=4, unique=True))
@settings(max_examples=30)
def test_a_forbidden_answer_is_never_sampled(seed, allowed):
    answering = policy().answer(("a", "b"), np.random.default_rng(seed))
    assert answering("deepen/block", FIVE, allowed) in allowed
    assert answering("kernel/1", FIVE, allowed) in allowed


def test_samples_follow_the_likelihood():
    mine, rng = policy(), np.random.default_rng(0)
    words, allowed = ("a", "b", "a"), [0, 2, 3]
    counts = dict.fromkeys(allowed, 0)
    for _ in range(3000):
        counts[mine.answer(words, rng)("deepen/block", FIVE, allowed)] += 1
    for answer, count in counts.items():
        expected = probability(mine, words, Question("deepen/block", WHOLE, 5, tuple(allowed), answer))
        assert count / 3000 == pytest.approx(expected, abs=0.04)


def test_the_likelihood_of_a_record_is_what_sampling_computed():
    """Step by step from the logits that were sampled from, against all episodes in one batch."""
    space, mine, rng = TowerSpace(), policy(), np.random.default_rng(3)
    episodes, expected = [], []
    for _ in range(6):
        tower, steps, log_p = space.root(), [], 0.0
        for edit in ("widen", "deepen", "widen", None, "deepen"):
            words = tuple(space.words(tower))
            answering = mine.answer(words, rng, edit)
            tower, _ = run(lambda choose, parent=tower: space.grow(parent, choose), answering)
            past = []
            for q in answering.step().questions:
                if q.place == WHOLE:
                    logits = mine.whole_logits(words, tuple(past), q.name, q.size)
                    past.append(q)
                else:
                    logits = mine.word_logits(words, q.name, q.size)[q.place]
                open_ = logits[list(q.allowed)]
                log_p += logits[q.answer] - np.log(np.exp(open_).sum())
            steps.append(answering.step())
        episodes.append(tuple(steps))
        expected.append(log_p)
    log_likelihood, entropy = mine.log_likelihood([load_episode(dump_episode(e)) for e in episodes])
    assert log_likelihood.detach().numpy() == pytest.approx(expected, abs=1e-10)
    assert (entropy > 0).all()


def test_wider_answers_do_not_depend_on_each_other_and_deeper_answers_do():
    mine, words = policy(), ("a", "b")
    first, other = (Question("deepen/block", WHOLE, 5, (0, 1, 2, 3, 4), answer) for answer in (0, 4))
    assert not np.allclose(
        mine.whole_logits(words, (first,), "deepen/after", 5), mine.whole_logits(words, (other,), "deepen/after", 5)
    )
    no, yes = (Question("widen", 0, 2, (0, 1), answer) for answer in (0, 1))
    second = Question("widen", 1, 2, (0, 1), 1)
    alone = probability(mine, words, second)
    for earlier in (yes, no):
        both, _ = mine.log_likelihood([(Step(words, (earlier, second)),)])
        assert math.exp(float(both[0].detach())) == pytest.approx(alone * probability(mine, words, earlier))


def test_yes_has_the_sigmoid_of_one_linear_output():
    mine = policy()
    logits = mine.word_logits(("a", "b"), "widen", 2)
    assert logits[:, 0].tolist() == [0.0, 0.0]
    yes = probability(mine, ("a", "b"), Question("widen", 1, 2, (0, 1), 1))
    assert yes == pytest.approx(1.0 / (1.0 + math.exp(-logits[1, 1])))


def test_one_update_is_the_hand_computed_gradient():
    """With loss = -sum (R - b) log p / n over yes/no answers, d loss / d bias = -sum (R - b) (answer - p) / n."""
    learner = Reinforce(0, RAW, dtype=torch.float64)
    words, answers, rewards = ("a",), [1, 1, 0, 1], np.array([1.0, 2.0, 4.0, 1.0])
    p = 1.0 / (1.0 + math.exp(-learner.policy.word_logits(words, "widen", 2)[0, 1]))
    expected = -sum((r - rewards.mean()) * (a - p) for r, a in zip(rewards, answers, strict=True)) / 4
    numbers = learner.update([(Step(words, (Question("widen", 0, 2, (0, 1), a),)),) for a in answers], rewards)
    moment = learner.state_dict()["moments"]["wider/widen/bias"]
    assert moment["mean"][0] == pytest.approx(0.1 * expected)  # Adam's first moment after one step: (1 - 0.9) g
    assert numbers["baseline"] == rewards.mean()
    log_p = [math.log(p if a else 1 - p) for a in answers]
    assert numbers["loss"] == pytest.approx(-float(np.mean((rewards - rewards.mean()) * log_p)))
    bias = learner.state_dict()["values"]["wider/widen/bias"][0]
    assert bias == pytest.approx(-0.01 * math.copysign(1.0, expected), abs=1e-6)  # one Adam step has length lr


def test_entropy_bonus_pulls_towards_even_odds():
    learner = Reinforce(0, Learning(1e-2, 1.0, "batch", standardised=False), dtype=torch.float64)
    words, asked = ("a", "b"), Question("deepen/block", WHOLE, 5, (0, 1, 2, 3, 4), 0)
    before = learner.update([(Step(words, (asked,)),)] * 2, np.array([1.0, 1.0]))["entropy"]
    for _ in range(30):
        after = learner.update([(Step(words, (asked,)),)] * 2, np.array([1.0, 1.0]))["entropy"]
    assert before < after <= math.log(5) + 1e-9


def test_rewarded_answers_become_likely():
    learner = Reinforce(1, RAW)
    words = ("a", "b")
    good = Step(words, (Question("widen", 0, 2, (0, 1), 1), Question("deepen/block", WHOLE, 5, (0, 3), 3)))
    bad = Step(words, (Question("widen", 0, 2, (0, 1), 0), Question("deepen/block", WHOLE, 5, (0, 3), 0)))
    for _ in range(15):
        learner.update([(good,), (bad,)], np.array([1.0, 0.0]))
    assert all(probability(learner.policy, words, question) > 0.9 for question in good.questions)


def test_a_batch_without_an_open_question_changes_nothing():
    learner = Reinforce(0, RAW)
    before = learner.state_dict()["values"]
    learner.update([(), (Step(("a",), ()),)], np.array([1.0, 2.0]))
    after = learner.state_dict()["values"]
    assert all((before[name] == after[name]).all() for name in before)


def test_the_state_goes_on_bit_for_bit():
    episode = (Step(("a", "b"), (Question("widen", 1, 2, (0, 1), 1),)),)
    other = (Step(("a", "c"), (Question("deepen/block", WHOLE, 5, (0, 1, 3), 3),)),)
    mine = Reinforce(5, RAW)
    mine.update([episode, other], np.array([1.0, 0.0]))
    copy = Reinforce(5, RAW)
    copy.update([other, other], np.array([3.0, 1.0]))  # is dropped by what follows
    copy.load_state_dict(mine.state_dict())
    fresh = (Step(("a", "d"), (Question("widen", 1, 2, (0, 1), 0),)),)
    for learner in (mine, copy):
        learner.update([fresh, other], np.array([0.0, 1.0]))
    a, b = mine.state_dict(), copy.state_dict()
    assert a["values"].keys() == b["values"].keys()
    assert all((a["values"][name] == b["values"][name]).all() for name in a["values"])
    assert all((a["moments"][n]["square"] == b["moments"][n]["square"]).all() for n in a["moments"])


def test_first_values_depend_on_seed_and_name_only():
    here, there = Parameters(3, 1e-2), Parameters(3, 1e-2)
    a = here.get("word/x", (16,), 1.0)
    there.get("word/y", (16,), 1.0)
    assert torch.equal(a, there.get("word/x", (16,), 1.0))
    assert not torch.equal(a, Parameters(4, 1e-2).get("word/x", (16,), 1.0))
    assert float(a.detach().abs().max()) <= 1.0


def test_neither_global_generator_nor_threads_are_touched():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    threads = torch.get_num_threads()
    learner = Reinforce(0, RAW)
    answering = learner.policy.answer(("a",), np.random.default_rng(0))
    answering("widen/0", YES_NO, None)
    learner.update([(answering.step(),)] * 2, np.array([1.0, 0.0]))
    assert torch.equal(torch.rand(1), expected)
    assert torch.get_num_threads() == threads


def test_a_candidate_without_words_can_be_asked():
    answering = policy().answer((), np.random.default_rng(0))
    assert answering("deepen/block", FIVE, None) in FIVE


def test_a_number_that_is_no_place_of_a_word_belongs_to_the_name():
    mine = policy()
    answering = mine.answer(("a",), np.random.default_rng(0))
    answering("level/7", FIVE, None)
    (asked,) = answering.step().questions
    assert (asked.name, asked.place) == ("level/7", WHOLE)
    mine.log_likelihood([(answering.step(),)])


def test_names_and_options():
    assert split_name("block/widen/12") == ("block/widen", 12)
    assert split_name("deepen/block") == ("deepen/block", WHOLE)
    assert options_of("x", Integers(2, 8, 3)) == (2, 5, 8)
    with pytest.raises(Incompatible, match="range of reals"):
        options_of("x", Reals(0.0, 1.0))
