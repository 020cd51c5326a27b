"""kinds.toml, row by row: who may assume the role of each kind of grant, and who is only nearly meant.

Everyone who is let in does what the grant is for; everyone else is denied the session.
"""

from crossrole.engines.simulator import Context
from tests.crossrole.evaluation.table import DEV, OTHER, PARTNER, PROD, Row, can, cannot, role, session, user

KINDS = "arn:aws:s3:::kinds-222222222222"
PUT, GET = "s3:PutObject", "s3:GetObject"
PURPOSES = {
    "WholeAccount": (PUT, f"{KINDS}/account/x"),
    "OneUser": (GET, f"{KINDS}/user/x"),
    "ServiceRole": (PUT, f"{KINDS}/service/x"),
    "PermissionSet": (PUT, f"{KINDS}/sso/x"),
    "Organization": (PUT, f"{KINDS}/organization/x"),
    "OrganizationalUnit": (PUT, f"{KINDS}/unit/x"),
    "Several": (PUT, f"{KINDS}/several/x"),
    "Pinned": (PUT, f"{KINDS}/pinned/x"),
    "ExternalId": (PUT, f"{KINDS}/external/x"),
    "ExternalIdByHand": (PUT, f"{KINDS}/external/x"),
    "RecentMfa": (GET, f"{KINDS}/mfa/x"),
    "OfOrganization": (PUT, f"{KINDS}/of-organization/x"),
    "SourceIdentity": (PUT, f"{KINDS}/identity/x"),
    "Expiring": (PUT, f"{KINDS}/expiring/x"),
    "Expired": (PUT, f"{KINDS}/expired/x"),
    "FromHere": (PUT, f"{KINDS}/here/x"),
    "FromElsewhere": (PUT, f"{KINDS}/elsewhere/x"),
    "Bounded": (PUT, f"{KINDS}/bounded/x"),
    "Revoked": (PUT, f"{KINDS}/revoked/x"),
    "Disabled": (PUT, f"{KINDS}/disabled/x"),
    "AllConditions": (GET, f"{KINDS}/all/x"),
    "Shut": (PUT, f"{KINDS}/shut/x"),
    "ExactActions": ("s3:PutObjectTagging", f"{KINDS}/exact/x"),
    "NewKey": (PUT, "arn:aws:s3:::kinds-new-key/x"),
    "GivenKey": (GET, "arn:aws:s3:::kinds-given-key/x"),
    "ExistingKey": (PUT, "arn:aws:s3:::kinds-existing/existing/x"),
    "EveryBucket": (GET, f"{KINDS}/any/x"),
    "SeedExample": (PUT, f"{KINDS}/any/x"),
    "FullBucket": (PUT, f"{KINDS}/any/x"),
}


def let_in(says: str, caller: str, grant: str, context: Context | None = None) -> Row:
    """Return a row of one who may assume the grant's role, and then do what it is for."""
    return can(f"{grant}: {says}", caller, grant, *PURPOSES[grant], context)


def kept_out(says: str, caller: str, grant: str, context: Context | None = None) -> Row:
    """Return a row of one who may not assume the grant's role."""
    return cannot(f"{grant}: {says}", caller, grant, *PURPOSES[grant], context, at="assume")


def sso(name: str, region: str = "eu-west-1/", account: str = DEV, before: str = "") -> str:
    """Return the ARN of the role that Identity Center makes for a permission set."""
    return role(f"{before}aws-reserved/sso.amazonaws.com/{region}AWSReservedSSO_{name}", account)


ALICE, BOB, WRITER = user("alice"), user("team/bob"), "WriterRole"
EXPORTER = role("service-role/Exporter")
ANYONE = role("Any", PARTNER)

ORGANIZATION = "o-a1b2c3d4e5"
IN = {"aws:PrincipalOrgID": ORGANIZATION}
UNIT, BESIDE = f"{ORGANIZATION}/r-ab12/ou-ab12-11111111/", f"{ORGANIZATION}/r-ab12/ou-ab12-99999999/"


def below(*paths: str) -> dict[str, list[str]]:
    """Return the context of a caller whose account is in these units."""
    return {"aws:PrincipalOrgPaths": list(paths)}


