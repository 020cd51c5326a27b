"""IAM's and STS's limits, each stated once: characters and numbers of policies, seconds of sessions."""

TRUST_POLICY = 2048
"""Characters of a role's trust policy, white space not counted."""
TRUST_POLICY_AT_MOST = 4096
"""What AWS raises it to on request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""
INLINE_POLICIES = 10240
"""Characters of all inline policies of a role, white space not counted."""
INLINE_POLICIES_OF_USER = 2048
"""Characters of all inline policies of a user, white space not counted."""
INLINE_POLICIES_OF_GROUP = 5120
"""Characters of all inline policies of a group, white space not counted."""
MANAGED_POLICY = 6144
"""Characters of one managed policy, white space not counted."""
BUCKET_POLICY = 20480
"""Bytes of a bucket policy. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html"""
KEY_POLICY = 32768
"""Bytes of a key policy. https://docs.aws.amazon.com/kms/latest/developerguide/resource-limits.html"""
ROLE_CHAINING_LIMIT = 3600
"""Seconds that a session may last when a role's credentials were used to get it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining
"""
SESSION_POLICY = 2048
"""Characters of a session policy. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""
MANAGED_POLICIES_ATTACHED = 10
"""Managed policies that can be attached to a user, or to a role.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""
SHORTEST_SESSION = 900
"""Seconds. https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""
LEAST_MAX_SESSION, LONGEST_SESSION = 3600, 43200
"""Seconds: IAM takes no shorter and no longer MaxSessionDuration of a role.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
"""
