"""Templates that hold one of each kind of what `can` reads, and changes of them, for the tests of `diff`."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

from crossrole.diff.changes import changes
from crossrole.diff.sentences import Change
from crossrole.engines.prover import Prover
from crossrole.templates.assembly import read_assembly
from crossrole.templates.reader import read_inventory
from tests.templates import DEV, PROD, allow, bucket, bucket_policy, deny, document, key, role, trust, write_assembly

Template = dict[str, Any]
Stacks = dict[str, Template]
Edit = Callable[[Stacks], object]
VAULT = "arn:aws:s3:::vault"
PARTNER = "arn:aws:iam::333333333333:role/Partner"
CALLER = f"arn:aws:iam::{DEV}:role/Caller"
BLOCKED = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)
TEAM = {"Condition": {"StringEquals": {"aws:ResourceTag/team": "a"}}}


def of(kind: str, **properties: Any) -> dict[str, Any]:
    """Return a resource."""
    return {"Type": kind, "Properties": properties}


def att(logical_id: str) -> dict[str, Any]:
    """Return the ARN of a resource."""
    return {"Fn::GetAtt": [logical_id, "Arn"]}


def policy_of(kind: str, place: dict[str, Any], *statements: Any) -> dict[str, Any]:
    """Return the resource that gives another its policy."""
    return of(kind, PolicyDocument=document(*statements), **place)


def encrypted(with_key: Any) -> dict[str, Any]:
    """Return a bucket's encryption with a key."""
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": with_key}
    return {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": default}]}


def prod() -> Template:
    """Return a template that holds one of each kind of what `can` reads."""
    for_partner = {"Principal": {"AWS": PARTNER}}
    return {
        "Parameters": {"Who": {"Type": "String", "Default": CALLER}},
        "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
        "Mappings": {"Names": {"of": {"reader": PARTNER}}},
        "Outputs": {"Export": {"Value": f"{VAULT}/a/*", "Export": {"Name": "Folder"}}},
        "Resources": {
            "Archive": role(
                "Archive",
                allow(["s3:PutObject", "s3:GetObject"], f"{VAULT}/dev/*"),
                deny("s3:GetObject", f"{VAULT}/dev/secret/*"),
                trusts=[
                    trust({"AWS": {"Ref": "Who"}}, Condition={"StringEquals": {"sts:ExternalId": "x"}}),
                    trust({"AWS": {"Fn::FindInMap": ["Names", "of", "reader"]}}),
                ],
                PermissionsBoundary={"Ref": "Bound"},
                MaxSessionDuration=3600,
            ),
            "Bound": of("AWS::IAM::ManagedPolicy", ManagedPolicyName="Bound", PolicyDocument=document(allow("s3:*"))),
            "Team": of(
                "AWS::IAM::ManagedPolicy",
                ManagedPolicyName="Team",
                PolicyDocument=document(
                    allow("s3:GetObject", f"{VAULT}/team/*"), deny("s3:GetObject", f"{VAULT}/no/*")
                ),
            ),
            "Decrypts": role("Decrypts", allow("kms:Decrypt", **TEAM), allow("s3:*", f"{VAULT}/*")),
            "Low": role("Low", allow("s3:GetObject", f"{VAULT}/low/*")),
            "High": role("High", allow("s3:*")),
            "Imports": role("Imports", allow("s3:GetObject", {"Fn::ImportValue": "Folder"})),
            "Attached": of(
                "AWS::IAM::Policy",
                PolicyName="P",
                PolicyDocument=document(allow("s3:GetObject", f"{VAULT}/x")),
                Roles=["Existing"],
            ),
            "Own": of(
                "AWS::IAM::RolePolicy",
                PolicyName="Q",
                PolicyDocument=document(allow("s3:GetObject", f"{VAULT}/y")),
                RoleName="Existing",
            ),
            "Ops": of(
                "AWS::IAM::Group",
                GroupName="ops",
                Policies=[{"PolicyName": "O", "PolicyDocument": document(allow("s3:GetObject", f"{VAULT}/ops/*"))}],
            ),
            "Ann": of("AWS::IAM::User", UserName="ann", Groups=["ops"]),
            "Bob": of("AWS::IAM::User", UserName="bob"),
            "Members": of("AWS::IAM::UserToGroupAddition", GroupName={"Ref": "Ops"}, Users=["carl"]),
            "Key": key(
                allow("kms:*", Principal={"AWS": f"arn:aws:iam::{PROD}:root"}),
                allow("kms:Decrypt", **for_partner),
            ),
            "Off": key(Enabled=False),
            "Name": of("AWS::KMS::Alias", AliasName="alias/vault", TargetKeyId={"Ref": "Key"}),
            "Vault": bucket("vault", BucketEncryption=encrypted(att("Key")), PublicAccessBlockConfiguration=BLOCKED),
            "VaultPolicy": bucket_policy(
                {"Ref": "Vault"},
                allow("s3:GetObject", f"{VAULT}/p/*", **for_partner),
                deny("s3:*", f"{VAULT}/*", Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}}),
            ),
            "OfExisting": bucket_policy("existing", deny("s3:*", "arn:aws:s3:::existing/*", Principal="*")),
            "Point": of(
                "AWS::S3::AccessPoint",
                Name="point",
                Bucket="vault",
                Policy=document(
                    allow("s3:GetObject", f"arn:aws:s3:eu-west-1:{PROD}:accesspoint/point/object/*", **for_partner)
                ),
            ),
            "Queue": of("AWS::SQS::Queue", QueueName="queue", KmsMasterKeyId="alias/vault"),
            "QueuePolicy": policy_of(
                "AWS::SQS::QueuePolicy",
                {"Queues": [{"Ref": "Queue"}]},
                allow("sqs:SendMessage", att("Queue"), **for_partner),
            ),
            "Topic": of("AWS::SNS::Topic", TopicName="topic"),
            "TopicPolicy": policy_of(
                "AWS::SNS::TopicPolicy",
                {"Topics": [{"Ref": "Topic"}]},
                allow("sns:Publish", {"Ref": "Topic"}, **for_partner),
            ),
            "Secret": of("AWS::SecretsManager::Secret", Name="secret"),
            "SecretPolicy": of(
                "AWS::SecretsManager::ResourcePolicy",
                SecretId={"Ref": "Secret"},
                ResourcePolicy=document(allow("secretsmanager:GetSecretValue", "*", **for_partner)),
            ),
            "Function": of("AWS::Lambda::Function", FunctionName="resize", Role=att("Low"), Timeout=3),
            "Permission": of(
                "AWS::Lambda::Permission",
                FunctionName={"Ref": "Function"},
                Action="lambda:InvokeFunction",
                Principal="s3.amazonaws.com",
                SourceAccount=PROD,
            ),
            "Profile": of("AWS::IAM::InstanceProfile", Roles=[{"Ref": "Low"}]),
            "Task": of("AWS::ECS::TaskDefinition", TaskRoleArn=att("Low"), Family="crunch"),
            "Provider": of("AWS::IAM::OIDCProvider", Url="https://ci.example.com", ClientIdList=["a"]),
            "Custom": of("Custom::Anything", ServiceToken=att("Function"), Value="a"),
            "Scp": of(
                "AWS::Organizations::Policy",
                Name="scp",
                Type="SERVICE_CONTROL_POLICY",
                TargetIds=[PROD],
                Content=document(allow("*"), deny("s3:DeleteBucket")),
            ),
            "Shared": {
                **bucket_policy("shared", allow("s3:GetObject", "arn:aws:s3:::shared/*", Principal="*")),
                "Condition": "Never",
            },
        },
    }


