"""The role session name: what CloudTrail in the production account shows as the caller."""

import functools
import re
import uuid

from s3_writer.log import log

_MAX_NAME = 64  # STS: 2 to 64 of [\w+=,.@-]
# A log stream is "2026/11/23/[$LATEST]<32 hex digits>" in the function's default log group; in a group of its own
# the function's name comes before, and the id may stand in brackets too. One per execution environment.
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
_INSTANCE = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?=\]?\Z)")


@functools.cache  # so that a made-up id, too, stays the same for the life of the execution environment
def role_session_name(function_name: str, log_stream: str) -> str:
    """Return `<function name>@<id of the execution environment>`, the name cut to fit.

    Found in CloudTrail, it leads to the log stream of the very instance that wrote. Where the log stream has
    no such id, a fresh one is made and logged.
    """
    found = _INSTANCE.search(log_stream)
    instance = found[0] if found else uuid.uuid4().hex
    name = f"{function_name[: _MAX_NAME - len(instance) - 1]}@{instance}"
    if not found:
        log("INFO", "the log stream's name has no id of the instance, made one", roleSessionName=name)
    return name
