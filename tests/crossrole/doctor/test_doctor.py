"""What `crossrole doctor` makes of AWS's answers: clocks, denials in AWS's words, and how it is read."""

import json
import os
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from crossrole.doctor.assume import why_denied
from crossrole.doctor.caller import Caller, clock_line
from crossrole.doctor.case import Case
from crossrole.doctor.check import Line, Status, failed, lines_text, ok, unknown
from crossrole.engines.simulator import Simulator
from crossrole.environment import Environment
from crossrole.live.s3_probes import FOLDER, NO_UPLOAD, Probe, Seen, answered, probes_of, unprobed
from crossrole.templates.grant import grant_of, grants_of
from crossrole.templates.inventory import Inventory
from tests.command_line import Done, crossrole
from tests.fakes.sts import Sts, error, sts
from tests.synthesis import Assembly

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
USER = "User: arn:aws:sts::222222222222:assumed-role/Reader/crossrole-doctor is not authorized to perform: "
PROBE = Probe("s3:GetObject", "arn:aws:s3:::reports/dev/x", "GetObject", "get_object")


# --- the clock


@pytest.mark.parametrize(
    ("seconds", "status"), [(0, "ok"), (300, "ok"), (-300, "ok"), (301, "failed"), (-301, "failed"), (86400, "failed")]
)
def test_a_clock_may_be_five_minutes_off(seconds: int, status: str) -> None:
    """AWS takes a request that was signed five minutes ago at most; which way it is off is said."""
    line = clock_line(NOON, NOON + timedelta(seconds=seconds))

    assert status == line.status.value
    if status == "failed":
        assert line.text.startswith(f"{abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'} AWS's")


def test_an_answer_without_a_date_gives_no_time() -> None:
    """Behind a proxy that drops it, the clock is not checkable."""
    assert Status.UNKNOWN == clock_line(None, NOON).status


# --- real answers of a real server


def denying(code: str, message: str, *, behind: timedelta) -> AbstractContextManager[Sts]:
    """Serve one denial to every request, with a Date that is behind this machine's."""
    date = format_datetime(datetime.now(UTC) - behind, usegmt=True)
    return sts({"GetCallerIdentity": [error(403, code, message, Date=date)]})


def _doctor(kinds: Assembly, home: Path, url: str) -> Done:
    folder = home / ".aws"
    folder.mkdir()
    (folder / "config").write_text(
        f"[profile dev]\nregion = eu-west-1\nendpoint_url = {url}\n"
        "aws_access_key_id = NOT-AN-ACCESS-KEY\naws_secret_access_key = not-a-secret\n"
    )
    words = ("doctor", "--template-dir", str(kinds.directory), "ServiceRole", "--profile", "dev", "--json")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return crossrole(*words, variables=kept | {"HOME": str(home), "NO_PROXY": "127.0.0.1"})


def test_a_clock_that_is_wrong_is_named_and_not_the_key(kinds: Assembly, tmp_path: Path) -> None:
    """AWS says that the signature is wrong; the Date of its answer shows why."""
    with denying(
        "SignatureDoesNotMatch", "Signature expired: it is now earlier", behind=timedelta(minutes=10)
    ) as server:
        done = _doctor(kinds, tmp_path, server.url)
    checks = json.loads(done.stdout)["checks"]

    assert (1, ["clock", "caller"]) == (done.returncode, [each["check"] for each in checks])
    assert ["failed", "not checkable"] == [each["status"] for each in checks]
    assert "ahead of AWS's" in checks[0]["text"]


@pytest.mark.parametrize(
    ("code", "message", "complaint"),
    [
        ("ExpiredToken", "The security token included in the request is expired", "have expired: aws sso login"),
        ("SignatureDoesNotMatch", "The request signature we calculated does not match", "the secret key of"),
    ],
)
def test_credentials_that_are_wrong_are_one_line(
    kinds: Assembly, tmp_path: Path, code: str, message: str, complaint: str
) -> None:
    """With a clock that is right, nothing can be asked: one line, exit status 2."""
    with denying(code, message, behind=timedelta()) as server:
        done = _doctor(kinds, tmp_path, server.url)

    assert 2 == done.returncode
    assert complaint in done.stderr.splitlines()[-1]
    assert f"crossrole: {json.loads(done.stdout)['error']}" == done.stderr.splitlines()[-1]
    assert "not-a-secret" not in done.stderr


