"""Invalid access.toml files: each error has its place, what is there, what was expected, and the fix."""

import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from access.file import AccessFileError, parse_access, read_access
from tests.synthesis import ROOT

ROLE = "arn:aws:iam::111111111111:role/App"
USER = "arn:aws:iam::111111111111:user/alice"
SSO = "arn:aws:iam::111111111111:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Dev_*"
SAML = "arn:aws:iam::222222222222:saml-provider/Okta"
KEY = "arn:aws:kms:eu-west-1:222222222222:key/11111111-2222-3333-4444-555555555555"


def problems_of(access: dict[str, Any]) -> list[tuple[str, str]]:
    """Return each problem's place and its whole text."""
    with pytest.raises(AccessFileError) as caught:
        parse_access(access)
    return [(each.where, f"{each.got} {each.expected} {each.fix}") for each in caught.value.problems]


GRANT = {
    "no principal": ({"principals": []}, "principals", "add one"),
    "everyone": ({"principals": ["*"]}, "principals[0]", "never trusts everyone in AWS"),
    "short account": ({"principals": ["11111111111"]}, "principals[0]", "an account id"),
    "group": ({"principals": ["arn:aws:iam::111111111111:group/devs"]}, "principals[0]", "list its users"),
    "function": (
        {"principals": ["arn:aws:lambda:eu-west-1:111111111111:function:f"]},
        "principals[0]",
        "function's role",
    ),
    "service": ({"principals": ["lambda.amazonaws.com"]}, "principals[0]", "a role of its own account"),
    "identity provider": (
        {"principals": ["arn:aws:iam::111111111111:oidc-provider/token.example.com"]},
        "principals[0]",
        "an [[identity_providers]] entry",
    ),
    "session of a permission set": (
        {"principals": ["arn:aws:sts::111111111111:assumed-role/AWSReservedSSO_Dev_0123456789abcdef/me"]},
        "principals[0]",
        "whole path",
    ),
    "account root": ({"principals": ["arn:aws:iam::111111111111:root"]}, "principals[0]", "12-digit account id alone"),
    "session": ({"principals": ["arn:aws:sts::111111111111:assumed-role/A/b"]}, "principals[0]", "the role itself"),
    "role wildcard": ({"principals": [f"{ROLE}*"]}, "principals[0]", "a wildcard is possible only at the end"),
    "permission set without its path": (
        {"principals": ["arn:aws:iam::111111111111:role/AWSReservedSSO_Dev_*"]},
        "principals[0]",
        "whole path",
    ),
    "permission set's role without its path": (
        {"principals": ["arn:aws:iam::111111111111:role/AWSReservedSSO_Dev_0123456789abcdef"]},
        "principals[0]",
        "whole path",
    ),
    "permission set's role without its ending": (
        {"principals": [SSO.removesuffix("_*")]},
        "principals[0]",
        "end its name in _*",
    ),
    "permission set's role with AWS's own ending": (
        {"principals": [SSO.replace("*", "0123456789abcdef")]},
        "principals[0]",
        "end its name in _*",
    ),
    "account number": ({"principals": [111111111111]}, "principals[0]", "double quotes"),
    "principals text": ({"principals": ROLE}, "principals", "square brackets"),
    "role name": ({"name": "a/role"}, "name", "1 to 64 letters"),
    "long role name": ({"name": "r" * 65}, "name", "1 to 64 letters"),
    "path": ({"path": "crossrole"}, "path", 'begins and ends with "/"'),
    "bucket ARN": ({"bucket": "arn:aws:s3:::reports"}, "bucket", "no ARN"),
    "bucket capitals": ({"bucket": "Reports_1"}, "bucket", 'did you mean "reports-1"?'),
    "bucket like an address": ({"bucket": "192.168.1.1"}, "bucket", "not like an IP address"),
    "bucket wildcard": ({"bucket": "reports-*"}, "bucket", "3 to 63"),
    "open prefix": ({"prefix": "dev"}, "prefix", 'write "dev/"'),
    "empty prefix": ({"prefix": ""}, "prefix", "leave the key out"),
    "prefix like an address": ({"prefix": "s3://reports/dev/"}, "prefix", 'write "dev/"'),
    "prefix with a star": ({"prefix": "/dev/*"}, "prefix", 'write "dev/"'),
    "prefix with a space": ({"prefix": "my reports/"}, "prefix", "use these characters alone"),
    "absolute prefix": ({"prefix": "/dev/"}, "prefix", 'no leading "/"'),
    "climbing prefix": ({"prefix": "dev/../"}, "prefix", 'no ".."'),
    "prefix wildcard": ({"prefix": "d*/"}, "prefix", "no wildcard"),
    "prefix variable": ({"prefix": "${aws:username}/"}, "prefix", "no wildcard"),
    "access word": ({"access": ["wriet"]}, "access[0]", 'did you mean "write"?'),
    "access in another word": ({"access": ["download"]}, "access[0]", 'did you mean "read"?'),
    "access by an action's name": ({"access": ["s3:PutObject"]}, "access[0]", "list exact actions"),
    "nothing given": ({"access": []}, "access", "something that the role may do"),
    "unknown action": ({"actions": ["s3:PutObjectTaging"]}, "actions[0]", 'did you mean "s3:PutObjectTagging"?'),
    "wildcard action": ({"actions": ["s3:Put*"]}, "actions[0]", 'access = ["full"]'),
    "action of another service": ({"actions": ["kms:Decrypt"]}, "actions[0]", "S3 alone"),
    "account action": ({"actions": ["s3:ListAllMyBuckets"]}, "actions[0]", "list_buckets = true"),
    "action beyond buckets": ({"actions": ["s3:CreateJob"]}, "actions[0]", "beyond one bucket"),
    "prefix in every bucket": ({"bucket": "*", "prefix": "dev/"}, "prefix", "IAM's * crosses slashes"),
    "second principal has no MFA": ({"principals": [USER, ROLE], "mfa_max_age": 900}, "mfa_max_age", "people only"),
    "second principal chains": ({"principals": [USER, ROLE], "max_session": 7200}, "max_session", "after an hour"),
    "AWS's own path": ({"path": "/aws-service-role/x/"}, "path", "AWS's own"),
    "CDK's token": ({"description": "${Token[TOKEN.0]}"}, "description", "which CDK takes for its own"),
    "zone": ({"source_ips": ["fe80::%eth0/64"]}, "source_ips[0]", "leave the zone"),
    "full under a prefix": ({"access": ["full"], "prefix": "dev/"}, "prefix", "remove prefix"),
    "short external ID": ({"external_id": "x"}, "external_id", "2 to 1,224"),
    "external ID characters": ({"external_id": "a b"}, "external_id", "2 to 1,224"),
    "long external ID": ({"external_id": "x" * 1225}, "external_id", "2 to 1,224"),
    "MFA age": ({"principals": [USER], "mfa_max_age": 10}, "mfa_max_age", "at least 60"),
    "MFA of a role": ({"mfa_max_age": 3600}, "mfa_max_age", "people only"),
    "MFA of a permission set": ({"principals": [SSO], "mfa_max_age": 3600}, "mfa_max_age", "people only"),
    "short session": ({"max_session": 899}, "max_session", "at least 900"),
    "long session": ({"principals": [USER], "max_session": 43201}, "max_session", "at most 43200"),
    "chained session": ({"max_session": 3601}, "max_session", "after an hour"),
    "chained permission set": ({"principals": [SSO], "max_session": 7200}, "max_session", "after an hour"),
    "pinned wildcard": ({"principals": [SSO, ROLE], "pin": True}, "pin", "without a wildcard"),
    "nothing to pin": ({"principals": ["111111111111"], "pin": True}, "pin", "remove pin"),
    "organization id": ({"organization": "a1b2c3d4e5"}, "organization", "o-a1b2c3d4e5"),
    "organization twice": (
        {"principals": ["o-a1b2c3d4e5"], "organization": "o-a1b2c3d4e5"},
        "organization",
        "remove organization",
    ),
    "unit of another organization": (
        {"principals": ["o-a1b2c3d4e5/r-ab12/ou-ab12-11111111"], "organization": "o-zzzzzzzzzz"},
        "organization",
        "no caller could meet both",
    ),
    "quoted date": ({"expires": "2027-01-01"}, "expires", "without quotes"),
    "date without a time": ({"expires": date(2027, 1, 1)}, "expires", "2027-01-01T00:00:00Z"),
    "host bits": ({"source_ips": ["10.0.0.1/24"]}, "source_ips[0]", '"10.0.0.0/24"'),
    "every address": ({"source_ips": ["0.0.0.0/0"]}, "source_ips[0]", "leave source_ips out"),
    "no address": ({"source_ips": ["office"]}, "source_ips[0]", "CIDR"),
    "key in the grant": ({"kms_key": KEY}, "kms_key", "move it to the [[buckets]] entry"),
    "two buckets": ({"bucket": ["a-b", "c-d"]}, "bucket", "one bucket for each place: write a [[grants.places]] entry"),
    "two prefixes": ({"prefix": ["a/", "b/"]}, "prefix", "one prefix for each place"),
    "two external IDs": ({"external_id": ["aa", "bb"]}, "external_id", "write one text"),
    "place beside the grant's own": (
        {"places": [{"bucket": "other", "access": ["read"]}]},
        "bucket",
        "bucket and access beside [[grants.places]]",
    ),
    "place without access": (
        {"places": [{"bucket": "other"}], "list_buckets": True},
        "places[0].access",
        "something that the role may do",
    ),
    "place's prefix in every bucket": (
        {"places": [{"bucket": "*", "prefix": "x/", "access": ["read"]}]},
        "places[0].prefix",
        "IAM's * crosses slashes",
    ),
    "full under a place's prefix": (
        {"places": [{"bucket": "other", "prefix": "x/", "access": ["full"]}]},
        "places[0].prefix",
        "remove prefix",
    ),
    "place's key": ({"places": [{"bukcet": "other", "access": ["read"]}]}, "places[0].bukcet", 'did you mean "bucket"'),
    "subject alone": (
        {"principals": ["repo:acme/orders:ref:refs/heads/main"]},
        "principals (repo:acme/orders:ref:refs/heads/main)",
        'write "github:repo:acme/orders:ref:refs/heads/main"',
    ),
    "unknown provider": ({"principals": ["githbu:repo:a/b:x"]}, "principals (githbu:repo:a/b:x)", "identity_providers"),
    "many session tags": ({"session_tags": [f"t{number}" for number in range(51)]}, "session_tags", "at most 50"),
    "boundary elsewhere": (
        {"permissions_boundary": "arn:aws:iam::111111111111:policy/B"},
        "permissions_boundary",
        "production account 222222222222",
    ),
    "other partition": (
        {"principals": [ROLE.replace("arn:aws:", "arn:aws-cn:")]},
        "principals (arn:aws-cn:iam::111111111111:role/App)",
        "no access crosses partitions",
    ),
    "long trust policy": (
        {"principals": [f"{ROLE}{number:060}" for number in range(20)]},
        "principals",
        "at most 2048",
    ),
    "long inline policies": (
        {
            "source_ips": [f"198.51.{a}.{b}/32" for a in range(2) for b in range(90)],
            "access": ["read", "write", "list", "delete"],
        },
        "actions",
        "at most 10240",
    ),
    "unknown key": ({"extrenal_id": "xx"}, "extrenal_id", 'did you mean "external_id"?'),
}


