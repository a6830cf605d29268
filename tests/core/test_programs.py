"""Programs by name, and what is none; and the global generators that they may draw from."""

import functools
import random
import sys

import numpy as np
import pytest

from automl.core import programs
from automl.core.errors import UsageError
from automl.core.generators import borrowed


def line(choose):
    return choose("slope", [1, 2])


def scaled(choose, by=2):
    return by * choose("slope", [1, 2])


class Line:
    def __init__(self, choose):
        self.slope = choose("slope", [1, 2])

    class Inner:
        def __init__(self, choose):
            self.slope = choose("slope", [3])

    def __call__(self, choose):
        return choose("shift", [1])


@pytest.mark.parametrize("program", [line, scaled, Line, Line.Inner])
def test_a_program_is_found_by_its_name(program):
    assert programs.importable(program)
    assert programs.find(programs.name_of(program)) is program


def test_what_no_import_leads_to_is_found_by_the_process_that_named_it():
    for program in (lambda choose: 1, functools.partial(scaled, by=3)):
        assert not programs.importable(program)
        assert programs.find(programs.name_of(program)) is program


def test_the_working_directory_is_looked_in(tmp_path, monkeypatch):
    (tmp_path / "freshly_written.py").write_text("def net(choose):\n    return choose('width', [1])\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert programs.find("freshly_written:net").__module__ == "freshly_written"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("train.Net", "Write module:name"),
        ("nowhere_at_all:Net", "No module named 'nowhere_at_all'"),
        ("automl.core.programs:nothing", "has no 'nothing'"),
        ("automl.core.programs:Program", "must take choose"),
        ("__main__:Gone", "space=Gone"),
    ],
)
def test_a_text_that_names_no_program_is_told_what_would(text, said):
    with pytest.raises(UsageError, match=said):
        programs.find(text)


@pytest.mark.parametrize("given", [3, "text", None])
def test_what_cannot_be_called_is_no_program(given):
    with pytest.raises(UsageError, match="cannot be called"):
        programs.check(given)


def test_what_takes_no_choose_is_told_how_to():
    class Net:
        def __init__(self, width=64):
            self.width = width

    with pytest.raises(UsageError, match=r"it takes \(width\).*Write def __init__\(self, choose\)"):
        programs.check(Net)
    with pytest.raises(UsageError, match=r"it takes \(choose, depth\)"):
        programs.check(lambda choose, depth: 1)


def test_borrowed_generators_are_seeded_inside_and_as_before_outside():
    torch = pytest.importorskip("torch")

    def draw():
        return random.random(), np.random.random(), float(torch.rand(()))

    def drawn(seed):
        with borrowed(seed):
            return draw()

    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    undisturbed = draw(), draw()
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    first = draw()
    assert drawn(7) == drawn(7) != drawn(8)
    assert (first, draw()) == undisturbed