# --- what an answer says of the permission


@pytest.mark.parametrize(
    ("status", "code", "message", "hidden", "seen"),
    [
        (404, "NoSuchUpload", "The specified upload does not exist.", False, Seen.ALLOWED),
        (404, "NoSuchKey", "The specified key does not exist.", True, Seen.ALLOWED),
        (404, "NoSuchTagSet", "The TagSet does not exist", False, Seen.ALLOWED),
        (416, "InvalidRange", "The requested range is not satisfiable", False, Seen.ALLOWED),
        (403, "InvalidObjectState", "The operation is not valid for the object's storage class", False, Seen.ALLOWED),
        (403, "AccessDenied", "Access Denied", False, Seen.DENIED),
        (403, "AccessDenied", "Access Denied", True, Seen.UNKNOWN),
        (
            403,
            "AccessDenied",
            f'{USER}s3:GetObject on resource: "arn:aws:s3:::reports/dev/x" because no identity-based policy allows it',
            True,
            Seen.DENIED,
        ),
        (
            403,
            "AccessDenied",
            f'{USER}s3:ListBucket on resource: "arn:aws:s3:::reports" because no identity-based policy allows it',
            True,
            Seen.ALLOWED,
        ),
        (
            403,
            "AccessDenied",
            f'{USER}s3:ListBucket on resource: "arn:aws:s3:::reports" because no identity-based policy allows it',
            False,
            Seen.DENIED,
        ),
        (403, "AccessDenied", f"{USER}kms:Decrypt on resource: arn:aws:kms:…", False, Seen.DENIED),
        (404, "NoSuchBucket", "The specified bucket does not exist", False, Seen.UNKNOWN),
        (301, "PermanentRedirect", "The bucket must be addressed by its own endpoint", False, Seen.UNKNOWN),
        (400, "KMS.DisabledException", "arn:aws:kms:… is disabled.", False, Seen.UNKNOWN),
    ],
)
def test_what_an_answer_shows(status: int, code: str, message: str, *, hidden: bool, seen: Seen) -> None:
    """S3 evaluates a request before it looks for what it names: what is missing shows that the request was allowed."""
    assert seen == answered(PROBE, _error(status, code, message), hidden=hidden).seen


def test_an_answer_about_nothing_is_raised() -> None:
    """Throttling is not a denial."""
    with pytest.raises(ClientError, match="SlowDown"):
        answered(PROBE, _error(503, "SlowDown", "Please reduce your request rate."), hidden=False)


def _error(status: int, code: str, message: str) -> ClientError:
    metadata = {"HTTPStatusCode": status}
    return ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}, "GetObject")  # type: ignore[typeddict-item]


# --- what a denial of AssumeRole says

ASSUMES = (
    "User: arn:aws:iam::111111111111:user/alice is not authorized to perform: sts:AssumeRole on resource: "
    "arn:aws:iam::222222222222:role/OneUser"
)


