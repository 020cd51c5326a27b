"""The forms of ARNs that the service authorization reference gives the resources of each service.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache

from crossrole.iam.actions import data, details
from crossrole.iam.wildcards import Place, meet, places
from crossrole.unknown import as_pattern

SEGMENTS = 6
"""arn, partition, service, region, account, resource."""
_VARIABLE = re.compile(r"(\$\{[^}]*\})")
# What a variable can't hold; a name may hold anything, such as the "/" of a path.
_WITHOUT = {"${Partition}": ":", "${Region}": ":", "${Account}": ":", "${BucketName}": ":/"}
_Form = tuple[Place, ...]


def fits(action: str, resource: str) -> bool:
    """Return whether requests of an action that exists can be about a resource of a policy, such as an ARN pattern.

    True, too, for an action whose resources the reference does not list.
    """
    pattern = places(as_pattern(resource))
    service, _, _ = action.partition(":")
    types = [each["name"] for each in details(action)["resourceTypes"]]
    forms = [_forms_of_type(service, each) for each in types]
    return not all(forms) or not forms or any(meet(pattern, form) for each in forms for form in each)


def fits_service(service: str, resource: str) -> bool:
    """Return whether some resource of a service has such an ARN."""
    pattern = places(as_pattern(resource))
    return any(meet(pattern, form) for form in _forms_of_service(service))


def exists(resource: str) -> bool:
    """Return whether some resource of AWS can have such an ARN; true where the reference does not know the service."""
    pattern = as_pattern(resource)
    service = pattern.split(":", 3)[2]
    if any(meet(places(pattern), form) for form in _forms_of_service(service)):
        return True
    known = _forms_by_segment().get(service)
    return known is None or any(meet(places(pattern), form) for form in known)


def example(resource: str, *, partition: str, action: str = "") -> str:
    """Return the nearest form to an ARN, of those that the action works on if one is given, with names in capitals."""
    service = (action or resource.partition(":")[2].partition(":")[2]).partition(":")[0]
    types = [each["name"] for each in details(action)["resourceTypes"]] if action else _types(service)
    arns = {_example(each, partition): each for name in types for each in _arns(service, name)}
    near = get_close_matches(resource, arns, n=1, cutoff=0)
    return next(iter(near), "")


def _example(arn: str, partition: str) -> str:
    named = {"${Partition}": partition, "${Region}": "REGION", "${Account}": "ACCOUNT"}
    return _VARIABLE.sub(lambda match: named.get(match[0], _in_capitals(match[0][2:-1])), arn)


def _in_capitals(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper().replace("_NAME_WITH_PATH", "").replace("_NAME", "")


@cache
def _types(service: str) -> tuple[str, ...]:
    exists_ = data().services.service_exists(service)
    return tuple(data().resources.get_resource_types_for_service(service)) if exists_ else ()


@cache
def _arns(service: str, name: str) -> tuple[str, ...]:
    if not data().resources.resource_type_exists(service, name):
        return ()
    arns = data().resources.get_resource_type_details(service, name)["arn"]
    return tuple(form for each in arns.split(", ") for form in [each.strip(), *_of_many_regions(each.strip())])


_ACCESS_POINT = ":s3:${Region}:${Account}:accesspoint/${AccessPointName}"


def _of_many_regions(arn: str) -> list[str]:
    """Return the form that an access point of many regions has, which the reference leaves out of its objects.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/MultiRegionAccessPointRestrictions.html
    """
    found = _ACCESS_POINT in arn
    return [arn.replace(_ACCESS_POINT, ":s3::${Account}:accesspoint/${AccessPointName}.mrap")] if found else []


@cache
def _forms_of_type(service: str, name: str) -> tuple[_Form, ...]:
    return tuple(_form(arn) for arn in _arns(service, name))


@cache
def _forms_of_service(service: str) -> tuple[_Form, ...]:
    return tuple(form for name in _types(service) for form in _forms_of_type(service, name))


@cache
def _forms_by_segment() -> dict[str, tuple[_Form, ...]]:
    """Return all forms by the service that the ARN names, which may be another than the one that has the actions."""
    found: dict[str, list[_Form]] = {}
    for service in data().services.get_service_keys():
        for name in _types(service):
            for arn in _arns(service, name):
                found.setdefault(arn.split(":", 3)[2], []).append(_form(arn))
    return {segment: tuple(forms) for segment, forms in found.items()}


def _form(arn: str) -> _Form:
    return tuple(place for part in _VARIABLE.split(arn) for place in _places_of(part))


def _places_of(part: str) -> Iterator[Place]:
    if part.startswith("${"):
        without = _WITHOUT.get(part, "")
        # At least one character: no region, account or name is empty where the reference has one.
        yield from (Place(excluded=without), Place(excluded=without, repeats=True))
    else:
        yield from map(Place, part)