@pytest.mark.parametrize("case", GRANT)
def test_a_grants_key_is_invalid(access: dict[str, Any], case: str) -> None:
    """Each wrong value is reported at its key, with its fix."""
    change, key, said = GRANT[case]
    access["grants"][0] |= change
    name = access["grants"][0]["name"]
    heading = f'"{name}"' if "/" in name else name

    problems = dict(problems_of(access))

    assert f"[[grants]] {heading}: {key}" in problems
    assert said in problems[f"[[grants]] {heading}: {key}"]


FILE: dict[str, tuple[dict[str, Any], str, str]] = {
    "account without quotes": ({"prod": {"account": 222222222222, "region": "eu-west-1"}}, "[prod]: account", "quotes"),
    "region": ({"dev": {"account": "111111111111", "region": "eu-wset-1"}}, "[dev]: region", '"eu-west-1"'),
    "no region": ({"dev": {"account": "111111111111"}}, "[dev]: region", "add the key"),
    "partitions": ({"dev": {"account": "111111111111", "region": "cn-north-1"}}, "[dev]: region", "across partitions"),
    "unknown table": ({"bucket": []}, "bucket", 'did you mean "buckets"?'),
    "table for a list": ({"grants": {}}, "grants", "write [[grants]]"),
    "dashes": (
        {"prod": {"account": "2222-2222-2222", "region": "eu-west-1"}},
        "[prod]: account",
        'write "222222222222"',
    ),
    "no account": ({"prod": {"account": "MINE", "region": "eu-west-1"}}, "[prod]: account", "get-caller-identity"),
    "no grants": ({"grants": []}, "grants", "at least one"),
    "tag of AWS": ({"tags": {"AWS:x": "y"}}, "[tags]: AWS:x", "does not begin with aws:"),
    "tags alike": ({"tags": {"team": "a", "Team": "b"}}, "[tags]: Team", "by more than case"),
    "many tags": ({"tags": {f"t{number}": "" for number in range(50)}}, "[tags]", "at most 49"),
    "tag": ({"tags": {"aws:x": "y"}}, "[tags]: aws:x", "does not begin with aws:"),
    "log to itself": (
        {"buckets": [{"name": "logs", "create": True, "log_bucket": "logs"}]},
        "[[buckets]] logs: log_bucket",
        "another bucket",
    ),
    "key of an existing bucket": (
        {"buckets": [{"name": "logs", "kms_key": "new"}]},
        "[[buckets]] logs: kms_key",
        "by its ARN",
    ),
    "log of an existing bucket": (
        {"buckets": [{"name": "logs", "log_bucket": "others"}]},
        "[[buckets]] logs: log_bucket",
        "keeps its own settings",
    ),
    "key alias": (
        {"buckets": [{"name": "logs", "kms_key": "alias/reports"}]},
        "[[buckets]] logs: kms_key",
        "the ARN of a KMS key",
    ),
    "namespace without its ending": (
        {"buckets": [{"name": "logs", "create": True, "namespace": "account"}]},
        "[[buckets]] logs: namespace",
        'name = "logs-222222222222-eu-west-1-an"',
    ),
    "ending without its namespace": (
        {"buckets": [{"name": "logs-222222222222-eu-west-1-an", "create": True}]},
        "[[buckets]] logs-222222222222-eu-west-1-an: name",
        'namespace = "account"',
    ),
    "namespace in another word": (
        {"buckets": [{"name": "logs", "create": True, "namespace": "mine"}]},
        "[[buckets]] logs: namespace",
        "'global' or 'account' write one of these",
    ),
    "account named dev": (
        {"accounts": [{"name": "dev", "account": "333333333333", "region": "eu-west-1"}]},
        "[[accounts]] dev: name",
        "not prod or dev",
    ),
    "account twice": (
        {"accounts": [{"name": "other", "account": "111111111111", "region": "eu-west-1"}]},
        "[[accounts]] other: account",
        "which is [dev]",
    ),
    "production as a caller's account": (
        {"accounts": [{"name": "other", "account": "222222222222", "region": "eu-west-1"}]},
        "[[accounts]] other: account",
        "correct the number",
    ),
    "account in another partition": (
        {"accounts": [{"name": "other", "account": "333333333333", "region": "cn-north-1"}]},
        "[[accounts]] other: region",
        "across partitions",
    ),
    "provider without an address": (
        {"identity_providers": [{"name": "ci"}]},
        "[[identity_providers]] ci: url",
        "add url or saml",
    ),
    "provider of both kinds": (
        {"identity_providers": [{"name": "ci", "url": "https://ci.example.com", "saml": SAML}]},
        "[[identity_providers]] ci: url",
        "remove one",
    ),
    "address without https": (
        {"identity_providers": [{"name": "ci", "url": "ci.example.com/"}]},
        "[[identity_providers]] ci: url",
        'write "https://ci.example.com"',
    ),
    "one provider twice": (
        {"identity_providers": [{"name": name, "url": "https://ci.example.com"} for name in ("ci", "cd")]},
        "[[identity_providers]] cd: url",
        "the same as ci's",
    ),
    "providers named alike": (
        {
            "identity_providers": [
                {"name": name, "url": f"https://{name.lower()}.example.com"} for name in ("c-i", "CI")
            ]
        },
        "[[identity_providers]] CI: name",
        "rename one",
    ),
    "SAML provider to make": (
        {"identity_providers": [{"name": "sso", "saml": SAML, "create": True}]},
        "[[identity_providers]] sso: create",
        "create-saml-provider",
    ),
    "SAML provider elsewhere": (
        {"identity_providers": [{"name": "sso", "saml": SAML.replace("222222222222", "111111111111")}]},
        "[[identity_providers]] sso: saml",
        "the production account 222222222222",
    ),
    "quota beyond AWS's": (
        {"prod": {"account": "222222222222", "region": "eu-west-1", "trust_policy_quota": 10000}},
        "[prod]: trust_policy_quota",
        "at most 8192",
    ),
    "bucket key elsewhere": (
        {"buckets": [{"name": "logs", "create": True, "kms_key": KEY.replace("eu-west-1", "eu-west-2")}]},
        "[[buckets]] logs: kms_key",
        "the bucket's region only",
    ),
    "bucket twice": (
        {"buckets": [{"name": "logs"}, {"name": "logs"}]},
        "[[buckets]] logs: name",
        "remove one",
    ),
}