@pytest.mark.parametrize(
    ("reason", "text", "fix"),
    [
        (
            "because no identity-based policy allows the sts:AssumeRole action",
            "your own policies",
            "attach-user-policy",
        ),
        ("with an explicit deny in an identity-based policy", "your own policies deny it", "take out the statement"),
        ("because no resource-based policy allows the sts:AssumeRole action", "by the trust policy", "--prod-profile"),
        ("because no role trust policy allows the sts:AssumeRole action", "by the trust policy", "--prod-profile"),
        ("with an explicit deny in the role trust policy", "by the trust policy", "--prod-profile"),
        ("with an explicit deny in a service control policy", "organization's control policy", "who keeps"),
        ("because no permissions boundary allows the sts:AssumeRole action", "permissions boundary", "111111111111"),
        ("because no session policy allows the sts:AssumeRole action", "session was narrowed", "a session that has"),
        ("because no VPC endpoint policy allows the sts:AssumeRole action", "the VPC endpoint", "widen it"),
        ("", "denied, and what could be checked allows it", "--prod-profile"),
    ],
)
def test_the_reason_in_awss_words_decides_the_side(
    kinds_inventory: Inventory, simulator: Simulator, reason: str, text: str, fix: str
) -> None:
    """Where the caller's policies and the role can't be read, AWS still says which of them denies."""
    alice = "arn:aws:iam::111111111111:user/alice"
    error = _error(403, "AccessDenied", f"{ASSUMES} {reason}")
    unseen = [unknown("own policy", "can't be read"), unknown("role", "name --prod-profile")]
    case = Case(
        inventory=kinds_inventory,
        grant=grant_of(kinds_inventory, "OneUser"),
        profile="alice",
        session=boto3.Session(region_name="eu-west-1"),
        prod_profile=None,
        prod=None,
        simulator=simulator,
        now=NOON,
        environment=Environment(),
    )
    line = why_denied(case, Caller(alice, alice), error, unseen)

    assert text in line.text
    assert fix in str(line.fix)


# --- which requests are sent


def test_every_probe_of_every_kind_only_reads_or_names_no_upload(kinds_inventory: Inventory) -> None:
    """No probe of any grant can write: it reads, or it is about an upload that cannot exist."""
    probes = [each for grant in grants_of(kinds_inventory) for each in probes_of(grant, kinds_inventory, "x")]

    for probe in probes:
        on_uploads = probe.operation in {"upload_part", "list_parts", "abort_multipart_upload"}
        assert probe.operation.startswith(("get_", "list_")) or on_uploads
        assert (probe.request.get("UploadId") == NO_UPLOAD) is on_uploads
        if "Key" in probe.request:
            assert probe.request["Key"].endswith(f"{FOLDER}x")
    assert len(probes) > len(grants_of(kinds_inventory))


def test_what_has_no_harmless_request_is_said(kinds_inventory: Inventory) -> None:
    """Each granted action is tried, or has a reason why not."""
    for grant in grants_of(kinds_inventory):
        tried = {each.action.lower() for each in probes_of(grant, kinds_inventory, "x")}
        granted = {action for reach in grant.reaches for action in reach.actions}
        assert {each for each in granted if each.lower() not in tried} == set(unprobed(grant))


def test_a_probe_beside_the_prefix_is_beside_it(kinds_inventory: Inventory) -> None:
    """A grant with a prefix is also tried outside of it; one without has no outside."""
    by_name = {grant.name: grant for grant in grants_of(kinds_inventory)}

    outside = [
        each
        for each in probes_of(by_name["ServiceRole"], kinds_inventory, "x")
        if each.place == ("kinds-222222222222", "")
    ]
    assert ["s3:ListBucket", "s3:GetObject", "s3:PutObject"] == [each.action for each in outside]
    assert {("kinds-new-key", ""), None} == {each.place for each in probes_of(by_name["NewKey"], kinds_inventory, "x")}


# --- how it is read


def test_lines_are_aligned_and_what_to_fix_first_stands_last() -> None:
    """One line a check, what stands behind it and the fix indented; an ARN is never broken, a fix printed once."""
    arn = "arn:aws:iam::222222222222:role/a-path-that-is-long/and-longer/AndAnEvenLongerNameOfARoleThatIsLong"
    lines: list[Line] = [
        ok("clock", "within 300 s of AWS's"),
        failed("role", f"there is no role {arn}", "a detail", fix="cdk deploy ProdAccessStack --profile prod"),
        unknown("drift", "there is no role to compare"),
        failed("assume", "denied, because there is no such role", fix="see above"),
    ]

    assert [
        "ok            clock      within 300 s of AWS's",
        "failed        role       there is no role",
        f"                         {arn}",
        "                           a detail",
        "not checkable drift      there is no role to compare",
        "failed        assume     denied, because there is no such role",
        "              fix        see above",
        "",
        "2 failed, 1 not checkable; first role: cdk deploy ProdAccessStack --profile prod",
    ] == lines_text(lines)
