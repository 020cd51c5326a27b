"""The committed access.toml, row by row: one function in dev that may write under `dev/` in production."""

from crossrole.engines.simulator import Context
from tests.crossrole.evaluation.table import DEV, PARTNER, PROD, Row, can, cannot, role, session, user

FUNCTION, GRANT = "DevLambdaRole", "DevAccountAccessS3Role"
FUNCTION_ROLE, GRANT_ROLE = role(FUNCTION), role(GRANT, PROD)
BUCKET = "arn:aws:s3:::reports-222222222222"
OBJECT = f"{BUCKET}/dev/x"
PUT, GET, LIST = "s3:PutObject", "s3:GetObject", "s3:ListBucket"
ASSUME = "sts:AssumeRole"

# What the function's stack makes has names that only the deployment chooses: the inventory calls it by its logical id.
LOG = f"arn:aws:logs:eu-west-1:{DEV}:log-group:<WriterLog9C2A8072>"
QUEUE = f"arn:aws:sqs:eu-west-1:{DEV}:<WriterFailures1875B586>"
LAMBDA = f"arn:aws:lambda:eu-west-1:{DEV}:function:<WriterFunction9FC85C31>"
SECRET = f"arn:aws:secretsmanager:eu-west-1:{DEV}:secret:password-AbCdEf"
KEY = f"arn:aws:kms:eu-west-1:{DEV}:key/11111111-2222-3333-4444-555555555555"

HTTP = {"aws:SecureTransport": "false"}


def enters(says: str, caller: str) -> Row:
    """Return a row of one who may assume the grant's role, and write."""
    return can(says, caller, GRANT, PUT, OBJECT)


def kept_out(says: str, caller: str) -> Row:
    """Return a row of one who may not assume the grant's role."""
    return cannot(says, caller, GRANT, PUT, OBJECT, at="assume")


def does(says: str, action: str, resource: str, context: Context | None = None) -> Row:
    """Return a row of what the function may do through the grant."""
    return can(says, FUNCTION, GRANT, action, resource, context)


def fails(says: str, action: str, resource: str, context: Context | None = None) -> Row:
    """Return a row of what the function may not do through the grant."""
    return cannot(says, FUNCTION, GRANT, action, resource, context)


def itself(says: str, action: str, resource: str, context: Context | None = None) -> Row:
    """Return a row of what the function may do with its own role."""
    return can(says, FUNCTION, None, action, resource, context)


def not_itself(says: str, action: str, resource: str, context: Context | None = None) -> Row:
    """Return a row of what the function may not do with its own role."""
    return cannot(says, FUNCTION, None, action, resource, context)


WHO = [
    enters("the function writes", FUNCTION),
    enters("the function's role may be given by its ARN", FUNCTION_ROLE),
    enters("a session of the function's role writes, whatever its name", session(FUNCTION)),
    itself("the function assumes the grant's role", ASSUME, GRANT_ROLE),
    kept_out("another function's role does not enter", role("OtherLambdaRole")),
    kept_out("a session of another function's role does not", session("OtherLambdaRole")),
    kept_out("a role whose name begins the same does not", role("DevLambdaRole2")),
    kept_out("a role whose name ends the same does not", role("MyDevLambdaRole")),
    kept_out("a role whose name differs in case does not", role("devlambdarole")),
    kept_out("the same name under a path is another role", role("app/DevLambdaRole")),
    kept_out("the same name in another account is another role", role(FUNCTION, PARTNER)),
    kept_out("the same name in production is another role", role(FUNCTION, PROD)),
    kept_out("a session of that name in another account is another's", session(FUNCTION, PARTNER)),
    kept_out("a user of the role's name does not enter", user(FUNCTION)),
    kept_out("dev's administrators do not", role("Administrator")),
    kept_out("production's administrators do not", user("admin", PROD)),
    kept_out("the grant's own session does not", GRANT),
    cannot("nor does it assume its role again", GRANT, None, ASSUME, GRANT_ROLE, at="assume"),
    cannot("nor does the function's session of it", FUNCTION, GRANT, ASSUME, GRANT_ROLE, at="assume"),
]

