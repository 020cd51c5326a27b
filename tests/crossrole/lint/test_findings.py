"""The findings: their order and places, how they are printed, and what this app's own templates have."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crossrole.lint.documents import documents_of, resources_of
from crossrole.lint.findings import Finding, findings_of
from crossrole.lint.rules import ALL
from crossrole.templates.assembly import read_assembly
from crossrole.templates.intrinsics import Template
from tests.command_line import crossrole
from tests.crossrole.lint.policies import OBJECTS, document, holder, permission, role, rules, stack, trust
from tests.synthesis import Assembly, smallest, synthesize

WIDE = trust(Principal={"AWS": "111111111111"}, Sid="Wide")
(RULE,) = [each for each in ALL if each.id == "whole-account"]


def custom(*documents: Any) -> dict[str, Any]:
    """Return resources that hand these documents to something."""
    return {
        f"Policy{number}": {"Type": "Custom::Any", "Properties": {"Policy": each}}
        for number, each in enumerate(documents)
    }


def allowing(allowed: Any, *statements: Any) -> dict[str, Any]:
    """Return a role with these statements in its trust policy that allows findings."""
    return role(*statements) | {"Metadata": {"crossrole:allow": allowed}}


def assembly(folder: Path, resources: dict[str, Any]) -> Path:
    """Write a cloud assembly of one stack into a folder."""
    artifact = {
        "type": "aws:cloudformation:stack",
        "environment": "aws://222222222222/eu-west-1",
        "properties": {"templateFile": "Stack.template.json"},
    }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": {"Stack": artifact}}))
    (folder / "Stack.template.json").write_text(json.dumps({"Resources": resources}, indent=1))
    return folder


def test_all_problems_are_reported_at_once_in_order() -> None:
    """Templates, policies and statements are reported in their order, statements by Sid or number, from one."""
    first = {"Effect": "Allow", "Action": ["s3:GetObjekt", "s3:PutObjekt"], "Resource": OBJECTS}
    second = {"Sid": "Named", "Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"Boole": {"s3:x": 1}}}
    templates = [
        stack(custom(document(first, second), {"Statement": first}), name="One"),
        stack(custom(document(permission(), "text")), name="Two"),
    ]

    found = [(each.template, each.logical_id, each.statement, each.rule.id) for each in findings_of(templates).open]

    assert [
        ("One", "Policy0", "1", "unknown-action"),
        ("One", "Policy0", "1", "unknown-action"),
        ("One", "Policy0", "Named", "unknown-operator"),
        ("One", "Policy0", "Named", "unknown-key"),
        ("One", "Policy1", None, "version"),
        ("One", "Policy1", "1", "unknown-action"),
        ("One", "Policy1", "1", "unknown-action"),
        ("Two", "Policy0", None, "not-a-policy"),
    ] == found


def test_a_finding_says_where_it_stands() -> None:
    """As one line and as JSON: template, resource, policy and statement, then the text and the rule."""
    finding = Finding("Stack", "Role", "Policies[0].PolicyDocument", "2", RULE, "wrong; fix it")

    assert "Stack, Role, Policies[0].PolicyDocument, 2: wrong; fix it [whole-account]" == str(finding)
    assert {
        "template": "Stack",
        "logical_id": "Role",
        "policy": "Policies[0].PolicyDocument",
        "statement": "2",
        "rule": "whole-account",
        "url": RULE.url,
        "text": "wrong; fix it",
    } == finding.as_json()


def test_a_finding_of_a_document_or_a_resource_names_no_statement() -> None:
    """Its line goes from the policy, or from the resource, to the text."""
    of_document = Finding("Stack", "Role", "AssumeRolePolicyDocument", None, RULE, "there is no Version")
    of_resource = Finding("Stack", "Role", "", None, RULE, "it is public")

    assert "Stack, Role, AssumeRolePolicyDocument: there is no Version [whole-account]" == str(of_document)
    assert "Stack, Role: it is public [whole-account]" == str(of_resource)


def test_every_rule_says_what_it_is() -> None:
    """An id that nobody else has, a page of AWS, and whole sentences about what it finds and when to allow it."""
    assert len({each.id for each in ALL}) == len(ALL)
    for each in ALL:
        assert re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", each.id)
        assert each.url.startswith("https://docs.aws.amazon.com/")
        for text in (each.meaning, each.allowed_where):
            assert re.fullmatch(r"\S.*\.", text), text


ALLOWED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "with a reason": (allowing({"whole-account": "they decide"}, WIDE), []),
    "another rule": (allowing({"mixed-trust": "both"}, WIDE), ["whole-account", "unneeded-allow"]),
    "without a reason": (allowing({"whole-account": " "}, WIDE), ["whole-account", "invalid-allow"]),
    "with a reason that is no text": (allowing({"whole-account": True}, WIDE), ["whole-account", "invalid-allow"]),
    "with a reason of two lines": (allowing({"whole-account": "a\nb"}, WIDE), ["whole-account", "invalid-allow"]),
    "a rule that there is not": (
        allowing({"whole-acount": "they decide"}, WIDE),
        ["whole-account", "invalid-allow"],
    ),
    "a list of rules": (allowing(["whole-account"], WIDE), ["whole-account", "invalid-allow"]),
    "what is not found": (allowing({"whole-account": "they decide"}), ["unneeded-allow"]),
    "the rule about allowing": (
        allowing({"unneeded-allow": "always", "whole-account": "they decide"}),
        ["unneeded-allow", "unneeded-allow"],
    ),
    "nothing": (allowing({}, WIDE), ["whole-account"]),
}


@pytest.mark.parametrize(("resource", "expected"), ALLOWED.values(), ids=ALLOWED)
def test_a_template_allows_a_finding_with_a_reason(resource: dict[str, Any], expected: list[str]) -> None:
    """Each for one resource and one rule; an allowing that does nothing is itself found."""
    assert expected == rules(resource)


def test_what_one_resource_allows_another_does_not() -> None:
    """Nor does it allow another rule's finding of the same resource."""
    wide = allowing({"whole-account": "they decide"}, WIDE, trust(Sid="a b"))

    assert ["sid", "whole-account"] == rules(wide, role(WIDE))


