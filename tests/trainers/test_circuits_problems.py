"""Every way to bring a Hamiltonian, the published numbers, and what is said when one is no Hamiltonian."""

import json
import re
from functools import reduce
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from automl.core.errors import InvalidData, UnknownName, UsageError
from automl.trainers.circuits.problems import Hamiltonian, names, read

DATA = files("automl.trainers.circuits") / "data"
GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "circuits-problems.md"
PAULI = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
}
# qubits, terms, exact ground energy, Hartree-Fock minus that in millihartree, lowest basis state
SHIPPED = {
    "h2-2q": (2, 5, -1.1372701747, 20.586, "11"),
    "h2-3q": (3, 10, -1.1372701747, 20.586, "110"),
    "h2-4q": (4, 15, -1.1361894541, 18.840, "1100"),
    "lih-4q": (4, 100, -7.7890888981, 119.029, "1100"),
    "lih-4q-1.2a": (4, 100, -7.8506983776, 15.083, "1100"),
    "lih-4q-2.2a": (4, 100, -7.8448790930, 36.885, "1100"),
    "lih-6q": (6, 118, -7.8448790930, 36.885, "100100"),
    "h2o-8q": (8, 193, -74.9723355815, 7.806, "11110000"),
    "h2o-8q-published": (8, 193, -73.2941067468, 2.626, "11110000"),
    "beh2-6q-published": (6, 34, -14.8615891839, 5.921, "111100"),
}

sizes = st.floats(0.05, 2.0).flatmap(lambda size: st.sampled_from([size, -size]))
hamiltonians = st.integers(1, 4).flatmap(
    lambda n: st.dictionaries(st.text("IXYZ", min_size=n, max_size=n), sizes, min_size=1, max_size=12).filter(
        lambda terms: set(terms) != {"I" * n}
    )
)


def kron(terms):
    return sum(c * reduce(np.kron, [PAULI[letter] for letter in string]) for string, c in terms.items())


def same(a, b, tolerance=1e-12):
    return a.terms.keys() == b.terms.keys() and all(abs(a.terms[k] - b.terms[k]) <= tolerance for k in a.terms)


# ---- shipped problems


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_problem_has_the_published_numbers(name):
    qubits, terms, ground, gap, bits = SHIPPED[name]
    problem = read(name)
    assert (problem.qubits, len(problem.terms), problem.name) == (qubits, terms, name)
    computed = Hamiltonian(qubits, problem.terms)  # knows nothing but the terms
    assert computed.ground_energy == pytest.approx(ground, abs=1e-9)
    assert problem.ground_energy == pytest.approx(ground, abs=1e-9)
    assert computed.reference.bits == bits
    assert 1000 * (computed.reference.energy - ground) == pytest.approx(gap, abs=1e-3)
    assert problem.source["hf_energy"] == pytest.approx(computed.reference.energy, abs=1e-9)
    assert {"note", "software", "molecule"} <= problem.source.keys()


@pytest.mark.parametrize(
    ("name", "target"),  # what the published curriculum aims at: shift minus the sum of the coefficients' sizes
    [
        ("h2-2q", -1.320446),
        ("h2-3q", -1.983914),
        ("h2-4q", -1.990097),
        ("lih-4q", -10.0718),
        ("lih-6q", -10.134828),
        ("h2o-8q-published", -77.891067),
    ],
)
def test_the_bound_is_the_published_target(name, target):
    assert read(name).bound == pytest.approx(target, abs=1e-5)


def test_the_default_is_h2_and_every_name_has_a_line():
    assert read().name == "h2-4q"
    assert names().keys() == SHIPPED.keys()
    assert all("as published" in line for name, line in names().items() if name.endswith("published"))


