"""kinds.toml, row by row: what a running session of each grant may do, what not, and until when."""

from crossrole.engines.simulator import Context
from tests.crossrole.evaluation.rows_kinds_assuming import ALICE, EXPORTER, KINDS, PURPOSES, WRITER, at, from_
from tests.crossrole.evaluation.table import DEV, PARTNER, PROD, Row, can, cannot, role, session, user

GET, PUT, LIST, DELETE = "s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject"
GET_VERSION, DELETE_VERSION, LIST_VERSIONS = "s3:GetObjectVersion", "s3:DeleteObjectVersion", "s3:ListBucketVersions"
BUCKETS, UPLOADS, PARTS = "s3:ListAllMyBuckets", "s3:ListBucketMultipartUploads", "s3:ListMultipartUploadParts"
ACL, TAG = "s3:PutObjectAcl", "s3:PutObjectTagging"
ACCOUNT_BLOCK = "s3:PutAccountPublicAccessBlock"
DECRYPT, DATA_KEY = "kms:Decrypt", "kms:GenerateDataKey"
ASSUME = "sts:AssumeRole"

NEW, GIVEN, EXISTING = "arn:aws:s3:::kinds-new-key", "arn:aws:s3:::kinds-given-key", "arn:aws:s3:::kinds-existing"
SOMEWHERE = "arn:aws:s3:::some-other-bucket"

# A key's id is chosen at deployment: the inventory calls it by its logical id.
NEW_KEY = f"arn:aws:kms:eu-west-1:{PROD}:key/<BucketskindsnewkeyKeyB4948195>"
GIVEN_KEY = f"arn:aws:kms:eu-west-1:{PROD}:key/11111111-2222-3333-4444-555555555555"
EXISTING_KEY = f"arn:aws:kms:eu-west-1:{PROD}:key/66666666-7777-8888-9999-000000000000"
PARTNERS_KEY = f"arn:aws:kms:eu-west-1:{PARTNER}:key/66666666-7777-8888-9999-000000000000"
LOG = f"arn:aws:logs:eu-central-1:{DEV}:log-group:<WriterLog9C2A8072>"
SOURCE = f"arn:aws:sqs:eu-central-1:{DEV}:<WriterSourceQueue39146A74>"
DEAD_LETTERS = f"arn:aws:sqs:eu-central-1:{DEV}:<WriterSourceDeadLetters4BBA17E3>"

HTTP = {"aws:SecureTransport": "false"}
TLS_1_1 = {"s3:TlsVersion": "1.1"}
NOT_OURS = {"aws:ResourceAccount": PARTNER}
HERE, IPV6_HERE, OUTSIDE = from_("127.0.0.1"), from_("2001:db8::1"), from_("192.0.2.1")


def does(grant: str, says: str, action: str, resource: str, context: Context | None = None) -> Row:
    """Return a row of what a running session of the grant may do."""
    return can(f"{grant}: {says}", grant, None, action, resource, context)


def fails(grant: str, says: str, action: str, resource: str, context: Context | None = None) -> Row:
    """Return a row of what a running session of the grant may not do."""
    return cannot(f"{grant}: {says}", grant, None, action, resource, context)


def lacks_key(grant: str, says: str, action: str, resource: str, context: Context | None = None) -> Row:
    """Return a row of what a running session may do in S3, but not with the bucket's key."""
    return cannot(f"{grant}: {says}", grant, None, action, resource, context, at="key")


def goes_on(grant: str, says: str, context: Context | None = None) -> Row:
    """Return a row of a running session that may still do what the grant is for."""
    return does(grant, says, *PURPOSES[grant], context)


def stops(grant: str, says: str, context: Context | None = None) -> Row:
    """Return a row of a running session that may not do even what the grant is for."""
    return fails(grant, says, *PURPOSES[grant], context)


def prefix(text: str) -> dict[str, str]:
    """Return the context of a listing under a prefix."""
    return {"s3:prefix": text}


def issued(moment: str) -> dict[str, str]:
    """Return the context of a session that began at a moment."""
    return {"aws:TokenIssueTime": moment}


