"""The requests that one question is made of: assume the role, act as its session, use the bucket's key."""

from collections.abc import Iterator, Mapping, Set as AbstractSet
from dataclasses import dataclass, replace
from urllib.parse import unquote

from crossrole.engines.simulator import Context, Request
from crossrole.errors import CommandError, nearest
from crossrole.evaluation import context as contexts
from crossrole.evaluation.asked import Asked, elsewhere
from crossrole.evaluation.assumptions import (
    Assumption,
    allowing,
    delegating,
    for_s3_in_its_account,
    given_key,
    letting_in,
)
from crossrole.evaluation.bounds import bounds_of
from crossrole.evaluation.context import PRINCIPAL_TAG, resource_tag_keys
from crossrole.evaluation.question import Question
from crossrole.iam.actions import ASSUME, condition_keys, details, has_resource_policies, works_on_no_resource
from crossrole.iam.arn import account_of, bucket_arn, is_role, name_of, partition_of
from crossrole.iam.condition_keys import GLOBAL_KEYS
from crossrole.iam.partitions import dns_suffix
from crossrole.iam.policy import VERSION, Policy
from crossrole.iam.request_keys import OF_ACCESS_POINTS
from crossrole.templates.identity_providers import IdentityProvider
from crossrole.templates.inventory import OWNS_ALL, Bucket, Inventory
from crossrole.templates.resource_types import key_of_aws
from crossrole.unknown import has_unknowns, is_unknown, worded


@dataclass(frozen=True)
class Link:
    """One request of the chain, and what is assumed about it."""

    kind: str
    """`assume`, `act`, `also` (what S3 asks beside the action) or `key`."""
    step: str
    request: Request
    assumptions: tuple[Assumption, ...]
    elsewhere: tuple[str, ...] = ()
    """Policies of the principal that are outside the templates: they may allow what the templates do not."""
    depends: tuple[str, ...] = ()
    """What is not known and may decide the request, whatever its policies say."""
    may_allow: tuple[str, ...] = ()
    """What is not evaluated, and may allow the request where its policies do not."""
    foreign: tuple[str, ...] = ()
    """The resource's policy, where it is in another account and outside the templates: it has to allow the request."""

    @property
    def outside(self) -> tuple[str, ...]:
        """The policies outside the templates that may allow what the templates do not."""
        return (*self.elsewhere, *self.foreign)

    @property
    def with_a_token(self) -> bool:
        """Whether the caller brings a token in place of credentials, so that no policy of its own is asked."""
        return "-provider/" in self.request.principal

    @property
    def otherwise(self) -> Request:
        """The request as it stands where what is outside allows it: what is denied then is denied for certain."""
        return self.otherwise_of(self.request)

    def otherwise_of(self, request: Request) -> Request:
        """Return a request where what is outside the templates allows it."""
        action, resource = request.action, request.resource
        own = (allowing(action, resource),) if self.elsewhere else ()
        policy = letting_in(request.principal, action, resource) if self.foreign else request.resource_policy
        return replace(request, identity=(*request.identity, *own), resource_policy=policy)


def links_of(inventory: Inventory, question: Question) -> list[Link]:
    """Return the requests that all have to be allowed.

    Raises `CommandError` for a role whose trust policy is outside the templates, and for keys that no request carries.
    """
    links = list(_links(inventory, question))
    strangers = contexts.unused(question.given, [link.request.context for link in links])
    if strangers:
        asked = " or ".join(link.request.action for link in links)
        known = [key for link in links for key in [*GLOBAL_KEYS, *condition_keys(link.request.action)]]
        known = [key for key in known if key.lower() != strangers[0].lower()]
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
    "s3:ResourceAccount",
    "aws:username",
    "kms:ViaService",
    "kms:CallerAccount",
    "aws:ViaAWSService",
}


def free(link: Link, certain: AbstractSet[str] = CERTAIN) -> Request:
    """Return the link's request with nothing fixed in its context but what is certain.

    What the templates do not say is taken as it gives the most access: what is denied then is denied for certain.
    """
    most = bounds_of(replace(link.request, free=True)).most
    context = {key: value for key, value in most.context.items() if key in certain or key.startswith(PRINCIPAL_TAG)}
    if context.get("aws:ViaAWSService") == "false":
        # A caller may have a service ask for it.
        del context["aws:ViaAWSService"]
    return replace(most, context=context)


