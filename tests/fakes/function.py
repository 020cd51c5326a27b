"""The environment of the function in tests and measurements, as Lambda and the stack set it; none of it is real."""

import os
from dataclasses import dataclass

FUNCTION_ENVIRONMENT = {
    "ROLE_ARN": "arn:aws:iam::222222222222:role/DevAccountAccessS3Role",
    "DURATION_SECONDS": "900",
    "BUCKET": "reports-222222222222",
    "BUCKET_OWNER": "222222222222",
    "BUCKET_REGION": "eu-west-1",
    "PREFIX": "dev/",
    "AWS_REGION": "eu-west-1",
    "AWS_LAMBDA_FUNCTION_NAME": "writer",
    "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/23/[$LATEST]0123456789abcdef0123456789abcdef",
    "AWS_ACCESS_KEY_ID": "ASIAFUNCTION",
    "AWS_SECRET_ACCESS_KEY": "function-secret",
    "AWS_SESSION_TOKEN": "function-token",
    # Keep the machine's own configuration out.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True)
class Context:
    """What the handler needs of Lambda's context object."""

    aws_request_id: str
    remaining: int

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until Lambda would end the invocation."""
        return self.remaining
