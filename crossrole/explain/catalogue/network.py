"""Requests that do not reach AWS, or come too often."""

from crossrole.explain.catalogue.model import (
    AWS,
    CALL,
    CLI_GUIDE,
    DEV,
    HERE,
    NETWORK,
    S3_ERRORS,
    STS_API,
    Cause,
    Trouble,
    said,
)

_VPC = "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html"

TROUBLES = (
    Trouble(
        "tls-not-trusted",
        "this machine does not trust the server's certificate.",
        said(
            r"CERTIFICATE_VERIFY_FAILED",
            r"certificate verify failed",
            r"SSL validation failed",
            r"self[- ]signed certificate in certificate chain",
            r"unable to get local issuer certificate",
        ),
        f"{CLI_GUIDE}/cli-configure-options.html",
        (
            Cause(
                NETWORK,
                "a proxy opens the connection and shows a certificate of its own",
                "curl -v https://sts.amazonaws.com 2>&1 | grep -i issuer",
                "ca_bundle = the proxy's certificate, in the profile (NODE_EXTRA_CA_CERTS for cdk); never "
                "--no-verify-ssl: it shows your requests to anyone in between",
            ),
            Cause(
                HERE,
                "AWS_CA_BUNDLE names another bundle, such as that of the local accounts",
                "env | grep -E '^(AWS_CA_BUNDLE|REQUESTS_CA_BUNDLE|SSL_CERT_FILE)='",
                "`unset AWS_CA_BUNDLE REQUESTS_CA_BUNDLE SSL_CERT_FILE`",
            ),
        ),
    ),
    Trouble(
        "throttled",
        "AWS asks for fewer requests.",
        said(
            r"\bThrottling(?:Exception)?\b",
            r"Rate exceeded",
            r"TooManyRequests",
            r"RequestLimitExceeded",
            r"\bSlowDown\b",
            r"reduce your request rate",
        ),
        f"{STS_API}/CommonErrors.html",
        (
            Cause(
                CALL,
                "a session is begun for each request, where one could be kept until it expires",
                "aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=AssumeRole "
                "--max-results 20 --profile prod",
                "keep the session (the function does); retry with AWS_RETRY_MODE=adaptive",
            ),
            Cause(
                CALL,
                "many writes under one prefix of the bucket",
                "aws configure get retry_mode --profile {profile}",
                "spread the keys over more prefixes, and retry later",
            ),
        ),
    ),
    Trouble(
        "no-connection",
        "the request did not reach AWS, or no answer came back.",
        said(
            r"Could not connect to the endpoint URL",
            r"Connect timeout on endpoint URL",
            r"Read timeout on endpoint URL",
            r"Failed to connect to proxy URL",
            r"Connection was closed before we received a valid response",
            r"EndpointConnectionError|ConnectTimeoutError|ReadTimeoutError|ProxyConnectionError|ConnectionClosedError",
            r"getaddrinfo (?:ENOTFOUND|EAI_AGAIN)",
            r"Could not resolve host",
        ),
        _VPC,
        (
            Cause(
                HERE,
                "the region in the URL does not exist or is misspelt, or endpoint_url points elsewhere",
                "aws configure get region --profile {profile}; env | grep -E '^AWS_(REGION|DEFAULT_REGION|ENDPOINT)'",
                "`aws configure set region {region} --profile {profile}`, and take out endpoint_url",
            ),
            Cause(
                NETWORK,
                "no connection: no network, a proxy that is not set, or a firewall",
                "curl -sSI https://sts.amazonaws.com",
                "fix the network, or `export HTTPS_PROXY=http://HOST:PORT`",
            ),
            Cause(
                DEV,
                "a function in a VPC without a NAT gateway or endpoints",
                "aws lambda get-function-configuration --function-name FUNCTION --query VpcConfig --profile dev",
                "a gateway endpoint for S3 and an interface endpoint for STS, whose policies allow this, or a NAT "
                "gateway",
            ),
        ),
    ),
    Trouble(
        "no-region",
        "no region is set.",
        said(r"You must specify a region", r"NoRegionError", r"doesn't match a supported format"),
        f"{CLI_GUIDE}/cli-configure-options.html",
        (
            Cause(
                HERE,
                "the profile has none",
                "aws configure list --profile {profile}",
                "`aws configure set region {region} --profile {profile}`",
            ),
        ),
    ),
    Trouble(
        "aws-failed",
        "AWS failed on its own side.",
        said(
            r"\bInternalError\b",
            r"InternalFailure",
            r"ServiceUnavailable",
            r"We encountered an internal error",
            r"\((?:500|502|503|504)\) when calling",
        ),
        S3_ERRORS,
        (
            Cause(
                AWS,
                "a passing failure",
                "aws sts get-caller-identity --profile {profile}",
                "call again in a minute; where it stays, look at https://docs.aws.amazon.com/health/",
            ),
        ),
    ),
)
