"""Functions behind a load balancer: the API over HTTP, the real HAProxy, the bridge, and a process for each request."""

import base64
import itertools
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.balancer.function_event import MOST_BYTES
from rehearsal.functions.package import inline

NUMBERS = itertools.count(1)
ACCOUNT = "444444444444"
SOURCE = """
import base64, json
NAME = %r
def handler(event, context):
    path = event["path"]
    if path == "/raise":
        raise ValueError("no")
    if path == "/odd":
        return {"statusCode": "200"}
    if path == "/large":
        return {"statusCode": 200, "body": "x" * (1 << 20)}
    if path == "/bytes":
        return {"statusCode": 201, "statusDescription": "201 Made", "body": "AGEA", "isBase64Encoded": True}
    if path == "/cookies":
        field = "multiValueHeaders" if "multiValueHeaders" in event else "headers"
        return {"statusCode": 200, field: {"Set-Cookie": ["a=b", "c=d"] if field[0] == "m" else "a=b"}, "body": field}
    if path == "/health":
        print("HEALTH", json.dumps(event))
        return {"statusCode": 200 if NAME == "well" else 503}
    if path == "/name":
        return {"statusCode": 200, "body": NAME}
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(event)}
"""


class Functions:
    """Makes functions with aliases, permissions and target groups."""

    def __init__(self, world: Any) -> None:
        self.world, self.lambda_ = world, world.functions

    def make(self, name: str = "well") -> str:
        """The ARN of a function that answers with its name."""
        role_name = f"function-{next(NUMBERS)}"
        trusted = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
        role = self.world.iam.create_role(RoleName=role_name, AssumeRolePolicyDocument=policy)["Role"]["Arn"]
        made = self.lambda_.create_function(
            FunctionName=role_name,
            Runtime="python3.13",
            Role=role,
            Handler="index.handler",
            Timeout=20,
            Code={"ZipFile": inline(SOURCE % name, "index.py")},
        )
        return str(made["FunctionArn"])

    def permit(self, arn: str, **more: str) -> None:
        self.lambda_.add_permission(
            FunctionName=arn,
            StatementId="elb",
            Action="lambda:InvokeFunction",
            Principal="elasticloadbalancing.amazonaws.com",
            **more,
        )

    def group(self, *arns: str, **settings: Any) -> str:
        name = f"function-{next(NUMBERS)}"
        made = self.world.elb.create_target_group(Name=name, TargetType="lambda", **settings)
        group = str(made["TargetGroups"][0]["TargetGroupArn"])
        for arn in arns:
            self.register(group, arn)
        return group

    def register(self, group: str, arn: str) -> None:
        self.world.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": arn}])

    def served(self, group: str) -> str:
        """The address of a load balancer that sends everything to the group, when it does."""
        balancer = self.world.balancer()
        self.world.listener(balancer, {"Type": "forward", "TargetGroupArn": group})
        address = str(self.world.address(balancer))
        waiting = {"unused", "initial"}
        self.world.until(lambda: waiting.isdisjoint(state for state, _ in self.world.health(group).values()))
        return address


@pytest.fixture
def functions(world: Any) -> Functions:
    return Functions(world)