@pytest.mark.parametrize("case", FILE)
def test_a_table_is_invalid(access: dict[str, Any], case: str) -> None:
    """A wrong value outside the grants is reported at its key too."""
    change, where, said = FILE[case]
    if case == "key said twice":
        access["grants"][0]["kms_key"] = KEY

    problems = dict(problems_of(access | change))

    assert where in problems
    assert said in problems[where]


WRITER: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "topic elsewhere": (
        {"alarm_topic": "arn:aws:sns:us-east-1:111111111111:t"},
        {},
        "alarm_topic",
        "a topic in eu-west-1",
    ),
    "little memory": ({"memory_size": 127}, {}, "memory_size", "at least 128"),
    "much memory": ({"memory_size": 10241}, {}, "memory_size", "at most 10240"),
    "memory with a unit": ({"memory_size": "512 MB"}, {}, "memory_size", "write it without quotes"),
    "no time": ({"timeout": 0}, {}, "timeout", "at least 1"),
    "long time": ({"timeout": 901}, {}, "timeout", "at most 900"),
    "none at once": ({"reserved_concurrency": 0}, {}, "reserved_concurrency", "nothing runs then leave the key out"),
    "one at once from a queue": (
        {"reserved_concurrency": 1, "queue": True},
        {},
        "reserved_concurrency",
        "at least 2 with queue = true",
    ),
    "switch in quotes": ({"snap_start": "true"}, {}, "snap_start", "true or false"),
    "queue by name": ({"queue": "jobs"}, {}, "queue", "true or false"),
    "unknown grant": ({"grant": "Grnat"}, {}, "grant", 'did you mean "Grant"?'),
    "role that the grant does not trust": ({"role": "Other"}, {}, "role", 'add "arn:aws:iam::111111111111:role/Other"'),
    "role under another path": ({"role": "x/App"}, {}, "role", 'add "arn:aws:iam::111111111111:role/x/App"'),
    "same name in another account": (
        {},
        {"principals": [ROLE.replace("111111111111", "333333333333")]},
        "role",
        f'add "{ROLE}"',
    ),
    "external ID of its own": ({"external_id": "abc"}, {}, "external_id", "sends the external_id of its grant"),
    "grant that does not write": ({}, {"access": ["read"]}, "grant", 'add "write"'),
    "grant on every bucket": ({}, {"bucket": "*"}, "grant", "a grant of its own"),
    "grant that asks for tags": ({}, {"caller_tags": {"team": "x"}}, "grant", 'add team = "x" to [tags]'),
    "grant that asks for MFA": (
        {},
        {"principals": ["111111111111"], "mfa_max_age": 3600},
        "grant",
        "a function has no MFA device",
    ),
}