def _links(inventory: Inventory, question: Question) -> Iterator[Link]:
    given: Context = question.given
    session = question.session
    if question.via:
        yield from _assume_and_say(
            inventory, question, question.caller, question.via.arn, contexts.of_the_caller(given)
        )
        same = account_of(question.caller) == question.via.account
        session = _text(contexts.of_the_caller(given), "sts:rolesessionname")
        given = contexts.of_the_session(given, same_account=same)
    if question.action == ASSUME or (question.token and not question.via):
        yield from _assume_and_say(inventory, question, question.actor, question.resource, given, session=session)
        return
    yield _act(inventory, question, given, session)
    if ":accesspoint" in question.resource:
        behind = _behind(inventory, question.resource)
        if behind is None:
            return
        point, question = _point(question.resource), replace(question, resource=behind)
        yield _through_access_point(inventory, question, given, session, point)
    for action, other in _asked_beside(inventory, question):
        beside = replace(question, action=action, resource=other)
        yield replace(_act(inventory, beside, given, session), kind="also")
    bucket = inventory.bucket_of(question.resource)
    key = _key(inventory, question, bucket)
    if key and question.action in _KEY_ACTIONS:
        yield _use_key(inventory, question, key, contexts.of_the_service(given), session)


# --- assuming a role


# What the one who assumes a role has to be allowed beside it, by the beginning of what is sent with the call.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
_SAID_OF_A_SESSION = {
    "aws:requesttag/": "sts:TagSession",
    "aws:tagkeys": "sts:TagSession",
    "sts:transitivetagkeys": "sts:TagSession",
    "sts:sourceidentity": "sts:SetSourceIdentity",
}


def _assume_and_say(
    inventory: Inventory, question: Question, caller: str, role: str, given: Context, *, session: str | None = None
) -> Iterator[Link]:
    """Yield the request that assumes a role, and those for the tags and the source identity that it sends."""
    token = question.token if caller == question.caller else None
    for action in [token.action if token else ASSUME, *_sent_with(given, _SAID_OF_A_SESSION)]:
        if token:
            yield _assume_with_a_token(inventory, question, token, role, given, action)
        else:
            yield _assume(inventory, question, caller, role, given, session=session, action=action)


def _sent_with(given: Context, actions: Mapping[str, str]) -> list[str]:
    """Return the actions that what is sent asks for, each once."""
    asked = [action for key in given for stem, action in actions.items() if key.lower().startswith(stem)]
    return list(dict.fromkeys(asked))


def _assume(
    inventory: Inventory,
    question: Question,
    caller: str,
    role: str,
    given: Context,
    *,
    session: str | None = None,
    action: str = ASSUME,
) -> Link:
    trust = inventory.resource_policies.get(role)
    if trust is None:
        raise CommandError(f"{worded(role)} is made by no template, so who may assume it can't be known")
    if caller == question.caller:
        session = question.session
    made = Asked(inventory, caller, action, role, account=account_of(role), given=given, question=question)
    request, assumptions, depends = made.request(
        session=session, resource_policy=trust, defaults=resource_tag_keys(action, inventory.tags.get(role, {}))
    )
    if any(_pins(statement.get("Principal"), caller) for statement in trust.statements):
        assumptions.append(Assumption(f"{name_of(caller)} was not deleted and made again since the deployment"))
    does = "assumes" if action == ASSUME else f"does {action} on"
    step = f"{name_of(caller)} {does} {name_of(role)}"
    return Link("assume", step, request, tuple(assumptions), elsewhere(inventory, caller), tuple(depends))


def _assume_with_a_token(  # noqa: PLR0917 as `_assume`
    inventory: Inventory, question: Question, token: IdentityProvider, role: str, given: Context, action: str
) -> Link:
    """Return the request of someone without AWS credentials: it carries the token's claims, and nothing of a principal.

    No policy of the caller's own is asked, and no SCP: there is no principal of an account.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
    """
    trust = inventory.resource_policies.get(role)
    if trust is None:
        raise CommandError(f"{worded(role)} is made by no template, so who may assume it can't be known")
    made = Asked(inventory, token.arn, action, role, account=account_of(role), given=given, question=question)
    request, _, depends = made.request(
        session=None, resource_policy=trust, defaults=resource_tag_keys(action, inventory.tags.get(role, {}))
    )
    of_request = {key: value for key, value in request.context.items() if not key.lower().startswith(_OF_A_PRINCIPAL)}
    claims = {key: value for key, value in given.items() if key.lower().startswith((token.claims.lower(), *_OF_TAGS))}
    anything = {key for key in request.anything if not key.startswith((*_OF_A_PRINCIPAL, *_OF_TAGS))}
    request = replace(
        request,
        context={**of_request, **claims},
        identity=(),
        scps=(),
        anything=frozenset({*anything, token.claims.lower()}),
    )
    assumptions = [] if "aws:tagkeys" in {key.lower() for key in given} else [_UNTAGGED]
    audience = next((str(value) for key, value in claims.items() if key.lower().endswith(":aud")), None)
    if token.audiences is None or (audience and audience not in token.audiences):
        takes = "" if token.is_saml else f", with {audience or 'what the token has'} among its audiences"
        assumptions.append(Assumption(f"{token.arn} exists{takes}", needed=True))
    does = "assumes" if action == token.action else f"does {action} on"
    step = f"a token of {token.name} {does} {name_of(role)}"
    return Link("assume", step, request, tuple(assumptions), (), tuple(depends))