def test_a_request_becomes_an_event_and_the_answer_a_response(functions: Functions, client: Any) -> None:
    arn = functions.make()
    functions.permit(arn)
    group = functions.group(arn)
    address = functions.served(group)
    headers = {"Content-Type": "text/plain", "Content-Length": "5", "X-Kiln-Target-Group": "forged", "X-Twice": "1"}
    found = client(address).get("/a%20b?q=1&q=2", headers, "POST", b"hello")
    assert (found.status, found.headers["content-type"], found.headers["server"]) == (
        200,
        "application/json",
        "awselb/2.0",
    )
    event = json.loads(found.body)
    assert event["requestContext"] == {"elb": {"targetGroupArn": group}}
    assert (event["httpMethod"], event["path"], event["queryStringParameters"]) == ("POST", "/a%20b", {"q": "2"})
    assert (event["body"], event["isBase64Encoded"]) == ("hello", False)
    assert event["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert event["headers"]["x-forwarded-proto"] == "http"
    assert not [name for name in event["headers"] if name.startswith("x-kiln")]
    made = client(address).get("/bytes")
    assert (made.status, made.body) == (201, "\0a\0")
    asking = client(address)
    assert (asking.get("/name", method="HEAD").status, asking.get("/name").body) == (200, "well")


def test_a_body_in_chunks_arrives_whole(functions: Functions, client: Any) -> None:
    arn = functions.make()
    functions.permit(arn)
    address = functions.served(functions.group(arn))
    sent = client(address).get("/", {"Transfer-Encoding": "chunked"}, "PUT", b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")
    event = json.loads(sent.body)
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"abcdefg", True)


def test_what_a_function_does_not_answer_is_a_502_of_the_load_balancer(functions: Functions, client: Any) -> None:
    arn = functions.make()
    functions.permit(arn)
    address = functions.served(functions.group(arn))
    assert [client(address).get(path).status for path in ("/raise", "/odd", "/large", "/name")] == [502, 502, 502, 200]
    balancer = next(b for b in functions.world.balancers.each() if b.address == address)
    functions.world.until(lambda: balancer._haproxy.runtime.servers(everywhere=False))
    taken = balancer.take_traffic()
    assert taken.answers["5"] == 3
    assert {group.answers["5"] for group in taken.groups.values()} == {0}, "of the load balancer, not of the target"
    functions.lambda_.remove_permission(FunctionName=arn, StatementId="elb")
    assert client(address).get("/name").status == 502


def test_what_no_function_is_asked(functions: Functions, client: Any) -> None:
    arn = functions.make()
    functions.permit(arn)
    address = functions.served(functions.group(arn))
    size = MOST_BYTES + 1
    assert client(address).get("/", {"Content-Length": str(size)}, "POST", b"x" * 1000).status == 413
    chunk = b"%x\r\n%b\r\n" % (size, b"x" * size)
    assert client(address).get("/", {"Transfer-Encoding": "chunked"}, "POST", chunk + b"0\r\n\r\n").status == 413
    hanging = client(address)
    hanging._socket.sendall(b"POST /half HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf")
    hanging.close()
    assert client(address).get("/", {"Upgrade": "websocket", "Connection": "Upgrade"}).status == 400
    log_group = f"/aws/lambda/{arn.rpartition(':')[2]}"
    found = functions.world.logs.describe_log_groups(logGroupNamePrefix=log_group)["logGroups"]
    assert not found, "nothing of this was an invocation, nor was a request that came half"


def test_headers_of_several_values_are_an_attribute_of_the_group(functions: Functions, client: Any) -> None:
    arn = functions.make()
    functions.permit(arn)
    group = functions.group(arn)
    address = functions.served(group)
    assert client(address).get("/cookies").body == "headers"
    value = {"Key": "lambda.multi_value_headers.enabled", "Value": "true"}
    functions.world.elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=[value])
    assert client(address).get("/cookies").body == "multiValueHeaders"


def test_the_weights_of_an_alias_decide(functions: Functions, client: Any) -> None:
    arn = functions.make("old")
    versions = [functions.lambda_.publish_version(FunctionName=arn)["Version"]]
    functions.lambda_.update_function_code(FunctionName=arn, ZipFile=inline(SOURCE % "new", "index.py"))
    versions.append(functions.lambda_.publish_version(FunctionName=arn)["Version"])
    alias = functions.lambda_.create_alias(FunctionName=arn, Name="live", FunctionVersion=versions[0])["AliasArn"]
    functions.permit(alias)
    address = functions.served(functions.group(alias))
    assert client(address).get("/name").body == "old"
    half = {"AdditionalVersionWeights": {versions[1]: 0.5}}
    functions.lambda_.update_alias(FunctionName=arn, Name="live", RoutingConfig=half)
    connection = client(address)
    names: Counter[str] = Counter()
    functions.world.until(lambda: names.update([connection.get("/name").body]) or len(names) == 2)
    assert set(names) == {"old", "new"}


