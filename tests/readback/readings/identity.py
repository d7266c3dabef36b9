"""Roles and policies, read back: everything that the account has, whoever made it."""

from tests.readback.expected import allows_none, every, is_not, nothing, refuses_anybody
from tests.readback.reading import Ask, Expected, read

BROAD = ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess", "AmazonSSMManagedInstanceCore")
DOCUMENTS = (
    "[RoleDetailList[].RolePolicyList[].PolicyDocument, Policies[].PolicyVersionList[?IsDefaultVersion][].Document][]"
)


def _details(path: str, expected: Expected) -> Ask:
    request = {"Filter": ["Role", "LocalManagedPolicy"]}
    return Ask("", "iam get_account_authorization_details", request, path, expected)


READINGS = (
    read(
        "no-policy-allows-everything",
        _details(DOCUMENTS, allows_none("no Allow of every action", lambda actions, _: "*" in actions)),
    ),
    read(
        "no-policy-allows-a-whole-service",
        _details(
            DOCUMENTS,
            allows_none(
                "no Allow of service:* on everything",
                lambda actions, on: "*" in on and any(action.endswith(":*") for action in actions),
            ),
        ),
    ),
    read(
        "roles-have-no-broad-managed-policy",
        _details("RoleDetailList[].AttachedManagedPolicies[].PolicyName", is_not(*BROAD)),
    ),
    read(
        "roles-say-who-may-be-them",
        _details(
            "RoleDetailList[].AssumeRolePolicyDocument",
            every("principals by name", lambda document: refuses_anybody().holds(document)),
        ),
    ),
    read(
        "roles-are-passed-by-name",
        _details(
            DOCUMENTS,
            allows_none(
                "iam:PassRole of named roles only", lambda actions, on: "iam:PassRole" in actions and "*" in on
            ),
        ),
    ),
    read(
        "templates-make-no-people",
        Ask("", "iam list_users", {}, "Users", nothing()),
        Ask("", "ec2 describe_key_pairs", {}, "KeyPairs", nothing()),
    ),
)

UNREADABLE: dict[str, str] = {}
