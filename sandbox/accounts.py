"""AWS accounts on this machine, and a stranger's beside them, for as long as a `with` block lasts."""

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import boto3

from sandbox.configuration import CHECKOUT, Account, SandboxError
from sandbox.emulator import CA_BUNDLE, emulator
from sandbox.environment import aws_config, command_environment
from sandbox.folder import LOGS, RUN, held
from sandbox.processes import leashed, tail
from sandbox.session import LocalSession


class Accounts:
    """Starts the emulator, offers its accounts as AWS profiles, and leaves nothing running behind.

    `more` are accounts beside prod and dev, by the names that access.toml gives them, which are their profiles' too.
    `state` is a folder of this object's own, made as needed: two at once on one folder is an error, two folders
    side by side are fine. Each start begins with empty accounts; the last run's logs stay in `logs.previous`.
    """

    def __init__(
        self,
        *,
        state: Path,
        dev: Account,
        prod: Account,
        more: Mapping[str, Account] | None = None,
        python: Path = CHECKOUT / ".venv-sandbox" / "bin" / "python",
        timeout: float = 60.0,
    ) -> None:
        ours = {"prod": prod, "dev": dev, **(more or {})}
        taken = {account.id for account in ours.values()}
        stranger = next(each for digit in "3456789" if (each := digit * 12) not in taken)
        self.by_profile: Final[Mapping[str, Account]] = ours | {"other": Account(id=stranger, region=prod.region)}
        self._ours: Final = tuple(ours)
        self.state: Final = state.absolute()
        self.logs: Final = self.state / LOGS
        self.config_file: Final = self.state / "config"
        self.endpoint_url = ""
        self._run_folder: Final = self.state / RUN
        self.ca_bundle: Final = self._run_folder / CA_BUNDLE
        self._secret: Final = secrets.token_hex(16)
        self._python: Final = python
        self._timeout: Final = timeout
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as undo:
            undo.enter_context(held(self.state))
            self.endpoint_url = undo.enter_context(
                emulator(
                    python=self._python,
                    folder=self._run_folder,
                    log=self.logs / "emulator.log",
                    secret=self._secret,
                    region=self.by_profile["prod"].region,
                    timeout=self._timeout,
                )
            )
            undo.callback(self.config_file.unlink, missing_ok=True)
            self._write_config()
            self._cleanup = undo.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cleanup.close()

    def session(self, profile: str) -> boto3.Session:
        """Return a session of that account's own administrator, whatever the environment says."""
        account = self.by_profile[profile]
        return self.session_with(account.id, self._secret, region=account.region)

    def session_with(self, access_key: str, secret_key: str, token: str | None = None, *, region: str) -> boto3.Session:
        """Return a session with keys that one of the accounts has handed out."""
        return LocalSession(
            access_key=access_key,
            secret_key=secret_key,
            token=token,
            region=region,
            endpoint_url=self.endpoint_url,
            ca_bundle=self.ca_bundle,
        )

    def environment(self) -> dict[str, str]:
        """Return the environment for a command that shall see these accounts and nothing else of AWS."""
        return command_environment(os.environ, config_file=self.config_file, output=self._run_folder / "cdk.out")

    def run(self, *command: str, log: str, timeout: float = 600.0, **environment: str) -> str:
        """Run `command` in the checkout on these accounts and answer its output, which `logs/<log>.log` keeps too.

        `environment` is added to `self.environment()`. A failure raises a `SandboxError` that names the log and
        shows its end.
        """
        with self._started(*command, log=log, **environment) as process:
            return self._finished(process, *command, log=log, timeout=timeout)

    def bootstrap(self, *options: str, profiles: Sequence[str] = ()) -> None:
        """`cdk bootstrap` these accounts, or all but the stranger's, side by side: most of it is waiting."""
        with ExitStack() as running:
            started = []
            for profile in profiles or self._ours:
                account = self.by_profile[profile]
                environment = f"aws://{account.id}/{account.region}"
                command = ("cdk", "bootstrap", environment, "--profile", profile, *options)
                log = f"bootstrap-{profile}"
                # With an app at hand the CLI would synthesize it first, only to see which environments it has.
                started.append((running.enter_context(self._started(*command, log=log, CDK_APP="")), command, log))
            for process, command, log in started:
                self._finished(process, *command, log=log, timeout=600.0)

    def add_profile(self, name: str, *, access_key: str, secret_key: str) -> None:
        """Add a profile to the config file, for keys that one of the accounts has handed out."""
        common = f"endpoint_url = {self.endpoint_url}\nca_bundle = {self.ca_bundle}\n"
        keys = f"aws_access_key_id = {access_key}\naws_secret_access_key = {secret_key}\n"
        region = f"region = {self.by_profile['dev'].region}\n"
        with self.config_file.open("a", encoding="utf-8") as config:
            config.write(f"\n[profile {name}]\n{common}{region}{keys}")

    def _write_config(self) -> None:
        text = aws_config(
            self.by_profile, endpoint_url=self.endpoint_url, ca_bundle=self.ca_bundle, secret=self._secret
        )
        self.config_file.unlink(missing_ok=True)
        self.config_file.touch(mode=0o600, exist_ok=False)
        self.config_file.write_text(text, encoding="utf-8")

    @contextmanager
    def _started(self, *command: str, log: str, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
        if shutil.which(command[0]) is None:
            raise SandboxError(f"there is no `{command[0]}` on PATH; the Makefile puts .venv/bin there")
        with (
            (self.logs / f"{log}.log").open("wb") as output,
            leashed(
                [sys.executable, "-m", "sandbox.leash", *command],
                output=output,
                environment=self.environment() | environment,
            ) as process,
        ):
            yield process

    def _finished(self, process: "subprocess.Popen[bytes]", *command: str, log: str, timeout: float) -> str:
        path = self.logs / f"{log}.log"
        line = " ".join(command)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise SandboxError(f"`{line}` took over {timeout:.0f} s; see {path}:\n{tail(path)}") from None
        if status != 0:
            raise SandboxError(f"`{line}` ended with status {status}; see {path}:\n{tail(path)}")
        return path.read_text(encoding="utf-8", errors="replace")
