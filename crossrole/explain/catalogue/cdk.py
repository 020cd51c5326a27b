"""Errors of cdk and CloudFormation."""

from crossrole.explain.catalogue.model import APP, CDK_GUIDE, DEV, HERE, PROD, Cause, Trouble, said

_CFN = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide"
_WHO = "aws sts get-caller-identity --query Account --output text --profile prod"
_EVENTS = (
    "aws cloudformation describe-stack-events --stack-name {stack} --query "
    "\"StackEvents[?contains(ResourceStatus,'FAILED')].[LogicalResourceId,ResourceStatusReason]\" "
    "--profile {stack_profile}"
)

TROUBLES = (
    Trouble(
        "not-bootstrapped",
        "the account is not bootstrapped for the CDK in this region.",
        said(
            r"Has the environment been bootstrapped",
            r"/cdk-bootstrap/\w{1,20}/version",
            r"This stack uses assets, so the toolkit stack must be deployed",
            r"Is account \d{12} bootstrapped",
            r"requires bootstrap stack version",
        ),
        f"{CDK_GUIDE}/bootstrapping-env.html",
        (
            Cause(
                PROD,
                "it was never bootstrapped, or in another region only, or too long ago",
                "aws ssm get-parameter --name /cdk-bootstrap/hnb659fds/version --region {region} --profile prod",
                "`cdk bootstrap aws://{account}/{region} --profile prod` (--profile dev for the dev account)",
            ),
            Cause(
                HERE,
                "the profile is of the other account: cdk asked there",
                _WHO,
                "prod for ProdAccessStack, dev for DevLambdaStack and DevCallersStack; do not bootstrap again",
            ),
        ),
    ),
    Trouble(
        "cdk-wrong-account",
        "the stack is for another account than the credentials.",
        said(r"Need to perform AWS calls for account"),
        f"{CDK_GUIDE}/configure-env.html",
        (
            Cause(
                HERE,
                "the profile is of the other account, or missing; or no stack was named, so cdk wants to deploy both",
                _WHO,
                "`cdk deploy ProdAccessStack --profile prod`; `cdk deploy DevLambdaStack --profile dev`",
            ),
            Cause(
                APP,
                "access.toml still has the example's account ids",
                "grep -n account access.toml",
                "access.toml, [prod] and [dev]: your account ids; then make synth",
            ),
        ),
    ),
    Trouble(
        "cdk-role-not-assumed",
        "cdk may not assume the role that bootstrapping made for it.",
        said(
            r"could not be used to assume '?arn:\S{1,200}role/cdk-",
            r"sts:AssumeRole on resource: arn:aws[\w-]{0,8}:iam::\d{12}:role/cdk-",
        ),
        f"{CDK_GUIDE}/bootstrapping-env.html",
        (
            Cause(
                HERE,
                "the profile is of another account than the stack's",
                _WHO,
                "--profile prod for ProdAccessStack, --profile dev for the others",
            ),
            Cause(
                PROD,
                "the user or role behind the profile may not sts:AssumeRole on cdk-*",
                "aws iam get-role --role-name {role_name} --query Role.AssumeRolePolicyDocument --profile prod",
                "let it assume arn:aws:iam::{account}:role/cdk-*, or deploy as an administrator",
            ),
        ),
    ),
    Trouble(
        "cross-environment",
        "one stack uses a resource of a stack in another account or region, which has no name yet at synth.",
        said(
            r"in a cross-environment fashion",
            r"Cross stack/region references are only supported",
            r"cannot (?:consume|reference) a cross(?: |-)(?:reference|region|account)",
        ),
        "https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.PhysicalName.html",
        (
            Cause(
                APP,
                "a construct was passed from one stack to another; between accounts only ARNs can be passed",
                "git diff -- stacks constructs app.py",
                "give the resource a name of its own (role_name, bucket_name), and pass the ARN that is made of it",
            ),
        ),
    ),
    Trouble(
        "export-in-use",
        "a stack would lose an output that another stack still imports: they deploy in the wrong order.",
        said(
            r"cannot be (?:deleted|updated) as it is in use by",
            r"Cannot (?:delete|update) export \S{1,300} as it is in use by",
            r"No export named \S{1,300} found",
        ),
        f"{_CFN}/using-cfn-stack-exports.html",
        (
            Cause(
                APP,
                "the importing stack was not deployed first, without the import",
                "aws cloudformation list-imports --export-name NAME --profile prod",
                "deploy the importing stack alone first: `cdk deploy STACK --exclusively`, then the other",
            ),
            Cause(
                APP,
                "the stacks of access.toml do not import from each other: someone added a reference",
                "grep -rn 'Fn::ImportValue' cdk.out/*.template.json",
                "pass the ARN in place of the construct",
            ),
        ),
    ),
    Trouble(
        "early-validation-failed",
        "CloudFormation checked the template before any change, and a resource of it can't be made.",
        said(r"EarlyValidation::", r"hook\(s\)/validation failed", r"(?:^|[❌:] {0,3})(?:early )?validation failed\b"),
        f"{_CFN}/validate-stack-deployments.html",
        (
            Cause(
                PROD,
                "a bucket or a role of that name exists already: made by hand, or kept when its stack was destroyed",
                "aws cloudformation describe-events --stack-name {stack} --filters FailedEvents=true "
                "--profile {stack_profile}",
                "a bucket: access.toml, [[buckets]]: create = false; a role: delete it, or import it with cdk import",
            ),
        ),
    ),
    Trouble(
        "stack-stuck",
        "the stack is in a state that a deploy can't change.",
        said(
            r"is in (?:the )?[\"']?(?:ROLLBACK_COMPLETE|ROLLBACK_FAILED|UPDATE_ROLLBACK_FAILED|REVIEW_IN_PROGRESS)",
            r"failed creation, it may need to be manually deleted",
            r"_IN_PROGRESS state and can ?not be updated",
        ),
        f"{_CFN}/troubleshooting.html",
        (
            Cause(
                PROD,
                "its first deploy failed: its resources are rolled back, but the stack's name is still used",
                _EVENTS,
                "fix what the first of these says, then `cdk destroy {stack} --profile {stack_profile}` and "
                "`cdk deploy {stack} --profile {stack_profile}`",
            ),
            Cause(
                PROD,
                "a rollback failed or another deploy is running",
                _EVENTS,
                "wait; then `cdk rollback {stack} --profile {stack_profile}`",
            ),
        ),
    ),
    Trouble(
        "no-such-stack",
        "the app makes no stack of that name.",
        said(r"No stacks? (?:match|found matching)", r"Stack with id \S{1,128} does not exist"),
        f"{CDK_GUIDE}/cli.html",
        (
            Cause(
                DEV,
                "DevCallersStack exists only where a grant names users or roles of dev, DevLambdaStack only with "
                "[writer]; or the stack is not deployed",
                "cdk list",
                "name one of these; an old one: `aws cloudformation delete-stack --stack-name STACK --profile dev`",
            ),
        ),
    ),
    Trouble(
        "cdk-too-old",
        "the cdk on the path is not the pinned version.",
        said(r"Cloud assembly schema version mismatch", r"Maximum schema version supported is"),
        f"{CDK_GUIDE}/versioning.html",
        (
            Cause(
                HERE,
                "a cdk that was installed for the whole machine is found first",
                "command -v cdk; cdk --version",
                "`make setup && . .venv/bin/activate`",
            ),
        ),
    ),
)