PRINCIPALS = [
    # --- a whole account: everyone there that its own policies allow
    let_in("any role of the account", role("Any", PARTNER), "WholeAccount"),
    let_in("any role under a path", role("app/deep/Any", PARTNER), "WholeAccount"),
    let_in("any user of the account", user("carol", PARTNER), "WholeAccount"),
    let_in("any session of a role of the account", session("Any", PARTNER), "WholeAccount"),
    kept_out("not another account's roles", role("Any", OTHER), "WholeAccount"),
    kept_out("not another account's users", user("carol", OTHER), "WholeAccount"),
    kept_out("not dev's roles", EXPORTER, "WholeAccount"),
    kept_out("not dev's users", ALICE, "WholeAccount"),
    kept_out("not the function", WRITER, "WholeAccount"),
    kept_out("not production's own users", user("admin", PROD), "WholeAccount"),
    kept_out("not another grant's session", "SeedExample", "WholeAccount"),
    # --- one user
    let_in("alice herself", ALICE, "OneUser"),
    let_in("alice, whatever MFA she gave", ALICE, "OneUser", {"aws:MultiFactorAuthPresent": "true"}),
    kept_out("not a role of her name", role("alice"), "OneUser"),
    kept_out("not a session of such a role", session("alice"), "OneUser"),
    kept_out("not a user of her name under a path", user("team/alice"), "OneUser"),
    kept_out("not her namesake in another account", user("alice", PARTNER), "OneUser"),
    kept_out("not her namesake in production", user("alice", PROD), "OneUser"),
    kept_out("not a user whose name begins the same", user("alice2"), "OneUser"),
    kept_out("not a user whose name differs in case", user("Alice"), "OneUser"),
    kept_out("not another user", BOB, "OneUser"),
    kept_out("not a user outside the templates", user("carol"), "OneUser"),
    # --- one role under a path
    let_in("the role", EXPORTER, "ServiceRole"),
    let_in("its session", session("Exporter"), "ServiceRole"),
    kept_out("not the name without the path", role("Exporter"), "ServiceRole"),
    kept_out("not the name under another path", role("other/Exporter"), "ServiceRole"),
    kept_out("not the name under a longer path", role("service-role/deep/Exporter"), "ServiceRole"),
    kept_out("not the name after another beginning", role("my/service-role/Exporter"), "ServiceRole"),
    kept_out("not another role of the path", role("service-role/Importer"), "ServiceRole"),
    kept_out("not a user of that path and name", user("service-role/Exporter"), "ServiceRole"),
    kept_out("not the role of another account", role("service-role/Exporter", PARTNER), "ServiceRole"),
    kept_out("not its session of another account", session("Exporter", OTHER), "ServiceRole"),
    kept_out("not the function", WRITER, "ServiceRole"),
    # --- pinned: the same, by the ARN itself
    let_in("the role", EXPORTER, "Pinned"),
    let_in("its session", session("Exporter"), "Pinned"),
    kept_out("not the name without the path", role("Exporter"), "Pinned"),
    kept_out("not the name under another path", role("other/Exporter"), "Pinned"),
    kept_out("not a user of that path and name", user("service-role/Exporter"), "Pinned"),
    kept_out("not the role of another account", role("service-role/Exporter", PARTNER), "Pinned"),
    kept_out("not its session of another account", session("Exporter", OTHER), "Pinned"),
    kept_out("not another role", role("Any"), "Pinned"),
    # --- a permission set: its role's name ends in 16 characters that AWS chooses
    let_in("its role", sso("Dev_0123456789abcdef"), "PermissionSet"),
    let_in("its role after it was made anew", sso("Dev_fedcba9876543210"), "PermissionSet"),
    let_in("its session", session("AWSReservedSSO_Dev_0123456789abcdef"), "PermissionSet"),
    kept_out("not a set whose name begins the same", sso("Dev_Admin_0123456789abcdef"), "PermissionSet"),
    kept_out("not a set whose name goes on", sso("Developers_0123456789abcdef"), "PermissionSet"),
    kept_out("not a set whose name ends the same", sso("My_Dev_0123456789abcdef"), "PermissionSet"),
    kept_out("not a shorter end", sso("Dev_0123456789abcde"), "PermissionSet"),
    kept_out("not a longer end", sso("Dev_0123456789abcdef0"), "PermissionSet"),
    kept_out("not another case", sso("dev_0123456789abcdef"), "PermissionSet"),
    kept_out("not another region's", sso("Dev_0123456789abcdef", "eu-central-1/"), "PermissionSet"),
    kept_out("not us-east-1's, whose path has no region", sso("Dev_0123456789abcdef", ""), "PermissionSet"),
    kept_out("not another account's", sso("Dev_0123456789abcdef", account=PARTNER), "PermissionSet"),
    kept_out("not a role that only has the name", role("AWSReservedSSO_Dev_0123456789abcdef"), "PermissionSet"),
    kept_out("not a role that only ends the same", sso("Dev_0123456789abcdef", before="mine/"), "PermissionSet"),
    # --- an organization
    let_in("any role in it", ANYONE, "Organization", IN),
    let_in("any user in it", user("carol", OTHER), "Organization", IN),
    let_in("dev's roles, if dev is in it", EXPORTER, "Organization", IN),
    kept_out("not another organization's", ANYONE, "Organization", {"aws:PrincipalOrgID": "o-zzzzzzzzzz"}),
    kept_out("not one whose id goes on", ANYONE, "Organization", {"aws:PrincipalOrgID": f"{ORGANIZATION}6"}),
    kept_out("not its id in capitals", ANYONE, "Organization", {"aws:PrincipalOrgID": ORGANIZATION.upper()}),
    kept_out("not an account in no organization", ANYONE, "Organization"),
    kept_out("not production's own users", user("admin", PROD), "Organization", IN),
    kept_out("not production's own roles", role("Any", PROD), "Organization", IN),
    kept_out("not a grant's session", "ServiceRole", "Organization", IN),
    kept_out("not the function, whose own policies do not let it", WRITER, "Organization", IN),
    # --- an organizational unit
    let_in("the unit itself", ANYONE, "OrganizationalUnit", below(UNIT)),
    let_in("a unit below it", ANYONE, "OrganizationalUnit", below(f"{UNIT}ou-ab12-22222222/")),
    let_in("a unit far below it", ANYONE, "OrganizationalUnit", below(f"{UNIT}ou-ab12-22222222/ou-ab12-33333333/")),
    let_in("one of several paths", ANYONE, "OrganizationalUnit", below("o-zzzzzzzzzz/r-zz12/", UNIT)),
    kept_out("not a unit beside it", ANYONE, "OrganizationalUnit", below(BESIDE)),
    kept_out("not a unit whose id goes on", ANYONE, "OrganizationalUnit", below(f"{UNIT.removesuffix('/')}1/")),
    kept_out("not the root above it", ANYONE, "OrganizationalUnit", below(f"{ORGANIZATION}/r-ab12/")),
    kept_out("not the unit's id elsewhere", ANYONE, "OrganizationalUnit", below(f"{BESIDE}ou-ab12-11111111/")),
    kept_out("not another organization's unit", ANYONE, "OrganizationalUnit", below(f"o-zzzzzzzzzz{UNIT[12:]}")),
    kept_out("not the organization alone", ANYONE, "OrganizationalUnit", IN),
    kept_out("not an account in no organization", ANYONE, "OrganizationalUnit"),
    kept_out("not production's own roles", role("Any", PROD), "OrganizationalUnit", below(UNIT)),
    # --- several principals
    let_in("the first role", role("First"), "Several"),
    let_in("the second role, of another account", role("Second", OTHER), "Several"),
    let_in("the user under a path", user("team/bob", OTHER), "Several"),
    let_in("any role of the whole account", role("Any", "555555555555"), "Several"),
    let_in("any user of the whole account", user("any", "555555555555"), "Several"),
    let_in("the first role's session", session("First"), "Several"),
    kept_out("not the first role in the second's account", role("First", OTHER), "Several"),
    kept_out("not the second role in the first's account", role("Second"), "Several"),
    kept_out("not the user without his path", user("bob", OTHER), "Several"),
    kept_out("not his namesake in dev", BOB, "Several"),
    kept_out("not a role of the user's path and name", role("team/bob", OTHER), "Several"),
    kept_out("not the rest of the first account", role("Third"), "Several"),
    kept_out("not the rest of the second account", role("Third", OTHER), "Several"),
    kept_out("not the first role in the whole account's neighbour", role("First", "666666666666"), "Several"),
    # --- the seed of it all: the whole dev account, on everything
    let_in("any role of dev", role("Any"), "SeedExample"),
    let_in("any user of dev outside the templates", user("carol"), "SeedExample"),
    kept_out("not alice: the templates give her this role nowhere", ALICE, "SeedExample"),
    kept_out("not another account", ANYONE, "SeedExample"),
]