KEYS = [
    # --- S3 takes a key as it is, and so does the prefix
    does("the prefix itself is a key under it", PUT, f"{BUCKET}/dev/"),
    does("a key may lie deep under the prefix", PUT, f"{BUCKET}/dev/2026/11/24/x"),
    does("two slashes are part of the key", PUT, f"{BUCKET}/dev//x"),
    does("dots lead nowhere: dev/../prod/x lies under dev/", PUT, f"{BUCKET}/dev/../prod/x"),
    does("a key may hold a question mark", PUT, f"{BUCKET}/dev/what?"),
    does("a key may hold colons", PUT, f"{BUCKET}/dev/12:00:00"),
    does("a key may hold spaces", PUT, f"{BUCKET}/dev/two words"),
    does("a key may be in any script", PUT, f"{BUCKET}/dev/отчёт-🎉"),
    does("a policy variable in a key is only text", PUT, f"{BUCKET}/dev/${{aws:username}}"),
    does("percent signs stay as they are", PUT, f"{BUCKET}/dev/%2e%2e%2fprod"),
    does("a key may be long", PUT, f"{BUCKET}/dev/{'x' * 100}"),
    fails("the prefix without its slash is outside", PUT, f"{BUCKET}/dev"),
    fails("a key that goes on otherwise is outside", PUT, f"{BUCKET}/development/x"),
    fails("a key beside the prefix is outside", PUT, f"{BUCKET}/prod/x"),
    fails("a key at the top is outside", PUT, f"{BUCKET}/x"),
    fails("the prefix further down is outside", PUT, f"{BUCKET}/prod/dev/x"),
    fails("the prefix after a first slash is outside", PUT, f"{BUCKET}//dev/x"),
    fails("dots do not lead in from above", PUT, f"{BUCKET}/../dev/x"),
    fails("dots do not lead in from beside", PUT, f"{BUCKET}/prod/../dev/x"),
    fails("the prefix in capitals is another", PUT, f"{BUCKET}/Dev/x"),
    fails("a backslash is no slash", PUT, f"{BUCKET}/dev\\x"),
    fails("an encoded slash is no slash", PUT, f"{BUCKET}/dev%2Fx"),
    # --- buckets
    fails("a bucket with a longer name is another", PUT, f"{BUCKET}-old/dev/x"),
    fails("a bucket with a shorter name is another", PUT, f"{BUCKET[:-1]}/dev/x"),
    fails("a bucket named like the prefix is another", PUT, "arn:aws:s3:::dev/x"),
    fails("a bucket of that name in another account gets nothing", PUT, OBJECT, {"aws:ResourceAccount": PARTNER}),
]

ACCESS = [
    # --- write is PutObject and what a multipart upload takes, nothing else
    does("an upload in parts is given up", "s3:AbortMultipartUpload", OBJECT),
    does("an upload in parts is resumed", "s3:ListMultipartUploadParts", OBJECT),
    fails("an upload elsewhere is not given up", "s3:AbortMultipartUpload", f"{BUCKET}/prod/x"),
    fails("an upload elsewhere is not resumed", "s3:ListMultipartUploadParts", f"{BUCKET}/prod/x"),
    fails("uploads are not listed", "s3:ListBucketMultipartUploads", BUCKET),
    fails("what was written is not read", GET, OBJECT),
    fails("an older version is not read", "s3:GetObjectVersion", OBJECT),
    fails("an object's attributes are not read", "s3:GetObjectAttributes", OBJECT),
    fails("an object is not deleted", "s3:DeleteObject", OBJECT),
    fails("a version is not deleted for good", "s3:DeleteObjectVersion", OBJECT),
    fails("objects are not listed", LIST, BUCKET, {"s3:prefix": "dev/"}),
    fails("versions are not listed", "s3:ListBucketVersions", BUCKET, {"s3:prefix": "dev/"}),
    fails("an object is not tagged", "s3:PutObjectTagging", OBJECT),
    fails("its tags are not read", "s3:GetObjectTagging", OBJECT),
    fails("it is not opened to others by an ACL", "s3:PutObjectAcl", OBJECT),
    fails("its ACL is not read", "s3:GetObjectAcl", OBJECT),
    fails("a lock is not passed by", "s3:BypassGovernanceRetention", OBJECT),
    # --- a copy reads its source and writes its target in one session: both must be allowed
    does("a copy's target is written", PUT, f"{BUCKET}/dev/copy"),
    fails("a copy's source is not read, so nothing is copied", GET, f"{BUCKET}/dev/original"),
    fails("nor is it in another bucket", GET, "arn:aws:s3:::another-bucket/original"),
    # --- the bucket itself
    fails("the bucket is not deleted", "s3:DeleteBucket", BUCKET),
    fails("its policy is not written", "s3:PutBucketPolicy", BUCKET),
    fails("its policy is not removed", "s3:DeleteBucketPolicy", BUCKET),
    fails("its ownership is not changed", "s3:PutBucketOwnershipControls", BUCKET),
    fails("its public access block is not lifted", "s3:PutBucketPublicAccessBlock", BUCKET),
    fails("its versioning is not stopped", "s3:PutBucketVersioning", BUCKET),
    fails("its lifecycle is not changed", "s3:PutLifecycleConfiguration", BUCKET),
    fails("its region is not read", "s3:GetBucketLocation", BUCKET),
    fails("the buckets are not listed", "s3:ListAllMyBuckets", "*"),
    fails("the account's public access block is not lifted", "s3:PutAccountPublicAccessBlock", "*"),
    # --- the connection
    does("TLS 1.2 will do", PUT, OBJECT, {"s3:TlsVersion": "1.2"}),
    does("TLS 1.3 will do", PUT, OBJECT, {"s3:TlsVersion": "1.3"}),
    fails("TLS 1.1 will not", PUT, OBJECT, {"s3:TlsVersion": "1.1"}),
    fails("plain HTTP will not", PUT, OBJECT, HTTP),
    cannot("plain HTTP will not for production's administrators", user("admin", PROD), None, GET, OBJECT, HTTP),
    # --- past the grant
    not_itself("the function does not write with its own role", PUT, OBJECT),
    not_itself("nor read", GET, OBJECT),
    not_itself("nor list", LIST, BUCKET, {"s3:prefix": "dev/"}),
    cannot("dev's administrators do not reach the bucket", role("Administrator"), None, GET, OBJECT),
    cannot("nor does another account", user("admin", PARTNER), None, GET, OBJECT),
    can("production's administrators do, if their policies say so", user("admin", PROD), None, GET, OBJECT),
    can("a running session of the grant writes", GRANT, None, PUT, OBJECT),
    can("a running session may be given by its ARN", session(GRANT, PROD), None, PUT, OBJECT),
    cannot("the grant's session gives its role nothing", GRANT, None, "iam:PutRolePolicy", GRANT_ROLE),
    cannot("it lets nobody else in", GRANT, None, "iam:UpdateAssumeRolePolicy", GRANT_ROLE),
    cannot("it makes no user", GRANT, None, "iam:CreateUser", user("intruder", PROD)),
]