_UNTAGGED = Assumption("the token has no tags for the session: no aws:TagKeys")
_OF_TAGS = ("aws:tagkeys", "aws:requesttag/", "sts:sourceidentity")
_OF_A_PRINCIPAL = ("aws:principal", "aws:userid", "aws:username", "aws:tokenissuetime", "aws:multifactor")


def _pins(principal: object, caller: str) -> bool:
    named = principal.get("AWS", []) if isinstance(principal, dict) else []
    return caller in ([named] if isinstance(named, str) else named)


# --- acting on a resource


def _behind(inventory: Inventory, resource: str) -> str | None:
    """Return the bucket, or its object, that an access point of the templates leads to.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html
    """
    key = resource.partition("/object/")[2]
    bucket = inventory.access_points.get(_point(resource))
    return f"{bucket}/{key}" if bucket and key else bucket


def _point(resource: str) -> str:
    """Return the access point that an ARN names, or leads through; an empty text for any other resource."""
    return resource.partition("/object/")[0] if ":accesspoint" in resource else ""


def _of_access_point(point: str) -> dict[str, str]:
    """Return what a request carries that goes through an access point."""
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html#access-points-condition-keys
    return {"s3:DataAccessPointArn": point, "s3:DataAccessPointAccount": account_of(point)} if point else {}


def _through_access_point(
    inventory: Inventory, question: Question, given: Context, session: str | None, point: str
) -> Link:
    """Return what the bucket behind an access point is asked: its policy alone has to let the request through."""
    link = _act(inventory, question, given, session, point)
    request = replace(link.request, identity=(allowing(question.action, question.resource),), boundary=None)
    return replace(link, kind="also", step=f"the bucket behind it lets {question.action} through", request=request)


def _act(
    inventory: Inventory, question: Question, given: Context, session: str | None, point: str | None = None
) -> Link:
    """Return the request for the action itself, through an access point where one is named."""
    resource, action, actor = question.resource, question.action, question.actor
    through = _point(resource) if point is None else point
    bucket = inventory.bucket_of(resource) if resource.startswith("arn:") else None
    side = _other_side(inventory, question, bucket, given)
    made = Asked(inventory, actor, action, resource, account=side.owner, given=given, question=question)
    request, others, depends = made.request(
        session=session,
        resource_policy=side.policy,
        region=bucket.region if bucket else resource.split(":")[3] if resource.count(":") > 3 else None,  # noqa: PLR2004
        defaults=resource_tag_keys(action, inventory.tags.get(resource, {})) | _of_access_point(through),
        also_anything=OF_ACCESS_POINTS if through else frozenset(),
    )
    if bucket:
        restricts = bucket.public_access_block.get("RestrictPublicBuckets", "false")
        request = replace(request, restricts_public=restricts)
    who = f"a session of {name_of(actor)}" if is_role(actor) else name_of(actor)
    return Link(
        "act",
        f"{who} does {action}",
        request,
        (*side.assumed, *others, *_of_another_writer(bucket, action, resource)),
        elsewhere(inventory, actor),
        (*depends, *_tags_beside(question)),
        made.may_allow(),
        side.foreign,
    )


def _of_another_writer(bucket: Bucket | None, action: str, resource: str) -> Iterator[Assumption]:
    """Yield what is assumed of an object's owner: nobody's policies here decide about what another account owns.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
    """
    if bucket and bucket.object_ownership != OWNS_ALL and action.startswith("s3:GetObject"):
        said = worded(bucket.object_ownership)
        text = (
            f"{worded(resource)} is the bucket's own account's: with ObjectOwnership {said}, whoever writes may own it"
        )
        yield Assumption(text, needed=True)


