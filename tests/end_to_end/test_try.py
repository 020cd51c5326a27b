"""`make try`: the walk that a newcomer takes, over the committed access.toml."""

import json
import subprocess
import sys

from sandbox.configuration import CHECKOUT


def test_the_walk_shows_what_is_allowed_and_five_refusals() -> None:
    """Every line is as it should be, refusals by the service's own word, and the exit status says so."""
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "try", "--json"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )

    assert 0 == done.returncode, done.stderr + done.stdout
    checks = json.loads(done.stdout)["checks"]
    assert all(check["ok"] for check in checks)
    refusals = [check for check in checks if check["expected"] == "refused"]
    assert 5 == len(refusals)
    assert all(check["answer"].startswith("AccessDenied: ") for check in refusals)
    commands = [step["title"] for step in json.loads(done.stdout)["steps"]]
    assert "cdk deploy ProdAccessStack --profile prod" in commands
    assert "cdk deploy DevLambdaStack --profile dev" in commands
