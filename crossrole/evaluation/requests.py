"""The requests that one question is made of: assume the role, act as its session, use the bucket's key."""

from collections.abc import Iterator, Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from crossrole.engines.simulator import Context, Request
from crossrole.errors import CommandError, nearest
from crossrole.evaluation import context as contexts
from crossrole.evaluation.assumptions import Assumption, allowing, delegating, given_key
from crossrole.evaluation.context import PRINCIPAL_TAG
from crossrole.evaluation.question import Question
from crossrole.iam.actions import ASSUME, condition_keys, works_on_no_resource
from crossrole.iam.arn import account_of, is_role, name_of
from crossrole.iam.condition_keys import GLOBAL_KEYS
from crossrole.iam.partitions import dns_suffix
from crossrole.iam.policy import Policy
from crossrole.templates.inventory import Bucket, Inventory


@dataclass(frozen=True)
class Link:
    """One request of the chain, and what is assumed about it."""

    kind: str
    """`assume`, `act` or `key`."""
    step: str
    request: Request
    assumptions: tuple[Assumption, ...]
    elsewhere: tuple[str, ...] = ()
    """Policies of the principal that are outside the templates: they may allow what the templates do not."""

    @property
    def otherwise(self) -> Request:
        """The request as it stands where what is elsewhere allows it: what is denied then is denied for certain."""
        return otherwise(self.request)


def otherwise(request: Request) -> Request:
    """Return the request of someone who has one policy more, which allows it."""
    return replace(request, identity=(*request.identity, allowing(request.action, request.resource)))


def links_of(inventory: Inventory, question: Question) -> list[Link]:
    """Return the requests that all have to be allowed.

    Raises `CommandError` for a role whose trust policy is outside the templates, and for keys that no request carries.
    """
    links = list(_links(inventory, question))
    strangers = contexts.unused(question.given, [link.request.context for link in links])
    if strangers:
        asked = " or ".join(link.request.action for link in links)
        known = [key for link in links for key in [*GLOBAL_KEYS, *condition_keys(link.request.action)]]
        raise CommandError(
            f"--context {', '.join(strangers)}: no request of {asked} carries it{nearest(strangers[0], known)}"
        )
    return links


# What is certain of a request of any caller; all else is free, and becomes a condition of the answer.
CERTAIN = {
    "aws:PrincipalArn",
    "aws:PrincipalAccount",
    "aws:PrincipalType",
    "aws:ResourceAccount",
    "aws:username",
    "kms:ViaService",
    "kms:CallerAccount",
    "aws:ViaAWSService",
}


def free(link: Link, certain: AbstractSet[str] = CERTAIN) -> Request:
    """Return the link's request with nothing fixed in its context but what is certain."""
    context = {
        key: value for key, value in link.request.context.items() if key in certain or key.startswith(PRINCIPAL_TAG)
    }
    return replace(link.request, context=context, free=True)


def _links(inventory: Inventory, question: Question) -> Iterator[Link]:
    given: Context = question.given
    if question.via:
        yield _assume(inventory, question, question.caller, question.via.arn, contexts.of_the_caller(given))
        given = contexts.of_the_session(given)
    if question.action == ASSUME:
        yield _assume(inventory, question, question.actor, question.resource, given)
        return
    yield _act(inventory, question, given)
    bucket = inventory.bucket_of(question.resource)
    key = _key(question, bucket)
    if bucket and key and question.action in _KEY_ACTIONS:
        yield _use_key(inventory, question, bucket, key, contexts.of_the_service(given))


def _assume(inventory: Inventory, question: Question, caller: str, role: str, given: Context) -> Link:
    trust = inventory.resource_policies.get(role)
    if trust is None:
        raise CommandError(f"{role} is made by no template, so who may assume it can't be known")
    request, assumptions = _request(
        inventory, caller, ASSUME, role, account=account_of(role), given=given, now=question.now, resource_policy=trust
    )
    if any(_pins(statement.get("Principal"), caller) for statement in trust.statements):
        assumptions.append(Assumption(f"{name_of(caller)} was not deleted and made again since the deployment"))
    step = f"{name_of(caller)} assumes {name_of(role)}"
    return Link("assume", step, request, tuple(assumptions), _elsewhere(inventory, caller))


def _pins(principal: object, caller: str) -> bool:
    named = principal.get("AWS", []) if isinstance(principal, dict) else []
    return caller in ([named] if isinstance(named, str) else named)


def _act(inventory: Inventory, question: Question, given: Context) -> Link:
    resource, action, actor = question.resource, question.action, question.actor
    bucket = inventory.bucket_of(resource) if resource.startswith("arn:") else None
    policy = inventory.resource_policy(resource)
    assumptions: list[Assumption] = []
    if works_on_no_resource(action):
        owner = account_of(actor)
    elif action.startswith("s3:"):
        owner = bucket.account if bucket else _owner_of_other_buckets(inventory, question, given)
        if bucket is None:
            assumptions.append(
                Assumption(
                    f"the bucket {resource.split(':')[5].partition('/')[0]} is outside the templates: it is in "
                    f"{owner}, its policy denies nothing, and its key, if it has one, allows the session",
                    needed=True,
                )
            )
    else:
        owner = account_of(resource) or account_of(actor)
        if action.startswith("kms:") and policy is None:
            policy = delegating(inventory, resource)
            assumptions.append(given_key(resource))
    request, others = _request(
        inventory, actor, action, resource, account=owner, given=given, now=question.now, resource_policy=policy
    )
    who = f"a session of {name_of(actor)}" if is_role(actor) else name_of(actor)
    return Link("act", f"{who} does {action}", request, (*assumptions, *others), _elsewhere(inventory, actor))