def external_id(text: str) -> dict[str, str]:
    """Return the context of a caller who sends this external ID."""
    return {"sts:ExternalId": text}


def mfa(age: int, *, present: str = "true") -> dict[str, str]:
    """Return the context of a caller whose MFA is so old."""
    return {"aws:MultiFactorAuthPresent": present, "aws:MultiFactorAuthAge": str(age)}


def at(moment: str) -> dict[str, str]:
    """Return the context of a request at a moment."""
    return {"aws:CurrentTime": moment}


def from_(address: str) -> dict[str, str]:
    """Return the context of a request from an address."""
    return {"aws:SourceIp": address}


ALL = {
    **external_id("all-of-them"),
    **mfa(60),
    **IN,
    **from_("127.0.0.1"),
}


def all_but(key: str) -> dict[str, str]:
    """Return every condition of `AllConditions` met but one, which is absent."""
    return {each: value for each, value in ALL.items() if each != key}


SET_IDENTITY, IDENTIFIED = "sts:SetSourceIdentity", role("SourceIdentity", PROD)


def saying(name: str) -> dict[str, str]:
    """Return the context of a request that sets a source identity."""
    return {"sts:SourceIdentity": name}


def says_not(says: str, caller: str, context: Context) -> Row:
    """Return a row of one who may not set the source identity."""
    return cannot(f"SourceIdentity: not when {says}", caller, None, SET_IDENTITY, IDENTIFIED, context)