def test_a_shipped_file_can_be_read_by_its_path(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text((DATA / "lih-4q.json").read_text())
    assert read(path).terms == read("lih-4q").terms
    assert read(str(path)).name == "lih-4q"


def test_the_published_water_is_the_squeezed_one():
    published, physical = read("h2o-8q-published").source, read("h2o-8q").source
    assert published["molecule"]["atoms"] == physical["molecule"]["atoms"]
    assert (published["molecule"]["unit"], physical["molecule"]["unit"]) == ("bohr", "angstrom")
    assert "Bohr" in published["note"]


# ---- facts


@given(hamiltonians)
def test_matrices_follow_the_conventions(terms):
    problem = read(terms)
    np.testing.assert_allclose(problem.matrix(), kron(terms), atol=1e-12)
    np.testing.assert_allclose(problem.sparse().toarray(), problem.matrix(), atol=1e-12)


@given(hamiltonians)
def test_a_matrix_becomes_the_terms_it_was_made_of(terms):
    assert same(read(kron(terms)), read(terms))


@given(hamiltonians)
def test_bound_ground_and_reference_are_in_order(terms):
    problem = read(terms)
    matrix = kron(terms)
    assert problem.ground_energy == pytest.approx(np.linalg.eigvalsh(matrix)[0], abs=1e-10)
    assert problem.bound - 1e-9 <= problem.ground_energy <= problem.reference.energy + 1e-9
    assert problem.reference.energy == pytest.approx(np.diag(matrix).real.min(), abs=1e-8)
    assert np.diag(matrix)[int(problem.reference.bits, 2)].real == pytest.approx(problem.reference.energy, abs=1e-10)


@given(hamiltonians, st.randoms())
def test_the_fingerprint_sees_the_terms_and_neither_order_nor_rounding(terms, random):
    problem = read(terms)
    shuffled = list(terms.items())
    random.shuffle(shuffled)
    assert read(dict(shuffled)).terms == problem.terms
    assert list(read(dict(shuffled)).terms) == sorted(terms)
    assert Hamiltonian(problem.qubits, dict(shuffled)).fingerprint() == problem.fingerprint()
    last = sorted(terms)[-1]
    assert read({**terms, last: terms[last] * (1 + 1e-5)}).fingerprint() != problem.fingerprint()


def test_the_fingerprint_forgives_the_last_digits():
    terms = read("lih-4q").terms
    noisy = {string: c + 1e-14 * (-1) ** k for k, (string, c) in enumerate(terms.items())}
    assert Hamiltonian(4, noisy).fingerprint() == read("lih-4q").fingerprint()


# ---- chains


@pytest.mark.parametrize("sites", [3, 4, 8, 12])
def test_the_ising_ring_has_the_energy_of_free_fermions(sites):
    waves = (2 * np.arange(sites) + 1) * np.pi / sites
    expected = -np.sqrt(1 + 0.7**2 - 2 * 0.7 * np.cos(waves)).sum()  # Pfeuty 1970
    assert read(f"tfim-{sites}q:J=1,h=0.7,periodic").ground_energy == pytest.approx(expected, abs=1e-10)


def test_the_heisenberg_chain_of_four_has_its_known_energy():
    assert read("heisenberg-4q").ground_energy == pytest.approx(-3 - 2 * np.sqrt(3), abs=1e-12)
    assert read("heisenberg-2q:J=1,h=9").terms == {"XX": 1.0, "YY": 1.0, "ZZ": 1.0, "ZI": 9.0, "IZ": 9.0}


def test_a_chain_of_equal_lowest_states_takes_the_first():
    assert read("tfim-5q").reference == ("00000", -4.0)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tfim-1q", "2 at least"),
        ("tfim-2q:periodic", "3 at least"),
        ("tfim-4q:g=1", "option of tfim 'g'"),
        ("tfim-4q:", "option of tfim ''"),
        ("tfim-4q:J=big", "'big', which is no number"),
        ("tfim-4q:J=nan", "no number"),
        ("tfim-40q", "16 TiB, with noise 2^83 bytes"),
        ("tfim-20q", "16 MiB, with noise 8 TiB"),
        ("heisenberg-3q:J=0", "no term but the identity"),
    ],
)
def test_a_wrong_chain_says_what_is_wrong(name, words):
    with pytest.raises(UsageError, match=re.escape(words)):
        read(name)


# ---- files


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bare.json", '{"ZZI": -1.0, "IXY": 0.5, "III": 2}'),
        ("full.json", '{"terms": {"ZZI": -1.0, "IXY": 0.5, "III": 2}, "qubits": 3, "summary": "a test"}'),
        ("twice.json", '{"ZZI": -1.5, "IXY": 0.5, "III": 2, "ZZI": 0.5, "XXX": 0}'),
        ("terms.toml", "[terms]\nZZI = -1.0\nIXY = 0.5\nIII = 2\n"),
        ("lines.txt", "# made by hand\n-1.0 ZZI\n\n0.5*IXY # and more\n+2 III\n"),
        ("windows.txt", "\ufeff-1.0 ZZI\r\n(0.5+0j)   IXY\r\n2 III\r\n0 YYY"),
        ("openfermion.txt", "(-1+0j) [Z0 Z1] +\n0.5 [X1 Y2] +\n2.0 []"),
        ("openfermion", "1.0 [Z1 Z0] + -2 [Z0 Z1] + 0.5 [Y2 X1]+2 [] +"),
    ],
)
def test_terms_in_files_of_every_kind(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content.encode())
    problem = read(path)
    assert problem.terms == {"III": 2.0, "IXY": 0.5, "ZZI": -1.0}
    assert (problem.qubits, problem.name, problem.source["file"]) == (3, path.stem, name)


