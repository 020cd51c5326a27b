"""Denials whose message names the kind of policy that denies: exactly one side, whatever the action is.

AWS names it within one account or organization only; elsewhere the message is the bare one of `access_denied.py`.
"""

from crossrole.explain.catalogue.access_denied import NOT_DEPLOYED, NOT_THE_ROLE
from crossrole.explain.catalogue.model import (
    ACCOUNT,
    CALL,
    IAM_GUIDE,
    NETWORK,
    ORGANIZATION,
    OWNER,
    PROD,
    S3_GUIDE,
    Cause,
    Trouble,
    said,
)
from crossrole.iam.names import REVOCATION_POLICY

_MESSAGES = f"{IAM_GUIDE}/troubleshoot_access-denied.html"


def _named(kind: str, *, also: str = "polic(?:y|ies)") -> str:
    return rf"(?:because no {kind}(?: {also})? allows?|explicit deny in (?:an?|the) {kind}(?: {also})?)"


TROUBLES = (
    Trouble(
        "session-revoked",
        "the session was revoked: it began before the time from which sessions are valid.",
        said(REVOCATION_POLICY, r"aws:TokenIssueTime", r"session (?:has been|was|is) revoked"),
        f"{IAM_GUIDE}/id_roles_use_revoke-sessions.html",
        (
            Cause(
                PROD,
                "someone ran revoke, pressed Revoke active sessions in the console, or set revoked_before",
                f"aws iam get-role-policy --role-name {{role_name}} --policy-name {REVOCATION_POLICY} --profile prod",
                "assume the role again: new sessions work (the function does so by itself); to undo it: "
                "`python -m crossrole restore {grant} --profile prod`",
            ),
        ),
    ),
    Trouble(
        "scp-denies",
        "a service control policy of the caller's organization denies it.",
        said(_named("service control")),
        f"{_MESSAGES}#access-denied-scp-examples",
        (
            Cause(
                ORGANIZATION,
                "the SCP {policy} on the caller's account or unit denies {action}, or does not allow it; no policy of "
                "the account itself can change that",
                "aws organizations list-policies-for-target --target-id {caller_account} --filter "
                "SERVICE_CONTROL_POLICY --profile MANAGEMENT",
                "ask the organization's administrators for an exception for {principal}; often the SCP is about the "
                "region or a missing tag",
            ),
        ),
    ),
    Trouble(
        "rcp-denies",
        "a resource control policy of the resource's organization denies it.",
        said(_named("resource control")),
        f"{IAM_GUIDE}/reference_policies_evaluation-logic.html",
        (
            Cause(
                ORGANIZATION,
                "the RCP {policy} on the prod account probably denies callers from outside the organization",
                "aws organizations list-policies-for-target --target-id {account} --filter RESOURCE_CONTROL_POLICY "
                "--profile MANAGEMENT",
                "ask the organization's administrators for an exception for {principal}",
            ),
        ),
    ),
    Trouble(
        "boundary-denies",
        "the permissions boundary of the caller does not allow it.",
        said(_named("permissions boundary")),
        f"{IAM_GUIDE}/access_policies_boundaries.html",
        (
            Cause(
                PROD,
                "the boundary {policy} of {principal_name} does not allow {action} on {resource}: what a role may do "
                "is what both its policies and its boundary allow",
                "aws iam get-role --role-name {principal_name} --query Role.PermissionsBoundary --profile prod",
                "let the boundary's owner allow it there, or access.toml, [[grants]] {grant}: set another "
                "permissions_boundary",
            ),
        ),
    ),
    Trouble(
        "session-policy-denies",
        "the session was limited when it began: its session policy does not allow it.",
        said(_named("sessions?")),
        f"{IAM_GUIDE}/access_policies.html#policies_session",
        (
            Cause(
                CALL,
                "the role was assumed with a session policy (--policy, --policy-arns, or assume with --only and "
                "--prefix)",
                "aws sts get-caller-identity --query Arn",
                "begin another session without it, or with a wider one: `python -m crossrole assume {grant} "
                "--profile {caller_profile}`",
            ),
        ),
    ),
    Trouble(
        "vpc-endpoint-denies",
        "the policy of the VPC endpoint that the request goes through denies it.",
        said(_named("VPC endpoint")),
        "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
        (
            Cause(
                NETWORK,
                "the endpoint's policy lists buckets, accounts or roles, and this is not among them",
                "aws ec2 describe-vpc-endpoints --query 'VpcEndpoints[].[VpcEndpointId,ServiceName,PolicyDocument]' "
                "--profile dev",
                "allow {action} on {resource} in the policy of the endpoint, in the account of the VPC (dev, mostly)",
            ),
        ),
    ),
    Trouble(
        "bucket-policy-denies",
        "the policy of the resource itself denies it, or does not allow it where it must.",
        said(_named("resource-based")),
        f"{S3_GUIDE}/troubleshoot-403-errors.html",
        (
            Cause(
                OWNER,
                "the bucket policy denies {action}: plain http, an old TLS version, another VPC, or a "
                "caller that it does not list",
                "aws s3api get-bucket-policy --bucket {bucket} --query Policy --output text --profile prod",
                "call over https, or remove {principal} from that Deny",
            ),
            Cause(
                OWNER,
                "the caller is of another account than the bucket, and came without the grant's role: then the bucket "
                "policy would have to allow it",
                "aws sts get-caller-identity --query Arn",
                "assume the grant's role first: `python -m crossrole assume {grant} --profile {caller_profile}`",
                if_allowed=(),
            ),
        ),
    ),
    Trouble(
        "own-policy-denies",
        "a statement of the caller's own policies explicitly denies it.",
        said(r"explicit deny in an? identity-based"),
        f"{_MESSAGES}#access-denied-identity-based-policy-examples",
        (
            Cause(
                PROD,
                "the session was begun before the role's sessions were revoked",
                f"aws iam get-role-policy --role-name {{principal_name}} --policy-name {REVOCATION_POLICY} "
                "--profile prod",
                "assume the role again: new sessions work",
            ),
            Cause(
                PROD,
                "the grant has expired, is disabled, or is called from an address that it does not list",
                "python -m crossrole can {principal} {action} {resource}",
                "access.toml, [[grants]] {grant}: a later expires, no disabled, or the address in source_ips",
            ),
            Cause(
                PROD,
                "another Deny, in {policy}",
                "aws iam list-attached-role-policies --role-name {principal_name} --profile prod",
                "change it there, together with the person who made it",
            ),
        ),
    ),
    Trouble(
        "no-grants-action",
        "the caller's own policies do not allow an action that is not about grants: grants are only for S3.",
        said(
            r"not authorized to perform:? (?!s3:|kms:|sts:)[a-z0-9-]{2,40}:\w{1,80}"
            r"(?!.{0,1300}(?:explicit deny|because no (?!identity)))"
        ),
        f"{_MESSAGES}#access-denied-identity-based-policy-examples",
        (
            Cause(
                CALL,
                "the wrong credentials are in use, such as those of a grant's caller instead of the deployer's",
                "aws sts get-caller-identity --query Arn",
                "call with a profile that may do it: --profile PROFILE",
            ),
            Cause(
                ACCOUNT,
                "{principal_name} may not {action} on {resource}; nothing in access.toml gives that",
                "aws iam simulate-principal-policy --policy-source-arn {principal} --action-names {action} "
                "--resource-arns {resource} --profile ADMINISTRATOR",
                "if it should be allowed, ask the administrators of that account to allow exactly that",
            ),
        ),
    ),
    Trouble(
        "own-policy-lacks",
        "no policy of the caller's own allows it.",
        said(r"because no identity-based polic(?:y|ies) allows?"),
        f"{_MESSAGES}#access-denied-identity-based-policy-examples",
        (
            Cause(
                PROD,
                "{principal_name} may not {action} on {resource}: another key, prefix, bucket or kind of access than "
                "the grant's",
                "python -m crossrole can {principal} {action} {resource}",
                "use a key under the grant's prefix, or access.toml, [[grants]] {grant}: widen access, prefix or "
                "bucket",
                if_allowed=(NOT_DEPLOYED,),
            ),
            NOT_THE_ROLE,
        ),
    ),
)