@pytest.mark.parametrize("case", WRITER)
def test_a_function_and_grant_that_do_not_match_are_invalid(access: dict[str, Any], case: str) -> None:
    """The function and its grant must agree on role, external ID and purpose."""
    writer, grant, key, said = WRITER[case]
    access["grants"][0] |= grant
    access["writer"] = {"grant": "Grant", "role": "App"} | writer

    problems = dict(problems_of(access))

    assert f"[writer]: {key}" in problems
    assert said in problems[f"[writer]: {key}"]


@pytest.mark.parametrize(
    "writer",
    [
        {"memory_size": 128, "timeout": 900, "reserved_concurrency": 1},
        {"memory_size": 10240, "timeout": 1, "reserved_concurrency": 2, "queue": True, "snap_start": True},
    ],
)
def test_what_lambda_allows_is_valid(access: dict[str, Any], writer: dict[str, Any]) -> None:
    """The bounds themselves are allowed."""
    access["writer"] = {"grant": "Grant", "role": "App"} | writer
    read = parse_access(access).writer

    assert read is not None
    assert writer == {name: getattr(read, name) for name in writer}


@pytest.mark.parametrize("names", [("Grant", "Grant"), ("Grant", "grant"), ("Dev-Access", "DevAccess")])
def test_grants_named_alike_are_invalid(access: dict[str, Any], names: tuple[str, str]) -> None:
    """IAM's names must differ by more than case, and CloudFormation's ids have no punctuation."""
    first = access["grants"][0]
    access["grants"] = [first | {"name": name} for name in names]

    assert "named alike" in dict(problems_of(access))[f"[[grants]] {names[1]}: name"]


