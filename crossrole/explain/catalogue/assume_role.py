"""Assuming a role: the trust policy and the caller's own policy."""

from crossrole.explain.catalogue.model import CALL, DEV, IAM_GUIDE, ORGANIZATION, PROD, PUT_BACK, Cause, Trouble, said

_TRUST = "aws iam get-role --role-name {role_name} --query Role.AssumeRolePolicyDocument --profile prod"
_OWN = (
    "aws iam simulate-principal-policy --policy-source-arn {principal} --action-names {action} "
    "--resource-arns {role} --profile dev"
)

_TRUST_CHANGED = Cause(
    PROD,
    "the role's trust policy differs from cdk.out: ProdAccessStack was not deployed since the last change, or "
    "someone changed it by hand",
    "python -m crossrole doctor {grant} --profile {doctor_profile} --prod-profile prod",
    PUT_BACK,
)
_DISABLED_LIVE = Cause(
    PROD,
    "the grant was disabled with revoke --and-disable, or someone added a Deny by hand",
    _TRUST,
    "`python -m crossrole restore {grant} --profile prod`, after asking who revoked it",
)
_NOT_TRUSTED = Cause(
    PROD,
    "the role's trust policy does not allow this caller: the external ID or MFA code was not sent, the address is "
    "not listed, the account, name or path differs, or the grant is expired or disabled",
    "python -m crossrole can {principal} sts:AssumeRole {role}",
    "call with what the grant requires; if {principal} should have access: access.toml, [[grants]] {grant}: add "
    "it to principals (with the role's path), then `cdk deploy ProdAccessStack --profile prod`",
    if_allowed=(_TRUST_CHANGED,),
)
_NOT_ALLOWED = Cause(
    DEV,
    "the caller's own policy does not allow sts:AssumeRole on exactly this role, or requires an MFA code too",
    _OWN,
    "deploy the stack that gives it (DevLambdaStack, DevCallersStack), or attach to the caller the statement that "
    "`python -m crossrole policies {grant} --out DIR` writes",
    if_allowed=(
        Cause(
            DEV,
            "the caller's own policy is missing: {caller_stack} is not deployed, {principal} was made after it, "
            "or someone changed or detached the policy by hand",
            _OWN,
            "`cdk deploy {caller_stack} --profile dev`; where that says no changes, restore its policy: "
            "`python -m crossrole policies {grant} --out DIR`",
        ),
    ),
)
_NO_SUCH_ROLE = Cause(
    PROD,
    "the role does not exist: not deployed yet, deleted by hand, or the ARN has another account, name or path "
    "(STS gives the same answer)",
    "aws iam get-role --role-name {role_name} --query Role.Arn --profile prod",
    PUT_BACK,
)
_CONTROL_POLICY = Cause(
    ORGANIZATION,
    "a control policy of either account's organization denies sts:AssumeRole",
    "python -m crossrole doctor {grant} --profile {doctor_profile} --prod-profile prod",
    "ask the organization's administrators for an exception in the policy",
)

