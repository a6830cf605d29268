"""The page on scikit-learn is run from its first line to its last."""

import re
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs/guide/scikit-learn.md"


def test_the_page_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.M | re.S)
    exec(compile("\n".join(blocks), str(GUIDE), "exec"), {})
    score, network, controller = capsys.readouterr().out.splitlines()
    assert float(score) > 0.95
    assert "|" in network
    assert "controller" in controller
    assert [path.name for path in tmp_path.iterdir()] == ["digits-model"]
