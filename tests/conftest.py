"""Shared by all tests: the towers plug-in on the path, quiet libraries, and runs in a temporary folder."""

import os
import signal
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import automl.telemetry  # noqa: F401 - switches every library's telemetry off before it is imported

# Tests train networks so small that a second thread costs more than it brings; torch reads this when it is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# How long an example takes says more about how busy the machine is than about the code.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

# A test run in the background may have Ctrl-C ignored, and would hand that down to the processes that it interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

PLUGINS = Path(__file__).parent / "plugins_on_path"
sys.path.append(str(PLUGINS))
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH", ""), str(PLUGINS)]))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object | None:
    """Hand out what shares something expensive to one process, and all other tests file by file: the largest first.

    All tests of circuits are one piece, because on a fresh checkout each process would compile the simulator, and all
    of Ray are another. The piece is told from the test's name: groups of xdist's own do not reach every pytest. Test
    by test, the process that hands them out would need as long as short tests do; only tutorials and pages of the
    guide, which take long, are a piece each, the last ones.
    """
    if config.getoption("dist") != "load":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Pieces(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            if any(word in nodeid for word in ("_ray", "TestRay", "[ray]")):
                return "ray"
            if "test_tutorials" in nodeid or "test_the_page" in nodeid:
                return nodeid
            return "circuits" if "circuits" in nodeid else nodeid.partition("::")[0]

    return Pieces(config, log)


@pytest.fixture
def quick(tmp_path, monkeypatch):
    """Options of a search that leaves nothing outside tmp_path and compares with nobody."""
    monkeypatch.chdir(tmp_path)
    return {"out": str(tmp_path / "run"), "optuna": "none", "mlflow": "none", "baselines": ["none"], "quiet": True}


@pytest.fixture(scope="session")
def stores(tmp_path_factory):
    """Return a folder with stores of Optuna and MLflow, which are expensive to create: made once, and copied."""
    from automl.tracking._mlflow_store import open_client
    from automl.tracking._optuna_store import open_storage
    from automl.tracking.sqlite_files import sqlite_url

    folder = tmp_path_factory.mktemp("stores")
    open_client(sqlite_url(folder / "mlflow.db"))
    open_storage(sqlite_url(folder / "optuna.db"))
    return folder


@pytest.fixture(scope="session")
def one_ray():
    """One Ray for all tests of this process, and actors that outlive a test."""
    from automl.runners._ray_link import Need, connect
    from automl.runners.on_ray import keep_actors

    link = connect(None, Need(4, 1.0, 0.0))
    with keep_actors():
        yield
    link.leave()
