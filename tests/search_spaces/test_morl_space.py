"""The space of configurations: programs, defaults, and what is refused."""

import re

import numpy as np
import pytest

from automl.core.choices import at_random, given, run
from automl.core.errors import InvalidCandidate, MissingExtra, UnknownName, UsageError
from automl.search_spaces.morl import Configuration, MorlSpace
from automl.search_spaces.morl import space as morl_space
from automl.search_spaces.morl.algorithms import ALGORITHMS
from automl.search_spaces.morl.fixed import askable
from automl.search_spaces.morl.space import default_beside, default_of


def drawn(space, seed):
    return run(space.build, at_random(np.random.default_rng(seed)))[0]


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_default_is_a_candidate_and_the_first_that_is_proposed(name):
    algorithm = ALGORITHMS[name]
    space = MorlSpace(algorithm=(name,), actions=algorithm.actions[0], observations=algorithm.observations[0])

    def refuse(asked, domain, allowed):
        raise AssertionError(f"the default does not answer {asked}")

    candidate, trace = run(space.build, given(space.defaults()[0], refuse))
    assert candidate == space.default(name) == default_of(algorithm)
    assert set(trace) == set(space.defaults()[0])
    space.check(candidate)


def test_what_is_not_in_force_is_not_asked():
    found = [drawn(MorlSpace(), seed).values for seed in range(60)]
    assert {v["epsilon_schedule"] for v in found} == {"constant", "run", "policy"}
    for values in found:
        assert ("epsilon_end" in values) == (values["epsilon_schedule"] != "constant")


@pytest.mark.parametrize("name", ALGORITHMS)
def test_what_a_program_draws_is_read_back(name):
    algorithm = ALGORITHMS[name]
    space = MorlSpace(algorithm=(name,), actions=algorithm.actions[0], observations=algorithm.observations[0])
    found = [drawn(space, seed) for seed in range(40)]
    assert all(space.load(space.dump(candidate)) == candidate for candidate in found)
    # a question that is in force for some only is one that others do without
    asked = [set(candidate.values) for candidate in found]
    assert set.union(*asked) >= set(algorithm.default)


@pytest.mark.parametrize(
    ("name", "switch", "value", "asked"),
    [
        ("pql", "epsilon_schedule", "run", {"epsilon_decay"}),
        ("mpmoqlearning", "model", True, {"model_updates", "model_priorities"}),
        ("envelope", "target", "soft", {"tau"}),
        ("envelope", "target", "periodic", {"target_period"}),
        ("envelope", "priorities", True, {"priority_exponent"}),
        ("envelope", "homotopy", True, {"homotopy_start", "homotopy_end", "homotopy_decay"}),
        ("gpi-ls", "clipping", True, {"max_grad_norm"}),
        ("gpi-pd", "updates_schedule", "run", {"updates_start"}),
        ("pcn", "discounting", True, {"horizon"}),
        ("morld", "members", "own", {"width", "tau", "critic_rate", "automatic_entropy"}),
    ],
)
def test_options_ask_for_what_they_need(name, switch, value, asked):
    algorithm = ALGORITHMS[name]
    space = MorlSpace(algorithm=(name,), actions=algorithm.actions[0], observations=algorithm.observations[0])
    found = [drawn(space, seed).values for seed in range(60)]
    assert {v[switch] for v in found} > {value}
    assert all(asked <= set(v) if v[switch] == value else not asked & set(v) for v in found)


def test_a_missing_package_is_named_before_anything_is_proposed(monkeypatch):
    monkeypatch.setattr(morl_space, "find_spec", lambda name: None)
    space = MorlSpace(algorithm=("tabular", "envelope"))  # what was found elsewhere can be read
    assert space.load(space.dump(space.default("envelope"))) == space.default("envelope")
    with pytest.raises(MissingExtra, match=r"pip install 'automl-search\[morl-baselines\]'"):
        space.require()
    MorlSpace().require()


@pytest.mark.parametrize(
    ("name", "kinds", "words"),
    [
        (
            "capql",
            {},
            "needs continuous actions.*fit: tabular, pql, mpmoqlearning, envelope",
        ),
        (
            "pql",
            {"observations": "continuous"},
            "needs discrete observations.*fit: envelope, gpi-ls, gpi-pd, pcn",
        ),
        ("envelope", {"actions": "continuous"}, "needs discrete actions.*fit: pcn, capql, morld"),
    ],
)
def test_what_does_not_fit_says_what_does(name, kinds, words):
    with pytest.raises(UsageError, match=words):
        MorlSpace(algorithm=(name,), **kinds)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"learning_rate": 2.0}, "learning_rate"),
        ({"epsilon_end": 0.5}, "no use for epsilon_end"),
        ({"selection": "best"}, "selection"),
        ({"policies": None}, "policies"),
    ],
)
def test_other_hyperparameters_are_refused(change, words):
    values = {**default_of(ALGORITHMS["tabular"]).values, **change}
    with pytest.raises(InvalidCandidate, match=words):
        MorlSpace().check(Configuration("tabular", tuple(values.items())))


