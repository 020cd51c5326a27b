"""Templates of another state of the app: a folder of them, or a git revision that is synthesized for it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crossrole.credentials import without_credentials
from crossrole.errors import CommandError
from crossrole.templates.assembly import CHECKOUT


@contextmanager
def templates_of(state: str) -> Iterator[Path]:
    """Give the folder with the templates of a state, for as long as the block runs.

    A git revision is checked out into a temporary worktree and synthesized there, with this checkout's tools. Raises
    `CommandError` where it is neither a folder of templates nor a revision, or can't be synthesized.
    """
    if Path(state).is_dir():
        yield Path(state)
        return
    commit = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{state}^{{commit}}")
    if commit is None:
        raise CommandError(f'"{state}" is neither a folder of templates nor a git revision')
    with tempfile.TemporaryDirectory(prefix="crossrole-") as folder:
        worktree = Path(folder) / "worktree"
        if _git("worktree", "add", "--detach", str(worktree), commit) is None:
            raise CommandError(f'the git revision "{state}" can\'t be checked out into a worktree')
        try:
            yield _synthesized(state, worktree, Path(folder) / "cdk.out")
        finally:
            _git("worktree", "remove", "--force", str(worktree))


def _synthesized(state: str, worktree: Path, out: Path) -> Path:
    tools = Path(sys.executable).parent
    environment = {
        **without_credentials(),
        "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}",
        # Validation is slow and belongs to the synth; here only the access matters.
        "CDK_VALIDATION": "false",
    }
    environment.pop("CDK_OUTDIR", None)
    # What the function is packaged with, and the packages that are made already.
    for name in ("node_modules", ".package"):
        if (CHECKOUT / name).exists():
            (worktree / name).symlink_to(CHECKOUT / name)
    try:
        done = subprocess.run(  # noqa: S603 our own command
            [str(tools / "cdk"), "synth", "--quiet", "--output", str(out)],
            cwd=worktree,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise CommandError("the CDK CLI is not installed here; run: make setup, then . .venv/bin/activate") from None
    if done.returncode:
        reason = next(
            (line for line in done.stderr.splitlines() if line.strip() and not line.startswith("packaging ")),
            "cdk synth failed",
        )
        raise CommandError(f'the git revision "{state}" can\'t be synthesized: {reason.strip()}')
    return out


def _git(*arguments: str) -> str | None:
    """Return what git prints, or None where it fails."""
    try:
        done = subprocess.run(  # noqa: S603 our own command
            ["git", *arguments],  # noqa: S607 the user's own git
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise CommandError(
            "git is not installed here, so a revision can't be read; name a folder of templates"
        ) from None
    return done.stdout.strip() if done.returncode == 0 else None