@dataclass(frozen=True)
class _OtherSide:
    """What decides a request beside its caller's policies."""

    owner: str
    policy: Policy | None = None
    assumed: tuple[Assumption, ...] = ()
    foreign: tuple[str, ...] = ()


def _other_side(inventory: Inventory, question: Question, bucket: Bucket | None, given: Context) -> _OtherSide:
    """Return the account that owns the resource, the resource's policy, and what is assumed of it.

    The policy of a resource that no template makes is not known. In another account it has to allow the request, so
    it decides; in the caller's own it is assumed to say nothing.
    """
    resource, action, own = question.resource, question.action, account_of(question.actor)
    policy = inventory.resource_policy(resource)
    if works_on_no_resource(action) or resource == "*":
        return _OtherSide(own, policy)
    of_s3 = action.startswith("s3:") and not account_of(resource)
    # What AWS itself owns, such as its managed policies, can be asked for from every account.
    of_aws = account_of(resource) in {"", "aws"}
    owner = _owner(inventory, question, bucket, given) if of_s3 else own if of_aws else account_of(resource)
    if policy or bucket or (of_aws and not of_s3) or resource in inventory.arns:
        return _OtherSide(owner, policy, (_of_bucket(resource, owner, ""),) if of_s3 and not bucket else ())
    service = resource.split(":")[2]
    if owner != own and service != "iam":
        return _OtherSide(
            owner, foreign=(f"the policy of {resource.partition('/')[0] if of_s3 else resource} in {owner}",)
        )
    if not has_resource_policies(service):
        return _OtherSide(owner)
    if action.startswith("kms:"):
        return _OtherSide(owner, delegating(inventory, resource), (given_key(resource),))
    text = f"{worded(resource)} is outside the templates: its policy, if it has one, neither denies nor allows {action}"
    assumed = _of_bucket(resource, owner, "its policy denies nothing, and ") if of_s3 else Assumption(text)
    return _OtherSide(owner, None, (assumed,))


def _of_bucket(resource: str, owner: str, its_policy: str) -> Assumption:
    name = resource.split(":")[5].partition("/")[0]
    text = f"it is in {owner}, {its_policy}its key, if it has one, allows the session"
    return Assumption(f"the bucket {name} is outside the templates: {text}", needed=True)


def _owner(inventory: Inventory, question: Question, bucket: Bucket | None, given: Context) -> str:
    known = bucket.account if bucket else inventory.owners.get(question.resource.partition("/")[0])
    if known:
        return known
    stated = _text(given, "aws:resourceaccount")
    if stated:
        return stated
    # The account that grants are in is where their buckets are.
    grant_accounts = {grant.account for grant in inventory.grants}
    return next(iter(grant_accounts)) if len(grant_accounts) == 1 else account_of(question.actor)


def _text(given: Context, key: str) -> str | None:
    """Return the value of a key that is given; of several, none."""
    values = [value for name, value in given.items() if name.lower() == key]
    return values[0] if values and isinstance(values[0], str) else None


# What S3 asks beside an action, by the beginning of the header's key.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html and …/API_CreateBucket.html
_BESIDE = {
    "s3:PutObject": {
        "s3:x-amz-acl": "s3:PutObjectAcl",
        "s3:x-amz-grant-": "s3:PutObjectAcl",
        "s3:requestobjecttag": "s3:PutObjectTagging",
        "s3:object-lock-mode": "s3:PutObjectRetention",
        "s3:object-lock-retain-until-date": "s3:PutObjectRetention",
        "s3:object-lock-remaining-retention-days": "s3:PutObjectRetention",
        "s3:object-lock-legal-hold": "s3:PutObjectLegalHold",
    },
    "s3:CreateBucket": {
        "s3:x-amz-acl": "s3:PutBucketAcl",
        "s3:x-amz-grant-": "s3:PutBucketAcl",
        "s3:x-amz-object-ownership": "s3:PutBucketOwnershipControls",
        "aws:requesttag/": "s3:TagResource",
        "aws:tagkeys": "s3:TagResource",
    },
}


def _asked_beside(inventory: Inventory, question: Question) -> Iterator[tuple[str, str]]:
    """Yield the actions that a request with these headers has to be allowed too, each with its resource."""
    for action in _sent_with(question.given, _BESIDE.get(question.action, {})):
        yield action, question.resource
    source = _text(question.given, "s3:x-amz-copy-source")
    if source and question.action == "s3:PutObject":
        # A copy reads its source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
        copied, _, version = source.partition("?versionId=")
        arn = copied if copied.startswith("arn:") else bucket_arn(inventory.partition, unquote(copied.lstrip("/")))
        yield "s3:GetObjectVersion" if version else "s3:GetObject", arn


