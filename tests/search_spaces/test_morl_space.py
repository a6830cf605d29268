"""The space of configurations: programs, defaults, and what is refused."""

import numpy as np
import pytest

from automl.core.choices import at_random, given, run
from automl.core.errors import InvalidCandidate, UnknownName, UsageError
from automl.search_spaces.morl import Configuration, MorlSpace
from automl.search_spaces.morl.algorithms import ALGORITHMS
from automl.search_spaces.morl.space import default_of


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


def test_an_algorithm_of_ones_own_must_say_what_it_asks():
    with pytest.raises(UsageError, match="cannot be loaded"):
        MorlSpace(algorithm=("nowhere:Nothing",))
    with pytest.raises(UsageError, match="does not say"):
        MorlSpace(algorithm=("json:JSONDecoder",))


def test_descriptions_are_one_line():
    text = MorlSpace().describe(MorlSpace().default("tabular"))
    assert text.startswith("tabular learning_rate=0.1 learning_rate_end=1 horizon=10 ")
