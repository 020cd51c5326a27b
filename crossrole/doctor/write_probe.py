"""`--write-probe`: one object is put under the prefix, read and deleted as the grant allows, and deleted permanently.

It is removed by its version's id, which a deletion protects from nothing but Object Lock, and which leaves no delete
marker. https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeletingObjectVersions.html
"""

import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from crossrole.doctor.caller import is_denied
from crossrole.doctor.case import Case
from crossrole.doctor.check import Line, failed, ok, unknown
from crossrole.doctor.expected import expected
from crossrole.escaping import command
from crossrole.iam.arn import bucket_arn
from crossrole.live.s3_probes import FOLDER, places_of
from crossrole.live.sessions import as_command_error, client, code_of, message_of

_CHECK = "write"
# What S3 calls the one version of an object in a bucket without versioning.
_ONLY_VERSION = "null"
_BODY = b"put by `crossrole doctor --write-probe`, which removes it again; it can be deleted\n"


@dataclass
class _Object:
    """The object as it may exist now; `versions` are those that were put, and the delete markers of a delete."""

    bucket: str
    key: str
    remover: Any
    whose: str
    by_version: bool
    begun: bool = False
    versions: list[str] = field(default_factory=list)

    @property
    def name(self) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.key}


def write_lines(case: Case, session: boto3.Session | None) -> list[Line]:
    """Return the lines on the object; it is put only where it is known that it can be removed."""
    if session is None:
        return [unknown(_CHECK, "nothing can be written without a session")]
    for bucket, prefix in places_of(case.grant, case.inventory):
        key = f"{prefix}{FOLDER}{uuid.uuid4().hex}"
        if expected(case, "s3:PutObject", bucket_arn(case.grant.partition, f"{bucket}/{key}"), {}).allowed:
            return _tried(case, client(session, "s3"), bucket, key)
    return [unknown(_CHECK, "the grant does not allow writing")]


def left_lines(case: Case) -> Iterator[Line]:
    """Yield a line on objects that an earlier write probe left: a run that was killed could not remove them."""
    if case.prod is None:
        return
    s3: Any = client(case.prod, "s3", region_name=case.grant.region)
    for bucket, prefix in places_of(case.grant, case.inventory):
        case.tell(f"looking for what an earlier --write-probe left under s3://{bucket}/{prefix}{FOLDER}")
        probe = _Object(bucket, f"{prefix}{FOLDER}", s3, f"profile {case.prod_profile}", by_version=True)
        with as_command_error(case.prod_profile):
            try:
                left = list(_listed(probe))
            except ClientError as error:
                if not is_denied(error) and code_of(error) != "NoSuchBucket":
                    raise
                continue
        if left:
            profile = case.prod_profile or ""
            yield failed(
                _CHECK,
                f"an earlier --write-probe was killed, or another runs now: {len(left)} versions and delete markers "
                f"are under s3://{bucket}/{prefix}{FOLDER}",
                fix=" && ".join(
                    command("aws s3api delete-object", bucket=bucket, profile=profile, key=key, version_id=version)
                    for key, version in left
                ),
            )


def _tried(case: Case, s3: Any, bucket: str, key: str) -> list[Line]:
    with as_command_error(case.prod_profile):
        probe = _remover(case, s3, bucket, key)
    if probe is None:
        why = "nothing was put: neither the session nor --prod-profile is known to be able to delete it permanently"
        return [unknown(_CHECK, why, "it takes s3:DeleteObjectVersion, and a bucket without default retention")]
    case.tell(f"putting s3://{bucket}/{key}, which {probe.whose} removes")
    lines: list[Line] = []
    try:
        with as_command_error(case.profile):
            lines += _used(case, s3, probe)
    finally:
        # The object is removed whatever happened, also after Ctrl-C; a second Ctrl-C does not stop that.
        with _undisturbed():
            left = _removed(probe) if probe.begun else None
    name = f"s3://{bucket}/{key}"
    if left:
        line = command("aws s3api delete-object", bucket=bucket, key=key, version_id="VERSION")
        fix = f"`{line}`, of each version there"
        return [*lines, failed(_CHECK, f"{name} could not be removed", left, fix=fix)]
    return [*lines, ok(_CHECK, f"{name} is permanently deleted, by {probe.whose}")]


