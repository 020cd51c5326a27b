"""The names under which AWS's services are principals, such as `lambda.amazonaws.com`.

AWS publishes no whole list. So a name of the right form is called wrong only where it is nearly that of a service, or a
service's own name where its principal has another.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services
"""

import re
from functools import cache

from crossrole.errors import near_words
from crossrole.iam.actions import data
from crossrole.iam.partitions import dns_suffixes, regions

# A skill of Alexa calls as alexa-appkit.amazon.com.
_OTHER_SUFFIXES = {"amazon.com", "aws.internal"}
_LABELS = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
_EXAMPLE = "a name such as lambda.amazonaws.com"
# Beside the services that have actions, which go by the same name.
_OTHERS = frozenset(
    {
        "alexa-appkit",
        "alexa-connectedhome",
        "application-insights",
        "aws-artifact-account-sync",
        "bcm",
        "billingreports",
        "cassandra-streams",
        "cloudwatch-crossaccount",
        "codecatalyst-runner",
        "cognito-identity-us-gov",
        "config-conforms",
        "config-multiaccountsetup",
        "costalerts",
        "discovery",
        "dnssec-route53",
        "ec2-images",
        "ec2fastlaunch",
        "ec2fleet",
        "ec2scheduled",
        "ec2sqlha",
        "ecs-tasks",
        "edgelambda",
        "eks-connector",
        "eks-fargate",
        "eks-fargate-pods",
        "eks-nodegroup",
        "integrations",
        "iq",
        "lexv2",
        "macie",
        "managedservices",
        "marketplace",
        "migrationhub",
        "monitoring",
        "opensearchservice",
        "securityhubv2",
        "servicecatalog-appregistry",
        "spot",
        "spotfleet",
        "transitgateway",
        "vmie",
        "vpc-flow-logs",
    }
)
_OTHER_NAMES = {
    "cloudwatch-events": "events",
    "cloudwatchevents": "events",
    "ecs-task": "ecs-tasks",
    "efs": "elasticfilesystem",
    "emr": "elasticmapreduce",
    "eventbridge": "events",
    "flow-logs": "vpc-flow-logs",
    "kinesis-firehose": "firehose",
    "msk": "kafka",
    "step-functions": "states",
    "stepfunctions": "states",
}


def service_principal_problem(name: str) -> str | None:
    """Return why no service is a principal of this name, and the nearest that is; None where one is or may be."""
    suffix = next((each for each in {*dns_suffixes(), *_OTHER_SUFFIXES} if name.endswith(f".{each}")), None)
    front = name.removesuffix(f".{suffix}")
    if suffix is None or not _LABELS.fullmatch(front):
        bare = re.sub(r"\.(?:amazonaws|amazon|aws)(?:\.com)?$", "", name.lower())
        meant = _known_or_near(bare)
        fix = f"{meant}.amazonaws.com" if meant else _EXAMPLE
        return f'"{name}" is not the name of a service as a principal, so AWS rejects the policy; write {fix}'
    labels = [each for each in front.split(".") if each not in regions()]
    if not labels or labels[-1] in _services():
        return None
    meant = _known_or_near(labels[-1])
    fix = ".".join([*labels[:-1], str(meant), suffix])
    return f"there is no service {name}, so AWS rejects the policy; write {fix}" if meant else None


@cache
def _services() -> frozenset[str]:
    return frozenset(data().services.get_service_keys()) | _OTHERS


def _known_or_near(label: str) -> str | None:
    if label in _services():
        return label
    if label in _OTHER_NAMES:
        return _OTHER_NAMES[label]
    # inspector3 may follow inspector2; lamda follows nothing.
    near = [each for each in near_words(label, _services(), most=3, cutoff=0.8) if _letters(each) != _letters(label)]
    return next(iter(near), None)


def _letters(label: str) -> str:
    return re.sub(r"[0-9-]", "", label)
