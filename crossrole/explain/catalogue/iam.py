"""Making roles and policies: what IAM rejects."""

from crossrole.explain.catalogue.model import APP, DEV, HERE, IAM_GUIDE, PROD, PUT_BACK, Cause, Trouble, said
from crossrole.iam.quotas import INLINE_POLICIES, MANAGED_POLICY, TRUST_POLICY, TRUST_POLICY_AT_MOST

_QUOTAS = f"{IAM_GUIDE}/reference_iam-quotas.html"

TROUBLES = (
    Trouble(
        "invalid-principal",
        "IAM saves a trust policy only if every user and role that it names exists.",
        said(r"Invalid principal in policy"),
        f"{IAM_GUIDE}/troubleshoot_roles.html",
        (
            Cause(
                DEV,
                "a pinned user or role does not exist yet, was deleted, or has another path or account",
                "aws iam get-role --role-name {caller_name} --query Role.Arn --profile dev",
                "make it first (deploy DevLambdaStack or DevCallersStack), then ProdAccessStack",
            ),
            Cause(
                APP,
                "the grant has pin = true, which is what makes the order matter",
                "grep -n pin access.toml",
                "access.toml, [[grants]] {grant}: take out pin = true; the stacks then deploy in any order",
            ),
            Cause(
                PROD,
                "a policy of your bucket or key still names a principal that was deleted",
                "aws s3api get-bucket-policy --bucket {bucket} --query Policy --output text --profile prod",
                "replace the unique id or the ARN in it by one that exists",
            ),
        ),
    ),
    Trouble(
        "stale-unique-id",
        "a policy shows a unique id in place of an ARN: the user or role that it trusted was deleted.",
        said(
            r"\"(?:AWS|aws)\": ?\[?\s?(?:\"[^\"]{1,200}\", ?){0,40}\"A(?:RO|ID)A[A-Z0-9]{12,32}\"",
            r"trust(?:ed|s)? .{0,80}\bA(?:RO|ID)A[A-Z0-9]{12,32}\b",
        ),
        f"{IAM_GUIDE}/reference_policies_elements_principal.html",
        (
            Cause(
                PROD,
                "{unique_id} is the id of a principal that no longer exists; a principal that was created again "
                "under the same name has another id and is not trusted",
                "python -m crossrole doctor {grant} --profile {doctor_profile} --prod-profile prod",
                "`python -m crossrole policies {grant} --out DIR` writes the trust policy anew and prints the "
                "update-assume-role-policy that puts it there",
            ),
            Cause(
                APP,
                "the grant has pin = true: this happens whenever the principal is deleted and made again",
                "grep -n pin access.toml",
                "access.toml, [[grants]] {grant}: take out pin = true, if a principal of the same name may come back",
            ),
        ),
    ),
    Trouble(
        "trust-policy-too-long",
        f"the trust policy has more than the {TRUST_POLICY:,} characters that a role may have.",
        said(r"ACLSizePerRole"),
        _QUOTAS,
        (
            Cause(
                APP,
                "too many principals, or long ones, in one grant",
                "aws iam get-role --role-name {role_name} --query Role.AssumeRolePolicyDocument --profile prod",
                "access.toml: split the grant into two, or name an account or an organization in place of many roles",
            ),
            Cause(
                PROD,
                f"the quota is the default one; it can be raised to {TRUST_POLICY_AT_MOST:,}",
                "aws service-quotas get-service-quota --service-code iam --quota-code L-C07B4B0D "
                "--region us-east-1 --profile prod",
                "`aws service-quotas request-service-quota-increase --service-code iam --quota-code L-C07B4B0D "
                f"--desired-value {TRUST_POLICY_AT_MOST} --region us-east-1 --profile prod`",
            ),
        ),
    ),
    Trouble(
        "policy-too-long",
        "a policy, or all inline policies of a role together, are longer than IAM saves.",
        said(r"Maximum policy size of \d{1,7} bytes exceeded", r"Cannot exceed (?:the )?quota for PolicySize"),
        _QUOTAS,
        (
            Cause(
                APP,
                f"too many buckets, prefixes or actions for one role ({INLINE_POLICIES:,} characters inline, "
                f"{MANAGED_POLICY:,} in one managed policy)",
                "python -m crossrole policies {grant} --out DIR",
                "access.toml: split the grant into two roles, or use a shorter prefix for many",
            ),
            Cause(
                PROD,
                "someone added inline policies to the role by hand",
                "aws iam list-role-policies --role-name {role_name} --profile prod",
                "`aws iam delete-role-policy --role-name {role_name} --policy-name NAME --profile prod`, for those "
                "that no template has",
            ),
        ),
    ),
    Trouble(
        "malformed-policy",
        "IAM or S3 does not understand the policy document.",
        said(r"MalformedPolicyDocument", r"\bMalformedPolicy\b", r"This policy contains invalid Json"),
        f"{IAM_GUIDE}/troubleshoot_policies.html",
        (
            Cause(
                APP,
                "the document was typed or pasted by hand: a comma, a quote of a word processor, a Resource in a trust "
                "policy, a date as Version, an action that does not exist",
                "aws accessanalyzer validate-policy --policy-type RESOURCE_POLICY --policy-document file://FILE "
                "--profile prod",
                "`python -m crossrole policies {grant} --out DIR` writes the file: give it as file://FILE",
            ),
            Cause(
                APP,
                "the file's name was given without file://, so the name was read as the document",
                "head -c 80 FILE",
                "write --policy-document file://FILE, with both slashes",
            ),
        ),
    ),
    Trouble(
        "already-exists",
        "the deploy would make something whose name is already taken.",
        said(
            r"EntityAlreadyExists",
            r"BucketAlreadyExists",
            r"BucketAlreadyOwnedByYou",
            r"\b(?:Role|User|Policy|Bucket|Queue|Function)\b.{0,200} already exists",
            r"[\w-]{1,255} already exists in stack arn:",
            r"\balready exists \(Service: \w{1,30}, Status Code",
            r"Resource of type '[\w:]{1,80}' with identifier '[^']{1,300}' already exists",
        ),
        f"{IAM_GUIDE}/troubleshoot.html",
        (
            Cause(
                PROD,
                "it was made by hand, or stayed when its stack was destroyed (buckets and keys always stay)",
                "aws cloudformation describe-stack-resources --physical-resource-id NAME --profile prod",
                "a bucket: access.toml, [[buckets]]: create = false; a role: delete it, or import it with cdk import",
            ),
            Cause(
                PROD,
                "bucket names are worldwide: someone else has this one",
                "aws s3api head-bucket --bucket {bucket} --expected-bucket-owner {account} --profile prod",
                "access.toml: choose another name, such as one that ends in the account's id",
            ),
        ),
    ),
    Trouble(
        "limit-exceeded",
        "a quota of the account is used up.",
        said(r"LimitExceeded", r"Cannot exceed (?:the )?quota for \w{1,60}", r"ServiceQuotaExceeded"),
        _QUOTAS,
        (
            Cause(
                PROD,
                "more roles, policies of a role or versions of a policy than the account may have",
                "aws iam get-account-summary --profile prod",
                "delete what is not used, or ask for more in the Service Quotas console",
            ),
        ),
    ),
    Trouble(
        "no-such-user",
        "the account has no user of that name: crossrole does not make users, it only gives them a policy.",
        said(r"The user with name \S{1,128} cannot be found"),
        f"{IAM_GUIDE}/troubleshoot.html",
        (
            Cause(
                DEV,
                "the user {user} is among a grant's principals, but was not made yet, was deleted, or is misspelt",
                "aws iam get-user --user-name {user} --profile dev",
                "fix the name in access.toml, or make the user first: `aws iam create-user --user-name {user} "
                "--profile dev`, then `cdk deploy DevCallersStack --profile dev`",
            ),
            Cause(
                HERE,
                "the profile is of another account than the user",
                "aws sts get-caller-identity --query Account --output text --profile dev",
                "name a profile of the account that access.toml has under [dev]",
            ),
        ),
    ),
    Trouble(
        "no-such-entity",
        "there is no role, user or policy of that name in the account that was asked.",
        said(r"NoSuchEntity", r"The (?:role|user|policy) with name \S{1,128} cannot be found"),
        f"{IAM_GUIDE}/troubleshoot.html",
        (
            Cause(
                PROD,
                "the stack is not deployed, what it made was deleted, or the profile is of another account",
                "aws sts get-caller-identity --query Account --output text --profile prod",
                "name the profile of the account that access.toml names. " + PUT_BACK,
            ),
        ),
    ),
)
