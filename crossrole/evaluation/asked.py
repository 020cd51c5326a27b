"""One request of a question: its context, the policies that decide it, and what is not known of it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from crossrole.engines.simulator import Context, Request
from crossrole.errors import nearest
from crossrole.evaluation import context as contexts
from crossrole.evaluation.assumptions import OF_AWS, Assumption, allowing
from crossrole.evaluation.callers import those_that_may_allow
from crossrole.evaluation.question import Question
from crossrole.iam.actions import ASSUME
from crossrole.iam.arn import account_of, is_role, name_of
from crossrole.iam.policy import Policy
from crossrole.iam.request_keys import ANY_ORIGIN, OF_A_USER, Origin, is_among, origin_of
from crossrole.templates.guardrails import UNDER_RCPS
from crossrole.templates.inventory import FleetCaller, Identity, Inventory, Unread
from crossrole.unknown import Unknown, has_unknowns, may_be, token, unknowns_in, worded


def elsewhere(inventory: Inventory, principal: str) -> tuple[str, ...]:
    """Return the policies of a principal that are outside the templates."""
    identity = inventory.identity(principal)
    return identity.elsewhere if identity else ()


@dataclass(frozen=True)
class Asked:
    """One request, as it is made of a question and of what the templates say."""

    inventory: Inventory
    principal: str
    action: str
    resource: str
    account: str
    given: Context
    question: Question

    def request(
        self,
        *,
        session: str | None,
        resource_policy: Policy | None,
        region: str | None = None,
        defaults: Context | None = None,
        also_anything: frozenset[str] = frozenset(),
    ) -> tuple[Request, list[Assumption], list[str]]:
        """Return the request, what is assumed of it, and what may decide it and can't be read in a policy."""
        inventory, principal, action, resource = self.inventory, self.principal, self.action, self.resource
        identity = inventory.identity(principal)
        origin = self._origin(identity)
        # A session's own tags take the place of its role's.
        tags = identity.tags if identity and not origin.with_tags else {}
        context = contexts.context_of(
            principal,
            action,
            account=self.account,
            region=region,
            given=self.given,
            now=self.question.now,
            defaults={
                **contexts.tag_keys(tags),
                **(identity.context if isinstance(identity, FleetCaller) else {}),
                **({"aws:userid": _user_id(principal, session)} if session and is_role(principal) else {}),
                **(defaults or {}),
            },
        )
        if resource == "*":
            context.pop("aws:ResourceAccount", None)
            context.pop("s3:ResourceAccount", None)
        known = identity is not None and bool(identity.place) and not has_unknowns(list(identity.tags))
        made = resource in inventory.tags or resource in inventory.keys or resource in inventory.roles
        key = inventory.keys.get(resource)
        made = made and not has_unknowns([*inventory.tags.get(resource, {}), *(key.tags if key else {})])
        anything = also_anything | contexts.anything(action, origin=origin, knows_principal=known, knows_resource=made)
        policies = [*(identity.policies if identity else ()), *([resource_policy] if resource_policy else [])]
        assumptions = self._assumptions(identity)
        carried = {key.lower() for key in context}
        absent = sorted(
            key
            for key in {key for policy in policies for key in _tested(policy)} - carried
            if not has_unknowns(key) and not is_among(key, anything)
        )
        if absent:
            assumptions.append(Assumption(f"the request of {action} carries no {', '.join(absent)}"))
        request = Request(
            principal=principal,
            action=action,
            resource=resource,
            account=self.account,
            context=context,
            identity=identity.policies if identity else (allowing(action, resource),),
            boundary=identity.boundary if identity else None,
            resource_policy=resource_policy,
            scps=() if _is_service_linked(principal) else inventory.guardrails.levels("scp", account_of(principal)),
            rcps=inventory.guardrails.levels("rcp", self.account) if self._is_under_rcps(resource_policy) else (),
            # An endpoint is of one service: this one, of S3.
            endpoint=inventory.guardrails.endpoint if action.startswith("s3:") else (),
            session_policy=self.question.session_policy if self.is_limited else None,
            session=session,
            named=self._is_named,
            anything=anything,
        )
        return request, assumptions, list(self._depends(identity))

    def _is_under_rcps(self, policy: Policy | None) -> bool:
        """Return whether resource control policies hold for the resource: for none of AWS's own keys.

        https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
        """
        return self.action.startswith(UNDER_RCPS) and not (policy and policy.template == OF_AWS)

    def _origin(self, identity: Identity | None) -> Origin:
        """Return how the caller's session may have begun."""
        if not is_role(self.principal):
            return OF_A_USER
        origin = origin_of(identity.trust) if identity and identity.trust else ANY_ORIGIN
        if self.question.via and self.principal == self.question.via.arn:
            # The question's caller has begun it, by sts:AssumeRole.
            return replace(origin, by_service=False, by_token=False)
        return origin

    def _assumptions(self, identity: Identity | None) -> list[Assumption]:
        action = self.action
        assumptions = [
            Assumption(f"{what} is outside the templates: it does not deny {action}")
            for what in elsewhere(self.inventory, self.principal)
        ]
        boundary_arn = identity.boundary_arn if identity else None
        if boundary_arn and identity and not identity.boundary:
            assumptions.append(
                Assumption(
                    f"the permissions boundary {worded(boundary_arn)} is outside the templates: it allows {action}",
                    needed=True,
                )
            )
        if isinstance(identity, FleetCaller):
            names = those_that_may_allow(identity, action, self.resource)
            assumptions.append(Assumption(identity.assumed(names), needed=True))
        if identity is None:
            named = self.inventory.named_principals()
            meant = (
                ""
                if self.principal in named
                else nearest(name_of(self.principal), [name_of(each) for each in named if not set(each) & set("*?")])
            )
            text = (
                f"{self.principal} is outside the templates{meant}: its own policies allow {action} on "
                f"{worded(self.resource)}{self._where_units_do()}"
            )
            assumptions.append(Assumption(text, needed=True))
        return assumptions

    def _where_units_do(self) -> str:
        """Return the units in whose accounts a policy is that would allow it, once the caller has it."""
        of_units = [
            f"; in an account of {each.unit}, {' or '.join(names)} does"
            for each in self.inventory.fleets.values()
            if (names := those_that_may_allow(each, self.action, self.resource))
        ]
        return "".join(of_units)

    def _depends(self, identity: Identity | None) -> Iterator[str]:
        """Yield what may decide the request and can't be read in a policy."""
        inventory = self.inventory
        yield from (each.what for each in self._unread() if not each.only_gives)
        if ":accesspoint" in self.resource and self.resource.partition("/object/")[0] not in inventory.access_points:
            yield f"the access point of {self.resource}, which no template makes: its policy, and its bucket's"
        if identity and identity.unmade:
            yield identity.unmade
        if isinstance(identity, FleetCaller):
            yield from (
                f"whether the caller is in {each}, which has service control policies of its own"
                for each in inventory.guardrails.scps
                if each and may_be(identity.account, each)
            )
        yield from (
            f"the permissions boundary: {each.text}"
            for each in unknowns_in(identity.boundary_arn if identity and not identity.boundary else None)
            if each.shape is None
        )
        if identity is None:
            for other in inventory.identities:
                if other.arn not in inventory.fleets and has_unknowns(other.arn) and may_be(other.arn, self.principal):
                    yield f"whether {self.principal} is {other.place}"
        for arn, place in inventory.made.items() if self._root not in inventory.made else []:
            # What a policy names is none of the resources that get a name of their own at the deployment.
            chosen = all(each.shape for each in unknowns_in(arn))
            if has_unknowns(arn) and not (self._is_named and chosen) and may_be(arn, self._root):
                yield f"whether {self._root} is {place}"

    def may_allow(self) -> tuple[str, ...]:
        """Return what is not evaluated and could allow the request."""
        return tuple(each.what for each in self._unread() if each.only_gives)

    def _unread(self) -> Iterator[Unread]:
        accounts = frozenset({account_of(self.principal), self.account})
        for unread in self.inventory.unread:
            if unread.touches(action=self.action, resource=self.resource, accounts=accounts, principal=self.principal):
                yield unread

    @property
    def is_limited(self) -> bool:
        """Whether the request is of the session that the question's session policy limits."""
        return self.principal == self.question.actor and (self.question.via is None or self.action != ASSUME)

    @property
    def _root(self) -> str:
        return self.resource.partition("/")[0] if self.action.startswith("s3:") else self.resource

    @property
    def _is_named(self) -> bool:
        return self._root in self.inventory.named or self.resource in self.inventory.named_resources


def _is_service_linked(principal: str) -> bool:
    """Return whether no service control policy holds for a role, because it is a service's own.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
    """
    return ":role/aws-service-role/" in principal


def _user_id(role: str, session: str) -> str:
    """Return the id of a role's session: of the role, which no template says, and of the session.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    """
    return f"{token(Unknown(f'the unique id of {worded(role)}', 'AROA[A-Z0-9]+'))}:{session}"


def _tested(policy: Policy) -> set[str]:
    """Return the keys whose absence lets a Deny statement pass by; an Allow that misses one says so itself."""
    denies = [each for each in policy.statements if each["Effect"] == "Deny"]
    return {key.lower() for each in denies for keys in each.get("Condition", {}).values() for key in keys}
