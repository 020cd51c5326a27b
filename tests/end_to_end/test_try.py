"""`make try`: the walk that a newcomer takes, over the committed access.toml."""

import json
import re
import subprocess
import sys
from typing import Any

from sandbox.configuration import CHECKOUT


def test_the_walk_shows_what_is_allowed_and_five_denials() -> None:
    """Every line is as it should be, denials by the service's own word, and the exit status says so."""
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "try", "--json"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )

    assert 0 == done.returncode, done.stderr + done.stdout
    checks = json.loads(done.stdout)["checks"]
    assert all(check["ok"] for check in checks)
    denials = [check for check in checks if check["expected"] == "denied"]
    assert 5 == len(denials)
    assert all(check["answer"].startswith("AccessDenied: ") for check in denials)
    assert _stable(json.loads((CHECKOUT / "docs" / "try.json").read_text())) == _stable(json.loads(done.stdout)), (
        "the picture of `make try` is out of date: python -m sandbox try --json > docs/try.json && make docs"
    )
    commands = [step["title"] for step in json.loads(done.stdout)["steps"]]
    assert "cdk deploy ProdAccessStack --profile prod" in commands
    assert "cdk deploy DevLambdaStack --profile dev" in commands


def _stable(run: Any) -> Any:
    """Return what two runs have in common: no times, no version ids, no checksums."""
    text = json.dumps({"steps": [step["title"] for step in run["steps"]], "checks": run["checks"]})
    return json.loads(
        re.sub(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9]{4}-[0-9-]+T[0-9:.+]+", "…", text)
    )
