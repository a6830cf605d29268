import functools
import itertools
import json
import subprocess
import sys

import optuna
import pytest

from automl.controllers.bayesian import Bayesian
from automl.core.domains import Integers, Options, Reals
from automl.core.errors import Incompatible, UnknownName, UsageError
from automl.core.objectives import Objectives
from automl.core.records import Outcome
from automl.core.space import SearchSpace
from automl.core.trainer import Trainer
from automl.testing.controllers import ControllerContract
from automl.testing.drive import follow, replayed

ACCURACY = Objectives.parse(["max:value"])


class BowlSpace(SearchSpace):
    """Every kind of domain, one name that not every candidate has, one answer that is not always allowed."""

    def build(self, choose):
        bowl = {
            "x": choose("x", Reals(-1.0, 1.0)),
            "rate": choose("rate", Reals(1e-4, 1.0, log=True)),
            "width": choose("width", Integers(1, 100, log=True)),
            "depth": choose("depth", range(1, 12, 3)),
            "norm": choose("norm", Options((None, True, "batch", 2))),
        }
        if bowl["norm"] is not None:
            bowl["momentum"] = choose("momentum", Integers(1, 10, 2, log=True), allowed=[1, 3, 5])
        return bowl

    def load(self, json):
        return dict(json)

    def dump(self, candidate):
        return dict(candidate)


class NormSpace(BowlSpace):
    """Four candidates."""

    def build(self, choose):
        return {"x": 0.0, "width": 1, "depth": 7, "norm": choose("norm", (None, True, "batch", 2))}


class BowlTrainer(Trainer):
    metrics = {"value": "max", "width": "min"}

    def fingerprint(self):
        return ""

    def train(self, candidate, *, effort, weights, seed, report):
        value = -(candidate["x"] ** 2) - (candidate["depth"] - 7) ** 2 / 30 - 0.1 * (candidate["norm"] is None)
        return Outcome({"value": value, "width": float(candidate["width"])})


class TestBayesianContract(ControllerContract):
    evaluations = 16
    every = 5

    @pytest.fixture
    def make(self):
        return functools.partial(Bayesian, startup=4)

    @pytest.fixture
    def space(self):
        return BowlSpace()

    @pytest.fixture
    def trainer(self):
        return BowlTrainer()


@pytest.mark.parametrize(
    ("sampler", "evaluations"),
    [
        ("tpe", 30),
        ("random", 30),
        ("nsgaii", 30),
        ("nsgaiii", 30),
        ("qmc", 30),
        ("brute_force", 12),
        ("cmaes", 30),
        ("optuna.samplers:TPESampler", 20),
        ("partial_fixed base=random norm=batch", 12),
        pytest.param("gp", 14, marks=pytest.mark.slow),
    ],
)
def test_every_sampler_resumes_exactly(sampler, evaluations):
    if sampler == "cmaes":
        pytest.importorskip("cmaes")
    space = NormSpace() if sampler == "brute_force" else BowlSpace()
    make = functools.partial(Bayesian, space, ACCURACY, 7, sampler=sampler, startup=5)
    course = follow(make(), space, BowlTrainer(), evaluations, workers=2, disorder=1, snapshots=True)
    assert len({str(proposal.candidate) for proposal in course.proposals}) > 1
    for done in range(3, len(course.events), 6):
        resumed = make()
        resumed.load_state_dict(json.loads(json.dumps(course.snapshots[done - 1])))
        assert replayed(resumed, course.events[done:]) == course.events[done:]


def test_what_all_trials_have_in_common_is_not_sought_anew_for_every_ask(monkeypatch):
    from optuna.search_space import intersection

    sought, looked_at = intersection._calculate, []

    def counted(trials, include_pruned, space, known):
        looked_at.append(len(trials) - max(known, 0))
        return sought(trials, include_pruned, space, known)

    monkeypatch.setattr(intersection, "_calculate", counted)
    follow(Bayesian(BowlSpace(), ACCURACY, 7, startup=5), BowlSpace(), BowlTrainer(), 30)
    assert len(looked_at) >= 20
    assert max(looked_at[1:]) <= 2


