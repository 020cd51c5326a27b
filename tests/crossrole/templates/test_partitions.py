"""In China and GovCloud every ARN is of that partition: in templates, answers, printed lines and live requests."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crossrole.engines.simulator import Simulator
from crossrole.errors import CommandError
from crossrole.evaluation.callers import representative
from crossrole.evaluation.can import ask
from crossrole.evaluation.question import known_resource, question_of
from crossrole.evaluation.who import who_can
from crossrole.explain.facts import Facts, facts_of
from crossrole.explain.placeholders import words_of
from crossrole.explain.verdicts import verdicts_of
from crossrole.iam.arn import partition_of
from crossrole.iam.partitions import dns_suffix, partition_of_region
from crossrole.live.s3_probes import probes_of
from crossrole.policies.documents import policies_of
from crossrole.policies.steps import steps_json, steps_of
from crossrole.templates.assembly import read_assembly
from crossrole.templates.grant import grant_of
from crossrole.templates.inventory import Inventory
from crossrole.templates.reader import read_inventory
from tests.crossrole.remembering import Remembering
from tests.synthesis import synthesize

CALLER = "arn:aws-cn:iam::111111111111:role/App"


@pytest.mark.parametrize(("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")])
def test_every_arn_is_of_the_regions_partition(
    access: dict[str, Any], region: str, partition: str, tmp_path: Path, simulator: Simulator
) -> None:
    """A bucket of another partition does not exist, so whatever is asked about it is asked in vain."""
    caller = f"arn:{partition}:iam::111111111111:role/App"
    access["prod"]["region"] = access["dev"]["region"] = region
    access["grants"][0] |= {"principals": [caller], "access": ["read", "write", "list"]}
    access["buckets"] = [{"name": "reports", "create": True}]
    assembly = synthesize(access, tmp_path)
    inventory = read_inventory(read_assembly(assembly.directory))
    grant = grant_of(inventory, "Grant")
    question = question_of(
        inventory,
        caller=caller,
        via="Grant",
        action="s3:PutObject",
        resource=f"arn:{partition}:s3:::reports/key",
        given={},
        now=datetime.now(UTC),
    )
    policies = policies_of(read_assembly(assembly.directory), "Grant")
    steps = steps_json(steps_of(policies, folder="DIR", profile="dev", prod_profile="prod"))
    probes = probes_of(grant, inventory, "name")

    denied = f"An error occurred (403) when calling the HeadObject operation, caller: {caller}, s3://reports/key"

    assert ask(inventory, simulator, question).allowed
    assert f"arn:{partition}:s3:::reports/key" == facts_of(denied).resource
    assert [f"arn:{partition}:s3:::reports"] == list(inventory.buckets)
    assert {partition} == {each.resource.split(":")[1] for each in probes if each.resource.startswith("arn:")}
    assert probes
    for written in (*map(str, policies.files.values()), str(steps), str(assembly.template("ProdAccessStack"))):
        assert "arn:aws:" not in written


def in_china(access: dict[str, Any], directory: Path, principal: str = CALLER) -> Inventory:
    """Return what the templates of an access.toml say where both accounts are in China."""
    access["prod"]["region"] = access["dev"]["region"] = "cn-north-1"
    access["grants"][0] |= {"principals": [principal]}
    return read_inventory(read_assembly(synthesize(access, directory).directory))


def test_a_message_proposes_an_arn_of_the_templates_partition(access: dict[str, Any], tmp_path: Path) -> None:
    """What is pasted asks about a bucket that can exist."""
    inventory = in_china(access, tmp_path)

    with pytest.raises(CommandError, match="write arn:aws-cn:s3:::reports/key"):
        known_resource(inventory, "s3:PutObject", "s3://reports/key")
    with pytest.raises(CommandError, match="such as arn:aws-cn:s3:::BUCKET/KEY"):
        known_resource(inventory, "s3:PutObject", "reports/key")
    assert "arn:aws-cn:s3:::reports" == words_of(Facts(), grant_of(inventory, "Grant"), None)["bucket_arn"]


@pytest.mark.parametrize("name", ["*", "333333333333", "arn:aws-cn:iam::333333333333:root"])
def test_a_principal_of_many_stands_for_one_of_the_policys_partition(name: str) -> None:
    """No role can be assumed from another partition."""
    assert "aws-cn" == partition_of(representative(name, None, "aws-cn").arn)


def test_everyone_who_is_asked_about_is_of_the_templates_partition(access: dict[str, Any], tmp_path: Path) -> None:
    """A grant for an organization trusts "*": `who` asks about someone who can exist."""
    inventory = in_china(access, tmp_path, "o-a1b2c3d4e5")

    with Remembering() as simulator:
        who_can(inventory, simulator, "s3:PutObject", "arn:aws-cn:s3:::reports/key", now=datetime.now(UTC))

    assert {"aws-cn"} == {partition_of(each.principal) for batch in simulator.batches for each in batch}


def test_a_bucket_without_an_arn_does_not_cause_a_no(
    access: dict[str, Any], tmp_path: Path, simulator: Simulator
) -> None:
    """The text names neither caller nor region, so the bucket's partition is not known: there is no verdict."""
    inventory = in_china(access, tmp_path)
    facts = facts_of("An error occurred (403) when calling the PutObject operation: s3://reports/key")

    with pytest.raises(CommandError, match="another partition"):
        verdicts_of(inventory, simulator, facts, datetime.now(UTC))


def test_a_region_newer_than_botocore_has_the_partition_of_its_form() -> None:
    """AWS opens regions all the time; a command that reads templates need not know them by name."""
    assert ("aws", "aws-cn", "aws-us-gov") == tuple(
        map(partition_of_region, ("eu-west-99", "cn-east-99", "us-gov-south-9"))
    )
    assert ("amazonaws.com", "amazonaws.com.cn") == tuple(map(dns_suffix, ("eu-west-1", "cn-north-1")))
