"""Local accounts for the whole session, with one grant of each kind deployed into them by the real CDK CLI."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sandbox.accounts import Accounts
from sandbox.configuration import CHECKOUT, read_access
from sandbox.emulator import CA_BUNDLE
from sandbox.environment import clean_environment
from sandbox.folder import RUN
from tests.command_line import Done, crossrole, quick_time
from tests.fakes.proxy import Proxy
from tests.fakes.server import serving

KINDS = CHECKOUT / "tests" / "kinds.toml"
ASSUME_ANYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}],
}
SSO_PATH = "/aws-reserved/sso.amazonaws.com/eu-west-1/"


@dataclass
class World:
    """The accounts, and the callers in them.

    A role may assume anything as far as its own policy goes, unless it is one that DevCallersStack gives its half.
    """

    accounts: Accounts
    access: Path
    outputs: dict[str, str] = field(default_factory=dict)
    callers: dict[str, boto3.Session] = field(default_factory=dict)

    @property
    def templates(self) -> Path:
        """The folder with the templates that were deployed."""
        return Path(self.accounts.environment()["CDK_OUTPUT"])

    def synthesize(self) -> None:
        """Synthesize every stack; whether they are valid is asked elsewhere, once."""
        self.accounts.run(
            "cdk", "synth", "--quiet", "-c", f"access={self.access}", log="synthesize", CDK_VALIDATION="false"
        )

    def deploy(self, stack: str, profile: str) -> None:
        """Deploy a stack as it was synthesized last, and keep its outputs."""
        command = ("cdk", "deploy", stack, "--profile", profile, "--app", str(self.templates))
        self.accounts.run(*command, log=f"deploy-{stack}")
        stacks = self.accounts.session(profile).client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        self.outputs |= {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}

    def deploy_all(self) -> None:
        """Deploy every stack, the accounts side by side: none needs what is in another."""
        stacks = {
            "prod": ["ProdAccessStack"],
            "dev": ["DevLambdaStack", "DevCallersStack"],
            "partner": ["DevCallersStack-partner"],
        }

        def deploy(profile: str) -> None:
            for stack in stacks[profile]:
                self.deploy(stack, profile)

        with ThreadPoolExecutor() as side_by_side:
            list(side_by_side.map(deploy, stacks))

    def assume(self, grant: str, caller: str, **request: Any) -> boto3.Session:
        """Return a session of a grant's role for a caller; raises what STS answers."""
        sts = self.callers[caller].client("sts")
        role = self.outputs[f"{grant}RoleArn"]
        given = sts.assume_role(RoleArn=role, RoleSessionName="test", **request)["Credentials"]
        return self.accounts.session_with(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region="eu-west-1"
        )

    def add_role(
        self,
        caller: str,
        profile: str,
        name: str,
        *,
        path: str = "/",
        policy: Mapping[str, Any] | None = ASSUME_ANYTHING,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Make a role with a policy of its own, and keep a session of it."""
        account = self.accounts.by_profile[profile]
        administrator = self.accounts.session(profile)
        iam = administrator.client("iam")
        root = {"AWS": f"arn:aws:iam::{account.id}:root"}
        trusted = {"Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Principal": root}
        trust = {"Version": "2012-10-17", "Statement": [trusted]}
        bears = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
        made = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(trust), Tags=bears)
        arn = made["Role"]["Arn"]
        if policy:
            iam.put_role_policy(RoleName=name, PolicyName="Assume", PolicyDocument=json.dumps(policy))
        given = administrator.client("sts").assume_role(RoleArn=arn, RoleSessionName=name)["Credentials"]
        self.callers[caller] = self.accounts.session_with(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], region=account.region
        )

    def add_user(self, name: str, *, path: str = "/", profile: str = "dev", caller: str | None = None) -> None:
        """Make a user with an access key, an MFA device of the user's name, and no policy of the user's own."""
        iam = self.accounts.session(profile).client("iam")
        iam.create_user(UserName=name, Path=path)
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
        codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
        iam.enable_mfa_device(UserName=name, SerialNumber=device, **codes)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        session = self.accounts.session_with(key["AccessKeyId"], key["SecretAccessKey"], region="eu-west-1")
        self.callers[caller or name] = session


def _join_organization(world: World) -> str:
    """Make dev an account of an organization and return access.toml's text with that organization's ids."""
    organizations = world.accounts.session("dev").client("organizations")
    # The emulator makes an account the head of an organization of its own as soon as it asks for one.
    organization = organizations.describe_organization()["Organization"]["Id"]
    root = organizations.list_roots()["Roots"][0]["Id"]
    unit = organizations.create_organizational_unit(ParentId=root, Name="dev")["OrganizationalUnit"]["Id"]
    organizations.move_account(AccountId="111111111111", SourceParentId=root, DestinationParentId=unit)
    text = KINDS.read_text()
    return text.replace("r-ab12/ou-ab12-11111111", f"{root}/{unit}").replace("o-a1b2c3d4e5", organization)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return the accounts that tests share: each leaves them as it found them, whatever runs before or after it."""
    with _deployed(tmp_path_factory, "test") as world:
        yield world


@pytest.fixture
def own_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Return accounts that a test may leave in any state."""
    with _deployed(tmp_path_factory, "test-own") as world:
        yield world


@contextmanager
def _deployed(tmp_path_factory: pytest.TempPathFactory, name: str) -> Iterator[World]:
    """Yield accounts with every stack of `kinds.toml` deployed; the state stands below the name."""
    access = read_access(KINDS)
    file = tmp_path_factory.mktemp("access") / "kinds.toml"
    process = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    state = CHECKOUT / ".sandbox" / f"{name}-{process}"
    with Accounts(state=state, dev=access.dev, prod=access.prod, more=access.more) as accounts:
        world = World(accounts=accounts, access=file)
        file.write_text(_join_organization(world))
        world.add_user("alice")
        world.add_user("bob", path="/team/")
        world.add_role("exporter", "dev", "Exporter", path="/service-role/")
        world.add_role("bystander", "dev", "Bystander")
        world.add_role("stranger", "other", "Exporter", path="/service-role/")
        world.add_role("permission set", "dev", "AWSReservedSSO_Dev_0123456789abcdef", path=SSO_PATH)
        world.add_role("longer permission set", "dev", "AWSReservedSSO_Dev_Admin_0123456789abcdef", path=SSO_PATH)
        # Those whose half is what DevCallersStack attaches, and nothing else.
        world.add_role("first", "dev", "First", policy=None)
        world.add_role("importer", "dev", "Importer", path="/jobs/", policy=None)
        world.add_role("second", "partner", "Second", policy=None)
        world.add_user("bob", path="/team/", profile="partner", caller="partner's bob")
        accounts.bootstrap()
        world.synthesize()
        world.deploy_all()
        yield world


@pytest.fixture
def proxy(world: World) -> Iterator[Proxy]:
    """Return a server in front of the accounts that lets everything through until it is told otherwise."""
    with serving(Proxy(world.accounts.endpoint_url, world.accounts.state / RUN / CA_BUNDLE)) as one:
        yield one
    assert one.replaced.keys() == one.was_replaced, "a test replaces a text that no answer holds"


@dataclass(frozen=True)
class Shell:
    """A person's own home folder beside the accounts: a profile for each administrator and each caller."""

    world: World
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a command that is typed there: nothing of AWS in it but ~/.aws/config."""
        kept = clean_environment(os.environ) | {"HOME": str(self.home), "AWS_EC2_METADATA_DISABLED": "true"}
        return kept | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), kept["PATH"]])}

    def crossrole(self, *words: str, stdin: str = "", **environment: str) -> Done:
        """Run a command in this process, without a terminal, on the templates that were deployed."""
        variables = self.environment | environment
        # Only a session that is begun after a revocation needs its second to be over.
        begins = {"sleep": time.sleep} if "--caller-profile" in words else {"sleep": lambda _: None}
        return crossrole(*self._given(words), variables=variables, stdin=stdin, **quick_time(), **begins)

    def process(self, *words: str, stdin: str = "", **environment: str) -> Done:
        """Run a command as a process of its own, which may become another, on the templates that were deployed."""
        return subprocess.run(
            [sys.executable, "-m", "crossrole", *self._given(words)],
            cwd=CHECKOUT,
            env=self.environment | environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def _given(self, words: Sequence[str]) -> list[str]:
        return [words[0], "--template-dir", str(self.world.templates), *words[1:]]


@pytest.fixture
def shell(world: World, tmp_path: Path) -> Shell:
    """Return a home folder with the profiles prod, dev, other and one for each caller, such as alice or exporter."""
    folder = tmp_path / ".aws"
    folder.mkdir()
    text = world.accounts.config_file.read_text()
    reach = text.partition("[default]")[2].partition("[")[0].strip()
    sections = [text]
    for name, session in world.callers.items():
        keys = session.get_credentials()
        assert keys
        sections.append(
            f"[profile {name.replace(' ', '-')}]\n{reach}\nregion = eu-central-1\n"
            f"aws_access_key_id = {keys.access_key}\naws_secret_access_key = {keys.secret_key}\n"
            + (f"aws_session_token = {keys.token}\n" if keys.token else "")
        )
    (folder / "config").write_text("\n".join(sections))
    (folder / "config").chmod(0o600)
    return Shell(world, tmp_path)


@pytest.fixture
def denied() -> Callable[..., str]:
    """Return a function that calls AWS and returns the code with which it denies."""

    def call(operation: Callable[..., Any], **request: Any) -> str:
        with pytest.raises(ClientError) as caught:
            operation(**request)
        return str(caught.value.response["Error"]["Code"])

    return call
