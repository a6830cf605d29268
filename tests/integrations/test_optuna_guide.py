"""The page on Optuna is run from its first line to its last."""

import re
import shlex
from pathlib import Path

from automl.controllers.bayesian import Bayesian
from automl.integrations.optuna import samplers
from automl.settings import assign, parse_assignments

GUIDE = Path(__file__).parents[2] / "docs/guide/optuna.md"


def test_the_page_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.M | re.S)
    exec(compile("\n".join(blocks), str(GUIDE), "exec"), {})
    first, trials, states = capsys.readouterr().out.splitlines()
    names, _, best = first.rpartition(" ")
    assert names == str(samplers())
    assert float(best) < 1.5
    assert trials == "45"
    assert states == "['COMPLETE', 'PRUNED']"


def test_its_commands_set_what_the_controller_has():
    lines = re.findall(r"^automl search gnn (.*)$", GUIDE.read_text(encoding="utf-8"), re.M)
    texts = [part for line in lines for part in shlex.split(line) if part.startswith("sampler=")]
    assert len(texts) == len(lines) == 5
    for text in texts:
        assert assign(parse_assignments([text]), {"controller": Bayesian})["controller"]["sampler"]