def test_a_function_is_not_checked_unless_it_is_asked_for(functions: Functions, client: Any) -> None:
    arn = functions.make("ill")
    functions.permit(arn)
    group = functions.group(arn)
    assert functions.world.health(group) == {arn: ("unused", "Target.NotInUse")}
    address = functions.served(group)
    assert functions.world.health(group) == {arn: ("unavailable", "Target.HealthCheckDisabled")}
    described = functions.world.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    assert described[0]["Target"] == {"Id": arn}
    functions.world.elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": arn}])
    functions.world.until(lambda: client(address).get("/name").status == 503)
    functions.world.until(lambda: not functions.world.health(group))


@pytest.mark.parametrize(
    ("name", "health"), [("well", ("healthy", None)), ("ill", ("unhealthy", "Target.ResponseCodeMismatch"))]
)
def test_health_checks_ask_the_function(
    name: str, health: tuple[str, str | None], functions: Functions, quick_checks: Callable[[str], None], client: Any
) -> None:
    arn = functions.make(name)
    functions.permit(arn)
    group = functions.group(arn, HealthCheckEnabled=True, HealthCheckPath="/health")
    quick_checks(group)
    address = functions.served(group)
    functions.world.until(lambda: functions.world.health(group) == {arn: health})
    events = functions.world.logs.filter_log_events(logGroupName=f"/aws/lambda/{arn.rpartition(':')[2]}")["events"]
    asked = json.loads(next(e["message"] for e in events if e["message"].startswith("HEALTH")).partition(" ")[2])
    assert asked == {
        "requestContext": {"elb": {"targetGroupArn": group}},
        "httpMethod": "GET",
        "path": "/health",
        "queryStringParameters": {},
        "headers": {"user-agent": "ELB-HealthChecker/2.0"},
        "body": "",
        "isBase64Encoded": False,
    }
    assert client(address).get("/name").body == name, "all targets are asked where none is healthy"


def test_checks_can_be_turned_on_and_off_while_it_serves(
    functions: Functions, quick_checks: Callable[[str], None], client: Any
) -> None:
    arn = functions.make("ill")
    functions.permit(arn)
    group = functions.group(arn, HealthCheckPath="/health")
    quick_checks(group)
    address = functions.served(group)
    functions.world.elb.modify_target_group(TargetGroupArn=group, HealthCheckEnabled=True)
    functions.world.until(lambda: functions.world.health(group)[arn][0] == "unhealthy", 20)
    functions.world.elb.modify_target_group(TargetGroupArn=group, HealthCheckEnabled=False)
    functions.world.until(lambda: functions.world.health(group)[arn][0] == "unavailable")
    assert client(address).get("/name").body == "ill"


def refused(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as raised:
        call()
    return raised.value.response["Error"]["Code"], raised.value.response["Error"]["Message"]


def test_only_a_function_that_lets_itself_be_invoked_is_registered(functions: Functions) -> None:
    arn = functions.make()
    version = functions.lambda_.publish_version(FunctionName=arn)["Version"]
    alias = functions.lambda_.create_alias(FunctionName=arn, Name="live", FunctionVersion=version)["AliasArn"]
    group, other = functions.group(), functions.group()
    code, message = refused(lambda: functions.register(group, alias))
    assert code == "AccessDenied"
    assert message == (
        f"elasticloadbalancing principal does not have permission to invoke {alias} from target group {group}"
    )
    functions.permit(arn)
    assert refused(lambda: functions.register(group, alias))[0] == "AccessDenied", (
        "it is the function's, not the alias's"
    )
    functions.permit(alias, SourceArn=group)
    functions.register(group, alias)
    assert refused(lambda: functions.register(other, alias))[0] == "AccessDenied", "it is another group's"
    assert refused(lambda: functions.register(group, arn))[0] == "TooManyTargets"
    assert refused(lambda: functions.register(other, f"{arn}-other")) == (
        "InvalidTarget",
        f"The function {arn}-other does not exist",
    )
    abroad = arn.replace("eu-west-1", "eu-north-1")
    assert refused(lambda: functions.register(other, abroad))[0] == "InvalidTarget"
    assert "ARN of a function" in refused(lambda: functions.register(other, "10.0.0.1"))[1]


def test_the_settings_of_a_groups_health_check_can_be_changed(functions: Functions) -> None:
    group = functions.group()
    elb = functions.world.elb
    elb.modify_target_group(TargetGroupArn=group, HealthCheckEnabled=True, Matcher={"HttpCode": "200-299"})
    found = elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]
    assert (found["HealthCheckEnabled"], found["Matcher"]) == (True, {"HttpCode": "200-299"})
    elb.modify_target_group(TargetGroupArn=group, HealthCheckEnabled=False)
    found = elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]
    assert found["HealthCheckEnabled"] is False