@pytest.mark.parametrize("caller", [USER, ROLE])
def test_a_caller_with_more_policies_than_iam_allows_is_invalid(access: dict[str, Any], caller: str) -> None:
    """Each grant attaches a managed policy to the user or role, of which IAM allows ten."""
    first = access["grants"][0] | {"principals": [caller]}
    access["grants"] = [first | {"name": f"Grant{number}"} for number in range(11)]

    assert "at most 10" in dict(problems_of(access))["grants"]
    access["grants"][10]["attach"] = False
    assert parse_access(access)


def test_a_function_in_too_many_grants_is_invalid(access: dict[str, Any]) -> None:
    """What the function's role may assume stands in its inline policies, which IAM limits."""
    (first,) = access["grants"]
    access["writer"] = {"grant": "Grant0000", "role": "App"}
    access["grants"] = [first | {"name": f"Grant{number:04}", "stack": number // 100 + 1} for number in range(240)]
    reported = dict(problems_of(access))["[writer]: role"]
    access["grants"] = access["grants"][:180]

    assert "at most 8740: IAM's quota for a role is 10240" in reported
    assert parse_access(access)


def test_a_key_policy_over_its_quota_is_invalid(access: dict[str, Any]) -> None:
    """Every grant on a bucket with a new key adds to the key's policy."""
    first = access["grants"][0]
    access["buckets"] = [{"name": "reports", "create": True, "kms_key": "new"}]
    access["grants"] = [first | {"name": f"Grant{number:050}", "attach": False} for number in range(95)]

    assert "at most 32768" in dict(problems_of(access))["[[buckets]] reports: kms_key"]


def test_two_roles_of_one_name_in_an_account_are_invalid(access: dict[str, Any]) -> None:
    """With dev and prod in one account the function's role and the grant's must differ."""
    access["dev"] = access["prod"]
    access["grants"][0]["principals"] = ["arn:aws:iam::222222222222:role/Grant"]
    access["writer"] = {"grant": "Grant", "role": "Grant"}

    assert "a name of its own" in dict(problems_of(access))["[writer]: role"]


@pytest.mark.parametrize("value", ["9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", "1969-01-01T00:00:00Z"])
def test_a_moment_that_iam_has_no_date_for_is_invalid(access: dict[str, Any], value: str) -> None:
    """Years before the epoch, and those that UTC would push out of the calendar."""
    access["grants"][0]["expires"] = datetime.fromisoformat(value)

    assert "a year from" in dict(problems_of(access))["[[grants]] Grant: expires"]


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 5000, ".".join("a" * 3000) + " = 1"])
def test_a_monstrous_file_is_invalid(tmp_path: Path, value: str) -> None:
    """A file that the TOML parser gives up on ends in a message too."""
    path = tmp_path / "access.toml"
    path.write_text(value if "=" in value else f"x = {value}")

    with pytest.raises(AccessFileError):
        read_access(path)