NIGHTLY = "export:2026/nightly"
CONDITIONS = [
    # --- an external ID: exactly the one
    let_in("the one that is asked for", WRITER, "ExternalId", external_id(NIGHTLY)),
    kept_out("without one", WRITER, "ExternalId"),
    kept_out("another", WRITER, "ExternalId", external_id("import:2026/nightly")),
    kept_out("its beginning", WRITER, "ExternalId", external_id("export:2026")),
    kept_out("its beginning and more than it", WRITER, "ExternalId", external_id("export:2026/nightly2")),
    kept_out("one with something before it", WRITER, "ExternalId", external_id("x-export:2026/nightly")),
    kept_out("another case", WRITER, "ExternalId", external_id("Export:2026/Nightly")),
    kept_out("a pattern of it", WRITER, "ExternalId", external_id("export:*")),
    kept_out("the right one, sent by another role", EXPORTER, "ExternalId", external_id(NIGHTLY)),
    kept_out("the right one, sent by a namesake", role(WRITER, OTHER), "ExternalId", external_id(NIGHTLY)),
    let_in("the one that is asked for", EXPORTER, "ExternalIdByHand", external_id("by-hand")),
    kept_out("the one of another grant", EXPORTER, "ExternalIdByHand", external_id(NIGHTLY)),
    kept_out("without one", EXPORTER, "ExternalIdByHand"),
    let_in("one that nobody asks for", EXPORTER, "ServiceRole", external_id("any")),
    # --- MFA, at most an hour old
    let_in("a fresh code", ALICE, "RecentMfa", mfa(0)),
    let_in("a code of a minute ago", ALICE, "RecentMfa", mfa(60)),
    let_in("a code just as old as it may be", ALICE, "RecentMfa", mfa(3600)),
    let_in("bob's fresh code", BOB, "RecentMfa", mfa(60)),
    kept_out("a code a second too old", ALICE, "RecentMfa", mfa(3601)),
    kept_out("a code of yesterday", ALICE, "RecentMfa", mfa(86400)),
    kept_out("no code", ALICE, "RecentMfa"),
    kept_out("no code, and the request says so", ALICE, "RecentMfa", {"aws:MultiFactorAuthPresent": "false"}),
    kept_out("no code, but an age", ALICE, "RecentMfa", mfa(60, present="false")),
    kept_out("a code without an age", ALICE, "RecentMfa", {"aws:MultiFactorAuthPresent": "true"}),
    kept_out("an age without a code", ALICE, "RecentMfa", {"aws:MultiFactorAuthAge": "60"}),
    kept_out("bob's without a code", BOB, "RecentMfa"),
    kept_out("bob without his path", user("bob"), "RecentMfa", mfa(60)),
    kept_out("another user's fresh code", user("carol"), "RecentMfa", mfa(60)),
    kept_out("a role that says it has MFA", EXPORTER, "RecentMfa", mfa(60)),
    # --- an organization that the caller must be of
    let_in("the role in it", EXPORTER, "OfOrganization", IN),
    let_in("the other account's role in it", role("service-role/Exporter", PARTNER), "OfOrganization", IN),
    kept_out("the role in none", EXPORTER, "OfOrganization"),
    kept_out("the role in another", EXPORTER, "OfOrganization", {"aws:PrincipalOrgID": "o-zzzzzzzzzz"}),
    kept_out("another role in it", role("Any"), "OfOrganization", IN),
    kept_out("a third account's role of that name in it", role("service-role/Exporter", OTHER), "OfOrganization", IN),
    # --- who may say who it is: the external ID belongs to the assuming alone
    let_in("the user with the external ID", BOB, "SourceIdentity", external_id("who-is-it")),
    kept_out("the user without it", BOB, "SourceIdentity"),
    kept_out("another user with it", ALICE, "SourceIdentity", external_id("who-is-it")),
    can("SourceIdentity: bob says that he is bob", BOB, None, SET_IDENTITY, IDENTIFIED, saying("bob")),
    says_not("bob says that he is alice", BOB, saying("alice")),
    says_not("bob says that he is none", BOB, {}),
    says_not("alice says that she is alice", ALICE, saying("alice")),
    says_not("a role of his name says that it is bob", role("bob"), saying("bob")),
    says_not("bob without his path says that he is bob", user("bob"), saying("bob")),
    # --- until a moment: 2099-12-31T23:59:59+01:00
    let_in("now", EXPORTER, "Expiring"),
    let_in("a second before", EXPORTER, "Expiring", at("2099-12-31T22:59:58Z")),
    kept_out("at the moment itself", EXPORTER, "Expiring", at("2099-12-31T22:59:59Z")),
    kept_out("a second after", EXPORTER, "Expiring", at("2099-12-31T23:00:00Z")),
    kept_out("years after", EXPORTER, "Expiring", at("2110-01-01T00:00:00Z")),
    kept_out("now, after it expired", EXPORTER, "Expired"),
    let_in("while it had not expired", EXPORTER, "Expired", at("2025-12-31T23:59:59Z")),
    kept_out("when it expired", EXPORTER, "Expired", at("2026-01-01T00:00:00Z")),
    # --- from addresses
    let_in("inside", EXPORTER, "FromHere", from_("127.0.0.1")),
    let_in("at the range's beginning", EXPORTER, "FromHere", from_("127.0.0.0")),
    let_in("at the range's end", EXPORTER, "FromHere", from_("127.255.255.255")),
    let_in("inside the IPv6 range", EXPORTER, "FromHere", from_("2001:db8:ffff::1")),
    kept_out("before the range", EXPORTER, "FromHere", from_("126.255.255.255")),
    kept_out("after the range", EXPORTER, "FromHere", from_("128.0.0.0")),
    kept_out("beside the IPv6 range", EXPORTER, "FromHere", from_("2001:db9::1")),
    kept_out("a private address", EXPORTER, "FromHere", from_("10.0.0.1")),
    kept_out("through a VPC endpoint, which shows no address", EXPORTER, "FromHere"),
    kept_out("another role inside", role("Any"), "FromHere", from_("127.0.0.1")),
    let_in("at the range's end", EXPORTER, "FromElsewhere", from_("203.0.113.255")),
    kept_out("after the range", EXPORTER, "FromElsewhere", from_("203.0.114.0")),
    kept_out("an IPv6 address, where only IPv4 is named", EXPORTER, "FromElsewhere", from_("2001:db8::1")),
    # --- taken away
    let_in("a new session, after older ones were revoked", EXPORTER, "Revoked"),
    kept_out("nobody", EXPORTER, "Disabled"),
    kept_out("nobody, pinned and revoked as well", EXPORTER, "Shut"),
    kept_out("nobody, by a session either", session("Exporter"), "Disabled"),
    # --- a boundary and a path
    let_in("a role under a path, bounded by what is outside the templates", EXPORTER, "Bounded"),
    kept_out("another role", role("Any"), "Bounded"),
    # --- every condition at once
    let_in("all met", ALICE, "AllConditions", ALL),
    *[kept_out(f"all met but {key}", ALICE, "AllConditions", all_but(key)) for key in ALL],
    kept_out("all met but the MFA's age", ALICE, "AllConditions", {**ALL, **mfa(901)}),
    kept_out("all met but the time", ALICE, "AllConditions", {**ALL, **at("2099-12-31T00:00:00Z")}),
    kept_out("all met but the address", ALICE, "AllConditions", {**ALL, **from_("128.0.0.0")}),
    kept_out("all met by another user", BOB, "AllConditions", ALL),
    kept_out("all met by a role of her name", role("alice"), "AllConditions", ALL),
]

# The function's role is in the templates: its own policies must name the grant too.
OWN_HALF = [
    kept_out("not the function, whatever it sends", WRITER, grant, {**ALL, **below(UNIT)})
    for grant in PURPOSES
    if grant != "ExternalId"
]

ROWS = [*PRINCIPALS, *CONDITIONS, *OWN_HALF]