def template(listener: str, permitted: bool) -> str:
    """As kiln.tiers.function_route and kiln.tiers.function_tier make it, without what surrounds it."""

    def of(kind: str, depends: str | None = None, **properties: Any) -> dict[str, Any]:
        return {"Type": f"AWS::{kind}", "Properties": properties} | ({"DependsOn": depends} if depends else {})

    trusted = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    permission = of(
        "Lambda::Permission",
        Action="lambda:InvokeFunction",
        FunctionName={"Ref": "Live"},
        Principal="elasticloadbalancing.amazonaws.com",
    )
    resources = {
        "Role": of("IAM::Role", AssumeRolePolicyDocument={"Version": "2012-10-17", "Statement": [trusted]}),
        "Function": of(
            "Lambda::Function",
            Runtime="python3.13",
            Handler="index.handler",
            Role={"Fn::GetAtt": ["Role", "Arn"]},
            Timeout=20,
            Code={"ZipFile": SOURCE % "deployed"},
        ),
        "Version": of("Lambda::Version", FunctionName={"Ref": "Function"}),
        "Live": of(
            "Lambda::Alias",
            Name="live",
            FunctionName={"Ref": "Function"},
            FunctionVersion={"Fn::GetAtt": ["Version", "Version"]},
        ),
        **({"Permission": permission} if permitted else {}),
        "Group": of(
            "ElasticLoadBalancingV2::TargetGroup",
            "Permission" if permitted else None,
            TargetType="lambda",
            Targets=[{"Id": {"Ref": "Live"}}],
        ),
        "Rule": of(
            "ElasticLoadBalancingV2::ListenerRule",
            ListenerArn=listener,
            Priority=7,
            Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/name"]}}],
            Actions=[{"Type": "forward", "TargetGroupArn": {"Ref": "Group"}}],
        ),
    }
    return json.dumps({"Resources": resources})


def created(world: Any, name: str, body: str) -> tuple[str, str]:
    """The stack's status and the reasons of what failed."""
    world.cloudformation.create_stack(StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])

    def status() -> str | None:
        found = str(world.cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
        return None if found.endswith("_IN_PROGRESS") else found

    ended = str(world.until(status, 30))
    events = world.cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [e.get("ResourceStatusReason", "") for e in events if e["ResourceStatus"].endswith("_FAILED")]
    return ended, "; ".join(failed)


def test_a_template_puts_a_function_behind_a_listener(world: Any, client: Any) -> None:
    balancer = world.balancer()
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    listener = world.listener(balancer, fixed)
    address = world.address(balancer)
    status, failed = created(world, "function-open", template(listener, permitted=True))
    assert status == "CREATE_COMPLETE", failed
    world.until(lambda: client(address).get("/name").body == "deployed")
    assert client(address).get("/other").status == 404
    world.cloudformation.delete_stack(StackName="function-open")
    world.until(lambda: client(address).get("/name").status == 404)


def test_a_template_without_the_permission_fails_and_says_so(world: Any) -> None:
    balancer = world.balancer()
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    status, failed = created(world, "function-shut", template(world.listener(balancer, fixed), permitted=False))
    assert status == "ROLLBACK_COMPLETE", failed
    assert "elasticloadbalancing principal does not have permission to invoke" in failed
