"""The embedded AWS without guests, for several accounts: an access key is the id of the account that it belongs to.

python embedded.py PORT ACCOUNT REGION serves until it is killed; ACCOUNT and REGION are where the engine's own work is
done. Instances are moto's own records, and every target of a load balancer is healthy. The hooks of guests and
balancers are not here: there are none that could refuse what no balancer does.
"""

import os
import sys
import threading
from typing import Any

from rehearsal.front.service import AwsError, Caller

SETTINGS = {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true", "MOTO_ACM_VALIDATION_WAIT": "0"}


class Health:
    """DescribeTargetHealth in the place of a real load balancer: what runs is healthy."""

    name = "elbv2"
    operations: frozenset[str] | None = frozenset({"DescribeTargetHealth"})

    def answer(self, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        from moto.elbv2.models import elbv2_backends

        group = elbv2_backends[caller.account][caller.region].target_groups.get(request["TargetGroupArn"])
        if group is None:
            raise AwsError("TargetGroupNotFound", "One or more target groups not found")
        targets = [{"Id": target["Id"], "Port": group.port} for target in list(group.targets.values())]
        return {"TargetHealthDescriptions": [{"Target": one, "TargetHealth": {"State": "healthy"}} for one in targets]}


def serve(port: int, account: str, region: str) -> None:
    os.environ.update(SETTINGS)
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    from rehearsal.alarms import Alarms
    from rehearsal.cloudformation import CloudFormation, custom_resources
    from rehearsal.front.app import Front
    from rehearsal.front.clients import Clients
    from rehearsal.functions import Functions
    from rehearsal.groups import Groups
    from rehearsal.moto_hooks import (
        autoscaling,
        awslambda,
        dynamodb,
        ec2_network,
        ec2_volumes,
        events,
        kms,
        logs,
        route53,
        s3,
        secretsmanager,
    )
    from rehearsal.moto_hooks.iam import account_of
    from rehearsal.pace import Pace
    from rehearsal.recorded_services import recorded_services

    clients = Clients(f"http://localhost:{port}")
    front = Front(lambda key: account_of(key) or key, clients.access_key)
    pace = Pace(60)
    groups, engine = Groups(clients, pace), CloudFormation(clients, pace=pace)
    alarms = Alarms(clients, groups.scale, pace=pace)
    autoscaling.install(groups)
    for hooks in (dynamodb, ec2_network, ec2_volumes, events, kms, logs, route53, s3, secretsmanager):
        hooks.install()
    awslambda.install(Functions(clients))
    front.add_receiver(custom_resources.PAGE, engine.receive)
    recorded = recorded_services(clients)
    for service in (*groups.services, *alarms.services, *recorded.services, engine, Health()):
        front.add(service)
    for completion in recorded.completions:
        front.add_completion(completion)
    server = make_server("127.0.0.1", port, front, threaded=True, request_handler=MotoRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    groups.start()
    engine.start(account, region)
    print("up", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2], sys.argv[3])