def test_a_sampler_takes_its_settings_in_optunas_words():
    def proposals(sampler):
        controller = Bayesian(BowlSpace(), ACCURACY, 0, sampler=sampler, startup=3)
        return [p.candidate for p in follow(controller, controller.space, BowlTrainer(), 12).proposals]

    assert proposals("tpe multivariate=true") == proposals("tpe") != proposals("tpe multivariate=false")
    fixed = proposals("partial_fixed base=tpe norm=batch depth=7")
    assert {(candidate["norm"], candidate["depth"]) for candidate in fixed} == {("batch", 7)}
    for wrong, said in (
        ("tpe colour=red", "colour"),
        ("tpe fast", "key=value"),
        ("pte", "'tpe'"),
        ("grid", "brute_force"),
    ):
        with pytest.raises(UsageError, match=said):
            Bayesian(BowlSpace(), ACCURACY, 0, sampler=wrong)


HUB_PACKAGE = {
    "__init__.py": "from .walk import WalkSampler\n\n__all__ = ['WalkSampler']\n",
    "README.md": "---\nauthor: nobody\ntitle: Walk\ntags: [sampler]\noptuna_versions: [5.0.0]\nlicense: MIT\n---\n",
    "walk.py": """
import numpy as np
import optuna
import optunahub


class WalkSampler(optunahub.samplers.SimpleBaseSampler):
    # Remembers where it is outside the study, and takes no seed.

    def __init__(self, width=0.3, search_space=None):
        super().__init__(search_space)
        self._rng = np.random.RandomState()
        self._width = width
        self._at = {}

    def infer_relative_search_space(self, study, trial):
        return optuna.search_space.intersection_search_space(study.get_trials(deepcopy=False))

    def sample_relative(self, study, trial, search_space):
        for name, asked in search_space.items():
            if name == "x":
                step = self._rng.normal(0.0, self._width) + np.random.normal(0.0, 0.01)
                self._at[name] = min(max(self._at.get(name, 0.0) + step, asked.low), asked.high)
        return self._at if search_space else {}
""",
}


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A registry that OptunaHub has downloaded before; its folder of one package."""
    pytest.importorskip("optunahub")
    monkeypatch.setenv("OPTUNAHUB_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "github.com/optuna/optunahub-registry/main/package/samplers/walk"
    folder.mkdir(parents=True)
    for name, text in HUB_PACKAGE.items():
        (folder / name).write_text(text)
    return folder


def test_a_sampler_of_optunahub_that_is_on_this_machine_is_taken(hub):
    for sampler in ("optunahub:samplers/walk", f"optunahub:{hub}", "optunahub:walk:WalkSampler"):
        make = functools.partial(Bayesian, BowlSpace(), ACCURACY, 7, sampler=f"{sampler} width=0.05")
        course = follow(make(), make().space, BowlTrainer(), 14, workers=2, disorder=1, snapshots=True)
        resumed = make()
        resumed.load_state_dict(json.loads(json.dumps(course.snapshots[9])))
        assert replayed(resumed, course.events[10:]) == course.events[10:]
        places = [proposal.candidate["x"] for proposal in course.proposals[4:]]
        steps = [abs(a - b) for a, b in itertools.pairwise(places)]
        assert 0 < max(steps) < 0.4, "it walks on from where it was"


def test_a_package_that_is_not_here_is_not_downloaded(hub, monkeypatch):
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("it went to the network"))
    with pytest.raises(UsageError, match=r"no OptunaHub package 'no_such'.*load_module\('samplers/no_such'\)"):
        Bayesian(BowlSpace(), ACCURACY, 0, sampler="optunahub:no_such")
    with pytest.raises(UnknownName, match="WalkSampler"):
        Bayesian(BowlSpace(), ACCURACY, 0, sampler="optunahub:walk:WalkSamler")
    for name, text, said in (
        ("needy", "import no_such_requirement", r"no_such_requirement.*requirements"),
        ("empty", "", "not one sampler but these: none"),
    ):
        (hub.parent / name).mkdir()
        (hub.parent / name / "__init__.py").write_text(text)
        with pytest.raises(UsageError, match=said):
            Bayesian(BowlSpace(), ACCURACY, 0, sampler=f"optunahub:{name}")


def test_a_stranger_that_breaks_says_so(hub):
    broken = HUB_PACKAGE["walk.py"].replace(
        "        for name, asked", "        raise KeyError('why')\n        for name, asked"
    )
    (hub / "walk.py").write_text(broken)
    controller = Bayesian(BowlSpace(), ACCURACY, 0, sampler="optunahub:walk")
    with pytest.raises(Incompatible, match="cannot answer 'x': KeyError: 'why'"):
        follow(controller, controller.space, BowlTrainer(), 16)


def test_a_state_holds_no_pickle():
    pytest.importorskip("cmaes")
    controller = Bayesian(BowlSpace(), ACCURACY, 0, sampler="cmaes")
    follow(controller, controller.space, BowlTrainer(), 20)
    assert "cma:" not in json.dumps(controller.state_dict())


def test_brute_force_tries_everything_once_and_ends():
    controller = Bayesian(NormSpace(), ACCURACY, 0, sampler="brute_force")
    course = follow(controller, controller.space, BowlTrainer(), 50)
    assert sorted(str(p.candidate["norm"]) for p in course.proposals) == ["2", "None", "True", "batch"]
    assert course.finished


def test_a_sampler_that_cannot_answer_says_so():
    controller = Bayesian(BowlSpace(), ACCURACY, 0, sampler="brute_force")
    with pytest.raises(Incompatible, match=r"brute_force.*'x'"):
        controller.ask(1, 0.0)


def test_limits_become_constraints():
    def narrow(objectives):
        controller = Bayesian(BowlSpace(), Objectives.parse(objectives), 0)
        proposals = follow(controller, controller.space, BowlTrainer(), 60).proposals[20:]
        return sum(proposal.candidate["width"] <= 2 for proposal in proposals)

    assert narrow(["max:value", "width<=2"]) > 2 * narrow(["max:value"])


def test_it_learns_faster_than_random():
    def best(seed, sampler):
        controller = Bayesian(BowlSpace(), ACCURACY, seed, sampler=sampler)
        return max(r.metrics["value"] for r in follow(controller, controller.space, BowlTrainer(), 40).results)

    assert sum(best(s, "tpe") for s in range(5)) > sum(best(s, "random") for s in range(5))


def test_several_objectives_are_refused_where_the_sampler_has_one():
    pytest.importorskip("cmaes")
    with pytest.raises(Incompatible, match="one objective"):
        Bayesian(BowlSpace(), Objectives.parse(["max:value", "min:width"]), 0, sampler="cmaes")


@pytest.mark.parametrize(
    ("sampler", "error"),
    [("tep", UnknownName), ("no.such:Sampler", UsageError), ("json:loads", UsageError), ("json:no", UsageError)],
)
def test_wrong_samplers_are_refused_in_a_sentence(sampler, error):
    with pytest.raises(error, match=sampler):
        Bayesian(BowlSpace(), ACCURACY, 0, sampler=sampler)


def test_it_neither_talks_nor_touches_optunas_verbosity(capfd):
    before = optuna.logging.get_verbosity()
    for sampler in ("tpe", "qmc", "nsgaii"):
        controller = Bayesian(BowlSpace(), ACCURACY, 0, sampler=sampler, startup=3)
        follow(controller, controller.space, BowlTrainer(), 6)
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr() == ("", "")


def test_importing_it_does_not_import_optuna():
    code = "import sys, automl.controllers.bayesian; sys.exit('optuna' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
