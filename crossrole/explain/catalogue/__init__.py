"""The catalogue of known troubles; where two fit one error, the first is used."""

from crossrole.explain.catalogue import (
    access_denied,
    assume_role,
    cdk,
    credentials,
    denied_by_policy,
    iam,
    kms,
    network,
    s3,
    sts,
    writer,
)
from crossrole.explain.catalogue.model import Trouble

CATALOGUE: tuple[Trouble, ...] = (
    *writer.EVENTS,
    *access_denied.ENCODED,  # it says more than the code beside it
    *cdk.TROUBLES,
    *iam.TROUBLES,
    *credentials.TROUBLES,
    *network.TROUBLES,
    *s3.TROUBLES,
    *kms.TROUBLES,
    *sts.TROUBLES,
    *assume_role.TROUBLES,
    *access_denied.LISTINGS,
    *denied_by_policy.TROUBLES,
    *access_denied.OBJECTS,
    *access_denied.VAGUE,
    *writer.CALLS,
)
