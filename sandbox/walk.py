"""The steps of the walk-through, in order."""

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sandbox.accounts import Accounts
from sandbox.checks import Check, Outcome, UnexpectedAnswerError, attempt
from sandbox.configuration import Profile, SandboxError, WriterGrant
from sandbox.outsiders import session_of_new_role
from sandbox.probing import Probe
from sandbox.progress import Progress


class Walk:
    """Does the steps and keeps what each attempt showed in `checks`."""

    def __init__(self, *, accounts: Accounts, grant: WriterGrant, progress: Progress) -> None:
        self.checks: list[Check] = []
        self._accounts = accounts
        self._grant = grant
        self._progress = progress
        self._key = f"{grant.prefix}hello.json"

    def all(self, *, context: Sequence[str]) -> None:
        """Every step; `context` is added to the lines that deploy."""
        with self._progress.step("cdk bootstrap, both accounts side by side"):
            self._accounts.bootstrap()
        prod = self._deploy("ProdAccessStack", "prod", context)
        dev = self._deploy("DevLambdaStack", "dev", context)
        roles = [arn for key, arn in prod.items() if key.endswith("RoleArn") and arn.endswith(f"/{self._grant.name}")]
        if not roles:
            raise SandboxError(f"ProdAccessStack has no output that names the role {self._grant.name}")
        (grant_role,) = roles
        function = dev["FunctionName"]
        writer_role = dev["FunctionRoleArn"].rsplit("/", 1)[-1]
        self._make_bucket_if_it_is_only_named()
        self._write_and_read_back(function, writer_role)
        self._assume_from_outside("another role in dev", "dev", "SandboxBystander", grant_role)
        stranger = self._accounts.by_profile["other"].id
        self._assume_from_outside(f"{writer_role} of {stranger}", "other", writer_role, grant_role)
        with self._progress.step("put a probe beside the function, under the same role"):
            probe = Probe(self._accounts.session("dev"), writer_function=function)
        self._go_beyond_the_grant(probe)
        self._revoke(probe)

    def _deploy(self, stack: str, profile: Profile, context: Sequence[str]) -> dict[str, str]:
        """Deploy with the line that is typed for AWS too, and answer the stack's outputs."""
        command = ["cdk", "deploy", stack, "--profile", profile, *context]
        with self._progress.step(" ".join(command)):
            self._accounts.run(*command, log=f"deploy-{stack}")
        stacks = self._accounts.session(profile).client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stacks[0].get("Outputs", [])}

    def _make_bucket_if_it_is_only_named(self) -> None:
        s3 = self._accounts.session("prod").client("s3")
        if self._grant.bucket in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
            return
        region = self._accounts.by_profile["prod"].region
        place: Any = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        with self._progress.step(f"make the bucket {self._grant.bucket}, which access.toml takes as existing"):
            s3.create_bucket(Bucket=self._grant.bucket, **place)

    def _write_and_read_back(self, function: str, writer_role: str) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        body = json.dumps({"report": "nightly export", "rows": 3, "written": now})
        event = {"key": self._key, "body": body, "content_type": "application/json"}
        functions = self._accounts.session("dev").client("lambda")
        s3 = self._accounts.session("prod").client("s3")

        def write() -> str:
            answer = functions.invoke(FunctionName=function, Payload=json.dumps(event).encode())
            payload = json.loads(answer["Payload"].read())
            if answer.get("FunctionError"):
                raise UnexpectedAnswerError(f"{payload.get('errorType')}: {payload.get('errorMessage')}")
            return ", ".join(f"{name} {payload[name]}" for name in ("size", "etag", "version_id"))

        def read() -> str:
            listed = s3.list_objects_v2(Bucket=self._grant.bucket, Prefix=self._grant.prefix)
            keys = [entry["Key"] for entry in listed.get("Contents", [])]
            content = s3.get_object(Bucket=self._grant.bucket, Key=self._key)["Body"].read().decode()
            if keys != [self._key] or content != body:
                raise UnexpectedAnswerError(f"listed {keys} and read {content!r}, where {body!r} was sent")
            return f"one object, with the {len(content)} bytes that were sent"

        self._check(f"the function, as {writer_role}", f"put {self._key}", "allowed", write)
        self._check("the prod account", f"list {self._grant.prefix}, get {self._key}", "allowed", read)

    def _assume_from_outside(self, who: str, profile: Profile, role_name: str, grant_role: str) -> None:
        sts = session_of_new_role(self._accounts, profile, role_name).client("sts")
        # A caller that has learnt the external ID is denied too.
        known: Any = {"ExternalId": self._grant.external_id} if self._grant.external_id else {}

        def assume() -> str:
            answer = sts.assume_role(RoleArn=grant_role, RoleSessionName="walk-through", **known)
            return answer["AssumedRoleUser"]["Arn"]

        self._check(who, f"assume {self._grant.name}", "denied", assume)

    def _go_beyond_the_grant(self, probe: Probe) -> None:
        bucket, outside = self._grant.bucket, f"not-{self._grant.prefix}hello.json"
        self._check("the writer's session", f"put {outside}", "denied", lambda: probe.put(bucket, outside))
        self._check("the writer's session", f"delete {self._key}", "denied", lambda: probe.delete(bucket, self._key))

    def _revoke(self, probe: Probe) -> None:
        """Show one session before and after, as IAM's "Revoke active sessions" does it, and a session begun later."""
        bucket, key = self._grant.bucket, f"{self._grant.prefix}probe.txt"
        self._check("the writer's session", f"put {key}", "allowed", lambda: probe.put(bucket, key))
        with self._progress.step(f"revoke the sessions of {self._grant.name}"):
            moment = datetime.now(UTC)
            deny = {
                "Effect": "Deny",
                "Action": ["*"],
                "Resource": ["*"],
                "Condition": {
                    "DateLessThan": {"aws:TokenIssueTime": moment.isoformat(timespec="milliseconds")[:-6] + "Z"}
                },
            }
            self._accounts.session("prod").client("iam").put_role_policy(
                RoleName=self._grant.name,
                PolicyName="AWSRevokeOlderSessions",
                PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [deny]}),
            )
            # A session's issue time has whole seconds, so one begun within this second would count as older.
            time.sleep(1.1 - moment.microsecond / 1_000_000)
        self._check("the same session, revoked", f"put {key}", "denied", lambda: probe.put(bucket, key))
        self._check("a new session", f"put {key}", "allowed", lambda: probe.put(bucket, key, fresh=True))

    def _check(self, who: str, did: str, expected: Outcome, call: Callable[[], str]) -> None:
        with self._progress.step(f"{who}: {did}"):
            self.checks.append(attempt(who=who, did=did, expected=expected, call=call))
