"""Whatever `can` reads, `diff` compares, and what no proof is about it reports as not proved."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crossrole.diff.sentences import changes_text
from crossrole.engines.prover import Prover
from crossrole.engines.simulator import Simulator
from crossrole.errors import CommandError
from crossrole.evaluation.can import ask_all
from crossrole.evaluation.question import question_of
from crossrole.templates.assembly import read_assembly
from crossrole.templates.coverage import COVERAGE, EVERY_PROPERTY
from crossrole.templates.inventory import Inventory
from crossrole.templates.reader import read_inventory
from tests.crossrole.diff.one_of_each import (
    CALLER,
    PARTNER,
    VAULT,
    Edit,
    add,
    att,
    base,
    compared,
    encrypted,
    of,
    of_template,
    prod,
    put,
)
from tests.templates import PROD, allow, role, write_assembly

EVERYONE = allow("s3:*", VAULT, Principal="*")
WIDENED: dict[str, tuple[Edit, str]] = {
    "a key disabled is enabled": (put("Off.Enabled", "true"), "key/"),
    "a key gets the tag that a policy asks for": (put("Key.Tags", [{"Key": "team", "Value": "a"}]), "Decrypts"),
    "a key's policy": (put("Key.KeyPolicy.Statement.1.Action", "kms:*"), "Partner"),
    "an alias stands for another key": (put("Name.TargetKeyId", {"Ref": "Off"}), "AWS::KMS::Alias"),
    "a bucket's key is taken off": (put("Vault.BucketEncryption", None), "vault"),
    "a bucket's key is another": (put("Vault.BucketEncryption", encrypted(att("Off"))), "vault"),
    "a bucket's public access": (put("Vault.PublicAccessBlockConfiguration.RestrictPublicBuckets", "false"), "Vault"),
    "a bucket's ACL": (put("Vault.AccessControl", "PublicRead"), "AccessControl"),
    "a bucket's policy": (put("VaultPolicy.PolicyDocument.Statement.+", EVERYONE), "internet"),
    "a bucket's Deny": (put("VaultPolicy.PolicyDocument.Statement.1", None), "vault"),
    "an existing bucket's Deny": (put("OfExisting.PolicyDocument.Statement.0.Action", "s3:PutObject"), "existing"),
    "an access point's policy": (put("Point.Policy.Statement.0.Principal", {"AWS": "*"}), "point"),
    "an access point's network": (put("Point.VpcConfiguration", {"VpcId": "vpc-1"}), "VpcConfiguration"),
    "a queue's policy": (put("QueuePolicy.PolicyDocument.Statement.0.Action", "sqs:*"), "queue"),
    "a queue's key": (put("Queue.KmsMasterKeyId", None), "KmsMasterKeyId"),
    "a topic's policy": (put("TopicPolicy.PolicyDocument.Statement.0.Principal", "*"), "topic"),
    "a secret's policy": (put("SecretPolicy.ResourcePolicy.Statement.0.Principal", {"AWS": "333333333333"}), "333333"),
    "a function's role": (put("Function.Role", att("High")), "High"),
    "a function's permission": (put("Permission.SourceAccount", None), "resize"),
    "a function's caller": (put("Permission.Principal", "333333333333"), "333333333333"),
    "an instance profile's role": (put("Profile.Roles", [{"Ref": "High"}]), "High"),
    "a task's role": (put("Task.TaskRoleArn", att("High")), "High"),
    "a user's password": (put("Bob.LoginProfile", {"Password": "x"}), "LoginProfile"),
    "a user's key": (add(of("AWS::IAM::AccessKey", UserName="bob")), "of the user bob"),
    "a user in a group": (put("Members.Users.+", "bob"), "bob"),
    "a user in a group outside the templates": (put("Bob.Groups", ["admins"]), "admins"),
    "a group's policy": (put("Ops.Policies.0.PolicyDocument.Statement.0.Resource", "*"), "ann"),
    "a group's policy, for others in it": (
        put("Ops.Policies.0.PolicyDocument.Statement.0.Resource", "*"),
        "whoever is in the group ops",
    ),
    "a group's managed policy": (
        put("Ops.ManagedPolicyArns", ["arn:aws:iam::aws:policy/AdministratorAccess"]),
        "AdministratorAccess",
    ),
    "a managed policy without a holder": (put("Team.PolicyDocument.Statement.0.Action", "*"), "policy Team"),
    "a Deny of a managed policy without a holder": (
        put("Team.PolicyDocument.Statement.1", None),
        "other policies allow",
    ),
    "a policy of an imported role": (put("Attached.PolicyDocument.Statement.0.Resource", "*"), "Existing"),
    "an inline policy of an imported role": (put("Own.PolicyDocument.Statement.0.Resource", "*"), "Existing"),
    "a policy attached to another role": (put("Attached.Roles.+", "Other"), "Other"),
    "a boundary that is gone": (put("Archive.PermissionsBoundary", None), "boundary"),
    "a longer session": (put("Archive.MaxSessionDuration", 7200), "7200"),
    "a longer session, unknown": (put("Archive.MaxSessionDuration", {"Ref": "Nope"}), "Nope"),
    "a managed policy of AWS": (put("Low.ManagedPolicyArns", ["arn:aws:iam::aws:policy/ReadOnlyAccess"]), "ReadOnly"),
    "a Deny of a role": (put("Archive.Policies.0.PolicyDocument.Statement.1", None), "secret"),
    "a trust's condition": (put("Archive.AssumeRolePolicyDocument.Statement.0.Condition", None), "Archive"),
    "an identity provider": (put("Provider.ClientIdList", ["a", "b"]), "ClientIdList"),
    "a custom resource": (put("Custom.Value", "b"), "Custom::Anything"),
    "a control policy": (put("Scp.Content.Statement.1", None), "AWS::Organizations::Policy"),
    "a parameter's default": (of_template(Parameters={"Who": {"Type": "String", "Default": "*"}}), "Archive"),
    "a parameter without a default": (of_template(Parameters={"Who": {"Type": "String"}}), "depends on the parameter"),
    "a map": (of_template(Mappings={"Names": {"of": {"reader": "*"}}}), "Archive"),
    "an export": (of_template(Outputs={"E": {"Value": "*", "Export": {"Name": "Folder"}}}), "Imports"),
    "a condition that is met now": (of_template(Conditions={"Never": {"Fn::Equals": ["a", "a"]}}), "shared"),
    "a condition that may be met now": (
        of_template(Conditions={"Never": {"Fn::Equals": [{"Ref": "Nope"}, "a"]}}),
        "Shared",
    ),
    "a transform": (of_template(Transform=["Macro"]), "Transform"),
    "a loop": (lambda stacks: stacks["Prod"]["Resources"].update({"Fn::ForEach::X": ["a", ["b"], {}]}), "Prod"),
    "a trust that IAM would not save": (
        put("Archive.AssumeRolePolicyDocument.Statement.1.Principal", PARTNER),
        "not proved: depends on",
    ),
    "a statement that is not known": (
        put("Archive.Policies.0.PolicyDocument.Statement.+", {"Ref": "Nope"}),
        "not proved: depends on",
    ),
    "a principal that is not known": (
        put("VaultPolicy.PolicyDocument.Statement.0.Principal.AWS", {"Ref": "Nope"}),
        "not proved: depends on",
    ),
    "a nested stack that is not there": (
        add(of("AWS::CloudFormation::Stack", TemplateURL="https://example.com/t.json")),
        "nested stack",
    ),
    "a resource that two templates make": (
        lambda stacks: stacks.update(Other={"Resources": {"Twin": role("High", allow("*"))}}),
        "High",
    ),
}


@pytest.mark.parametrize(("edit", "told"), WIDENED.values(), ids=WIDENED)
def test_a_widening_is_told(edit: Edit, told: str, prover: Prover, tmp_path: Path) -> None:
    """Each is among what was gained, or not proved; nothing is silent."""
    found = [each for each in compared(prover, tmp_path, edit) if each.gained]

    assert any(part in changes_text(found) for part in told.split("|")), changes_text(found)


def either(one: str) -> Edit:
    """Return the change to a resource that is chosen by a condition which no template decides."""
    chosen = {"Fn::If": ["Open", one, f"{VAULT}/b"]}
    return put("Low.Policies.0.PolicyDocument.Statement.0.Resource", chosen)


def picked(number: str) -> Edit:
    """Return the change to a resource that is a part of a text which no template says."""
    part = {"Fn::Select": [number, {"Fn::Split": ["/", {"Ref": "X"}]}]}
    return put("Low.Policies.0.PolicyDocument.Statement.0.Resource", part)


def exported(one: str) -> Edit:
    """Return the change to an export that is chosen by a condition which no template decides."""
    chosen = {"Fn::If": ["Open", one, f"{VAULT}/b"]}
    return of_template(Outputs={"Export": {"Value": chosen, "Export": {"Name": "Folder"}}})


BESIDE_UNKNOWNS: dict[str, tuple[Edit, Edit]] = {
    "a branch of a choice": (either(f"{VAULT}/a"), either("*")),
    "a branch of a choice that is exported": (exported(f"{VAULT}/a"), exported("*")),
    "a part of a text": (
        put(
            "Low.Policies.0.PolicyDocument.Statement.0.Resource",
            {"Fn::Select": ["0", {"Fn::Split": ["/", {"Ref": "X"}]}]},
        ),
        put(
            "Low.Policies.0.PolicyDocument.Statement.0.Resource",
            {"Fn::Select": ["1", {"Fn::Split": ["/", {"Ref": "X"}]}]},
        ),
    ),
    "a statement that is not known is gone": (
        put("Low.Policies.0.PolicyDocument.Statement.+", {"Ref": "X"}),
        put("Low.Policies.0.PolicyDocument.Statement.1", None),
    ),
    "the policy of roles that are not known": (
        put("Attached.Roles", [{"Ref": "X"}]),
        put("Attached.PolicyDocument.Statement.0.Resource", "*"),
    ),
    "a bucket's Deny, for a role on what is not known": (
        put("Low.Policies.0.PolicyDocument.Statement.0.Resource", {"Fn::Sub": "arn:aws:s3:::${X}/*"}),
        put("VaultPolicy.PolicyDocument.Statement.1", None),
    ),
    "a statement that IAM would not save": (
        put("Archive.AssumeRolePolicyDocument.Statement.1.Principal", "arn:aws:iam::333333333333:role/One"),
        put("Archive.AssumeRolePolicyDocument.Statement.1.Principal", "arn:aws:iam::333333333333:role/Two"),
    ),
}


@pytest.mark.parametrize(("start", "edit"), BESIDE_UNKNOWNS.values(), ids=BESIDE_UNKNOWNS)
def test_a_change_beside_an_unknown_is_told(start: Edit, edit: Edit, prover: Prover, tmp_path: Path) -> None:
    """What depends on a value that no template says is not proved, whether or not something else is."""
    found = [each for each in compared(prover, tmp_path, edit, start=start) if each.gained]

    assert "not proved: depends on" in changes_text(found), changes_text(found)


def leaves(value: Any, *path: str) -> Iterator[tuple[str, ...]]:
    """Yield the paths of all texts and numbers in a value, but for intrinsic functions."""
    if isinstance(value, dict) and not any(name == "Ref" or name.startswith("Fn::") for name in value):
        for name, each in value.items():
            yield from leaves(each, *path, name)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from leaves(each, *path, str(number))
    else:
        yield path


WORDLESS = {"Sid", "PolicyName", "Version"}
"""What may be anything and changes no access."""
NO_ACCESS = {
    "Bob.UserName": "a user without policies",
    "Name.AliasName": "a name that no policy tests",
    "Off.Enabled": "neither true nor false: KMS takes no such key",
    "Team.ManagedPolicyName": "a policy that none of the templates' roles has is gone, and a new one has no holder",
    "Vault.BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault.SSEAlgorithm": "none",
    "VaultPolicy.PolicyDocument.Statement.1.Condition.Bool.aws:SecureTransport": "S3 takes no such policy",
}
"""Where another value is one that AWS does not take, or is about nobody."""
PLACES = [
    ".".join((logical_id, *path))
    for logical_id, resource in prod()["Resources"].items()
    if logical_id != "Shared"  # never made
    for path in leaves(resource["Properties"])
    if path[-1] not in WORDLESS
    and ".".join((logical_id, *path)) not in NO_ACCESS
    and path[0] not in COVERAGE.get(resource["Type"], COVERAGE["AWS::IAM::Role"]).harmless
]


@pytest.mark.parametrize("place", PLACES)
def test_no_other_value_is_silent(place: str, prover: Prover, tmp_path: Path) -> None:
    """Whatever stands in a property that is not harmless, another value in its place changes some access."""
    assert compared(prover, tmp_path, put(place, "another-value"))


def test_every_type_that_is_known_says_why() -> None:
    """Of a type whose resources decide no request by themselves, the list says why; all its properties are named."""
    assert all(bool(each.why) or bool(each.evaluated) for each in COVERAGE.values() if each != CONTROL)
    assert not [each for each in COVERAGE.values() if EVERY_PROPERTY < each.harmless or each.evaluated & each.harmless]


CONTROL = COVERAGE["AWS::Organizations::Policy"]


# --- beside two answers of `can`

NOW = datetime(2026, 11, 28, tzinfo=UTC)
CALLERS = [
    *(
        f"arn:aws:iam::{PROD}:role/{name}"
        for name in ("Archive", "Low", "High", "Decrypts", "Imports", "Existing", "Other")
    ),
    *(f"arn:aws:iam::{PROD}:user/{name}" for name in ("ann", "bob", "carl")),
    PARTNER,
    CALLER,
]
REQUESTS = [
    *(("s3:GetObject", f"{VAULT}/{key}") for key in ("dev/x", "dev/secret/x", "ops/x", "p/x", "x", "y", "other/x")),
    ("s3:PutObject", f"{VAULT}/low/x"),
    ("s3:PutObject", "arn:aws:s3:::existing/x"),
    ("s3:ListBucket", VAULT),
    ("sts:AssumeRole", f"arn:aws:iam::{PROD}:role/Archive"),
]


def answers(inventory: Inventory, simulator: Simulator) -> dict[tuple[str, str, str], int]:
    """Return the exit status of `can` for each caller and request: 0 allowed, 1 denied, 2 not known."""
    found = {}
    keys = [("kms:Decrypt", each) for each in inventory.keys]
    for caller in CALLERS:
        asked = [
            question_of(inventory, caller=caller, via=None, action=action, resource=resource, given={}, now=NOW)
            for action, resource in [*REQUESTS, *keys]
        ]
        for question in asked:
            try:
                (answer,) = ask_all(inventory, simulator, [question])
            except CommandError:
                continue  # such as a role that no template makes any more
            found[caller, question.action, question.resource] = answer.exit_status
    return found


@pytest.fixture(scope="module")
def at_base(simulator: Simulator, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str, str], int]:
    """Return the answers before any change."""
    folder = write_assembly(tmp_path_factory.mktemp("base"), base())
    return answers(read_inventory(read_assembly(folder)), simulator)


@pytest.mark.parametrize("edit", [edit for edit, _ in WIDENED.values()], ids=WIDENED)
def test_what_was_denied_and_is_allowed_is_told(
    edit: Edit, at_base: dict[tuple[str, str, str], int], simulator: Simulator, prover: Prover, tmp_path: Path
) -> None:
    """A request that `can` denied and allows now is among what its caller gained."""
    stacks = base()
    edit(stacks)
    now = answers(read_inventory(read_assembly(write_assembly(tmp_path / "now", stacks))), simulator)
    gainers = {key[0] for key, status in now.items() if status == 0 and at_base.get(key) == 1}
    told = changes_text([each for each in compared(prover, tmp_path, edit) if each.gained])

    assert set() == {each for each in gainers if each.rpartition("/")[2] not in told}, told
