"""Rules about the access control lists of buckets."""

from collections.abc import Iterator

from crossrole.lint.documents import Resource
from crossrole.lint.rule import Rule
from crossrole.unknown import is_known

_PUBLIC = {
    "AuthenticatedRead": "every user of AWS list the bucket",
    "PublicRead": "everyone on the internet list the bucket",
    "PublicReadWrite": "everyone on the internet list the bucket, and write and delete its objects",
}
_BLOCKS = ("BlockPublicAcls", "IgnorePublicAcls")


def _public(resource: Resource) -> Iterator[str]:
    if resource.type != "AWS::S3::Bucket":
        return
    lets = _PUBLIC.get(str(resource.property("AccessControl")))
    block = resource.property("PublicAccessBlockConfiguration")
    settings = [block.get(each) for each in _BLOCKS] if isinstance(block, dict) else [block]
    if lets and all(is_known(each) and str(each).lower() != "true" for each in settings):
        yield (
            f"AccessControl {resource.property('AccessControl')} lets {lets}; remove it, and let a bucket policy name "
            "the callers"
        )


OF_RESOURCES = (
    Rule(
        "public-acl",
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl",
        "An access control list opens the bucket to everyone.",
        "The names of the bucket's objects are for the public.",
        _public,
    ),
)
