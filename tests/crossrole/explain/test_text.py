"""What a pasted text is read as: its facts, its errors in order, without control characters and without secrets."""

import json
from dataclasses import replace

import pytest

from crossrole.explain.error_text import read_error_text
from crossrole.explain.facts import Facts, completed, facts_of
from crossrole.explain.match import recognised
from crossrole.explain.redaction import without_secrets

SESSION = "arn:aws:sts::222222222222:assumed-role/DevAccountAccessS3Role/writer"
ROLE = "arn:aws:iam::222222222222:role/DevAccountAccessS3Role"
FUNCTION = "arn:aws:sts::111111111111:assumed-role/DevLambdaRole/writer"
NO_PUT = (
    f"An error occurred (AccessDenied) when calling the PutObject operation: User: {SESSION} is not authorized to "
    'perform: s3:PutObject on resource: "arn:aws:s3:::reports-222222222222/dev/a b.csv" with an explicit deny in a '
    "service control policy"
)
NO_ASSUME = (
    f"An error occurred (AccessDenied) when calling the AssumeRole operation: User: {FUNCTION} is not authorized to "
    f"perform: sts:AssumeRole on resource: {ROLE}"
)
TRAIL = {
    "userIdentity": {"type": "AssumedRole", "principalId": "AROAEXAMPLEEXAMPLE12:x", "arn": SESSION},
    "eventSource": "s3.amazonaws.com",
    "eventName": "PutObject",
    "awsRegion": "eu-west-1",
    "errorCode": "AccessDenied",
    "errorMessage": "Access Denied",
    "requestParameters": {"bucketName": "reports-222222222222", "key": "dev/x"},
    "requestID": "Z1234567890ABCDE",
}


def names(text: str) -> list[str]:
    """Return the names of the troubles in a text."""
    return [each.trouble.name for each in recognised(read_error_text(text))]


# --- facts


def test_a_message_says_who_what_and_which_policy() -> None:
    """Caller, action, resource and the kind of policy are AWS's own words; a quoted key may hold a space."""
    facts = facts_of(NO_PUT)

    assert (SESSION, ROLE, "s3:PutObject") == (facts.caller, facts.principal, facts.action)
    assert ("arn:aws:s3:::reports-222222222222/dev/a b.csv", "reports-222222222222") == (facts.resource, facts.bucket)
    assert ("AccessDenied", "PutObject", "scp", True) == (
        facts.code,
        facts.operation,
        facts.policy_type,
        facts.denied,
    )


KINDS = [
    ("because no identity-based policy allows the s3:PutObject action", "identity", False),
    ("because no resource-based policy allows the s3:PutObject action", "resource", False),
    ("because no role trust policy allows the sts:AssumeRole action", "trust", False),
    ("because no permissions boundary allows the s3:PutObject action", "boundary", False),
    ("because no session policy allows the s3:PutObject action", "session", False),
    ("because no VPC endpoint policy allows the s3:PutObject action", "endpoint", False),
    ("because no service control policy allows the s3:PutObject action", "scp", False),
    ("with an explicit deny in an identity-based policy", "identity", True),
    ("with an explicit deny in the role trust policy", "trust", True),
    ("with an explicit deny in a permissions boundary", "boundary", True),
    ("with an explicit deny in a resource control policy", "rcp", True),
    ("with an explicit deny in a VPC endpoint policy", "endpoint", True),
]


@pytest.mark.parametrize(("words", "kind", "denied"), KINDS, ids=[words for words, _, _ in KINDS])
def test_the_kind_of_policy_is_read(words: str, kind: str, denied: bool) -> None:
    """Each kind that AWS's messages name is known, and whether the denial is explicit or implicit."""
    facts = facts_of(f"User: {SESSION} is not authorized to perform: s3:PutObject on resource: * {words}")

    assert (kind, denied) == (facts.policy_type, facts.denied)


def test_the_policys_own_arn_is_read() -> None:
    """Within one organization AWS adds the ARN of the policy that denies."""
    arn = "arn:aws:organizations::987654321098:policy/o-qv5af4abcd/service_control_policy/p-2kgnabcd"

    assert arn == facts_of(f"{NO_PUT}: {arn}.").policy


def test_cloudtrails_event_is_read_whole() -> None:
    """An event as one line, indented, or in a file of records says the same."""
    expected = Facts(
        code="AccessDenied",
        operation="PutObject",
        caller=SESSION,
        action="s3:PutObject",
        resource="arn:aws:s3:::reports-222222222222/dev/x",
        region="eu-west-1",
        request_id="Z1234567890ABCDE",
        unique_id="AROAEXAMPLEEXAMPLE12",
    )
    for text in (json.dumps(TRAIL), json.dumps(TRAIL, indent=2), json.dumps({"Records": [TRAIL]}, indent=2)):
        (found,) = recognised(read_error_text(text))
        assert ("put-denied", expected) == (found.trouble.name, replace(found.facts, denied=None))


