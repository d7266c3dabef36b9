"""A front with moto, the engine and Auto Scaling in a process of its own: other rooms' hooks into moto stay out of it.

python embedded.py PORT ACCOUNT REGION serves until it is killed. Every access key belongs to ACCOUNT. Target health is
what an image's name says: instances of an image called sick-… never get healthy.
"""

import os
import sys
import threading
from typing import Any

from rehearsal.front.service import AwsError, Caller

SETTINGS = {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true", "MOTO_ACM_VALIDATION_WAIT": "0"}


class Health:
    """DescribeTargetHealth in the place of a real load balancer."""

    name = "elbv2"
    operations: frozenset[str] | None = frozenset({"DescribeTargetHealth"})

    def answer(self, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        from moto.ec2.models import ec2_backends
        from moto.elbv2.models import elbv2_backends

        ec2 = ec2_backends[caller.account][caller.region]
        group = elbv2_backends[caller.account][caller.region].target_groups.get(request["TargetGroupArn"])
        if group is None:
            raise AwsError("TargetGroupNotFound", "One or more target groups not found")
        found = []
        for target in list(group.targets.values()):
            instance = ec2.get_instance(target["Id"])
            if instance.state == "running":
                sick = ec2.describe_images(ami_ids=[instance.image_id])[0].name.startswith("sick-")
                health = {"State": "unhealthy", "Description": "Health checks failed"} if sick else {"State": "healthy"}
                found.append({"Target": {"Id": target["Id"], "Port": 8080}, "TargetHealth": health})
        return {"TargetHealthDescriptions": found}


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
        events,
        kms,
        logs,
        route53,
        s3,
        secretsmanager,
    )
    from rehearsal.pace import Pace
    from rehearsal.recorded_services import recorded_services

    clients = Clients(f"http://localhost:{port}")
    front = Front(lambda key: account, clients.access_key)
    pace = Pace(60)  # a minute of an alarm is a second
    groups, engine = Groups(clients, pace), CloudFormation(clients, pace=pace)
    alarms = Alarms(clients, groups.scale, pace=pace)
    autoscaling.install(groups)
    s3.install()
    for hooks in (dynamodb, ec2_network, events, kms, logs, route53, secretsmanager):
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
    alarms.start()
    engine.start(account, region)
    print("up", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2], sys.argv[3])