def _owner_of_other_buckets(inventory: Inventory, question: Question, given: Context) -> str:
    stated = next((value for key, value in given.items() if key.lower() == "aws:resourceaccount"), None)
    if stated:
        return str(stated)
    # The account that grants are in is where their buckets are.
    grant_accounts = {grant.account for grant in inventory.grants}
    return next(iter(grant_accounts)) if len(grant_accounts) == 1 else account_of(question.actor)


_ENCRYPTION = "s3:x-amz-server-side-encryption"


def _key(question: Question, bucket: Bucket | None) -> str | None:
    """Return the key that S3 is to use: the bucket's, where the request asks for no other."""
    given = {key.lower(): str(value) for key, value in question.given.items()}
    named = given.get(f"{_ENCRYPTION}-aws-kms-key-id")
    if named or given.get(_ENCRYPTION, "aws:kms") == "aws:kms":
        return named or (bucket.key if bucket else None)
    return None


# What S3 asks of the bucket's key for a request of its own. A multipart upload must also read its parts' keys back.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
_KEY_ACTIONS = {
    "s3:PutObject": "kms:GenerateDataKey",
    "s3:GetObject": "kms:Decrypt",
    "s3:GetObjectVersion": "kms:Decrypt",
    "s3:GetObjectAttributes": "kms:Decrypt",
    "s3:GetObjectVersionAttributes": "kms:Decrypt",
    "s3:ListMultipartUploadParts": "kms:Decrypt",
}


def _use_key(inventory: Inventory, question: Question, bucket: Bucket, key: str, given: Context) -> Link:
    action = _KEY_ACTIONS[question.action]
    policy = inventory.resource_policy(key)
    assumptions = [] if policy else [given_key(key)]
    request, others = _request(
        inventory,
        question.actor,
        action,
        key,
        account=account_of(key),
        given=given,
        now=question.now,
        resource_policy=policy or delegating(inventory, key),
        defaults={
            "kms:ViaService": f"s3.{bucket.region}.{dns_suffix(bucket.region)}",
            "kms:CallerAccount": account_of(question.actor),
            "aws:ViaAWSService": "true",
        },
    )
    step = f"S3 does {action} for it with the bucket's key"
    return Link("key", step, request, (*assumptions, *others), _elsewhere(inventory, question.actor))


def _elsewhere(inventory: Inventory, principal: str) -> tuple[str, ...]:
    identity = inventory.identity(principal)
    return identity.elsewhere if identity else ()


def _request(
    inventory: Inventory,
    principal: str,
    action: str,
    resource: str,
    *,
    account: str,
    given: Context,
    now: datetime,
    resource_policy: Policy | None,
    defaults: Context | None = None,
) -> tuple[Request, list[Assumption]]:
    identity = inventory.identity(principal)
    assumptions = [
        Assumption(f"{what} is outside the templates: it does not deny {action}")
        for what in _elsewhere(inventory, principal)
    ]
    boundary_arn = identity.boundary_arn if identity else None
    if boundary_arn and identity and not identity.boundary:
        assumptions.append(
            Assumption(
                f"the permissions boundary {boundary_arn} is outside the templates: it allows {action}", needed=True
            )
        )
    if identity is None:
        named = inventory.named_principals()
        meant = "" if principal in named else nearest(name_of(principal), map(name_of, named))
        what = f"{principal} is outside the templates{meant}: its own policies allow {action} on {resource}"
        assumptions.append(Assumption(what, needed=True))
    tags = contexts.tag_keys(identity.tags if identity else {})
    context = contexts.context_of(
        principal, action, account=account, given=given, now=now, defaults={**tags, **(defaults or {})}
    )
    if resource == "*":
        del context["aws:ResourceAccount"]
    policies = [*(identity.policies if identity else ()), *([resource_policy] if resource_policy else [])]
    absent = sorted({key for policy in policies for key in _tested(policy)} - {key.lower() for key in context})
    if absent:
        assumptions.append(Assumption(f"the request of {action} carries no {', '.join(absent)}"))
    request = Request(
        principal=principal,
        action=action,
        resource=resource,
        account=account,
        context=context,
        identity=identity.policies if identity else (allowing(action, resource),),
        boundary=identity.boundary if identity else None,
        resource_policy=resource_policy,
    )
    return request, assumptions


def _tested(policy: Policy) -> set[str]:
    """Return the keys whose absence lets a Deny statement pass by; an Allow that misses one says so itself."""
    denies = [each for each in policy.statements if each["Effect"] == "Deny"]
    return {key.lower() for each in denies for keys in each.get("Condition", {}).values() for key in keys}