def through(service: str) -> dict[str, str]:
    """Return the context of a service's request to KMS."""
    return {"kms:ViaService": f"{service}.amazonaws.com"}


THROUGH_S3 = through("s3.eu-west-1")
WITH_GIVEN_KEY = {
    "s3:x-amz-server-side-encryption": "aws:kms",
    "s3:x-amz-server-side-encryption-aws-kms-key-id": GIVEN_KEY,
}

ACCESS = [
    # --- read
    does("OneUser", "reads an object", GET, f"{KINDS}/user/x"),
    does("OneUser", "reads deep under the prefix", GET, f"{KINDS}/user/deep/x"),
    fails("OneUser", "reads nothing beside it", GET, f"{KINDS}/users/x"),
    fails("OneUser", "reads nothing of another grant's", GET, f"{KINDS}/account/x"),
    fails("OneUser", "reads no older version", GET_VERSION, f"{KINDS}/user/x"),
    fails("OneUser", "reads no ACL", "s3:GetObjectAcl", f"{KINDS}/user/x"),
    fails("OneUser", "writes nothing", PUT, f"{KINDS}/user/x"),
    fails("OneUser", "deletes nothing", DELETE, f"{KINDS}/user/x"),
    # --- write
    does("WholeAccount", "writes an object", PUT, f"{KINDS}/account/x"),
    does("WholeAccount", "resumes an upload in parts", PARTS, f"{KINDS}/account/x"),
    fails("WholeAccount", "writes nothing beside the prefix", PUT, f"{KINDS}/accounts/x"),
    fails("WholeAccount", "writes no tags", TAG, f"{KINDS}/account/x"),
    fails("WholeAccount", "writes no ACL", ACL, f"{KINDS}/account/x"),
    fails("WholeAccount", "lists no uploads", UPLOADS, KINDS),
    # --- list: only under the prefix, which every listing must name
    does("WholeAccount", "lists the prefix", LIST, KINDS, prefix("account/")),
    does("WholeAccount", "lists below it", LIST, KINDS, prefix("account/2026/11")),
    fails("WholeAccount", "does not list everything", LIST, KINDS),
    fails("WholeAccount", "does not list an empty prefix", LIST, KINDS, prefix("")),
    fails("WholeAccount", "does not list above the prefix", LIST, KINDS, prefix("acc")),
    fails("WholeAccount", "does not list it without its slash", LIST, KINDS, prefix("account")),
    fails("WholeAccount", "does not list beside it", LIST, KINDS, prefix("accounts/")),
    fails("WholeAccount", "does not list it in capitals", LIST, KINDS, prefix("Account/")),
    fails("WholeAccount", "does not list another grant's", LIST, KINDS, prefix("user/")),
    fails("WholeAccount", "does not list another bucket", LIST, NEW, prefix("account/")),
    fails("WholeAccount", "lists no versions", LIST_VERSIONS, KINDS, prefix("account/")),
    does("GivenKey", "lists everything, for it has no prefix", LIST, GIVEN),
    does("GivenKey", "lists anything, for it has no prefix", LIST, GIVEN, prefix("any")),
    fails("ServiceRole", "lists nothing, for it only writes", LIST, KINDS, prefix("service/")),
    # --- delete: what is deleted can be brought back
    does("WholeAccount", "deletes an object", DELETE, f"{KINDS}/account/x"),
    fails("WholeAccount", "deletes no version, which would be for good", DELETE_VERSION, f"{KINDS}/account/x"),
    fails("WholeAccount", "deletes nothing beside the prefix", DELETE, f"{KINDS}/x"),
    fails("WholeAccount", "deletes no tags", "s3:DeleteObjectTagging", f"{KINDS}/account/x"),
    fails("ServiceRole", "deletes nothing, for it only writes", DELETE, f"{KINDS}/service/x"),
    # --- the names of all buckets
    does("OneUser", "lists the buckets", BUCKETS, "*"),
    does("OneUser", "lists them over plain HTTP too, where no bucket's policy has a say", BUCKETS, "*", HTTP),
    fails("WholeAccount", "does not list the buckets", BUCKETS, "*"),
    # --- exact actions
    does("ExactActions", "tags under the prefix", TAG, f"{KINDS}/exact/x"),
    does("ExactActions", "writes ACLs under the prefix", ACL, f"{KINDS}/exact/x"),
    does("ExactActions", "lists versions under the prefix", LIST_VERSIONS, KINDS, prefix("exact/")),
    does("ExactActions", "reads the bucket's region", "s3:GetBucketLocation", KINDS),
    fails("ExactActions", "tags nothing beside the prefix", TAG, f"{KINDS}/x"),
    fails("ExactActions", "tags no version", "s3:PutObjectVersionTagging", f"{KINDS}/exact/x"),
    fails("ExactActions", "reads no tags", "s3:GetObjectTagging", f"{KINDS}/exact/x"),
    fails("ExactActions", "deletes no tags", "s3:DeleteObjectTagging", f"{KINDS}/exact/x"),
    fails("ExactActions", "reads no ACLs", "s3:GetObjectAcl", f"{KINDS}/exact/x"),
    fails("ExactActions", "writes not the bucket's ACL", "s3:PutBucketAcl", KINDS),
    fails("ExactActions", "does not list all versions", LIST_VERSIONS, KINDS),
    fails("ExactActions", "lists no versions beside the prefix", LIST_VERSIONS, KINDS, prefix("exactly/")),
    fails("ExactActions", "writes no objects", PUT, f"{KINDS}/exact/x"),
    fails("ExactActions", "lists no objects", LIST, KINDS, prefix("exact/")),
    fails("ExactActions", "does not read another bucket's region", "s3:GetBucketLocation", NEW),
    # --- full, on one bucket
    does("FullBucket", "writes anywhere", PUT, f"{KINDS}/x"),
    does("FullBucket", "lists everything", LIST, KINDS),
    does("FullBucket", "deletes a version for good", DELETE_VERSION, f"{KINDS}/x"),
    does("FullBucket", "reads an older version", GET_VERSION, f"{KINDS}/x"),
    does("FullBucket", "lists the uploads", UPLOADS, KINDS),
    does("FullBucket", "writes the bucket's policy", "s3:PutBucketPolicy", KINDS),
    does("FullBucket", "changes its ownership", "s3:PutBucketOwnershipControls", KINDS),
    does("FullBucket", "deletes it", "s3:DeleteBucket", KINDS),
    fails("FullBucket", "does nothing over plain HTTP", PUT, f"{KINDS}/x", HTTP),
    fails("FullBucket", "does nothing over TLS 1.1", PUT, f"{KINDS}/x", TLS_1_1),
    fails("FullBucket", "writes to no other bucket", PUT, f"{SOMEWHERE}/x"),
    fails("FullBucket", "writes no other bucket's policy", "s3:PutBucketPolicy", NEW),
    fails("FullBucket", "writes to no bucket with a longer name", PUT, f"{KINDS}-old/x"),
    fails("FullBucket", "writes to no bucket of that name in another account", PUT, f"{KINDS}/x", NOT_OURS),
    fails("FullBucket", "does not list the buckets", BUCKETS, "*"),
    fails("FullBucket", "does not lift the account's public access block", ACCOUNT_BLOCK, "*"),
    fails("FullBucket", "does nothing beside S3", "iam:CreateUser", user("intruder", PROD)),
    # --- full, on everything
    does("SeedExample", "lifts the account's public access block", ACCOUNT_BLOCK, "*"),
    does("SeedExample", "lists the buckets", BUCKETS, "*"),
    does("SeedExample", "reads any bucket of the account", GET, f"{SOMEWHERE}/x"),
    does("SeedExample", "deletes any bucket", "s3:DeleteBucket", SOMEWHERE),
    fails("SeedExample", "does nothing over plain HTTP", PUT, f"{KINDS}/x", HTTP),
    # Its own policy allows it; the bucket's, in the other account, would have to as well.
    fails("SeedExample", "reads no bucket in another account", GET, f"{SOMEWHERE}/x", NOT_OURS),
    fails("SeedExample", "does nothing beside S3", "iam:PutRolePolicy", role("SeedExample", PROD)),
    # --- read, on every bucket
    does("EveryBucket", "reads a bucket that is made here", GET, f"{KINDS}/x"),
    does("EveryBucket", "reads a bucket that is not", GET, f"{SOMEWHERE}/deep/x"),
    fails("EveryBucket", "reads no bucket in another account", GET, f"{SOMEWHERE}/x", NOT_OURS),
    fails("EveryBucket", "writes nothing", PUT, f"{KINDS}/x"),
    fails("EveryBucket", "lists nothing", LIST, KINDS),
    # --- what full access alone gives
    *[
        fails(grant, f"never does {action}", action, KINDS)
        for grant in ("WholeAccount", "ExactActions", "EveryBucket")
        for action in ("s3:PutBucketPolicy", "s3:PutBucketOwnershipControls", "s3:DeleteBucket")
    ],
    # --- a copy reads its source and writes its target in one session: both must be allowed
    does("ExistingKey", "copies: it reads the source", GET, f"{EXISTING}/existing/from"),
    does("ExistingKey", "copies: it writes the target", PUT, f"{EXISTING}/existing/to"),
    fails("ExistingKey", "copies nothing from outside the prefix", GET, f"{EXISTING}/from"),
    fails("ExistingKey", "copies nothing to outside the prefix", PUT, f"{EXISTING}/to"),
]

