"""Each principal of dev that a grant names has both halves in the templates: the trust, and a policy of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st

from crossrole.engines.simulator import Simulator
from crossrole.evaluation.can import ask_all
from crossrole.evaluation.question import question_of
from crossrole.templates.assembly import read_assembly
from crossrole.templates.inventory import Inventory
from crossrole.templates.reader import read_inventory
from tests.crossrole.evaluation.table import DEV, PARTNER, PROD, role, user
from tests.examples import examples
from tests.synthesis import synthesize

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)

WRITER = "app/Writer"
WRITER_ROLE = role(WRITER)
# A name stands once in an account, whatever its path.
DEV_USERS = [user("alice"), user("team/bob"), user("team/deep/carol"), user("dan-1.x@y")]
ELSEWHERE = [role("ci/Deployer"), role("App", PARTNER), user("erin", PARTNER), DEV, PARTNER]

ADDRESSES = {"203.0.113.0/24": "203.0.113.9", "198.51.100.7": "198.51.100.7", "2001:db8::/32": "2001:db8::9"}
OUTSIDE = "192.0.2.1"
ORGANIZATION = "o-a1b2c3d4e5"

conditions = st.fixed_dictionaries(
    {},
    optional={
        "external_id": st.from_regex(r"[A-Za-z0-9_+=,.@:/-]{2,30}", fullmatch=True),
        "organization": st.just(ORGANIZATION),
        "expires": st.datetimes(datetime(2027, 1, 1), datetime(2099, 12, 31), timezones=st.just(UTC)).map(  # noqa: DTZ001
            lambda moment: moment.replace(microsecond=0)
        ),
        "source_ips": st.lists(st.sampled_from(list(ADDRESSES)), min_size=1, max_size=3, unique=True),
        "path": st.sampled_from(["/", "/crossrole/", "/a/b/"]),
    },
)


@st.composite
def grants(draw: st.DrawFn, name: str, *, of_writer: bool = False) -> dict[str, Any]:
    """Return a grant; the function's grant lists its role or its whole account."""
    others = draw(st.lists(st.sampled_from([*DEV_USERS, WRITER_ROLE, *ELSEWHERE]), min_size=1, max_size=4, unique=True))
    if of_writer:
        others = list(dict.fromkeys([draw(st.sampled_from([WRITER_ROLE, DEV])), *others]))
    grant = {"name": name, "principals": others, "bucket": "reports", "access": ["write"], **draw(conditions)}
    if any(principal.startswith("arn:") for principal in others):
        grant["pin"] = draw(st.booleans())
    # For people only, as the file's rules have it.
    if not of_writer and all(":user/" in principal for principal in others):
        grant |= draw(st.fixed_dictionaries({}, optional={"mfa_max_age": st.integers(60, 129600)}))
    return grant


@st.composite
def files(draw: st.DrawFn) -> dict[str, Any]:
    """Return an access.toml that is accepted; any of its grants may list the function's role."""
    names = ["One", "Two", "Three", "Four"][: draw(st.integers(1, 4))]
    file: dict[str, Any] = {
        "prod": {"account": PROD, "region": "eu-west-1"},
        "dev": {"account": DEV, "region": "eu-central-1"},
        "grants": [draw(grants(name)) for name in names],
    }
    if draw(st.booleans()):
        of_writer = draw(grants("OfWriter", of_writer=True))
        file["grants"].append(of_writer)
        file["writer"] = {"grant": "OfWriter", "role": WRITER}
    return file


def role_of(grant: dict[str, Any]) -> str:
    """Return the ARN of the role that a grant becomes."""
    return role(f"{grant.get('path', '/')}{grant['name']}".removeprefix("/"), PROD)


