"""Credentials that are missing, wrong, expired, or signed at the wrong time."""

from crossrole.explain.catalogue.model import CLI_GUIDE, DEV, HERE, IAM_GUIDE, S3_ERRORS, STS_API, Cause, Trouble, said

_WHO = "aws sts get-caller-identity --profile {profile}"
_LOGIN = "`aws sso login --profile {profile}`, or put new keys where the old ones came from"
_CLOCK = "date -u; curl -sI https://sts.amazonaws.com | grep -i ^date"
_SYNC = "`sudo timedatectl set-ntp true` (a virtual machine: resume it again); then call again"

TROUBLES = (
    Trouble(
        "clock-skew",
        "this machine's clock is wrong: AWS accepts a request only for some minutes.",
        said(
            r"RequestTimeTooSkewed",
            r"difference between the request time and the (?:current|server's) time is too large",
            r"Signature expired",
            r"Signature not yet current",
            r"RequestExpired",
        ),
        S3_ERRORS,
        (
            Cause(HERE, "the clock differs from AWS's by more than five minutes", _CLOCK, _SYNC),
            Cause(
                HERE,
                "a presigned URL or a prepared request was used after its time",
                "aws configure list --profile {profile}",
                "make it anew",
            ),
        ),
    ),
    Trouble(
        "expired-token",
        "the temporary credentials have expired.",
        said(
            r"ExpiredToken",
            r"security token included in the request is expired",
            r"provided token has expired",
            r"credentials .{0,60}have expired",
        ),
        f"{IAM_GUIDE}/troubleshoot_roles.html",
        (
            Cause(
                HERE,
                "the session has ended: credentials in the environment do not renew themselves",
                "env | grep -o '^AWS_[A-Z_]*'; aws sts get-caller-identity",
                "`unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN`, then use a profile, which renews "
                "them: `python -m crossrole profile {grant} --source-profile {caller_profile}`",
            ),
            Cause(HERE, "the Identity Center login behind the profile has ended", _WHO, _LOGIN),
            Cause(HERE, "this machine's clock is ahead", _CLOCK, _SYNC),
        ),
    ),
    Trouble(
        "sso-expired",
        "the Identity Center login of the profile has expired.",
        said(
            r"SSO session associated with this profile has expired",
            r"Error when retrieving token from sso",
            r"Error loading SSO Token",
            r"UnauthorizedSSOToken",
            r"The SSO session .{0,80}(?:expired|invalid)",
        ),
        f"{CLI_GUIDE}/cli-configure-sso.html",
        (
            Cause(
                HERE,
                "a login lasts only some hours",
                _WHO,
                "`aws sso login --profile {profile}`",
            ),
        ),
    ),
    Trouble(
        "invalid-client-token",
        "AWS does not know the access key that the request was signed with.",
        said(
            r"InvalidClientTokenId",
            r"UnrecognizedClient",
            r"security token included in the request is invalid",
            r"InvalidAccessKeyId",
            r"Access Key Id you provided does not exist",
            r"\bInvalidToken\b",
        ),
        f"{STS_API}/CommonErrors.html",
        (
            Cause(
                HERE,
                "a temporary key (ASIA…) without its session token, or with an old one: a variable was left over",
                "env | grep -o '^AWS_[A-Z_]*'; aws configure list --profile {profile}",
                "`unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN`, and call with --profile {profile}",
            ),
            Cause(
                DEV,
                "the access key is deleted or inactive",
                "aws iam list-access-keys --user-name {caller_name} --profile ADMINISTRATOR",
                "`aws configure --profile {profile}` with a key that is active",
            ),
            Cause(
                DEV,
                "the session's role was deleted, or made again under the same name",
                "aws sts get-caller-identity --profile {profile}",
                "assume the role again",
            ),
            Cause(
                HERE,
                "the region is opt-in and the token is of STS's global endpoint, or of another partition",
                "aws configure get sts_regional_endpoints --profile {profile}",
                "sts_regional_endpoints = regional in the profile, then assume the role again",
            ),
        ),
    ),
    Trouble(
        "signature-mismatch",
        "the request was not signed with the access key's secret, or was changed on its way.",
        said(r"SignatureDoesNotMatch", r"request signature we calculated does not match", r"IncompleteSignature"),
        f"{IAM_GUIDE}/reference_sigv-troubleshooting.html",
        (
            Cause(
                HERE,
                "the secret access key is cut off, has a space or a quote, or belongs to another access key",
                "aws configure list --profile {profile}",
                "`aws configure --profile {profile}`, key and secret from the same line",
            ),
            Cause(HERE, "this machine's clock is wrong", _CLOCK, _SYNC),
            Cause(
                HERE,
                "a proxy or an endpoint_url changes the signed request",
                "env | grep -i proxy; aws configure get endpoint_url --profile {profile}",
                "`unset HTTPS_PROXY HTTP_PROXY`, and take out endpoint_url",
            ),
        ),
    ),
    Trouble(
        "mfa-code-invalid",
        "the MFA code or its device was not accepted.",
        said(
            r"MultiFactorAuthentication failed",
            r"MFA one time pass code",
            r"tokenCode'? failed to satisfy constraint",
            r"Invalid length for parameter TokenCode",
            r"serialNumber'? failed to satisfy constraint",
        ),
        f"{IAM_GUIDE}/troubleshoot_mfa.html",
        (
            Cause(
                HERE,
                "the code was mistyped, or used already: each is valid once, for half a minute",
                "date -u",
                "wait for the next code and give that",
            ),
            Cause(
                DEV,
                "the serial number is not of this user's device",
                "aws iam list-mfa-devices --query 'MFADevices[].SerialNumber' --profile {caller_profile}",
                "mfa_serial = what that prints, in the profile: "
                "`python -m crossrole profile {grant} --source-profile {caller_profile}`",
            ),
            Cause(
                HERE,
                "the device's clock drifts",
                _CLOCK,
                "`aws iam resync-mfa-device --user-name {caller_name} --serial-number SERIAL "
                "--authentication-code1 CODE --authentication-code2 NEXT --profile ADMINISTRATOR`",
            ),
        ),
    ),
    Trouble(
        "partial-credentials",
        "half of an access key was found, and the AWS CLI does not look further.",
        said(r"Partial credentials found", r"PartialCredentialsError"),
        f"{CLI_GUIDE}/cli-configure-envvars.html",
        (
            Cause(
                HERE,
                "found in env: a variable was left over or not exported; variables go before every profile",
                "env | grep -o '^AWS_[A-Z_]*'",
                "`unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN`, and call with a profile; or export "
                "the one that is missing",
            ),
            Cause(
                HERE,
                "found in shared-credentials-file or config-file: the profile has one of the two lines only",
                "aws configure list --profile {profile}",
                "`aws configure --profile {profile}`, key and secret from the same line",
            ),
        ),
    ),
    Trouble(
        "no-credentials",
        "there are no credentials for the call.",
        said(
            r"Unable to locate credentials",
            r"NoCredentialsError",
            r"Unable to load credentials",
            r"Could not load credentials from any providers",
        ),
        f"{CLI_GUIDE}/cli-configure-files.html",
        (
            Cause(
                HERE,
                "no profile was named, and there is no profile of the name default",
                "aws configure list-profiles; aws configure list",
                "call with --profile dev (or prod), or `export AWS_PROFILE=dev`",
            ),
            Cause(
                HERE,
                "there is no profile yet",
                "cat ~/.aws/config",
                "`aws configure sso --profile dev`, or for keys `aws configure --profile dev`",
            ),
        ),
    ),
    Trouble(
        "no-profile",
        "there is no profile of that name.",
        said(r"config profile \(.{0,80}\) could not be found", r"ProfileNotFound", r"Could not find profile"),
        f"{CLI_GUIDE}/cli-configure-files.html",
        (
            Cause(
                HERE,
                "it is misspelt, is a source_profile that does not exist, or has no word profile in its heading in "
                "~/.aws/config",
                "aws configure list-profiles",
                "name one of these, or make it: `aws configure sso --profile {profile}`",
            ),
            Cause(
                HERE,
                "AWS_PROFILE, AWS_CONFIG_FILE or HOME point elsewhere, as under sudo and in cron",
                "env | grep -E '^(AWS_PROFILE|AWS_CONFIG_FILE|AWS_SHARED_CREDENTIALS_FILE|HOME)='",
                "`unset AWS_PROFILE`, or set HOME to your own",
            ),
        ),
    ),
)