def test_the_functions_log_line_is_read() -> None:
    """The target of the function's own message is the resource, and its advice is not taken for another trouble."""
    message = "PutObject on s3://reports-222222222222/dev/x: got AccessDenied (Access Denied), expected success"
    line = {"level": "ERROR", "message": message, "error": "PutFailed", "check": "NoSuchBucket, KMS.DisabledException"}
    answer = {"errorType": "PutFailed", "errorMessage": f"{message}; check NoSuchBucket", "stackTrace": []}

    for text in (json.dumps(line), json.dumps(answer), json.dumps(answer, indent=2)):
        (found,) = recognised(read_error_text(text))
        assert "put-denied" == found.trouble.name
        assert ("s3:PutObject", "arn:aws:s3:::reports-222222222222/dev/x") == (
            found.facts.action,
            found.facts.resource,
        )


def test_what_the_error_leaves_out_is_taken_from_beside_it() -> None:
    """The command above the error names the bucket and the key; two of them would say nothing for certain."""
    error = "An error occurred (AccessDenied) when calling the PutObject operation: Access Denied"
    typed = "$ aws s3api put-object --bucket reports-222222222222 --key dev/x --body x"

    (found,) = recognised(read_error_text(f"{typed}\n{error}"))
    assert "arn:aws:s3:::reports-222222222222/dev/x" == found.facts.resource
    assert None is completed(facts_of(error), "s3://one-bucket/a s3://two-bucket/b").resource


# --- errors and their order


def test_a_wrapped_message_is_one_message() -> None:
    """A terminal, a chat or an e-mail that has broken the lines changes nothing."""
    words = NO_PUT.split(" ")
    wrapped = "\n".join(" ".join(words[at : at + 5]) for at in range(0, len(words), 5))

    assert ["scp-denies"] == names(wrapped)
    assert SESSION == recognised(read_error_text(wrapped))[0].facts.caller


def test_a_torn_message_is_put_together() -> None:
    """A message whose second half looks like an error of its own is recognised by both."""
    assert ["cdk-too-old"] == names("Error: Cloud assembly schema\n\nversion mismatch: an exception\n")


def test_pythons_chain_has_its_root_first() -> None:
    """Python prints what was raised first at the top; the frames between are not errors."""
    text = (
        "Traceback (most recent call last):\n"
        '  File "/var/task/x.py", line 3, in assume\n    raise error_class(parsed_response, operation_name)\n'
        f"botocore.exceptions.ClientError: {NO_ASSUME}\n\n"
        "During handling of the above exception, another exception occurred:\n\n"
        "Traceback (most recent call last):\n"
        '  File "/var/task/y.py", line 9, in put\n    raise\n'
        "botocore.exceptions.NoCredentialsError: Unable to locate credentials\n"
    )

    assert ["assume-role-denied", "no-credentials"] == names(text)


def test_javas_and_nodes_chains_have_their_root_first() -> None:
    """After `Caused by:` and `[cause]:` stands what was raised first."""
    for mark in ("Caused by: ", "  [cause]: "):
        text = f"ThrottlingException: Rate exceeded\n    at one (x.js:1)\n{mark}ExpiredToken: the token has expired\n"
        assert ["expired-token", "throttled"] == names(text)


def _writers(key: str) -> str:
    return f"PutObject on s3://reports-222222222222/{key}: got AccessDenied (Access Denied), expected success; check x"


def test_a_batch_reports_each_of_its_errors() -> None:
    """Every object's own error is reported; that the batch failed is not, as it says nothing more."""
    objects = {
        "objects": [
            {"bucket": "reports-222222222222", "key": "dev/a"},
            {"error": {"type": "InvalidEvent", "message": "key: got 'x', expected a key", "field": "key"}},
            {"error": {"type": "PutFailed", "message": _writers("dev/b"), "code": "AccessDenied"}},
            {"error": {"type": "PutFailed", "message": _writers("dev/c"), "code": "AccessDenied"}},
            {"error": {"type": "PutFailed", "message": NO_PUT, "code": "AccessDenied"}},
        ]
    }
    text = json.dumps({"errorType": "BatchFailed", "errorMessage": json.dumps(objects)})

    found = recognised(read_error_text(text))
    assert ["writer-invalid-event", "put-denied", "put-denied", "scp-denies"] == [x.trouble.name for x in found]
    assert ["dev/b", "dev/c"] == [str(x.facts.resource).partition("/")[2] for x in found[1:3]]