def _remover(case: Case, s3: Any, bucket: str, key: str) -> _Object | None:
    """Return who can remove the object; the deletion is tried on the unused key, which changes nothing."""
    candidates: list[tuple[Any, str]] = [(s3, "the session")]
    if case.prod:
        candidates.append((client(case.prod, "s3"), f"profile {case.prod_profile}"))
    for remover, whose in candidates:
        versioned = _versioning(remover, bucket)
        if versioned is not False and _retained(remover, bucket) is not False:
            continue
        if _says_yes(remover.delete_object, Bucket=bucket, Key=key, VersionId=_ONLY_VERSION):
            return _Object(bucket, key, remover, whose, by_version=True)
        if (
            remover is s3
            and versioned is False
            and expected(case, "s3:DeleteObject", bucket_arn(case.grant.partition, f"{bucket}/{key}"), {}).allowed
        ):
            return _Object(bucket, key, remover, whose, by_version=False)
    return None


def _says_yes(operation: Any, **request: str) -> bool:
    try:
        operation(**request)
    except ClientError:
        return False
    return True


def _versioning(s3: Any, bucket: str) -> bool | None:
    """Return whether the bucket keeps versions, None where that can't be read."""
    try:
        return "Status" in s3.get_bucket_versioning(Bucket=bucket)
    except ClientError:
        return None


def _retained(s3: Any, bucket: str) -> bool | None:
    """Return whether Object Lock keeps every new object for a time, None where that can't be read."""
    try:
        return "Rule" in s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    except ClientError as error:
        return False if code_of(error) == "ObjectLockConfigurationNotFoundError" else None


def _used(case: Case, s3: Any, probe: _Object) -> Iterator[Line]:
    arn = bucket_arn(case.grant.partition, f"{probe.bucket}/{probe.key}")
    probe.begun = True
    try:
        put = s3.put_object(**probe.name, Body=_BODY)
    except ClientError as error:
        probe.begun = not is_denied(error)
        yield failed(
            _CHECK,
            "s3:PutObject under the prefix is denied",
            f"AWS: {message_of(error)}",
            fix=f"see the lines on the session and the key; the role's policies allow it: {case.put_back}"
            if "kms" not in message_of(error)
            else "see the key's line: the role and the key's policy must both allow kms:GenerateDataKey",
        )
        return
    probe.versions.append(str(put.get("VersionId", _ONLY_VERSION)))
    yield ok(_CHECK, "s3:PutObject under the prefix is allowed")
    for action, operation in (("s3:GetObject", s3.get_object), ("s3:DeleteObject", s3.delete_object)):
        if not expected(case, action, arn, {}).allowed:
            continue
        try:
            answer = operation(**probe.name)
        except ClientError as error:
            yield failed(_CHECK, f"{action} on it is denied", f"AWS: {message_of(error)}", fix=case.put_back)
            continue
        if answer.get("DeleteMarker"):
            probe.versions.append(str(answer["VersionId"]))
        yield ok(_CHECK, f"{action} on it is allowed")


@contextmanager
def _undisturbed() -> Iterator[None]:
    before = {each: signal.signal(each, signal.SIG_IGN) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _removed(probe: _Object) -> str | None:
    """Remove the object; return why it may still exist."""
    try:
        if not probe.by_version:
            probe.remover.delete_object(**probe.name)
            return None
        for version in _there(probe):
            probe.remover.delete_object(**probe.name, VersionId=version)
    except (ClientError, BotoCoreError) as error:
        return " ".join(str(error).split())
    return None


def _there(probe: _Object) -> list[str]:
    """Return the versions to remove. A request that was cut off may have been carried out: only a listing shows it."""
    try:
        return [version for _, version in _listed(probe)]
    except ClientError:
        if not probe.versions:
            raise
        return probe.versions


def _listed(probe: _Object) -> Iterator[tuple[str, str]]:
    """Yield the key and the id of every version and delete marker whose key begins with the probe's."""
    answer = probe.remover.list_object_versions(Bucket=probe.bucket, Prefix=probe.key)
    for kind in ("Versions", "DeleteMarkers"):
        for each in answer.get(kind, []):
            yield str(each["Key"]), str(each["VersionId"])
