"""The house rules that a linter cannot see, read from the syntax trees of the tracked files."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 50
MOST_PARAMETERS = 6  # positional or keyword, without self
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "base", "common", "misc", "tools"}
FAMILIES = ("search_spaces", "controllers", "trainers")
TEST_FOLDERS = {"contracts", "plugin", "systems"}
"""Folders of `tests/` that mirror no package: every plug-in with its kit, a worked plug-in, whole systems."""
PIPES = {"automl/runners/_parcel.py"}
"""Modules that unpickle what a process of their own study sent through a pipe; it never was a file."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tracked() -> tuple[Path, ...]:
    """Return the files that git tracks or would track, without links; from an archive, all files."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        listed = [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if ".venv" not in path.parts]
    files = (ROOT / name for name in listed if name)
    return tuple(sorted(path for path in files if path.is_file() and not path.is_symlink()))


def modules(*folders: str) -> list[Path]:
    """Return the Python files below these folders of the repository."""
    return [p for p in tracked() if p.suffix == ".py" and p.relative_to(ROOT).parts[0] in folders]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def at(path: Path, node: ast.AST | None = None) -> str:
    """Name a place as an editor would open it."""
    line = f":{node.lineno}" if isinstance(node, ast.stmt | ast.expr) else ""
    return f"{path.relative_to(ROOT)}{line}"


@cache
def functions(path: Path) -> tuple[Function, ...]:
    return tuple(node for node in ast.walk(tree(path)) if isinstance(node, Function))


def is_command(f: Function) -> bool:
    """Say whether it is a command of the command line, whose parameters are flags."""
    return any(ast.unparse(decorator).startswith("app.command(") for decorator in f.decorator_list)


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Return every call with the dotted name of what is called, as it is written."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def test_there_is_something_to_check() -> None:
    assert len(modules("automl")) > 20
    assert ROOT / "automl/core/records.py" in modules("automl")


def test_files_are_short() -> None:
    long = {at(p): n for p in modules("automl", "tests", "benchmarks") if (n := p.read_text().count("\n")) > MOST_LINES}
    assert long == {}


def test_the_linter_looks_at_every_module() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--show-files", "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert {str(path) for path in modules("automl", "tests", "benchmarks")} <= set(shown.split("\n"))


def test_functions_are_short() -> None:
    lengths = {
        f"{at(path, f)} {f.name}": f.end_lineno - f.lineno + 1
        for path in modules("automl", "tests", "benchmarks")
        for f in functions(path)
    }
    assert {name: n for name, n in lengths.items() if n > MOST_LINES_OF_A_FUNCTION} == {}


def test_functions_take_few_parameters() -> None:
    """More than a few must be named by the caller, or be the fields of a record."""
    many = []
    for path in modules("automl", "benchmarks"):
        for f in functions(path):
            if is_command(f):
                continue
            names = [a.arg for a in (*f.args.posonlyargs, *f.args.args) if a.arg not in ("self", "cls")]
            if len(names) > MOST_PARAMETERS:
                many.append(f"{at(path, f)} {f.name}({', '.join(names)})")
    assert many == []


def test_booleans_are_named_by_the_caller() -> None:
    """`f(x, True)` says nothing; a flag is keyword-only."""
    flags = [
        f"{at(path, f)} {f.name}({arg.arg})"
        for path in modules("automl")
        for f in functions(path)
        if not f.name.startswith("_") and not is_command(f)
        for arg in (*f.args.posonlyargs, *f.args.args)
        if isinstance(arg.annotation, ast.Name) and arg.annotation.id == "bool"
    ]
    assert flags == []


def test_modules_are_named_after_what_they_hold() -> None:
    assert [at(p) for p in modules("automl", "tests", "benchmarks") if p.stem in FORBIDDEN_NAMES] == []


def test_contracts_are_documented() -> None:
    """Every public class, function and method of the core says what it is."""
    bare = []
    for path in modules("automl"):
        if path.parent.name != "core" or path.name == "__init__.py":
            continue
        assert ast.get_docstring(tree(path)), at(path)
        for node in tree(path).body:
            if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
                bare += undocumented(path, node)
    assert bare == []


def undocumented(path: Path, node: ast.ClassDef | Function) -> list[str]:
    inner = node.body if isinstance(node, ast.ClassDef) else []
    methods = [m for m in inner if isinstance(m, Function) and not m.name.startswith("_")]
    return [f"{at(path, n)} {n.name}" for n in (node, *methods) if not ast.get_docstring(n)]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_families_are_reachable_from_the_root(family: str) -> None:
    link = ROOT / family
    assert link.is_symlink()
    assert link.readlink() == Path("automl") / family
    assert link.resolve() == ROOT / "automl" / family


def test_every_package_has_its_folder_of_tests() -> None:
    """Folders of tests are named after packages, and every package has one; all of them run `testing`."""
    packages = {p.parent.name for p in modules("automl") if p.parent.parent == ROOT / "automl"} - {"testing"}
    filled = {name for name in packages if len(list((ROOT / "automl" / name).rglob("*.py"))) > 1}
    folders = {p.relative_to(ROOT).parts[1] for p in modules("tests") if len(p.relative_to(ROOT).parts) > 2}
    assert filled - folders == set()
    assert folders - packages - TEST_FOLDERS == set()


def test_test_modules_have_names_of_their_own() -> None:
    """Test folders are no packages, so two modules of one name would be taken for the same."""
    names = [p.name for p in modules("tests") if p.name.startswith("test_")]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


def test_nothing_loads_a_pickle() -> None:
    """Files may come from strangers: safetensors, JSON, `weights_only=True`, `allow_pickle=False`."""
    unsafe = []
    for path in modules("automl", "benchmarks"):
        if at(path) in PIPES:
            continue
        for name, call in calls(path):
            given = {k.arg: k.value for k in call.keywords}
            if re.fullmatch(r"(c?[pP]ickle|dill|cloudpickle|joblib|shelve)\.(loads?|Unpickler|open)", name):
                unsafe.append(f"{at(path, call)} {name}")
            if name in ("torch.load", "np.load", "numpy.load") and not explicitly_safe(name, given):
                unsafe.append(f"{at(path, call)} {name} without its safe flag")
    assert unsafe == []


def explicitly_safe(name: str, given: dict[str | None, ast.expr]) -> bool:
    flag, wanted = ("weights_only", True) if name == "torch.load" else ("allow_pickle", False)
    value = given.get(flag)
    return isinstance(value, ast.Constant) and value.value is wanted


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    """No home folders, no addresses of package registries, no local version suffix in the pins."""
    private = re.compile(r"/(home|Users)/\w|/root/|file://|/work/|\bpypi\.|pythonhosted|download\.pytorch|\+cpu$", re.M)
    told = []
    for path in tracked():
        if path == Path(__file__) or path.suffix in (".png", ".npz", ".gz"):
            continue
        found = private.search(path.read_text(encoding="utf-8", errors="replace"))
        if found:
            told.append(f"{at(path)}: {found.group()}")
    assert told == []


def test_every_requirement_is_pinned_and_every_pin_is_a_plain_version() -> None:
    lines = [x for x in (ROOT / "constraints.txt").read_text().splitlines() if x and not x.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[\w.]+", line)] == []
    pinned = {line.partition("==")[0] for line in lines}
    assert required() - pinned == set()


def required() -> set[str]:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    texts = [*project["dependencies"], *(r for rs in project["optional-dependencies"].values() for r in rs)]
    names = {re.match(r"[\w.-]+", text).group() for text in texts}
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names} - {project["name"]}