KEYS = [
    # --- a new key: S3 uses it for the session
    can("NewKey: assumed, written, encrypted: three requests", EXPORTER, "NewKey", PUT, f"{NEW}/x"),
    does("NewKey", "writes, and S3 makes a data key", PUT, f"{NEW}/x"),
    does("NewKey", "gives up an upload in parts", "s3:AbortMultipartUpload", f"{NEW}/x"),
    does("NewKey", "lists an upload's parts, and S3 decrypts", PARTS, f"{NEW}/x"),
    does("NewKey", "completes an upload: S3 reads the parts back", DECRYPT, NEW_KEY, THROUGH_S3),
    fails("NewKey", "reads nothing, for all its kms:Decrypt", GET, f"{NEW}/x"),
    fails("NewKey", "does not decrypt directly", DECRYPT, NEW_KEY),
    fails("NewKey", "makes no data key directly", DATA_KEY, NEW_KEY),
    fails("NewKey", "does not decrypt through another service", DECRYPT, NEW_KEY, through("dynamodb.eu-west-1")),
    fails("NewKey", "does not decrypt through S3 of another region", DECRYPT, NEW_KEY, through("s3.eu-central-1")),
    fails("NewKey", "encrypts nothing of its own", "kms:Encrypt", NEW_KEY, THROUGH_S3),
    fails("NewKey", "does not use another key", DECRYPT, GIVEN_KEY, THROUGH_S3),
    fails("NewKey", "does not use another account's key", DECRYPT, PARTNERS_KEY, THROUGH_S3),
    fails("NewKey", "does not delete the key", "kms:ScheduleKeyDeletion", NEW_KEY),
    fails("NewKey", "does not change its policy", "kms:PutKeyPolicy", NEW_KEY),
    fails("NewKey", "does not switch it off", "kms:DisableKey", NEW_KEY),
    fails("NewKey", "does not lend it", "kms:CreateGrant", NEW_KEY),
    fails("NewKey", "writes nothing over plain HTTP", PUT, f"{NEW}/x", HTTP),
    # What a put says of its encryption is stronger than what the bucket says.
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-encryption.html
    lacks_key("NewKey", "does not write with another key", PUT, f"{NEW}/x", WITH_GIVEN_KEY),
    does("SeedExample", "writes with S3's own key", PUT, f"{NEW}/x", {"s3:x-amz-server-side-encryption": "AES256"}),
    # --- a grant that is not for the bucket has no say in its key
    lacks_key("SeedExample", "writes nothing that is encrypted with it", PUT, f"{NEW}/x"),
    lacks_key("SeedExample", "reads nothing that is", GET, f"{NEW}/x"),
    lacks_key("SeedExample", "nor an older version", GET_VERSION, f"{NEW}/x"),
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html
    lacks_key("SeedExample", "nor the parts of an upload", PARTS, f"{NEW}/x"),
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
    lacks_key("SeedExample", "nor an object's attributes", "s3:GetObjectAttributes", f"{NEW}/x"),
    does("SeedExample", "lists, which takes no key", LIST, NEW),
    does("SeedExample", "deletes, which takes no key", DELETE, f"{NEW}/x"),
    does("SeedExample", "tags, which takes no key", TAG, f"{NEW}/x"),
    fails("SeedExample", "does not decrypt through S3", DECRYPT, NEW_KEY, THROUGH_S3),
    lacks_key("EveryBucket", "reads nothing that is encrypted with it", GET, f"{NEW}/x"),
    fails("FullBucket", "does not get so far, on another bucket", PUT, f"{NEW}/x"),
    can("production's administrators may use the key", user("admin", PROD), None, DECRYPT, NEW_KEY),
    cannot("dev's roles do not use the key", EXPORTER, None, DECRYPT, NEW_KEY),
    cannot("the function does not use the key", WRITER, None, DECRYPT, NEW_KEY, THROUGH_S3),
    # --- a given key, whose policy is elsewhere
    can("GivenKey: assumed, read, decrypted: three requests", EXPORTER, "GivenKey", GET, f"{GIVEN}/x"),
    fails("GivenKey", "reads no older version", GET_VERSION, f"{GIVEN}/x"),
    fails("GivenKey", "writes nothing", PUT, f"{GIVEN}/x"),
    fails("GivenKey", "makes no data key, for it only reads", DATA_KEY, GIVEN_KEY, THROUGH_S3),
    fails("GivenKey", "does not decrypt directly", DECRYPT, GIVEN_KEY),
    does("GivenKey", "decrypts until it expires", DECRYPT, GIVEN_KEY, THROUGH_S3 | at("2099-12-31T23:59:58Z")),
    fails("GivenKey", "does not decrypt after that", DECRYPT, GIVEN_KEY, THROUGH_S3 | at("2099-12-31T23:59:59Z")),
    lacks_key("SeedExample", "reads nothing that is encrypted with a given key", GET, f"{GIVEN}/x"),
    lacks_key("EveryBucket", "reads nothing that is encrypted with a given key", GET, f"{GIVEN}/x"),
    # --- the key of a bucket that exists already
    can("ExistingKey: assumed and read", EXPORTER, "ExistingKey", GET, f"{EXISTING}/existing/x"),
    can("ExistingKey: assumed and written", EXPORTER, "ExistingKey", PUT, f"{EXISTING}/existing/x"),
    does("ExistingKey", "decrypts through S3", DECRYPT, EXISTING_KEY, THROUGH_S3),
    does("ExistingKey", "makes a data key through S3", DATA_KEY, EXISTING_KEY, THROUGH_S3),
    fails("ExistingKey", "does not decrypt directly", DECRYPT, EXISTING_KEY),
    fails("ExistingKey", "does not use the other key", DECRYPT, GIVEN_KEY, THROUGH_S3),
]

