"""The folder `mlflow/` holds what deploys a tracking server. It must never become a Python package.

Beside an installed mlflow such a folder is harmless. With an `__init__.py` in it, `import mlflow` from
the root of the repository would give an empty package.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_it_has_no_python_file() -> None:
    assert [path for path in (ROOT / "mlflow").rglob("*") if path.suffix in (".py", ".pyi", ".pyc")] == []


def test_from_the_root_mlflow_is_the_installed_package() -> None:
    code = "from importlib.util import find_spec; print(find_spec('mlflow').origin)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()).parts[-3:] == ("site-packages", "mlflow", "__init__.py")


def test_no_test_folder_can_shadow_a_package() -> None:
    """With an `__init__.py` in it, pytest would put a folder like `tests/mlflow` before the real package."""
    assert list((ROOT / "tests").rglob("__init__.py")) == []
