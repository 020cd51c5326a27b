"""Every command block of the README and of docs/, run as written in a copy of the checkout, on the local accounts."""

import os
import re
import shutil
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from cross_account.writer_package import packaged
from sandbox.accounts import Accounts
from sandbox.configuration import CHECKOUT, read_access
from sandbox.environment import command_environment
from sandbox.person import make_user
from tests.documents.console import COMMANDS, NOT_RUN, Block, Shell, blocks_of, run_as_shown
from tests.several_accounts import MORE, add_importer, add_tooling

PAGES = [
    path
    for path in (CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md")))
    if any(block.kind in COMMANDS for block in blocks_of(path.read_text()))
]
ENVIRONMENTS = (".venv", ".venv-sandbox", "node_modules", ".package")
_SECRET = re.compile(r'(?i)"?(?:secret_?access_?key|session_?token)"?\s*[=:]\s*"?([^\s",]+)')
LEFT = shutil.ignore_patterns(*ENVIRONMENTS, ".venv-*", ".git", ".sandbox", "cdk.out", ".*_cache", ".hypothesis")


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_every_block_of_a_page_works_as_written(page: Path, tmp_path: Path) -> None:
    """Commands end and print as the page says, one after the other in one shell; what it says to add is added."""
    access = read_access(CHECKOUT / "access.toml")
    state = CHECKOUT / ".sandbox" / f"document-{page.stem}"
    more = MORE if page.name == "real-accounts.md" else {}
    with Accounts(state=state, dev=access.dev, prod=access.prod, more=more) as accounts:
        if more:
            add_tooling(accounts)
            for name in ("dev", *more):
                add_importer(accounts, name)
        reader = Reader(tmp_path, accounts)
        if page.name == "operate.md":
            reader.add_alice()
        with Shell(folder=reader.checkout, environment=reader.environment, scratch=reader.scratch) as shell:
            for block in blocks_of(page.read_text()):
                reader.add(block)
                if block.runs:
                    run_as_shown(shell, block)
                    reader.assert_no_secret_is_shown()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_no_command_hides_in_a_list(page: Path) -> None:
    """What a step of a list tells to type stands in a block, so that it is run."""
    steps = [line for line in page.read_text().splitlines() if re.match(r"\d+\. ", line)]

    assert [] == [line for line in steps if re.search(r"`(aws|cdk|make|python|crossrole) \S+ ", line)]


class Reader:
    """Who reads a page: a home with the profiles prod and dev, and a checkout that is set up."""

    def __init__(self, folder: Path, accounts: Accounts) -> None:
        self._accounts = accounts
        self.home, self.checkout, self.scratch = (folder / name for name in ("home", "checkout", "scratch"))
        self.scratch.mkdir()
        shutil.copytree(CHECKOUT, self.checkout, ignore=LEFT)
        packaged()  # as by an earlier synth: the first after a change says on stderr what it waits for
        for name in ENVIRONMENTS:
            (self.checkout / name).symlink_to((CHECKOUT / name).resolve())
        for asked in (*self.checkout.glob("*.txt"), *self.checkout.glob("package*.json")):
            os.utime(asked, (0, 0))  # so that make finds them installed, whenever this checkout was made
        self.config = self.home / ".aws" / "config"
        self.config.parent.mkdir(parents=True)
        self.config.touch(mode=0o600)
        self.config.write_text(accounts.config_file.read_text())

    @property
    def environment(self) -> dict[str, str]:
        """What the reader's shell knows: nothing of this test's own virtual environment."""
        config = ConfigParser()
        config.read(self.config)
        given = command_environment(os.environ, config_file=Path(), output=Path())
        of_this_test = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "CDK_OUTPUT", "VIRTUAL_ENV")
        # What `make test` tells the makes below it: they would print where they are.
        for name in (*of_this_test, "MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
            given.pop(name, None)
        own = str(Path(sys.executable).parent)
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return given | {
            "HOME": str(self.home),
            "USER": "alice",
            # .venv/bin/crossrole is the command of the checkout that the environment was made for, not of this copy.
            "BASH_FUNC_crossrole%%": '() { python -m crossrole "$@"; }',
            "LC_ALL": "C.UTF-8",
            "PATH": os.pathsep.join(each for each in given["PATH"].split(os.pathsep) if each != own),
            # For the profiles that the page makes, which name neither.
            "AWS_ENDPOINT_URL": config["default"]["endpoint_url"],
            "AWS_CA_BUNDLE": config["default"]["ca_bundle"],
            # `cdk destroy` asks; the reader says yes.
            "CDK_FORCE": "true",
            # Most of a synth's time; `make synth` has a test of its own.
            "CDK_VALIDATION": "false",
            # A fresh home would unpack the CDK library anew.
            "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(cache / "aws" / "jsii" / "package-cache"),
        }

    def add(self, block: Block) -> None:
        """Do what a page says of a grant (put it into access.toml) and of a profile (into ~/.aws/config)."""
        if block.kind == "toml" and block.text.startswith("[[grants]]"):
            _append(self.checkout / "access.toml", block.text)
        elif block.kind == "ini":
            _append(self.config, block.text)

    def assert_no_secret_is_shown(self) -> None:
        """Assert that what has been printed holds none of the secrets that lie in the home, and that those are 0600."""
        folder = self.home / ".aws"
        holders = [each for each in (folder / "credentials", self.config, *folder.rglob("cache/*")) if each.is_file()]
        assert {0o600} == {each.stat().st_mode & 0o777 for each in holders}
        secrets = {found for each in holders for found in _SECRET.findall(each.read_text())}
        printed = "".join(each.read_text() for each in self.scratch.glob("*.out"))
        assert [] == [each for each in secrets if each in printed]

    def add_alice(self) -> None:
        """Make the user alice, with the profile alice and an MFA device for which any six digits are right."""
        key = make_user(self._accounts, "alice")
        keys = f"aws_access_key_id = {key.id}\naws_secret_access_key = {key.secret}\n"
        _append(self.config, f"[profile alice]\n{keys}")


def _append(path: Path, text: str) -> None:
    path.write_text(f"{path.read_text()}\n{text}")


# --- the runner itself


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Return a shell in an empty folder."""
    return Shell(folder=tmp_path, environment={"PATH": os.environ["PATH"]}, scratch=tmp_path)


RIGHT = [
    "```console\n$ echo a b\na b\n```\n",
    "```console\n$ echo a b; echo c\na …\nc\n```\n",
    "```console\n$ printf 'a\\nb\\nc\\n'\n…\nc\n```\n",
    "```console\n$ true\n```\n",
    "```sh\necho anything\nA=1\n```\n",
    "```sh\nexport A=1\ncd /\n```\n\ntext\n\n1. item\n\n   ```console\n   $ echo $A \\\n       $PWD\n   1 /\n   ```\n",
    "```console\n$ echo 'denied: no' >&2; false\ndenied: …\n```\n",
    "```console\n$ python3 -c 'import getpass as g; g.getpass(\"Enter MFA code for x: \")'\n…\n```\n",
    f"```sh\nfalse\n```\n\n{NOT_RUN}it fails.\n",
]
WRONG = [
    "```console\n$ echo a b\na\n```\n",
    "```console\n$ echo a\na\nb\n```\n",
    "```console\n$ echo a\n```\n",
    "```console\n$ true\na\n```\n",
    "```console\n$ false\n```\n",
    "```console\n$ false\n…\n```\n",
    "```console\n$ echo denied: no\ndenied: no\n```\n",
    "```sh\nfalse\n```\n",
    "```console\n$ python3 -c 'import getpass as g; g.getpass(\"Enter MFA code for x: \")'\n```\n",
    "```bash\necho a\nfalse\necho b\n```\n",
    "```sh\nexit 0\n```\n",
    f"{NOT_RUN}the one above.\n\n```sh\nfalse\n```\n",
]


def _run(page: str, shell: Shell) -> None:
    with shell:
        for block in blocks_of(page):
            if block.runs:
                run_as_shown(shell, block)


@pytest.mark.parametrize("page", RIGHT)
def test_a_page_that_tells_the_truth(page: str, shell: Shell) -> None:
    """What is shown is what is printed, `…` is anything, a denial fails, and an excused block is not run."""
    _run(page, shell)


@pytest.mark.parametrize("page", WRONG)
def test_a_page_that_does_not(page: str, shell: Shell) -> None:
    """Another output, none, one not shown, another status, or an excuse in the wrong place: each is noticed."""
    with pytest.raises(AssertionError):
        _run(page, shell)