RUNNING = [
    # --- conditions that a running session meets anew with each request
    goes_on("Expiring", "a running session, before the moment", at("2099-12-31T22:59:58Z")),
    stops("Expiring", "a running session, at the moment", at("2099-12-31T22:59:59Z")),
    stops("Expiring", "a running session, after it", at("2100-01-01T00:00:00Z")),
    stops("Expired", "a running session"),
    goes_on("Expired", "a running session, before it expired", at("2025-12-31T23:59:59Z")),
    goes_on("FromHere", "a running session inside the range", HERE),
    goes_on("FromHere", "a running session inside the IPv6 range", IPV6_HERE),
    stops("FromHere", "a running session outside", OUTSIDE),
    stops("FromHere", "a running session beside the IPv6 range", from_("2001:db7::1")),
    stops("FromHere", "a running session through a VPC endpoint"),
    stops("FromElsewhere", "a running session inside another grant's range", HERE),
    # --- conditions that only the one who assumes meets
    goes_on("RecentMfa", "a session has no MFA to show"),
    goes_on("ExternalId", "a session has no external ID to show"),
    goes_on("OfOrganization", "a session is production's own"),
    # --- every condition at once
    does("AllConditions", "reads", GET, f"{KINDS}/all/x", HERE),
    does("AllConditions", "lists", LIST, KINDS, prefix("all/") | HERE),
    does("AllConditions", "reads the bucket's region", "s3:GetBucketLocation", KINDS, HERE),
    does("AllConditions", "lists the buckets", BUCKETS, "*", HERE),
    fails("AllConditions", "does not list the buckets from elsewhere", BUCKETS, "*", OUTSIDE),
    fails("AllConditions", "does not read from elsewhere", GET, f"{KINDS}/all/x", OUTSIDE),
    fails("AllConditions", "does not read when it is over", GET, f"{KINDS}/all/x", HERE | at("2099-12-31T00:00:00Z")),
    fails("AllConditions", "does not list without a prefix", LIST, KINDS, HERE),
    # --- revoked
    goes_on("Revoked", "a session that began after the moment", issued("2026-01-01T00:00:01Z")),
    goes_on("Revoked", "a session that began at the moment", issued("2026-01-01T00:00:00Z")),
    stops("Revoked", "a session that began before it", issued("2025-12-31T23:59:59Z")),
    stops("Revoked", "a session that began long before it", issued("2020-02-29T12:00:00Z")),
    cannot(
        "Revoked: who assumed it before it", EXPORTER, "Revoked", *PURPOSES["Revoked"], issued("2025-12-31T23:59:59Z")
    ),
    goes_on("ServiceRole", "a session however old, for nothing is revoked", issued("2020-02-29T12:00:00Z")),
    # --- disabled
    stops("Disabled", "a running session"),
    stops("Shut", "a running session, however new", issued("2026-11-24T11:59:59Z")),
    stops("Shut", "a revoked session", issued("2026-05-31T23:59:59Z")),
    # --- a role under a path
    can("Bounded: a session's ARN is without the path", session("Bounded", PROD), None, *PURPOSES["Bounded"]),
    can("Bounded: the role's ARN has it", role("crossrole/dev/Bounded", PROD), None, *PURPOSES["Bounded"]),
    can("Bounded: it is assumed by that ARN", EXPORTER, None, ASSUME, role("crossrole/dev/Bounded", PROD)),
    # --- from role to role
    cannot("a session goes on to no other grant", EXPORTER, "ServiceRole", ASSUME, role("Pinned", PROD), at="assume"),
    cannot("a session does not enter again", "ServiceRole", None, ASSUME, role("ServiceRole", PROD), at="assume"),
    cannot("full access to S3 is none to a role", "SeedExample", None, ASSUME, role("ServiceRole", PROD), at="assume"),
]