def test_what_is_allowed_is_counted(tmp_path: Path) -> None:
    """In the text by rule, and in JSON with the reasons; the exit status is that of no findings."""
    folder = assembly(tmp_path, {"Door": allowing({"whole-account": "they decide"}, WIDE, {**WIDE, "Sid": "Again"})})

    done = crossrole("lint", "--template-dir", str(folder))
    assert (0, "every policy document is in order\nallowed by the templates: 2 whole-account\n") == (
        done.returncode,
        done.stdout,
    )
    answer = json.loads(crossrole("lint", "--json", "--template-dir", str(folder)).stdout)
    assert [] == answer["findings"]
    assert [("whole-account", "they decide")] * 2 == [(each["rule"], each["reason"]) for each in answer["allowed"]]


def test_the_exit_status_tells_whether_something_was_found(tmp_path: Path) -> None:
    """1 in each form of the answer; 2 for two forms at once."""
    folder = assembly(tmp_path, {"Door": role(WIDE)})

    for words in ([], ["--json"], ["--sarif"]):
        assert 1 == crossrole("lint", "--template-dir", str(folder), *words).returncode
    done = crossrole("lint", "--template-dir", str(folder), "--json", "--sarif")
    assert (2, "crossrole: --json and --sarif are two forms of the answer; choose one\n") == (
        done.returncode,
        done.stderr,
    )


def test_sarif_says_the_same(tmp_path: Path) -> None:
    """A result for each finding with its rule, file and line; what is allowed is suppressed with its reason."""
    allowed = allowing({"whole-account": "they decide"}, WIDE)
    function = {"Type": "AWS::Lambda::Function", "Properties": {"Door": {"Fn::GetAtt": ["Door", "Arn"]}}}
    folder = assembly(tmp_path, {"Function": function, "Door": role(WIDE), "Gate": allowed})
    log = json.loads(crossrole("lint", "--sarif", "--template-dir", str(folder)).stdout)

    assert "2.1.0" == log["version"]
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert "crossrole" == driver["name"]
    assert [(each.id, each.meaning, each.url) for each in ALL] == [
        (each["id"], each["shortDescription"]["text"], each["helpUri"]) for each in driver["rules"]
    ]
    door, gate = run["results"]
    assert "whole-account" == door["ruleId"] == driver["rules"][door["ruleIndex"]]["id"]
    assert door["message"]["text"].startswith("everyone in 111111111111 ")
    (place,) = door["locations"]
    where = place["physicalLocation"]
    assert where["artifactLocation"]["uri"].endswith("/Stack.template.json")
    template = (folder / "Stack.template.json").read_text().splitlines()
    assert '  "Door": {' == template[where["region"]["startLine"] - 1]
    assert "Stack/Door/AssumeRolePolicyDocument/Wide" == place["logicalLocations"][0]["fullyQualifiedName"]
    assert "suppressions" not in door
    assert [{"kind": "inSource", "status": "accepted", "justification": "they decide"}] == gate["suppressions"]
    assert door["partialFingerprints"] != gate["partialFingerprints"]