def test_an_error_that_is_repeated_is_reported_once() -> None:
    """A log with the same error a hundred times, each at its own moment, has one trouble."""
    assert ["scp-denies"] == names("\n".join(f"2026-11-24 02:00:{number} ERROR {NO_PUT}" for number in range(100)))


def test_of_many_errors_the_last_are_read() -> None:
    """In a long log full of errors the newest count, and it is said that not all was read."""
    errors = f"{NO_PUT}\n" * 2000
    text = read_error_text(f"Unable to locate credentials\n{errors}")

    assert text.skipped
    assert ["scp-denies"] == [each.trouble.name for each in recognised(text)]


def test_a_frame_of_a_trace_is_not_an_error() -> None:
    """A file or a function that is called like a trouble is none."""
    frames = '  File "/srv/ExpiredToken.py", line 1, in SlowDown\n    at InternalError (/srv/Throttling.js:1)\n'

    assert [] == names(f"Traceback (most recent call last):\n{frames}ValueError: that failed\n")


def test_what_is_none_is_not_recognised() -> None:
    """Text without a known trouble gives none."""
    for text in (
        "hello",
        "the put was a success",
        "{}",
        "[1, 2]",
        '{"a": "b"}',
        "Error: something of ours",
        "{" * 5000,
    ):
        assert [] == names(text)


# --- secrets and characters


# Put together when they are used, so that nothing here looks like a credential.
PARTS = {
    "<head>": "MadeUpForTest",
    "<middle>": "N0TR3AL",
    "<tail>": "isNoSecretOfAnyone",
    "<TAIL>": "ISNOSECRETOFANYONE",
}
SECRETS = [
    "aws_secret_access_key = <head>/<middle>/<tail>",
    'export AWS_SECRET_ACCESS_KEY="<head>/<middle>/<tail>"',
    '{"SecretAccessKey": "<head>/<middle>/<tail>"}',
    '{\\"SecretAccessKey\\": \\"<head>\\/<middle>\\/<tail>\\"}',
    "aws configure set aws_secret_access_key <head>/<middle>/<tail>",
    "key <head>/<middle>/<tail> and more",
    "KEY=<head>/<middle>/<tail>",
    "<head>/\x00<middle>/\x1b[31m<tail>",
    '"sessionToken": "<head>/<middle>+<tail>=="',
    "X-Amz-Security-Token=<head>%2F<middle>%2F<tail>%3D&X-Amz-Date=20261124T020000Z",
    "X-Amz-Signature=<head><tail>",
    "Authorization: AWS4-HMAC-SHA256 Credential=AKIA<head>/20261124, Signature=<tail>",
    "aws_access_key_id = AKIA<TAIL>",
    '"accessKeyId": "ASIA<TAIL>"',
    "-----BEGIN RSA PRIVATE KEY-----\n<head>\n<tail>\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\n<tail>",
    '"Token" : "<tail>"',  # as an instance's metadata has it
    "password=<tail>",
    "aws sts assume-role --token-code <tail> --role-arn x",
    "tool --secret-access-key <tail>",
    "tool --secret-access-key '<tail>'",
    "https://user:<tail>@proxy:8080/",
    "git clone https://ghp<tail>@host/x",
    "x-api-key: <tail>",
    "('secret_key', '<tail>')",
    "('aws_secret_access_key', b'<tail>')",
    "DB_PASSWORD=<tail>",
    '"password": "one, two; <tail>"',
    # Broken by a terminal, with and without a name.
    "aws_secret_access_key = <head>/<middle>/\n    <tail>",
    '"SecretAccessKey": "<head>/<middle>/\n<tail>"',
    "<head>/<middle>/\n<tail>",
    "aws configure set aws_secret_access_key <head>/<middle>/\n<tail>",
    # After what stands in an ARN or a path too.
    *(f"{before}<head>/<middle>/<tail>" for before in ("@", "-", ".", "1:", "::", "user@host:")),
    # What is long is redacted to its end.
    pytest.param(f"token-{'MadeUpOfNothing1/' * 30}<tail>==", id="a session token after a dash"),
    pytest.param(f"{'MadeUpOfNothing1/' * 30}<tail>==", id="a session token alone"),
    pytest.param(f"AWS_SESSION_TOKEN={'MadeUpOfNothing1/' * 30}<tail>==", id="a named session token"),
    pytest.param(f"-----BEGIN PRIVATE KEY-----\n{'MadeUpOfNothing1' * 4}\n<tail>", id="a torn private key"),
]
PIECES = (PARTS["<middle>"], PARTS["<tail>"], PARTS["<TAIL>"])


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_is_left(secret: str) -> None:
    """Of a secret beside an error nothing is left to be printed, and the error is recognised all the same."""
    for name, part in PARTS.items():
        secret = secret.replace(name, part)
    text = read_error_text(f"{secret}\n{NO_PUT}")

    assert [] == [piece for piece in PIECES if piece in text.whole]
    assert ["scp-denies"] == [each.trouble.name for each in recognised(text)]