def test_what_else_is_known_is_kept(tmp_path):
    path = tmp_path / "known.json"
    document = {"terms": {"ZZI": 1.0, "IXX": 1.0}, "coupling": ["0-1", [1, 2]], "ground_energy": -1.99, "name": "mine"}
    path.write_text(json.dumps({**document, "source": {"by": "me"}}))
    problem = read(path)
    assert (problem.coupling, problem.known_ground, problem.name) == (((0, 1), (1, 2)), -1.99, "mine")
    assert problem.ground_energy == -1.99
    assert problem.source == {"by": "me", "file": "known.json"}
    assert read(problem) == problem


def test_arrays(tmp_path):
    terms = {"XY": 0.5, "ZI": -1.0, "II": 0.25}
    np.save(tmp_path / "a.npy", kron(terms))
    np.savez(tmp_path / "b.npz", anything=kron(terms).astype(np.complex64))
    np.savez_compressed(  # the layout of the files published with CRLQAS: the shift stands apart
        tmp_path / "c.npz", hamiltonian=kron({**terms, "II": 0.0}), weights=np.ones(2), energy_shift=np.array(0.25)
    )
    assert same(read(tmp_path / "a.npy"), read(terms))
    assert same(read(tmp_path / "b.npz"), read(terms), 1e-7)
    assert same(read(tmp_path / "c.npz"), read(terms))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.json", b"{", "is no JSON"),
        ("a.json", b"[1]", "holds no mapping"),
        ("a.json", b'{"terms": {"ZZ": 1}, "terms": {}}', "'terms' comes twice"),
        ("a.json", b'{"ZZ": NaN}', "nan"),
        ("a.json", b'{"ZZ": 1e999}', "inf"),
        ("a.json", b'{"ZZ": "1"}', "no number"),
        ("a.json", b"[" * 100_000, "is no JSON"),
        ("a.toml", b"a =", "is no TOML"),
        ("a.txt", b"", "has no terms"),
        ("a.txt", b"\xff\xfe\x00", "is no text"),
        ("a.txt", b"ZZ 1.0", "line 1 has the coefficient 'ZZ'"),
        ("a.txt", b"0.5 X0 X1", "[X0 Z2] +"),
        ("a.txt", b"0.5 [X0^ 1]", "must be mapped first"),
        ("a.txt", b"0.5 [X0] and more", "'and more' outside its terms"),
        ("a.txt", b"0.5 [X0 Y0]", "names a qubit twice"),
        ("a.txt", b"0.5 [X99999999]", "100000000 qubits; the most is 16"),
        ("a.npz", b"PK", "cannot be read as NumPy arrays"),
        ("a.npy", b"\x93NUMPY", "cannot be read as NumPy arrays"),
    ],
)
def test_a_damaged_file_says_what_is_wrong(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidData, match=re.escape(words)):
        read(tmp_path / name)


def test_arrays_that_are_no_hamiltonian(tmp_path):
    np.savez(tmp_path / "two.npz", x=np.eye(2), y=np.eye(2))
    np.savez(tmp_path / "pickle.npz", hamiltonian=np.array([{}], dtype=object))
    np.savez(tmp_path / "large.npz", hamiltonian=np.zeros((2048, 2048)))
    for name, words in [("two", "none of them named 'hamiltonian'"), ("pickle", "allow_pickle"), ("large", "32 MiB")]:
        with pytest.raises(InvalidData, match=words):
            read(tmp_path / f"{name}.npz")


def test_names_and_paths_that_do_not_exist(tmp_path):
    with pytest.raises(UnknownName, match="Did you mean 'lih-6q'"):
        read("lih-8q")
    with pytest.raises(UnknownName, match="given by its path"):
        read("")
    with pytest.raises(UnknownName, match="given by its path"):
        read("0.5 [X0 Z1] + " * 1000)
    with pytest.raises(InvalidData, match="File name too long"):
        read("./" + "x" * 300)
    for missing in (str(tmp_path / "none"), "none.json", tmp_path):
        with pytest.raises(InvalidData, match="There is no file"):
            read(missing)


