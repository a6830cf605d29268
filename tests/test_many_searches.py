"""Called many times, in one process or in many: a search leaves nothing open and nothing changed."""

import logging
import os
import random
import signal
import threading
import warnings
from multiprocessing import active_children

import numpy as np
import pytest

import automl


def open_things():
    """Return what a process can leak, as numbers or by name."""
    loggers = [logging.getLogger(), *map(logging.getLogger, sorted(logging.root.manager.loggerDict))]
    return {
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "children": len(active_children()),
        "handlers": sum(len(logger.handlers) for logger in loggers),
        "filters": len(warnings.filters),
        "files": len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0,  # noqa: PTH112, PTH208
        "signals": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)],
        "variables": dict(os.environ),
        "directory": os.getcwd(),  # noqa: PTH109
    }


def drawn():
    """Return the next numbers of the global generators, and put them back."""
    import torch

    states = random.getstate(), np.random.get_state(), torch.random.get_rng_state()
    numbers = random.random(), np.random.random(), float(torch.rand(()))
    random.setstate(states[0]), np.random.set_state(states[1]), torch.random.set_rng_state(states[2])
    return numbers


def rows():
    x = np.random.default_rng(0).standard_normal((60, 4))
    return x, (x[:, 0] > 0).astype(int)


def guess(choose):
    from sklearn.dummy import DummyClassifier

    np.random.random()
    return DummyClassifier(strategy="uniform", constant=choose("constant", [0, 1]))


def searches(folder):
    """Yield searches of different kinds, each a function; the first of each kind loads what it needs."""
    stores = {"optuna": f"sqlite:///{folder}/optuna.db", "mlflow": "none"}
    quiet = {"quiet": True, "baselines": ["none"]}
    for number in range(20):
        out = str(folder / f"run{number}")
        if number % 10 == 8:
            yield lambda out=out: automl.start("towers", trials=3, out=out, **stores, **quiet).wait()
        elif number % 10 == 9:
            yield lambda out=out: automl.search("towers", trials=2, workers=2, out=out, **stores, **quiet)
        elif number % 2:
            yield lambda out=out: automl.search(guess, data=rows(), trials=2, out=out, **stores, **quiet)
        else:
            yield lambda out=out: automl.search("towers", trials=5, out=out, **stores, **quiet)


def test_twenty_searches_leave_nothing_open_and_nothing_changed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    every = list(searches(tmp_path))
    for search in every[:10]:  # one of each kind, which load what they need
        search()
    before, numbers = open_things(), drawn()
    for search in every[10:]:
        search()
    assert drawn() == numbers
    after = open_things()
    assert {name: after[name] for name in after} == before


def test_a_search_of_networks_leaves_the_global_generators_alone(quick):
    import torch

    from automl.trainers.lightning_module.example import Net

    torch.manual_seed(1), np.random.seed(1), random.seed(1)
    before, handlers, threads = drawn(), signal.getsignal(signal.SIGINT), torch.get_num_threads()
    automl.search(Net, trials=2, set={"epochs": 1, "final_epochs": 1}, **quick)
    assert drawn() == before
    assert (signal.getsignal(signal.SIGINT), torch.get_num_threads()) == (handlers, threads)


def one(number, folder):
    """Search in a process of somebody else's; return what was found and what was left."""
    options = {"optuna": "none", "mlflow": "none", "baselines": ["none"], "quiet": True}
    summary = automl.search("towers", trials=4, seed=number, out=f"{folder}/run{number}", **options)
    return summary.trials, len(active_children())


@pytest.mark.slow
def test_it_works_inside_the_workers_of_joblib(tmp_path):
    from joblib import Parallel, delayed
    from joblib.externals.loky import get_reusable_executor

    try:
        assert Parallel(n_jobs=2)(delayed(one)(number, str(tmp_path)) for number in range(4)) == [(4, 0)] * 4
    finally:
        get_reusable_executor().shutdown(wait=True)