def test_sarif_of_nothing_has_the_rules(tmp_path: Path) -> None:
    """A run without results closes the alerts of earlier ones."""
    log = json.loads(crossrole("lint", "--sarif", "--template-dir", str(assembly(tmp_path, {}))).stdout)

    assert [] == log["runs"][0]["results"]
    assert len(ALL) == len(log["runs"][0]["tool"]["driver"]["rules"])


def test_a_name_of_a_template_forges_no_line(tmp_path: Path) -> None:
    """A Sid, an action or a logical id with a line break or an escape sequence stays on its own line, as text."""
    hostile = "x\nevery policy document is in order\x1b[2J\u202e\ue000Ref Any\ue001"
    statement = permission(Sid=hostile, Action=f"s3:{hostile}", Resource=f"{hostile}", Principal={hostile: hostile})
    folder = assembly(tmp_path, {hostile: holder(statement)})

    for words in ([], ["--json"], ["--sarif"]):
        printed = crossrole("lint", "--template-dir", str(folder), *words).stdout
        assert printed.replace("\n", "").isprintable()
        assert "every policy document is in order" not in [line.strip() for line in printed.splitlines()]


WIDE_GRANTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "Account": ({}, ["whole-account"]),
    "AccountBesideARole": (
        {"principals": ["333333333333", "arn:aws:iam::111111111111:role/App"]},
        ["whole-account"],
    ),
    "AccountOfAnOrganization": ({"organization": "o-a1b2c3d4e5"}, ["whole-account"]),
    "AccountUntilADay": ({"expires": datetime(2030, 1, 1, tzinfo=UTC)}, ["whole-account"]),
    "AccountThatIsDisabled": ({"disabled": True}, ["whole-account"]),
    "AccountWithAnExternalId": ({"external_id": "export:2026"}, []),
    "AccountWithACode": ({"mfa_max_age": 3600}, []),
    "AccountFromANetwork": ({"source_ips": ["203.0.113.0/24"]}, []),
    "Everything": ({"bucket": "*", "access": ["full"]}, ["whole-account", "all-of-s3"]),
    "EverythingOfABucket": ({"access": ["full"]}, ["whole-account"]),
    "EveryObject": (
        {"bucket": "*", "access": [], "actions": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]},
        ["whole-account", "all-of-s3"],
    ),
}


def test_a_grant_allows_what_it_asks_for_and_nothing_else(tmp_path: Path) -> None:
    """Each finding of its role has a reason, and each reason a finding."""
    access = smallest()
    access["grants"] = [
        {"name": name, "principals": ["333333333333"], "bucket": "reports", "access": ["write"], **grant}
        for name, (grant, _) in WIDE_GRANTS.items()
    ]
    templates = read_assembly(synthesize(access, tmp_path).directory)
    findings = findings_of(templates)
    allowed = {(each.logical_id, each.rule.id) for each in findings.allowed}
    names = {
        resource.logical_id: resource.property("RoleName")
        for template in templates
        for resource in resources_of(template)
        if resource.type == "AWS::IAM::Role"
    }

    assert [] == list(map(str, findings.open))
    assert sorted((name, rule) for name, (_, allows) in WIDE_GRANTS.items() for rule in allows) == sorted(
        (names[logical_id], rule) for logical_id, rule in allowed
    )


def lints(templates: list[Template]) -> list[str]:
    """Return the open findings as text."""
    return list(map(str, findings_of(templates).open))


def test_the_committed_file_makes_no_findings(default: Assembly) -> None:
    """Every policy that the committed access.toml makes is right, and they were read."""
    templates = read_assembly(default.directory)

    assert any(True for each in templates for resource in resources_of(each) for _ in documents_of(resource))
    assert [] == lints(templates)
    assert [] == list(findings_of(templates).allowed)


def test_every_kind_of_grant_makes_no_findings(kinds: Assembly) -> None:
    """So is every policy of every kind; what a grant asks for with open eyes is allowed with the grant's name."""
    templates = read_assembly(kinds.directory)
    resources = [resource for each in templates for resource in resources_of(each)]

    assert {
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::KMS::Key",
        "AWS::S3::BucketPolicy",
        "AWS::SQS::QueuePolicy",
    } == {resource.type for resource in resources for _ in documents_of(resource)}
    assert [] == lints(templates)
    assert [
        ("whole-account", "the principals of WholeAccount in access.toml are all of 333333333333"),
        ("whole-account", "the principals of Several in access.toml are all of 555555555555"),
        ("whole-account", "the principals of SeedExample in access.toml are all of 111111111111"),
        ("all-of-s3", 'SeedExample in access.toml asks for bucket = "*"'),
    ] == [(each.rule.id, each.reason) for each in findings_of(templates).allowed]