OWN = [
    # --- what the function's own role may do: its log, its traces, its failure queue
    itself("the function writes its own log", "logs:PutLogEvents", f"{LOG}:log-stream:x"),
    itself("it begins a stream of its log", "logs:CreateLogStream", f"{LOG}:log-stream:x"),
    not_itself("it does not read its log", "logs:GetLogEvents", f"{LOG}:log-stream:x"),
    not_itself("it does not delete it", "logs:DeleteLogGroup", LOG),
    not_itself("it makes no log", "logs:CreateLogGroup", LOG),
    not_itself("it writes no log whose name begins the same", "logs:PutLogEvents", f"{LOG}-2:log-stream:x"),
    not_itself(
        "it writes no other log", "logs:PutLogEvents", f"{LOG.replace('<WriterLog9C2A8072>', 'other-log')}:log-stream:x"
    ),
    not_itself("it writes no log elsewhere", "logs:PutLogEvents", f"{LOG.replace('-west-1', '-west-2')}:log-stream:x"),
    itself("it sends its traces", "xray:PutTraceSegments", "*"),
    itself("it sends its telemetry", "xray:PutTelemetryRecords", "*"),
    not_itself("it reads no traces", "xray:BatchGetTraces", "*"),
    itself("it keeps a failed event", "sqs:SendMessage", QUEUE),
    not_itself("it keeps none over plain HTTP", "sqs:SendMessage", QUEUE, HTTP),
    not_itself("it takes none out again", "sqs:ReceiveMessage", QUEUE),
    not_itself("it sends to no other queue", "sqs:SendMessage", f"{QUEUE}-2"),
    # --- and nothing else at all
    not_itself("it does not invoke itself", "lambda:InvokeFunction", LAMBDA),
    not_itself("it does not change itself", "lambda:UpdateFunctionCode", LAMBDA),
    not_itself("it gives its role nothing", "iam:PutRolePolicy", FUNCTION_ROLE),
    not_itself("it attaches its role nothing", "iam:AttachRolePolicy", FUNCTION_ROLE),
    not_itself("it hands its role to nothing", "iam:PassRole", FUNCTION_ROLE),
    not_itself("it makes no user in dev", "iam:CreateUser", user("intruder")),
    not_itself("it does not tag its session in production", "sts:TagSession", GRANT_ROLE),
    cannot("it does not assume its own role", FUNCTION, None, ASSUME, FUNCTION_ROLE, at="assume"),
    not_itself("it reads no secret", "secretsmanager:GetSecretValue", SECRET),
    not_itself("it uses no key", "kms:Decrypt", KEY),
    not_itself("it looks at no machines", "ec2:DescribeInstances", "*"),
]

ROWS = [*WHO, *KEYS, *ACCESS, *OWN]