def _tags_beside(question: Question) -> tuple[str, ...]:
    """Return that a request which sends tags may ask for an action more, where it is not known which."""
    service = question.action.partition(":")[0]
    sends = any(key.lower().startswith(("aws:requesttag/", "aws:tagkeys")) for key in question.given)
    known = service in {"s3", "sts"} or "Tagging" in details(question.action)["accessLevel"]
    return (
        (f"whether the caller may tag, which {service} may ask beside {question.action}",)
        if sends and not known
        else ()
    )


# --- using the bucket's key

_ENCRYPTION = "s3:x-amz-server-side-encryption"


def _key(inventory: Inventory, question: Question, bucket: Bucket | None) -> str | None:
    """Return the key that S3 is to use: the bucket's, where the request asks for no other."""
    named = _text(question.given, f"{_ENCRYPTION}-aws-kms-key-id")
    if named and not named.startswith("arn:"):
        # S3 takes a key's id, or an alias, for one of the caller's account.
        account = account_of(question.actor)
        region = bucket.region if bucket else inventory.region_of(account)
        if named == "alias/aws/s3":
            return key_of_aws(inventory.partition, region, account)
        kind = named if named.startswith("alias/") else f"key/{named}"
        named = f"arn:{inventory.partition}:kms:{region}:{account}:{kind}"
    asked = _text(question.given, _ENCRYPTION)
    if named or asked in {None, "aws:kms", "aws:kms:dsse"}:
        key = named or (bucket.key if bucket else None)
        return inventory.aliases.get(key, key) if key else None
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


def _use_key(inventory: Inventory, question: Question, key: str, given: Context, session: str | None) -> Link:
    action, actor, bucket = _KEY_ACTIONS[question.action], question.actor, inventory.bucket_of(question.resource)
    if is_unknown(key):
        unknown = f"the key of {worded(bucket.arn) if bucket else 'the bucket'}: {worded(key)}"
        key = f"arn:{inventory.partition}:kms:{inventory.region_of(account_of(actor))}:{account_of(actor)}:key/{key}"
        undecided = [unknown]
    else:
        undecided = []
    region = bucket.region if bucket else key.split(":")[3]
    policy = inventory.resource_policy(key)
    assumptions: list[Assumption] = []
    foreign: tuple[str, ...] = ()
    if policy is None:
        if key == key_of_aws(partition_of(key), region, account_of(key)):
            policy = for_s3_in_its_account(key, region)
        elif account_of(key) != account_of(actor):
            foreign = (f"the policy of {key} in {account_of(key)}",)
        else:
            policy, assumptions = delegating(inventory, key), [given_key(key)]
    made = Asked(inventory, actor, action, key, account=account_of(key), given=given, question=question)
    encrypted = question.resource.partition("/")[0] if bucket and bucket.has_bucket_key == "true" else question.resource
    request, others, depends = made.request(
        session=session,
        resource_policy=policy and _unless_disabled(inventory, key, policy),
        region=region,
        defaults={
            "kms:ViaService": f"s3.{region}.{dns_suffix(region)}",
            "aws:ViaAWSService": "true",
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html#encryption-context
            **({} if bucket and has_unknowns(bucket.has_bucket_key) else {_CONTEXT: encrypted}),
            **resource_tag_keys(action, inventory.keys[key].tags if key in inventory.keys else {}),
        },
        also_anything=frozenset({_CONTEXT.lower(), "kms:encryptioncontextkeys"}),
    )
    step = f"S3 does {action} for it with the bucket's key"
    found = (*undecided, *depends)
    return Link("key", step, request, (*assumptions, *others), elsewhere(inventory, actor), found, foreign=foreign)


_CONTEXT = "kms:EncryptionContext:aws:s3:arn"


def _unless_disabled(inventory: Inventory, key: str, policy: Policy) -> Policy:
    """Return a key's policy; with a Deny of everything for a key that is disabled, or that may be."""
    made = inventory.keys.get(key)
    if made is None or made.enabled == "true":
        return policy
    condition = {} if made.enabled == "false" else {"Condition": {made.enabled: {made.enabled: made.enabled}}}
    deny = {"Sid": "TheKeyIsDisabled", "Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"}
    return replace(policy, document={"Version": VERSION, "Statement": [*policy.statements, {**deny, **condition}]})