def test_a_byte_order_mark_is_valid(access: dict[str, Any], tmp_path: Path) -> None:
    """Some Windows editors write one."""
    path = tmp_path / "access.toml"
    path.write_text((ROOT / "access.toml").read_text(), encoding="utf-8-sig")

    assert access["prod"]["account"] == read_access(path).prod.account


def test_a_wrong_value_does_not_hide_other_problems(access: dict[str, Any]) -> None:
    """The rules check the rest of a wrong entry, and report no problem that only follows from another."""
    access["grants"][0] |= {"prefix": "dev", "mfa_max_age": 3600, "external_id": "!"}
    access["writer"] = {"grant": "Grant", "role": "Other"}

    assert [
        "[[grants]] Grant: prefix",
        "[[grants]] Grant: external_id",
        "[[grants]] Grant: mfa_max_age",
        "[writer]: role",
        "[writer]: grant",
    ] == [where for where, _ in problems_of(access)]


def test_a_wrong_value_hides_no_problem_of_another_grant(access: dict[str, Any]) -> None:
    """An invalid access in one grant does not matter for what the function's grant allows."""
    first = access["grants"][0]
    access["grants"] = [first | {"access": ["read"]}, first | {"name": "Second", "access": ["wriet"]}]
    access["writer"] = {"grant": "Grant", "role": "App"}

    assert ["[[grants]] Second: access[0]", "[writer]: grant"] == [where for where, _ in problems_of(access)]


