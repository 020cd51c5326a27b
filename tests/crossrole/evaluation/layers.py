"""Every layer of access of an assembly beside what access.toml intends there, for each kind of caller."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from crossrole.engines.prover import Side
from crossrole.iam.policy import VERSION, Policy, policy_of, texts
from crossrole.templates.intrinsics import Template
from crossrole.templates.inventory import Inventory
from tests.crossrole.evaluation import intended
from tests.crossrole.evaluation.table import DEV, PROD, user

STRANGER = "999999999999"


@dataclass(frozen=True)
class Layer:
    """What the templates allow one kind of caller at one place, and what is intended; `about` names the grant."""

    says: str
    about: str | None
    actual: Side
    intended: Side


def layers_of(
    access: dict[str, Any], inventory: Inventory, templates: Iterable[Template], *, few: bool = False
) -> list[Layer]:
    """Return every layer: trust, session, bucket, key, and the policies of dev's role and users.

    With `few`, buckets' policies are asked about with one action of each kind in place of all, for speed.
    """
    return [
        *(layer for grant in access["grants"] for layer in _of_grant(access, grant, inventory)),
        *_of_attached(inventory, few=few),
        *_of_dev(access, inventory, templates),
    ]


def services_of(inventory: Inventory) -> set[tuple[str, str, str]]:
    """Return which services may do what to which role: no proof is about them, as they are not IAM principals."""
    return {
        (name, service, action)
        for name, policy in inventory.resource_policies.items()
        for statement in policy.statements
        if statement["Effect"] == "Allow" and isinstance(statement.get("Principal"), dict)
        for service in texts(statement["Principal"].get("Service"))
        for action in texts(statement["Action"])
    }


def _of_grant(access: dict[str, Any], grant: dict[str, Any], inventory: Inventory) -> Iterator[Layer]:
    name, role = grant["name"], intended.role_arn(grant, PROD)
    wanted = _policy(intended.trust(grant, PROD))
    trust = inventory.resource_policies[role]
    for caller in _callers(grant):
        own = _anything(["sts:*"], caller)
        actual, meant = (Side(caller, PROD, own, None, _any_caller(each), required=True) for each in (trust, wanted))
        yield Layer(f"{name}: trust, for {caller}", name, actual, meant)
    meant_session = (_policy(intended.session(grant, PROD, _keys(access, grant, inventory))),)
    yield Layer(
        f"{name}: session", name, Side(role, PROD, inventory.roles[role].policies), Side(role, PROD, meant_session)
    )


def _callers(grant: dict[str, Any]) -> list[str]:
    """Return someone of each account that matters, which stands for everyone there; and each that is pinned."""
    arns = [each for each in grant["principals"] if each.startswith("arn:")]
    named = {each.split(":")[4] for each in arns} | {each for each in grant["principals"] if each.isdigit()}
    pinned = arns if grant.get("pin") else []
    return [*(f"arn:aws:iam::{account}:role/anyone" for account in sorted({*named, PROD, STRANGER})), *pinned]


def _any_caller(policy: Policy) -> Policy:
    """Return the policy with the caller's ARN left free, so that one proof is about all callers of an account.

    The prover takes its principal for the only one; a key that it knows nothing of may be anything. An ARN compares
    as its text does where no part but the last holds a wildcard, and texts are what the solver is quick with.
    """
    statements = [{**each, "Condition": _freed(each.get("Condition", {}))} for each in policy.statements]
    return replace(policy, document={**policy.document, "Statement": statements})


def _freed(conditions: dict[str, Any]) -> dict[str, Any]:
    freed: dict[str, Any] = {}
    for operator, keys in conditions.items():
        for key, values in keys.items():
            about_caller = key == "aws:PrincipalArn"
            name = operator.replace("Arn", "String") if about_caller else operator
            freed.setdefault(name, {})["aws:AnyPrincipalArn" if about_caller else key] = values
    return freed


_OF_EACH_KIND = ["s3:PutObject", "s3:GetObjectAcl", "s3:ListBucket", "s3:PutBucketPolicy"]


def _anything(actions: list[str], caller: str) -> tuple[Policy]:
    """Return what anyone has whose own policies allow all: a policy of a role, bucket or key is of one service."""
    account = caller.removesuffix("role/anyone")
    return (_policy([intended.allow(actions, "*", ("StringLike", "aws:AnyPrincipalArn", f"{account}*"))]),)


def _of_attached(inventory: Inventory, *, few: bool) -> Iterator[Layer]:
    for resource, policy in inventory.resource_policies.items():
        service = resource.split(":")[2]
        if service == "iam":
            continue
        owner, wanted = {
            "s3": (PROD, intended.bucket_policy(resource)),
            "kms": (PROD, intended.key_policy(PROD)),
            "sqs": (DEV, intended.queue_policy(resource)),
        }[service]
        for account in (owner, STRANGER):
            caller = f"arn:aws:iam::{account}:role/anyone"
            actions = _OF_EACH_KIND if few and service == "s3" else [f"{service}:*"]
            own, required = _anything(actions, caller), service == "kms"
            actual, meant = (
                Side(caller, owner, own, None, _any_caller(each), required=required)
                for each in (policy, _policy(wanted))
            )
            yield Layer(f"{resource}, for {caller}", None, actual, meant)


def _of_dev(access: dict[str, Any], inventory: Inventory, templates: Iterable[Template]) -> Iterator[Layer]:
    writer = access["writer"]
    role = f"arn:aws:iam::{DEV}:role/{writer['role']}"
    own = [each for each in access["grants"] if each["name"] == writer["grant"] or role in each["principals"]]
    dev = next(template for template in templates if template.stack == "DevLambdaStack")
    own_arns = {
        name: dev.arn(name)
        for name, each in dev.resources.items()
        if each["Type"] in {"AWS::Logs::LogGroup", "AWS::SQS::Queue"}
    }
    log, lost = (
        next(own_arns[name] for name in own_arns if name.startswith(f"Writer{what}")) for what in ("Log", "Failures")
    )
    source = next((own_arns[name] for name in own_arns if name.startswith("WriterSourceQueue")), None)
    assert (source is not None) == writer.get("queue", False)
    meant = (_policy(intended.function(own, PROD, log=log, lost=lost, source=source)),)
    yield Layer("the function's role", None, Side(role, DEV, inventory.roles[role].policies), Side(role, DEV, meant))
    for account in (DEV, STRANGER):
        caller = f"arn:aws:iam::{account}:role/anyone"
        everything, trust = _anything(["sts:*"], caller), _any_caller(inventory.resource_policies[role])
        actual = Side(caller, DEV, everything, None, trust, required=True)
        nobody = Side(caller, DEV, everything, None, _policy([]), required=True)
        yield Layer(f"the function's role: trust, for {caller}", None, actual, nobody)
    for (account, name), made in inventory.users.items():
        arn = user(name, account)
        meant = (_policy(intended.user(_attached(access, "user", account, name), PROD)),)
        yield Layer(f"user {name}", None, Side(arn, account, made.policies), Side(arn, account, meant))
    for (account, name), made in inventory.others.items():
        meant = (_policy(intended.role(_attached(access, "role", account, name), PROD)),)
        arn = made.arn
        yield Layer(f"role {name}", None, Side(arn, account, made.policies), Side(arn, account, meant))


def _attached(access: dict[str, Any], kind: str, account: str, name: str) -> list[dict[str, Any]]:
    """Return the grants that name a user or role of an account, and whose permission is attached to it."""
    start = f"arn:aws:iam::{account}:{kind}/"
    return [
        each
        for each in access["grants"]
        if each.get("attach", True)
        and any(who.startswith(start) and who.rpartition("/")[2] == name for who in each["principals"])
    ]


def _keys(access: dict[str, Any], grant: dict[str, Any], inventory: Inventory) -> dict[str, str]:
    names = [place["bucket"] for place in grant.get("places", [grant])]
    keys = {each["name"]: each["kms_key"] for each in access.get("buckets", []) if "kms_key" in each}
    made = {name: str(inventory.buckets[f"arn:aws:s3:::{name}"].key) for name in keys if keys[name] == "new"}
    return {name: (keys | made)[name] for name in names if name in keys}


def _policy(statements: list[dict[str, Any]]) -> Policy:
    return policy_of(
        template="intended", logical_id="", name="", document={"Version": VERSION, "Statement": statements}
    )
