"""The AWS CLI commands that create a grant from its policies, in their order."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from crossrole.escaping import json_text, option_words, quoted
from crossrole.iam.arn import account_of, name_of, partition_of
from crossrole.iam.names import caller_policy
from crossrole.iam.policy import principals_of
from crossrole.policies.documents import CALLER, TRUST, Policies, permissions_file

Words = tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """Commands that belong together, and their purpose; no commands where the AWS CLI can't do the step."""

    what: str
    commands: tuple[Words, ...] = ()

    @property
    def lines(self) -> list[str]:
        """The step as lines for a shell, what it is for as a comment."""
        return [f"# {self.what}", *(" ".join(map(quoted, command)) for command in self.commands)]


def steps_of(
    policies: Policies, *, folder: str, prod_profile: str, profile: str, of_callers: bool = False
) -> list[Step]:
    """Return the steps that create the grant, in order: the role in production, then each caller's own policy.

    With `of_callers` only what is left to callers' administrators: for whom no template has a policy. `folder` is where
    the policies' files are, as the shell that runs the commands names it. `profile` is the dev account's; another
    account of access.toml has its name for a profile, any other its number.
    """
    hand = _Hand(policies, folder, prod_profile, profile)
    if of_callers:
        return list(hand.callers([each for each in policies.grant.principals if each not in policies.given]))
    return [*hand.role(), *hand.callers(policies.grant.principals)]


def steps_json(steps: Sequence[Step]) -> list[dict[str, object]]:
    """Return the steps for `--json`."""
    return [asdict(step) for step in steps]


def _options(**values: str) -> Words:
    return tuple(option_words(values, of_the_aws_cli=True))


@dataclass(frozen=True)
class _Hand:
    policies: Policies
    folder: str
    prod_profile: str
    profile: str

    def role(self) -> Iterator[Step]:
        grant, role = self.policies.grant, self.policies.role
        named = _options(role_name=grant.name)
        given = {"path": "Path", "description": "Description", "max_session_duration": "MaxSessionDuration"}
        given["permissions_boundary"] = "PermissionsBoundary"
        values = {option: str(role[key]) for option, key in given.items() if key in role}
        if role["Tags"]:
            # As JSON: the short form of the AWS CLI ends a value at a comma.
            tags = [{"Key": key, "Value": value} for key, value in role["Tags"].items()]
            values["tags"] = json_text(tags, indent=None)
        first = f"; these must exist: {', '.join(pinned)}" if (pinned := self._pinned()) else ""
        yield Step(
            f"in {grant.account}: the role{first}",
            (
                self._iam(
                    *("create-role", *named, *self._file("--assume-role-policy-document", TRUST), *_options(**values)),
                    prod=True,
                ),
            ),
        )
        yield Step(
            f"in {grant.account}: its trust policy; again after each change of it",
            (self._iam("update-assume-role-policy", *named, *self._file("--policy-document", TRUST), prod=True),),
        )
        yield Step(
            f"in {grant.account}: the permissions of its sessions; again after each change of them",
            tuple(
                self._iam(
                    "put-role-policy",
                    *(*named, *_options(policy_name=name)),
                    *self._file("--policy-document", permissions_file(name)),
                    prod=True,
                )
                for name in self.policies.permissions
            ),
        )

    def callers(self, callers: Sequence[str]) -> Iterator[Step]:
        made: set[str] = set()
        for caller in callers:
            if caller == "*":
                yield Step(
                    f"in each account of the organization: its administrators give {CALLER} to the callers they choose"
                )
                continue
            if ":role/aws-reserved/" in caller:
                yield Step(
                    f"{caller}: IAM can't change it; give {CALLER} to the permission set as its inline policy, in "
                    "Identity Center"
                )
                continue
            account = account_of(caller) or caller
            if account not in made:
                made.add(account)
                yield Step(
                    f"in {account}: the caller's own policy",
                    (
                        self._iam(
                            *("create-policy", *_options(policy_name=self._policy_name)),
                            *self._file("--policy-document", CALLER),
                            account=account,
                        ),
                    ),
                )
            yield from self._attached(caller, account)

    def _attached(self, caller: str, account: str) -> Iterator[Step]:
        partition = partition_of(self.policies.grant.arn)
        policy = f"arn:{partition}:iam::{account}:policy/{self._policy_name}"
        arn = _options(policy_arn=policy)
        name = name_of(caller)
        if ":user/" in caller:
            yield Step(
                f"attached to the user {name}",
                (self._iam("attach-user-policy", *_options(user_name=name), *arn, account=account),),
            )
        elif ":role/" in caller:
            yield Step(
                f"attached to the role {name}",
                (self._iam("attach-role-policy", *_options(role_name=name), *arn, account=account),),
            )
            yield Step(
                "or, instead of that managed policy, as an inline policy of the role",
                (
                    self._iam(
                        *("put-role-policy", *_options(role_name=name, policy_name=self._policy_name)),
                        *self._file("--policy-document", CALLER),
                        account=account,
                    ),
                ),
            )
        else:
            yield Step(
                f"everyone in {account} is trusted: its administrators attach {policy} to the callers they choose"
            )

    @property
    def _policy_name(self) -> str:
        # The name that DevCallersStack gives to the same policy.
        return caller_policy(self.policies.grant.name)

    def _pinned(self) -> list[str]:
        named = [
            principal
            for statement in self.policies.grant.trust.statements
            if statement["Effect"] == "Allow"
            for principal in principals_of(statement)
        ]
        return [each for each in named if ":role/" in each or ":user/" in each]

    def _file(self, option: str, name: str) -> Words:
        return option, f"file://{self.folder}/{name}"

    def _iam(self, *words: str, prod: bool = False, account: str = "") -> Words:
        profile = self.prod_profile if prod else self._profile_of(account)
        return "aws", "iam", *words, *_options(profile=profile)

    def _profile_of(self, account: str) -> str:
        if account == self.policies.grant.account:
            return self.prod_profile
        names = self.policies.profiles
        accounts = [account_of(each) or each for each in self.policies.grant.principals]
        others = [each for each in accounts if each.isdigit() and each not in names]
        # Without a stack of dev's, it is the account of the first principal.
        if names.get(account) == "dev" or ("dev" not in names.values() and [account] == others[:1]):
            return self.profile
        return names.get(account, account)