def meeting(grant: dict[str, Any]) -> dict[str, str]:
    """Return the context that meets all of a grant's conditions, the bounds themselves where they have some."""
    context = {}
    if "external_id" in grant:
        context["sts:ExternalId"] = grant["external_id"]
    if "mfa_max_age" in grant:
        context |= {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": str(grant["mfa_max_age"])}
    if "organization" in grant:
        context["aws:PrincipalOrgID"] = grant["organization"]
    if "source_ips" in grant:
        context["aws:SourceIp"] = ADDRESSES[grant["source_ips"][-1]]
    return context


def failing(grant: dict[str, Any]) -> Iterator[dict[str, str]]:
    """Yield every context that leaves out one of the conditions, or just misses it."""
    right = meeting(grant)
    for key in right:
        yield {each: value for each, value in right.items() if each != key}
    if "external_id" in grant:
        yield {**right, "sts:ExternalId": f"{grant['external_id']}x"}
    if "mfa_max_age" in grant:
        yield {**right, "aws:MultiFactorAuthAge": str(grant["mfa_max_age"] + 1)}
        yield {**right, "aws:MultiFactorAuthPresent": "false"}
    if "organization" in grant:
        yield {**right, "aws:PrincipalOrgID": "o-zzzzzzzzzz"}
    if "source_ips" in grant:
        yield {**right, "aws:SourceIp": OUTSIDE}
    if "expires" in grant:
        yield {**right, "aws:CurrentTime": grant["expires"].strftime("%Y-%m-%dT%H:%M:%SZ")}


@dataclass(frozen=True)
class Attempt:
    """Someone tries to assume a grant's role."""

    caller: str
    target: str
    context: dict[str, str]


def let_through(inventory: Inventory, simulator: Simulator, attempts: list[Attempt]) -> list[Attempt]:
    """Return the attempts that both the trust in production and the caller's own policy allow."""
    questions = [
        question_of(
            inventory,
            caller=each.caller,
            via=None,
            action="sts:AssumeRole",
            resource=each.target,
            given=each.context,
            now=NOW,
        )
        for each in attempts
    ]
    answers = ask_all(inventory, simulator, questions)
    return [attempt for attempt, answer in zip(attempts, answers, strict=True) if answer.links[0].allowed]


def templated(file: dict[str, Any]) -> list[str]:
    """Return the principals that need a policy from the templates: dev's named users, and the function's role."""
    named = {principal for grant in file["grants"] for principal in grant["principals"]}
    return [*(each for each in DEV_USERS if each in named), *([WRITER_ROLE] if "writer" in file else [])]


def reaches(caller: str, grant: dict[str, Any], file: dict[str, Any]) -> bool:
    """Return whether the templates must let the caller in: by his ARN, or the function into its own grant."""
    own = caller == WRITER_ROLE and file["writer"]["grant"] == grant["name"]
    return own or caller in grant["principals"]


@settings(max_examples=examples(8, ci=20), deadline=None, suppress_health_check=list(HealthCheck))
@given(files())
def test_both_halves_meet(simulator: Simulator, file: dict[str, Any]) -> None:
    """Who is named and has policies in the templates may assume the role, under its conditions; nobody else may."""
    with TemporaryDirectory() as directory:
        inventory = read_inventory(read_assembly(synthesize(file, Path(directory)).directory))
    callers = templated(file)
    pairs = [(caller, grant, reaches(caller, grant, file)) for caller in callers for grant in file["grants"]]
    roles = [role_of(grant) for grant in file["grants"]]
    let_in = [Attempt(caller, role_of(grant), meeting(grant)) for caller, grant, named in pairs if named]
    kept_out = [
        *(
            Attempt(caller, role_of(grant), wrong)
            for caller, grant, named in pairs
            if named
            for wrong in failing(grant)
        ),
        *(Attempt(caller, role_of(grant), meeting(grant)) for caller, grant, named in pairs if not named),
        *(Attempt(held, role_of(grant), meeting(grant)) for held in roles for grant in file["grants"]),
    ]

    assert [] == [caller for caller in [*callers, *roles] if inventory.identity(caller) is None]
    assert let_in == let_through(inventory, simulator, let_in)
    assert [] == let_through(inventory, simulator, kept_out)
