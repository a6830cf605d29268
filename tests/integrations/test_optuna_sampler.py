"""Our controllers as samplers: what Optuna's conformance suites do not cover."""

import functools
import pickle
import subprocess
import sys
import textwrap

import optuna
import pytest
from optuna.distributions import FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

from automl.controllers.evolution import Evolution
from automl.controllers.halving import Halving
from automl.controllers.hill_climb import HillClimb
from automl.core.errors import Incompatible, UnknownName, UsageError
from automl.integrations.optuna import AsOptunaSampler, sampler, samplers

optuna.logging.set_verbosity(optuna.logging.WARNING)
NAMES = samplers()
LEARNERS = sorted({*NAMES} - {"random"})
SMALL = {"evolution": {"population": 4, "sample": 2}, "bayesian": {"startup": 4}}
EXACT = ["bayesian", "evolution", "random"]
"""Those to which it makes no difference who had proposed a trial."""


def of(name, seed=0):
    return sampler(name, seed=seed, **SMALL.get(name, {}))


def objective(trial):
    kind = trial.suggest_categorical("kind", ["near", "far"])
    x = trial.suggest_float("x", -10, 10)
    y = trial.suggest_int("y", 0, 20, step=2)
    z = trial.suggest_float("far/z", 0, 1, step=0.25) if kind == "far" else 0.0
    return x**2 + (y - 8) ** 2 + 10 * (kind == "far") + z


def bowl(trial):
    x, y = trial.suggest_float("x", -10, 10), trial.suggest_float("y", 0.01, 100, log=True)
    return x**2 + (y - 1) ** 2 + trial.suggest_int("n", 0, 9)


def layers(trial):
    """Names that depend on a number: more than the best number of layers is of no use, whatever they are."""
    depth = trial.suggest_int("depth", 1, 6)
    widths = [trial.suggest_categorical(f"layer{i}/width", [8, 16, 32, 64]) for i in range(depth)]
    return 10 * abs(depth - 3) + sum(abs(width - 32) for width in widths)


def run(chosen, n_trials, seek=objective, **options):
    study = optuna.create_study(sampler=chosen, **options)
    study.optimize(seek, n_trials=n_trials)
    return study


def params(study):
    return [trial.params for trial in study.trials]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_trials(name):
    assert params(run(of(name, 3), 20)) == params(run(of(name, 3), 20)) != params(run(of(name, 4), 20))


@pytest.mark.parametrize("name", NAMES)
def test_without_a_seed_each_is_another(name):
    assert params(run(sampler(name), 3)) != params(run(sampler(name), 3))


@pytest.mark.parametrize("name", [n for n in LEARNERS if n != "surrogate"])
def test_a_controller_that_learns_beats_chance_through_optuna(name):
    """Over four seeds of an objective with names that depend on each other; the mean of the last half of the trials.

    `surrogate` repeats nothing, so once it has found the best it looks elsewhere; the best itself is asked of it below.
    """

    def late(chosen):
        return sum(trial.value for trial in run(chosen, 80, layers).trials[40:])

    chance = sum(late(optuna.samplers.RandomSampler(seed)) for seed in range(4))
    assert sum(late(sampler(name, seed=seed)) for seed in range(4)) < 0.8 * chance


def test_surrogate_finds_the_best_where_names_depend_on_each_other():
    """One of 5,460 is the best."""
    found = [run(sampler("surrogate", seed=seed), 60, layers).best_value for seed in range(2)]
    assert min(found) == 0
    assert max(found) <= 16


@pytest.mark.parametrize("name", NAMES)
def test_failed_and_pruned_trials_are_survived(name):
    def fragile(trial):
        x = trial.suggest_float("x", 0, 1)
        if trial.number % 3 == 1:
            trial.report(x, 1)
            raise optuna.TrialPruned
        if trial.number % 3 == 2:
            raise RuntimeError
        return x

    study = optuna.create_study(sampler=of(name))
    study.optimize(fragile, n_trials=15, catch=RuntimeError)
    assert len(study.get_trials(states=[TrialState.COMPLETE])) == 5


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_values_that_are_no_numbers_are_survived(name, value):
    def odd(trial):
        x = trial.suggest_float("x", 0, 1)
        return value if trial.number % 2 else x

    study = optuna.create_study(sampler=of(name))
    study.optimize(odd, n_trials=12)
    assert len(study.trials) == 12


@pytest.mark.parametrize("name", NAMES)
def test_a_sampler_survives_pickling(name):
    chosen = of(name)
    study = run(chosen, 15)
    study.sampler = pickle.loads(pickle.dumps(chosen))
    study.optimize(objective, n_trials=15)
    assert params(study) == params(run(of(name), 30))


@pytest.mark.parametrize("name", NAMES)
def test_two_threads_share_a_sampler(name):
    study = optuna.create_study(sampler=of(name))
    study.optimize(objective, n_trials=30, n_jobs=2)
    assert len(study.get_trials(states=[TrialState.COMPLETE])) == 30


@pytest.mark.parametrize("name", EXACT)
def test_a_study_that_is_resumed_goes_on_as_if_nothing_had_happened(name, tmp_path):
    in_files = name == "evolution"
    storage = f"sqlite:///{tmp_path / 'study.db'}" if in_files else optuna.storages.InMemoryStorage()
    run(of(name), 8, bowl, storage=storage, study_name="s")
    later = optuna.load_study(storage=storage, study_name="s", sampler=of(name))
    later.optimize(bowl, n_trials=8)
    assert params(later) == params(run(of(name), 16, bowl))


