"""Promises about who may do what: roles, policies, and no people among them."""

from collections.abc import Iterator

from kiln.promises import policies
from kiln.promises.checks import Breach, Every, Mutation, Own, both, every, shown
from kiln.promises.controls import asked
from kiln.promises.demands import Demand, meets
from kiln.promises.paths import MISSING, put
from kiln.promises.promise import Promise
from kiln.promises.template import Environment
from kiln.promises.values import Json

IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
ROLE = every("AWS::IAM::Role")
PEOPLE = ("AWS::IAM::User", "AWS::IAM::AccessKey", "AWS::EC2::KeyPair")
BROAD = ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess", "AmazonSSMManagedInstanceCore")


def _nowhere_broad(found: Json) -> bool:
    return found is MISSING or not any(str(arn).endswith(f"/{name}") for arn in found for name in BROAD)


def _broadened(found: Json) -> Iterator[Json]:
    given = found if isinstance(found, list) else []
    for name in BROAD:
        yield [*given, f"arn:aws:iam::aws:policy/{name}"]


def _inside(found: Json, demand: Demand) -> bool:
    return found is MISSING or all(demand.holds(policy.get("PolicyDocument")) for policy in found)


def _inline(demand: Demand) -> Demand:
    """The demand on a policy document, asked of all inline policies of a role."""

    def worse(found: Json) -> Iterator[Json]:
        given = found if isinstance(found, list) else []
        for document in demand.worse({"Version": "2012-10-17", "Statement": []}):
            yield [*given, {"PolicyName": "Worse", "PolicyDocument": document}]

    return meets("Policies", lambda found: _inside(found, demand), demand.expected, worse, judges=False)


def _of_policies(demand: Demand) -> tuple[Every, ...]:
    kinds = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")
    return (*(every(kind).asks(demand) for kind in kinds), ROLE.asks(_inline(demand)))


def _people(environment: Environment) -> Iterator[Breach]:
    for kind in PEOPLE:
        for resource in environment.of_type(kind):
            yield Breach(resource, "Type", kind, "no user, access key or key pair")


def _add_people(environment: Environment) -> Iterator[Mutation]:
    for role in environment.of_type("AWS::IAM::Role")[:1]:
        for kind in PEOPLE:
            yield Mutation(
                f"{role.stack}/{role.logical_id}: make it a {kind}", ((role, put(role.body, ("Type",), kind)),)
            )


def _trusts_somebody(document: Json) -> bool:
    return bool(policies.statements(document)) and not any(
        policies.is_for_anybody(one) for one in policies.statements(document) if policies.allows(one)
    )


def _passing(environment: Environment) -> Iterator[Breach]:
    for kind, path in (("AWS::IAM::Policy", "PolicyDocument"), ("AWS::IAM::ManagedPolicy", "PolicyDocument")):
        for resource in environment.of_type(kind):
            for one in policies.statements(resource.properties.get(path)):
                if policies.allows(one) and _passes_anything(one):
                    yield Breach(resource, f"Properties.{path}", shown(one), "iam:PassRole of named roles only")


def _passes_anything(statement: policies.Statement) -> bool:
    return "iam:PassRole" in policies.listed(statement.get("Action")) and "*" in policies.listed(
        statement.get("Resource")
    )


def _pass_anything(environment: Environment) -> Iterator[Mutation]:
    for resource in environment.of_type("AWS::IAM::Policy"):
        document = resource.properties["PolicyDocument"]
        more = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}
        body = put(resource.body, ("Properties", "PolicyDocument", "Statement"), [*policies.statements(document), more])
        yield Mutation(f"{resource.stack}/{resource.logical_id}: pass any role", ((resource, body),))


PROMISES = (
    Promise(
        id="no-policy-allows-everything",
        title="No policy allows every action",
        reason="Whoever gets hold of such a role owns the account.",
        controls=asked("IAM.1"),
        source=f"{IAM}/best-practices.html",
        check=both(*_of_policies(policies.refuses_everything("PolicyDocument"))),
    ),
    Promise(
        id="no-policy-allows-a-whole-service",
        title="No policy allows every action of a service on everything",
        reason="What a role needs of a service are five actions; the sixth is how data leaves.",
        controls=asked("IAM.21"),
        source=f"{IAM}/best-practices.html",
        check=both(*_of_policies(policies.refuses_whole_services("PolicyDocument"))),
    ),
    Promise(
        id="roles-have-no-broad-managed-policy",
        title="No role has a managed policy that reaches beyond it",
        reason="AWS widens its policies without asking; AmazonSSMManagedInstanceCore reads every parameter today.",
        controls=(),
        source=f"{IAM}/access_policies_managed-vs-inline.html",
        check=ROLE.asks(
            meets("ManagedPolicyArns", _nowhere_broad, f"none of {', '.join(BROAD)}", _broadened, judges=False)
        ),
    ),
    Promise(
        id="roles-say-who-may-be-them",
        title="No role can be taken by everybody",
        reason="A trust in * is a trust in every AWS account there is.",
        controls=(),
        source=f"{IAM}/reference_policies_elements_principal.html",
        check=ROLE.asks(
            meets(
                "AssumeRolePolicyDocument",
                _trusts_somebody,
                "principals by name",
                lambda doc: (
                    doc | {"Statement": [one | {"Principal": {"AWS": "*"}} for one in policies.statements(doc)]},
                    doc | {"Statement": [one | {"Principal": "*"} for one in policies.statements(doc)]},
                ),
                judges=False,
            )
        ),
    ),
    Promise(
        id="roles-are-passed-by-name",
        title="Who may pass roles to services may pass those named",
        reason="Passing any role to a new instance is becoming any role.",
        controls=(),
        source=f"{IAM}/id_roles_use_passrole.html",
        check=Own(_passing, _pass_anything),
    ),
    Promise(
        id="templates-make-no-people",
        title="No template makes a user, an access key or a key pair",
        reason="People come by single sign-on; what lasts longer than they do is found by others.",
        controls=(),
        source=f"{IAM}/best-practices.html",
        check=Own(_people, _add_people),
    ),
)
