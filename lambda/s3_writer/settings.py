"""The function's environment variables, read into one typed object."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from s3_writer.errors import Misconfigured
from s3_writer.keys import key_fault

# STS: at least 15 minutes; and a role that assumes a role (as a function's does) gets at most one hour.
_SHORTEST, _LONGEST = 900, 3600


def _like(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: compiled.fullmatch(value) is not None


def _is_duration(value: str) -> bool:
    return _like("[0-9]{1,9}")(value) and _SHORTEST <= int(value) <= _LONGEST


def _is_prefix(value: str) -> bool:
    return value == "" or (value.endswith("/") and key_fault(value[:-1]) is None)


_REGION = (_like(r"[a-z]{2,}(-[a-z]+)+-[0-9]+"), "a region such as eu-west-1")

_REQUIRED: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "ROLE_ARN": (_like(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+"), "the ARN of a role"),
    "DURATION_SECONDS": (_is_duration, f"{_SHORTEST} to {_LONGEST}"),
    "BUCKET": (_like("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"), "the name of a bucket"),
    "BUCKET_OWNER": (_like("[0-9]{12}"), "an account ID of 12 digits"),
    "BUCKET_REGION": _REGION,
    "PREFIX": (_is_prefix, "'', or path segments that end in '/'"),
    "AWS_REGION": _REGION,
    "AWS_LAMBDA_FUNCTION_NAME": (_like(r"[\w-]+"), "the name of a function"),
}
_is_external_id = _like(r"[\w+=,.@:/-]{2,1224}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the stack tells the function; `region` is the function's own, `duration` is in seconds."""

    role_arn: str
    duration: int
    external_id: str | None = field(repr=False)
    bucket: str
    bucket_owner: str
    bucket_region: str
    prefix: str
    region: str
    function_name: str
    log_stream: str

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings from `environ`.

        Raises `Misconfigured`, naming every variable that is missing or garbled, so that one look is enough.
        """
        missing = [name for name in _REQUIRED if name not in environ]
        faults = [f"got no {', '.join(missing)}, expected it set"] if missing else []
        faults += [
            f"{name}: got {environ[name]!r}, expected {expected}"
            for name, (is_sound, expected) in _REQUIRED.items()
            if name in environ and not is_sound(environ[name])
        ]
        external_id = environ.get("EXTERNAL_ID")
        if external_id is not None and not _is_external_id(external_id):
            # Without its value: AWS calls an external ID no secret, but a log has no use for it.
            faults.append(f"EXTERNAL_ID: got {len(external_id)} characters, expected 2 to 1224 STS allows")
        if faults:
            raise Misconfigured(faults)
        return cls(
            role_arn=environ["ROLE_ARN"],
            duration=int(environ["DURATION_SECONDS"]),
            external_id=external_id,
            bucket=environ["BUCKET"],
            bucket_owner=environ["BUCKET_OWNER"],
            bucket_region=environ["BUCKET_REGION"],
            prefix=environ["PREFIX"],
            region=environ["AWS_REGION"],
            function_name=environ["AWS_LAMBDA_FUNCTION_NAME"],
            log_stream=environ.get("AWS_LAMBDA_LOG_STREAM_NAME", ""),
        )
