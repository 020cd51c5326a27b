"""The catalogue of known troubles; of two that fit one error the earlier is meant."""

from crossrole.explain.troubles import cdk, credentials, denied, handshake, iam, kms, network, refused, s3, sts, writer
from crossrole.explain.troubles.model import Trouble

CATALOGUE: tuple[Trouble, ...] = (
    *writer.EVENTS,
    *refused.ENCODED,  # it says more than the code beside it
    *cdk.TROUBLES,
    *iam.TROUBLES,
    *credentials.TROUBLES,
    *network.TROUBLES,
    *s3.TROUBLES,
    *kms.TROUBLES,
    *sts.TROUBLES,
    *handshake.TROUBLES,
    *refused.LISTINGS,
    *denied.TROUBLES,
    *refused.OBJECTS,
    *refused.VAGUE,
    *writer.CALLS,
)