@pytest.mark.parametrize("name", NAMES)
def test_a_study_that_is_resumed_repeats_nothing(name):
    study = run(of(name), 12, bowl)
    study.sampler = of(name)
    study.optimize(bowl, n_trials=12)
    assert len({str(trial.params) for trial in study.trials}) == 24


@pytest.mark.parametrize("name", [n for n in LEARNERS if n != "reinforce"])
def test_it_learns_from_trials_of_others(name):
    """A hundred trials that somebody else measured say where to look; `reinforce` learns by its own decisions only."""
    given = optuna.create_study(sampler=optuna.samplers.RandomSampler(1))
    given.optimize(bowl, n_trials=100)
    best, fresh = [], []
    for seed in range(3):
        study = optuna.create_study(sampler=sampler(name, seed=seed))
        study.add_trials(given.trials)
        study.optimize(bowl, n_trials=15)
        best.append(sum(trial.value for trial in study.trials[100:]))
        fresh.append(sum(trial.value for trial in run(sampler(name, seed=seed), 15, bowl).trials))
    assert sum(best) < 0.7 * sum(fresh)


@pytest.mark.parametrize("name", NAMES)
def test_enqueued_and_added_trials_count(name):
    study = optuna.create_study(sampler=of(name))
    study.add_trial(create_trial(params={"x": 2.0}, distributions={"x": FloatDistribution(-10, 10)}, value=104.0))
    study.enqueue_trial({"x": 0.0, "y": 1.0, "n": 0})
    study.enqueue_trial({"x": 0.5})
    study.optimize(bowl, n_trials=10)
    assert study.trials[1].params == {"x": 0.0, "y": 1.0, "n": 0}
    assert study.trials[2].params["x"] == 0.5
    assert study.best_trial.number == 1
    assert len(study.trials) == 11


@pytest.mark.parametrize("name", NAMES)
def test_fixed_distributions_are_answered(name):
    study = optuna.create_study(sampler=of(name), directions=["minimize"])
    asked = {"x": FloatDistribution(0, 1), "n": IntDistribution(1, 100, log=True)}
    for _ in range(8):
        trial = study.ask(asked)
        study.tell(trial, trial.params["x"] * trial.params["n"])
    assert all({*trial.params} == {"x", "n"} for trial in study.trials)


def test_which_names_come_with_which_answers_is_learned():
    chosen = sampler("random", seed=0)
    run(chosen, 150, layers)
    for _ in range(20):
        proposed = chosen._controller.ask(1, 0.0)[0].candidate
        depth = proposed["depth"]
        assert {*proposed} == {"depth", *(f"layer{i}/width" for i in range(depth))}


def test_two_processes_share_a_study(tmp_path):
    """Each learns what the other has measured; nothing is proposed twice."""
    script = textwrap.dedent("""
        import pathlib, sys, time, optuna
        from automl.integrations.optuna import sampler
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        here = pathlib.Path(sys.argv[1]).parent
        (here / f"ready{sys.argv[2]}").touch()
        while len([*here.glob("ready*")]) < 2:  # or the first may be over before the second has begun
            time.sleep(0.01)
        def objective(trial):
            time.sleep(0.01)
            return trial.suggest_float("x", -10, 10) ** 2 + trial.suggest_float("y", 0, 9)

        storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(sys.argv[1]))
        study = optuna.create_study(
            storage=storage, study_name="s", load_if_exists=True, sampler=sampler("evolution", seed=int(sys.argv[2]))
        )
        study.optimize(objective, n_trials=20)
        assert study.sampler._told > 20, study.sampler._told
    """)
    command = [sys.executable, "-c", script, str(tmp_path / "journal")]
    running = [subprocess.Popen([*command, str(seed)]) for seed in (1, 2)]
    assert [process.wait(60) for process in running] == [0, 0]
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(tmp_path / "journal")))
    trials = optuna.load_study(storage=storage, study_name="s").trials
    assert len({str(trial.params) for trial in trials}) == len(trials) == 40


def test_a_controller_is_named_with_its_settings():
    chosen = sampler("evolution", seed=0, population=20, sample=5)
    run(chosen, 3)
    assert (chosen._controller.population, chosen._controller.sample) == (20, 5)
    assert run(sampler("conservative", seed=0, profile="paper"), 3).best_trial
    with pytest.raises(UnknownName, match="'evolution'"):
        sampler("evolutoin")
    with pytest.raises(UnknownName, match="'population'"):
        sampler("evolution", populaton=20)
    with pytest.raises(UsageError, match="takes int"):
        sampler("evolution", population="many")


@pytest.mark.parametrize("cls", [HillClimb, Halving])
def test_a_controller_that_needs_more_than_names_is_refused(cls):
    study = optuna.create_study(sampler=AsOptunaSampler(cls))
    with pytest.raises(Incompatible, match=r"Growable|how long"):
        study.optimize(objective, n_trials=2)
    with pytest.raises(Incompatible, match=r"Growable|how long"):
        sampler({"HillClimb": "hill_climb"}.get(cls.__name__, "halving"))


def test_a_factory_may_be_any_callable():
    assert run(AsOptunaSampler(functools.partial(Evolution, population=4, sample=2), 1), 10).best_value is not None
    assert run(AsOptunaSampler(lambda space, goals, seed: Evolution(space, goals, seed), 1), 10).best_value is not None
