"""Whether a statement's conditions limit the caller, so that "*" is not everyone in AWS.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html says what S3 calls public.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

from crossrole.iam.condition_operators import operator_of
from crossrole.iam.policy import texts

# Without sts:ExternalId, tags and users' names: callers in any account can have these.
_CLOSING_KEYS = {
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:principalservicename",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceorgid",
    "aws:sourceorgpaths",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:userid",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
    "kms:calleraccount",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
}
_POSITIVE = {"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "IpAddress"}
# The widest range that S3 does not call public.
_WIDEST = {4: 8, 6: 32}
_COLONS_OF_AN_ARN = 5


def closes(conditions: Mapping[str, Any]) -> bool:
    """Return whether one of the conditions limits the caller to an account, a network, a resource or the like.

    All of a statement's conditions must hold, so one is enough; of its values any may hold, so all must close.
    """
    return any(
        key.lower() in _CLOSING_KEYS and all(_closes(value) for value in texts(values))
        for operator, keys in conditions.items()
        if _demands(operator)
        for key, values in keys.items()
    )


def _demands(text: str) -> bool:
    # ForAllValues and IfExists hold for a request without the key.
    operator = operator_of(text)
    return operator.comparison in _POSITIVE and not operator.if_exists and operator.quantifier != "ForAllValues:"


def _closes(value: str) -> bool:
    # A variable about the resource is fixed; one about the caller is true for every caller.
    fixed = re.sub(r"\$\{aws:Resource[^}]*\}", "fixed", value, flags=re.IGNORECASE)
    if "${" in fixed:
        return False
    if fixed.startswith("arn:"):
        return _arn_closes(fixed)
    try:
        network = ip_network(fixed, strict=False)
    except ValueError:
        # o-a1b2c3d4e5/* is one organization, AROA…:* one role, vpc-* every network.
        return _is_fixed(re.split("[:/]", fixed)[0])
    return network.prefixlen >= _WIDEST[network.version]


def _arn_closes(arn: str) -> bool:
    if arn.count(":") < _COLONS_OF_AN_ARN:
        return False
    account, resource = arn.split(":", _COLONS_OF_AN_ARN)[-2:]
    # A bucket's ARN has no account, but there is only one bucket of a name.
    return _is_fixed(account or resource)


def _is_fixed(text: str) -> bool:
    return not {"*", "?"} & set(text)