@pytest.mark.parametrize(
    ("grant", "said"),
    [
        ({"places": [{"bucket": "a-b", "access": ["write"]}, {"bucket": "c-d", "access": ["write"]}]}, "2 places"),
        ({"places": [{"bucket": "*", "access": ["write"]}]}, "on every bucket"),
        ({"places": [{"bucket": "a-b", "access": ["read"]}]}, "does not allow putting"),
    ],
    ids=["two places", "every bucket", "nowhere"],
)
def test_the_function_writes_in_one_place(access: dict[str, Any], grant: dict[str, Any], said: str) -> None:
    """Where a grant has several places, the function needs to know its own."""
    first = access["grants"][0]
    access["grants"][0] = {"name": first["name"], "principals": first["principals"]} | grant
    access["writer"] = {"grant": "Grant", "role": "App"}

    assert said in dict(problems_of(access))["[writer]: grant"]


def test_a_grant_needs_a_place(access: dict[str, Any]) -> None:
    """Without a bucket it says what to add, and nothing that only follows."""
    del access["grants"][0]["bucket"], access["grants"][0]["access"]

    assert ["[[grants]] Grant: bucket"] == [where for where, _ in problems_of(access)]


def test_a_wrong_place_is_reported_alone(access: dict[str, Any]) -> None:
    """Nothing is said of the grant as if it had no place."""
    first = access["grants"][0]
    place = {"bucket": "other", "prefix": "dev", "access": ["read"]}
    access["grants"][0] = {"name": first["name"], "principals": first["principals"], "places": [place]}

    assert ["[[grants]] Grant: places[0].prefix"] == [where for where, _ in problems_of(access)]


GITHUB = {"name": "github", "url": "https://token.actions.githubusercontent.com"}
GITLAB = {"name": "gitlab", "url": "https://gitlab.com"}
CLUSTER = {"name": "cluster", "url": "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC"}
OTHER = {"name": "other", "url": "https://login.example.com"}
OKTA = {"name": "okta", "saml": SAML}
SUBJECTS = {
    "repo:acme/orders:ref:refs/heads/main": (GITHUB, True),
    "repo:acme@12/orders@34:environment:production": (GITHUB, True),
    "repo:acme-12/orders-34:ref:refs/heads/main": (GITHUB, True),
    "repo:acme/orders:*": (GITHUB, True),
    "repo:acme/orders:ref:refs/tags/v*": (GITHUB, True),
    "repo:acme/*": (GITHUB, True),
    "repo:acme*/orders:ref:refs/heads/main": (GITHUB, False),
    "repo:acme*": (GITHUB, False),
    "repo:*/orders:ref:refs/heads/main": (GITHUB, False),
    "repo:acm?/orders:ref:refs/heads/main": (GITHUB, False),
    "repo:*": (GITHUB, False),
    "*": (GITHUB, False),
    "*:ref:refs/heads/main": (GITHUB, False),
    "repository_owner:acme:*": (GITHUB, False),
    "project_path:acme/orders:ref_type:branch:ref:main": (GITLAB, True),
    "project_path:acme/*:ref_type:branch:ref:main": (GITLAB, True),
    "project_path:*/orders:ref_type:branch:ref:main": (GITLAB, False),
    "project_path:acme*": (GITLAB, False),
    "system:serviceaccount:orders:export": (CLUSTER, True),
    "system:serviceaccount:orders:*": (CLUSTER, True),
    "system:serviceaccount:orders*": (CLUSTER, False),
    "system:serviceaccount:*:export": (CLUSTER, False),
    "acme/orders": (GITHUB, False),
    "a-machine": (OTHER, True),
    "a-machine*": (OTHER, False),
}