def test_a_missing_hyperparameter_is_named():
    values = dict(default_of(ALGORITHMS["tabular"]).values)
    del values["horizon"]
    with pytest.raises(InvalidCandidate, match="horizon"):
        MorlSpace().load({"algorithm": "tabular", "hyperparameters": values})


def test_whole_numbers_are_read_as_real_ones():
    values = {**default_of(ALGORITHMS["tabular"]).values, "horizon": 10}
    assert MorlSpace().load({"algorithm": "tabular", "hyperparameters": values}) == MorlSpace().default("tabular")


def test_unknown_algorithms_suggest_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean 'tabular'"):
        MorlSpace(algorithm=("tabula",))
    with pytest.raises(UnknownName, match="Did you mean 'envelope'"):
        MorlSpace(algorithm=("envelop",))


def test_an_algorithm_of_ones_own_must_say_what_it_asks():
    with pytest.raises(UsageError, match="cannot be loaded"):
        MorlSpace(algorithm=("nowhere:Nothing",))
    with pytest.raises(UsageError, match="does not say"):
        MorlSpace(algorithm=("json:JSONDecoder",))


def test_descriptions_are_one_line():
    text = MorlSpace().describe(MorlSpace().default("tabular"))
    assert text.startswith("tabular learning_rate=0.1 learning_rate_end=1 horizon=10 ")


def held(algorithm=("envelope",), **fixed):
    return MorlSpace(algorithm=algorithm, fixed={name.replace("__", "/"): value for name, value in fixed.items()})


def test_what_is_fixed_is_in_every_candidate_and_not_asked():
    space = held(width=64, depth=2, batch_size=32)
    for seed in range(10):
        candidate, trace = run(space.build, at_random(np.random.default_rng(seed)))
        assert (candidate.values["width"], candidate.values["depth"]) == (64, 2)
        assert not {"envelope/width", "envelope/depth", "envelope/batch_size"} & set(trace)
        assert space.load(space.dump(candidate)) == candidate
        space.check(candidate)
    assert run(space.build, given(space.defaults()[0], None))[0] == space.default("envelope")
    free = MorlSpace(algorithm=("envelope",)).default("envelope")
    assert space.default("envelope").values == {**free.values, "width": 64, "depth": 2, "batch_size": 32}


def test_the_default_beside_a_candidate_holds_the_same():
    space = held(width=64, tau=0.1)
    hard = next(c for c in (drawn(space, seed) for seed in range(20)) if c.values["target"] == "periodic")
    assert "tau" not in hard.values
    assert default_beside(hard) == space.default("envelope")
    assert default_beside(hard).values["width"] == 64
    assert default_beside(drawn(MorlSpace(), 0)) == default_of(ALGORITHMS["tabular"])


def test_where_the_default_has_no_answer_the_middle_of_the_range_stands_in():
    values = MorlSpace(fixed={"epsilon_schedule": "run"}).default("tabular").values
    assert (values["epsilon_decay"], values["epsilon_end"]) == (0.525, pytest.approx(0.1))


def test_a_fixed_name_speaks_of_all_algorithms_or_of_one():
    both = held(("envelope", "tabular"), horizon=50, envelope__epsilon=0.5)
    assert both.held == {"envelope": {"epsilon": 0.5, "horizon": 50.0}, "tabular": {"horizon": 50.0}}


@pytest.mark.parametrize(
    ("fixed", "error", "words"),
    [
        ({"batchsize": 32}, UnknownName, "Did you mean 'batch_size'"),
        ({"tabular__policies": 3}, UnknownName, "tabular/policies"),
        ({"batch_size": 33}, UsageError, "cannot have batch_size=33.*32, 64, 128, 256.*fixed.batch_size=32"),
        ({"learning_rate": "fast"}, UsageError, "cannot have learning_rate='fast'.*1e-05 to 0.01"),
        ({"target": "soft", "target_period": 10}, UsageError, "no use for target_period while target=soft"),
    ],
)
def test_wrong_fixed_hyperparameters_are_taught(fixed, error, words):
    with pytest.raises(error) as caught:
        held(**fixed)
    assert re.search(words, str(caught.value))


def test_a_candidate_with_another_value_than_the_fixed_one_is_refused():
    with pytest.raises(InvalidCandidate, match="holds width at 64; the candidate has 256"):
        held(width=64).check(MorlSpace(algorithm=("envelope",)).default("envelope"))


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_hyperparameter_that_is_ever_drawn_is_found(name):
    algorithm = ALGORITHMS[name]
    space = MorlSpace(algorithm=(name,), actions=algorithm.actions[0], observations=algorithm.observations[0])
    assert set(askable(algorithm, {})) == set().union(*(drawn(space, seed).values for seed in range(40)))