CALLERS = [
    # --- what those who come in from dev may do without coming in
    cannot("the function writes only through its grant", WRITER, None, PUT, f"{KINDS}/external/x"),
    cannot("alice reads only through a grant", ALICE, None, GET, f"{KINDS}/user/x"),
    cannot("alice lists no buckets of dev", ALICE, None, BUCKETS, "*"),
    cannot("a service's role writes only through a grant", EXPORTER, None, PUT, f"{KINDS}/service/x"),
    cannot("alice gives herself nothing", ALICE, None, "iam:PutUserPolicy", ALICE),
    cannot("the function assumes no role of dev", WRITER, None, ASSUME, role("WriterRole"), at="assume"),
    can("the function writes its own log", WRITER, None, "logs:PutLogEvents", f"{LOG}:log-stream:x"),
    can("the function takes messages of its queue", WRITER, None, "sqs:ReceiveMessage", SOURCE),
    can("it deletes those that are done", WRITER, None, "sqs:DeleteMessage", SOURCE),
    cannot("it takes none over plain HTTP", WRITER, None, "sqs:ReceiveMessage", SOURCE, HTTP),
    cannot("it takes none that was given up", WRITER, None, "sqs:ReceiveMessage", DEAD_LETTERS),
    cannot("it sends itself none", WRITER, None, "sqs:SendMessage", SOURCE),
    cannot("it does not empty its queue", WRITER, None, "sqs:PurgeQueue", SOURCE),
    cannot("alice takes none", ALICE, None, "sqs:ReceiveMessage", SOURCE),
]

ROWS = [*ACCESS, *KEYS, *RUNNING, *CALLERS]