def base() -> Stacks:
    """Return the stacks that are changed."""
    caller = role("Caller", allow("sts:AssumeRole", f"arn:aws:iam::{PROD}:role/Archive"))
    return {"Prod": prod(), "Dev": {"Resources": {"Caller": caller}}}


def compared(prover: Prover, folder: Path, edit: Edit, *, start: Edit = lambda _: None) -> list[Change]:
    """Return what a change of the stacks opens and takes away."""
    before = base()
    start(before)
    now = deepcopy(before)
    edit(now)
    read = [
        read_inventory(read_assembly(write_assembly(folder / name, stacks)))
        for name, stacks in (("base", before), ("head", now))
    ]
    return changes(read[0], read[1], prover)


def put(place: str, value: Any, stack: str = "Prod") -> Edit:
    """Return the change that sets what is at a place, such as `Key.Enabled` of the properties of a resource."""
    logical_id, *names = place.split(".")

    def edit(stacks: Stacks) -> None:
        target: Any = stacks[stack]["Resources"][logical_id]["Properties"]
        for name in names[:-1]:
            target = target[int(name)] if name.isdigit() else target[name]
        if value is None:
            target.pop(int(names[-1]) if names[-1].isdigit() else names[-1])
        elif names[-1] == "+":
            target.append(value)
        else:
            target[int(names[-1]) if names[-1].isdigit() else names[-1]] = value

    return edit


def add(resource: dict[str, Any]) -> Edit:
    """Return the change that adds a resource."""
    return lambda stacks: stacks["Prod"]["Resources"].update(New=resource)


def of_template(**sections: Any) -> Edit:
    """Return the change of whole sections of a template."""
    return lambda stacks: stacks["Prod"].update(sections)