TROUBLES = (
    Trouble(
        "tag-session-denied",
        "the caller sends session tags, and one side does not allow sts:TagSession.",
        said(r"not authorized to perform:? sts:TagSession"),
        f"{IAM_GUIDE}/id_session-tags.html#id_session-tags_permissions-required",
        (
            Cause(
                CALL,
                "the tool adds session tags by itself, as aws-actions/configure-aws-credentials does, or a tag of "
                "the caller's own session is transitive",
                "aws sts assume-role --role-arn {role} --role-session-name test --profile {caller_profile}",
                "where that works, switch the tags off: role-skip-session-tagging: true in the GitHub action",
            ),
            Cause(
                PROD,
                "the trust policy allows only sts:AssumeRole: no grant of access.toml accepts tags",
                _TRUST,
                "leave the tags out; access.toml can't allow sts:TagSession",
            ),
        ),
    ),
    Trouble(
        "source-identity-denied",
        "the caller sends a source identity, and one side does not allow sts:SetSourceIdentity.",
        said(r"not authorized to perform:? sts:SetSourceIdentity"),
        f"{IAM_GUIDE}/id_credentials_temp_control-access_monitor.html",
        (
            Cause(
                PROD,
                "the trust policy does not let the caller set a source identity",
                _TRUST,
                "call without --source-identity; where the caller's own session has one, every role that it "
                "assumes must allow sts:SetSourceIdentity",
            ),
            Cause(
                DEV,
                "the caller's own policy does not allow sts:SetSourceIdentity on the role",
                _OWN,
                "allow sts:SetSourceIdentity beside sts:AssumeRole in the caller's policy",
            ),
        ),
    ),
    Trouble(
        "assume-role-not-in-own-policy",
        "the caller's own policies do not allow sts:AssumeRole on this role.",
        said(r"sts:AssumeRole\b.{0,1300}because no identity-based policy allows the sts:AssumeRole"),
        f"{IAM_GUIDE}/troubleshoot_access-denied.html",
        (_NOT_ALLOWED,),
    ),
    Trouble(
        "assume-role-not-trusted",
        "the role's trust policy does not allow this caller.",
        said(r"because no (?:role trust|resource-based) policy allows the sts:AssumeRole"),
        f"{IAM_GUIDE}/troubleshoot_roles.html",
        (_NOT_TRUSTED,),
    ),
    Trouble(
        "assume-role-trust-denies",
        "a statement of the role's trust policy explicitly denies this caller.",
        said(r"sts:AssumeRole\b.{0,1300}explicit deny in (?:a|the) (?:role trust|resource-based) policy"),
        f"{IAM_GUIDE}/troubleshoot_access-denied.html",
        (
            Cause(
                PROD,
                "the grant is disabled, or someone added a Deny by hand",
                _TRUST,
                "access.toml, [[grants]] {grant}: take out disabled = true, then deploy ProdAccessStack; "
                "after a revoke with --and-disable: `python -m crossrole restore {grant} --profile prod`",
                if_allowed=(_DISABLED_LIVE,),
            ),
        ),
    ),
    Trouble(
        "assume-role-denied",
        "STS denies the caller the role. The role's trust policy and the caller's own policy must both allow it.",
        said(
            r"not authorized to perform:? sts:AssumeRole(?!With)(?!.{0,1300}(?:explicit deny in|because no))",
            r"\(AccessDenied\) when calling the AssumeRole operation(?!.{0,1300}(?:explicit deny in|because no))",
            r"AssumeRole on arn:\S{1,600}: got AccessDenied \((?!.{0,1300}(?:explicit deny in|because no))",
        ),
        f"{IAM_GUIDE}/troubleshoot_roles.html",
        (
            _NOT_ALLOWED,
            _NOT_TRUSTED,
            _DISABLED_LIVE,
            _NO_SUCH_ROLE,
            _CONTROL_POLICY,
        ),
    ),
    Trouble(
        "web-identity-denied",
        "the role does not trust this identity provider or this subject of it.",
        said(r"Not authorized to perform:? sts:AssumeRoleWith(?:WebIdentity|SAML)"),
        f"{IAM_GUIDE}/id_roles_providers_create_oidc.html",
        (
            Cause(
                PROD,
                "the role's trust policy names another subject (repository, branch, environment, case of letters) or "
                "another audience, or the provider is not one of the role's account",
                "aws iam get-role --role-name ROLE --query Role.AssumeRolePolicyDocument --profile prod",
                "for a grant's role: the principal PROVIDER:SUBJECT in access.toml must be the token's sub exactly; "
                "`crossrole can PROVIDER:SUBJECT via GRANT s3:PutObject …` says what differs; for another role fix the "
                "conditions on :sub and :aud in its own account",
            ),
        ),
    ),
)