# ---- objects


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "has no terms"),
        ({"ZZ": 1j}, "not Hermitian: the coefficient of ZZ is 1j"),
        ({"ZZ": float("nan")}, "must be finite"),
        ({"ZZ": 10**400}, "must be finite"),
        ({"ZZ": True}, "no number"),
        ({"ZZ": None}, "no number"),
        ({"Zz": 1.0}, "the letter 'z'"),
        ({"ZZ": 1.0, "Z": 2.0}, "fill up with I, such as 'ZI'"),
        ({1: 2.0}, "no Pauli string"),
        ({"II": 1.0}, "no term but the identity"),
        ({"ZZ": 0.0}, "no term but the identity"),
        ({"Z" * 17: 1.0}, "the most is 16"),
        ({"terms": [1]}, "no mapping"),
        ({"terms": {"ZZ": 1.0}, "qubits": 3}, "says that it has 3 qubits"),
        ({"terms": {"ZZ": 1.0}, "ground_energy": -3.0}, "must lie between"),
        ({"terms": {"ZZ": 1.0}, "ground_energy": "low"}, "no number"),
        ({"terms": {"ZZ": 1.0}, "coupling": ["0-2"]}, "no pair of two of the qubits 0 to 1"),
        ({"terms": {"ZZ": 1.0}, "coupling": ["0-0"]}, "no pair"),
        ({"terms": {"ZZ": 1.0}, "coupling": "0-1"}, '["0-1", "1-2"]'),
        ({"terms": {"ZZ": 1.0}, "couplings": []}, "Did you mean 'coupling'"),
        (np.ones((3, 3)), "2^n rows"),
        (np.ones((4, 2)), "2^n rows"),
        (np.ones(4), "2^n rows"),
        (np.ones((1, 1)), "2^n rows"),
        ([[1, 2], [3]], "rows of different length"),
        (np.array([[0, 1], [2, 0]]), "not Hermitian: row 0, column 1"),
        (np.array([[0, np.nan], [2, 0]]), "row 0, column 1"),
        (np.array([["a", "b"], ["c", "d"]]), "no numbers"),
        (np.eye(4), "no term but the identity"),
        (np.zeros((4, 4)), "no term but the identity"),
        (np.broadcast_to(np.float64(0), (2**14, 2**14)), "4,096 MiB"),
        (Hamiltonian(3, {"ZZ": 1.0}), "says that it has 3 qubits"),
        (Hamiltonian(2, {"ZZ": 1.0}, known_ground=5.0), "must lie between"),
        (3, "an object of type int"),
    ],
)
def test_no_hamiltonian(data, words):
    with pytest.raises(UsageError, match=re.escape(words)):
        read(data)


def test_imaginary_parts_that_cancel_or_are_rounding_are_forgiven(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("1j ZZ\n(1-1j) ZZ\n(0.5+1e-13j) XX\n1e-14 YY")
    assert read(path).terms == {"XX": 0.5, "ZZ": 1.0}


def test_a_sparse_matrix():
    sparse = pytest.importorskip("scipy.sparse")
    assert same(read(sparse.csr_array(kron({"XZ": 1.0, "ZI": 2.0}))), read({"XZ": 1.0, "ZI": 2.0}))


def test_an_operator_of_qiskit_keeps_its_qubits():
    qiskit = pytest.importorskip("qiskit.quantum_info")
    operator = qiskit.SparsePauliOp.from_sparse_list([("XY", [0, 2], 0.5), ("Z", [1], -1.0)], num_qubits=3)
    assert read(operator).terms == {"XIY": 0.5, "IZI": -1.0}
    assert read(operator).ground_energy == pytest.approx(np.linalg.eigvalsh(operator.to_matrix())[0])
    assert read(operator + operator).terms == {"XIY": 1.0, "IZI": -2.0}
    with pytest.raises(InvalidData, match="not Hermitian"):
        read(1j * operator)
    circuit = pytest.importorskip("qiskit.circuit")
    with pytest.raises(InvalidData, match="no number"):
        read(qiskit.SparsePauliOp(["XX"], np.array([circuit.Parameter("a")])))


def test_an_operator_of_openfermion_and_its_text(tmp_path):
    openfermion = pytest.importorskip("openfermion")
    operator = openfermion.QubitOperator("X0 Y2", 0.5) - openfermion.QubitOperator("Z1") + 0.25
    problem = read(operator)
    assert problem.terms == {"XIY": 0.5, "IZI": -1.0, "III": 0.25}
    matrix = openfermion.get_sparse_operator(operator, 3).toarray()
    np.testing.assert_allclose(problem.matrix(), matrix, atol=1e-14)
    (tmp_path / "a.txt").write_text(str(operator))
    assert read(tmp_path / "a.txt").terms == problem.terms
    with pytest.raises(InvalidData, match="jordan_wigner"):
        read(openfermion.FermionOperator("0^ 1"))


# ---- the guide


@pytest.mark.parametrize("name", SHIPPED)
def test_the_guide_states_the_numbers_of_every_shipped_problem(name):
    guide = GUIDE.read_text(encoding="utf-8").replace("−", "-")
    row = next(line for line in guide.splitlines() if line.startswith(f"| `{name}`"))
    _, terms, ground, gap, _ = SHIPPED[name]
    assert f"| {terms} | {ground:.10f} | {gap:.3f} mHa |" in row


def test_the_example_is_what_the_guide_shows():
    shown = json.loads(re.findall(r"```json\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)[0])
    problem = read(Path(str(DATA / "example-problem.json")))
    assert same(read(shown), problem)
    assert problem.coupling == ((0, 1), (1, 2))