KEPT = [
    NO_PUT,
    NO_ASSUME,
    "SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided.",
    "ExpiredToken: The provided token has expired.",
    "Signature expired: 20261124T010000Z is now earlier than 20261124T014500Z",
    "arn:aws:s3:::reports-222222222222/dev/Reports/2026/11/24/ExportOfTheNight/part0000000000000001",
    "Error when retrieving token from sso: Token has expired and refresh failed",
    "request id: 822236a2-097b-40fc-ae6e-d4be18af09d3",
    "password=[secret]\nAccessDenied\nat Request.extractError",
    "https://reports-222222222222.s3.eu-west-1.amazonaws.com/Dev/Reports/2026/11/24/ExportOfTheNight1",
    "s3://reports-222222222222/Dev/Reports/2026/11/24/ExportOfTheNight1",
    "at /srv/node_modules/@aws-sdk/client-s3/dist/Commands/PutObjectCommandOfTheSdk.js:40:29",
    "upload failed: ./report-2026.csv to the bucket\nAccessDenied",
]


@pytest.mark.parametrize("text", KEPT)
def test_text_that_is_not_secret_is_kept(text: str) -> None:
    """ARNs, keys of objects, request ids and AWS's own words about tokens and signatures stay as they are."""
    assert text == without_secrets(text)


def test_nothing_that_moves_a_terminal_is_left() -> None:
    """Escape sequences, NULs, turned writing and halves of characters are gone, and the error is recognised."""
    hostile = f"\x1b]0;title\x07\x1b[2J\x00{NO_PUT[:60]}\x1b[31m{NO_PUT[60:]}\u202e\u200b\ud800\x9b31m\x7f"
    text = read_error_text(hostile)

    assert all(each.isprintable() for each in text.whole)
    assert ["scp-denies"] == [each.trouble.name for each in recognised(text)]


BIG = 10 * 1024 * 1024
HOSTILE = {
    "one letter": "a" * BIG,
    "spaces": " " * BIG,
    "newlines": "\n" * BIG,
    "nul": "\0" * BIG,
    "escapes": "\x1b[" * (BIG // 2),
    "titles": "\x1b]" * (BIG // 2),
    "quotes": '\\"' * (BIG // 2),
    "braces": "{" * BIG,
    "arns": "arn:aws:iam::111111111111:role/" * (BIG // 31),
    "users": "User: arn:aws:iam::111111111111:user/a is not authorized to perform: " * (BIG // 70),
    "errors": "An error occurred (" * (BIG // 19),
    "denied": "AccessDenied " * (BIG // 13),
    "nearly kms": "not authorized to perform: kms:Decrypt " * (BIG // 39),
    "nearly assume": "not authorized to perform: sts:AssumeRole " * (BIG // 42),
    "principals": '"AWS": ["a", ' * (BIG // 13),
    "identities": '"userIdentity": {' * (BIG // 17),
    "private keys": "-----BEGIN PRIVATE KEY-----" * (BIG // 27),
    "names": "aws_secret_access_key" * (BIG // 21),
    "base64": "aA1/" * (BIG // 4),
    "s3": "s3://bucket-name/ " * (BIG // 18),
    "lines": "2026-11-24 ERROR x failed with AccessDenied no 1\n" * (BIG // 49),
    "random": bytes(range(256)).decode("latin-1") * (BIG // 256),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_text_is_only_a_long_one(kind: str) -> None:
    """Ten megabytes of anything end; an error at their end is found, where it stands on a line of its own.

    No time is asserted: a pattern that goes back and forth over such a text would not end within any.
    """
    assert "scp-denies" in names(f"{HOSTILE[kind]}\n{NO_PUT}")


def test_ten_megabytes_of_noise_are_read_whole() -> None:
    """An error in the middle of a log that has no others is found."""
    noise = "2026-11-24T02:00:00 INFO the object was written\n" * 110_000

    assert ["scp-denies"] == names(f"{noise}{NO_PUT}\n{noise}")
