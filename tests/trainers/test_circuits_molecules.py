"""Molecules: how they are written down, and that the extra `chemistry` reproduces every shipped problem."""

import json
import re
import tomllib
import warnings
from contextlib import suppress
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import pytest

from automl.core.errors import InvalidData, MissingExtra, UsageError
from automl.trainers.circuits.problems import names, read
from automl.trainers.circuits.problems.molecule import OtherElectrons, SuspectGeometry, read_molecule

DATA = files("automl.trainers.circuits") / "data"
GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "circuits-problems.md"
H2 = {"atoms": "H 0 0 0; H 0 0 0.7", "unit": "angstrom"}


def same(a, b, tolerance):
    return a.terms.keys() == b.terms.keys() and all(abs(a.terms[k] - b.terms[k]) <= tolerance for k in a.terms)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"unit": None}, "Unknown unit of length"),
        ({"unit": "nm"}, "Known: angstrom, bohr"),
        ({"units": "bohr"}, "Did you mean 'unit'"),
        ({"atoms": "H 0 0; H 0 0 1"}, "not a symbol and three coordinates"),
        ({"atoms": "H 0 0 a"}, "no numbers"),
        ({"atoms": [["H", 0, 0, float("inf")]]}, "not finite"),
        ({"atoms": []}, "no atoms"),
        ({"atoms": 3}, "Write atoms ="),
        ({"atoms": "H 0 0 0; H 0 0 0"}, "in one place"),
        ({"mapping": "jw"}, "Known: bravyi_kitaev"),
        ({"charge": 0.5}, "whole number"),
        ({"spin": -1}, "unpaired electrons"),
        ({"frozen": 0}, "must be a list"),
        ({"frozen": [0], "active": [0, 1]}, "both frozen and active"),
        ({"active": [1, 1]}, "once each"),
        ({"active": []}, "no orbital is active"),
    ],
)
def test_a_molecule_that_is_written_wrong_is_refused_before_any_package_is_needed(change, words):
    with pytest.raises(UsageError, match=re.escape(words)):
        read({**H2, **change})


def test_the_unit_must_be_written():
    with pytest.raises(InvalidData, match="does not say the unit"):
        read({"atoms": H2["atoms"]})
    with pytest.raises(InvalidData, match="molecule without atoms"):
        read({"unit": "bohr"})


def read_with_or_without_the_extra(molecule):
    with suppress(MissingExtra):
        read(molecule)


def test_a_wrong_unit_is_noticed():
    squeezed = read("h2o-8q-published").source["molecule"]
    assert read_molecule(squeezed, "water").shortest()[0] == pytest.approx(0.512, abs=1e-3)
    assert read_molecule({**squeezed, "unit": "angstrom"}, "water").shortest()[0] == pytest.approx(0.968, abs=1e-3)
    with pytest.warns(SuspectGeometry, match="unit = 'angstrom'"):
        read_with_or_without_the_extra(squeezed)


def test_a_right_unit_brings_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error", SuspectGeometry)
        read_with_or_without_the_extra(H2)


@pytest.mark.skipif(find_spec("pyscf") is not None, reason="the extra is installed")
def test_without_the_extra_the_command_is_named():
    with pytest.raises(MissingExtra, match=re.escape("pip install 'automl-search[chemistry]'")):
        read(H2)


def test_the_example_is_what_the_guide_shows():
    shown = tomllib.loads(re.findall(r"```toml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)[0])
    shipped = tomllib.loads((DATA / "example-molecule.toml").read_text(encoding="utf-8"))
    assert read_molecule(shown, "guide") == read_molecule(shipped, "example")


@pytest.fixture(scope="module")
def chemistry():
    pytest.importorskip("pyscf")
    pytest.importorskip("openfermion")


@pytest.mark.usefixtures("chemistry")
@pytest.mark.filterwarnings("ignore::automl.trainers.circuits.problems.molecule.SuspectGeometry")
@pytest.mark.parametrize("name", names())
def test_a_shipped_problem_is_reproduced_from_its_molecule(name):
    shipped = read(name)
    computed = read(shipped.source["molecule"])
    assert same(computed, shipped, 1e-8)
    assert computed.fingerprint() == shipped.fingerprint()
    assert computed.source["hf_energy"] == pytest.approx(shipped.source["hf_energy"], abs=1e-9)
    assert computed.source["casci_energy"] == pytest.approx(shipped.ground_energy, abs=1e-9)


@pytest.mark.usefixtures("chemistry")
def test_all_mappings_have_the_same_ground_state():
    molecule = {"atoms": "Li 0 0 0; H 0 0 1.6", "unit": "angstrom", "frozen": [0], "active": [1, 2, 5]}
    qubits = {
        "jordan_wigner": 6,
        "jordan_wigner_blocks": 6,
        "bravyi_kitaev": 6,
        "parity": 4,
        "checksum": 5,
        "checksum_per_spin": 4,
    }
    problems = {mapping: read({**molecule, "mapping": mapping}) for mapping in qubits}
    assert {mapping: problem.qubits for mapping, problem in problems.items()} == qubits
    for problem in problems.values():
        assert problem.ground_energy == pytest.approx(problems["parity"].ground_energy, abs=1e-9)
        assert problem.reference.energy == pytest.approx(problem.source["hf_energy"], abs=1e-9)


@pytest.mark.usefixtures("chemistry")
def test_a_molecule_in_a_file_and_in_the_other_unit(tmp_path):
    path = tmp_path / "h2.json"
    path.write_text(json.dumps({"atoms": [["H", 0, 0, 0.35], ["h", 0, 0, -0.35]], "unit": "Angstrom"}))
    problem = read(path)
    assert same(problem, read("h2-4q"), 1e-8)
    assert (problem.name, problem.source["file"]) == ("H2", "h2.json")
    bohr = read({"atoms": f"H 0 0 0\nH 0 0 {0.7 / 0.52917721092}", "unit": "bohr"})
    assert bohr.ground_energy == pytest.approx(problem.ground_energy, abs=1e-8)


@pytest.mark.usefixtures("chemistry")
def test_a_lowest_state_of_other_electrons_is_noticed():
    with pytest.warns(OtherElectrons, match="another charge or spin"):
        read({**H2, "spin": 2})


@pytest.mark.usefixtures("chemistry")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"basis": "sto-9"}, "PySCF refuses it"),
        ({"atoms": "Xx 0 0 0; H 0 0 1"}, "PySCF refuses it"),
        ({"charge": 1}, "not consistent"),
        ({"active": [5]}, "has no orbital 5"),
        ({"frozen": [0]}, "does not fit"),
        ({"frozen": [0, 1]}, "no orbital left"),
        ({"atoms": "N 0 0 0; N 0 0 1.1"}, "20 qubits; the most is 16"),
    ],
)
def test_a_molecule_that_cannot_be_computed_says_why(change, words):
    with pytest.raises(InvalidData, match=words):
        read({**H2, **change})