@pytest.mark.parametrize("subject", [*SUBJECTS, "sso"])
def test_a_wildcard_of_a_subject_takes_in_nobody_elses_tokens(access: dict[str, Any], subject: str) -> None:
    """It may stand only after what names the owner, the project or the namespace."""
    provider, valid = (OKTA, False) if subject == "sso" else SUBJECTS[subject]
    access["identity_providers"] = [provider]
    principal = f"{provider['name']}:{subject}"
    access["grants"][0]["principals"] = [principal]

    if valid:
        assert parse_access(access)
    else:
        assert [f"[[grants]] Grant: principals ({principal})"] == [where for where, _ in problems_of(access)]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("external_id", "abc"),
        ("mfa_max_age", 3600),
        ("organization", "o-a1b2c3d4e5"),
        ("caller_tags", {"team": "orders"}),
    ],
)
def test_a_token_meets_no_condition_on_a_principal(access: dict[str, Any], key: str, value: Any) -> None:
    """Beside such a condition the token could never assume the role."""
    access["identity_providers"] = [GITHUB]
    access["grants"][0] |= {"principals": ["github:repo:acme/orders:ref:refs/heads/main"], key: value}

    assert "a grant of their own" in dict(problems_of(access))[f"[[grants]] Grant: {key}"]


def test_more_grants_than_a_stack_may_hold_are_invalid(access: dict[str, Any]) -> None:
    """CloudFormation's quota is reported before CDK or AWS fails on it."""
    first = access["grants"][0]
    access["grants"] = [first | {"name": f"Grant{number}", "attach": False} for number in range(101)]

    assert "at most 200" in dict(problems_of(access))["grants"]


def test_a_misspelt_key_is_reported_once(access: dict[str, Any]) -> None:
    """The missing right key follows from the misspelt one, and is not reported too."""
    access["grants"][0]["principal"] = access["grants"][0].pop("principals")

    ((where, said),) = problems_of(access)
    assert "[[grants]] Grant: principal" == where
    assert 'did you mean "principals"?' in said


def test_a_missing_table_is_named_as_toml_writes_it() -> None:
    """The errors of an empty file name the tables to write."""
    said = dict(problems_of({}))

    assert "add the table [prod]" in said["prod"]
    assert "add a [[grants]] entry" in said["grants"]


def test_all_problems_are_reported_at_once(access: dict[str, Any]) -> None:
    """Wrong values, unknown keys and broken rules between entries are reported together, each once."""
    access["prod"]["region"] = "eu-west"
    access["grants"][0] |= {"prefix": "dev", "mfa_max_age": "x"}
    access["grants"].append({"name": "Second", "principals": [ROLE], "bucket": "reports", "mfa_max_age": 900})
    access["writer"] = {"grant": "Third", "role": "App"}

    assert [
        "[prod]: region",
        "[[grants]] Grant: prefix",
        "[[grants]] Grant: mfa_max_age",
        "[[grants]] Second: access",
        "[[grants]] Second: mfa_max_age",
        "[writer]: grant",
    ] == [where for where, _ in problems_of(access)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[prod\n", "line 1"),
        (b"\xff\xfe", "utf-8"),
        (b"a = 1\na = 2\n", "line 2"),
    ],
)
def test_a_file_that_is_not_toml_is_invalid(tmp_path: Path, content: bytes, said: str) -> None:
    """The parser's own line is passed on, without a traceback."""
    path = tmp_path / "access.toml"
    path.write_bytes(content)

    with pytest.raises(AccessFileError, match=said):
        read_access(path)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    """The error names the path and how to name another file."""
    with pytest.raises(AccessFileError, match=r"(?s)nowhere\.toml has a problem.*-c access=FILE"):
        read_access(tmp_path / "nowhere.toml")


def test_a_moment_needs_an_offset_and_whole_seconds() -> None:
    """A local time would mean another moment on another machine."""
    base = "[prod]\naccount='222222222222'\nregion='eu-west-1'\n[dev]\naccount='111111111111'\nregion='eu-west-1'\n"
    for value, said in (("2027-01-01T00:00:00", "end it in Z"), ("2027-01-01T00:00:00.5Z", "drop the fraction")):
        grant = f"[[grants]]\nname='G'\nprincipals=['{ROLE}']\nbucket='reports'\naccess=['read']\nexpires={value}\n"

        assert said in dict(problems_of(tomllib.loads(base + grant)))["[[grants]] G: expires"]
