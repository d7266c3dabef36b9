"""Settings of launch templates, groups, containers and functions that are broken through their services."""

from tests.readback import specimens
from tests.readback.breaks import Break, Json, changed
from tests.readback.reading import ACCOUNT, ID, KEY

GROUP = "AWS::AutoScaling::AutoScalingGroup"
TEMPLATE = "AWS::EC2::LaunchTemplate/Machine"
FUNCTION = "AWS::Lambda::Function/Function"
MACHINE = specimens.machine(KEY)
[DISK] = MACHINE["BlockDeviceMappings"]


def _template(promise: str, **worse: Json) -> Break:
    """Another version of the specimen's launch template; the latest is what readings ask for."""
    named = {"LaunchTemplateId": ID}
    versions = ({"LaunchTemplateData": MACHINE | change} for change in (worse, {}))
    return changed(promise, TEMPLATE, "ec2 create_launch_template_version", named, *versions)


def _metadata(promise: str, **worse: Json) -> Break:
    return _template(promise, MetadataOptions=MACHINE["MetadataOptions"] | worse)


def _disk(promise: str, **worse: Json) -> Break:
    return _template(promise, BlockDeviceMappings=[DISK | {"Ebs": DISK["Ebs"] | worse}])


def _function(promise: str, worse: Json, better: Json) -> Break:
    return changed(promise, FUNCTION, "lambda update_function_configuration", {"FunctionName": ID}, worse, better)


def _key(id: str) -> Json:
    return {"KMSKeyArn": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/{id}"}


def _group(promise: str, worse: Json, better: Json) -> Break:
    return changed(promise, GROUP, "autoscaling update_auto_scaling_group", {"AutoScalingGroupName": ID}, worse, better)


def _insights(value: str) -> Json:
    return [{"name": "containerInsights", "value": value}]


MACHINES = (
    _metadata("instances-require-imdsv2", HttpTokens="optional"),
    _metadata("metadata-stays-on-the-instance", HttpPutResponseHopLimit=2),
    _metadata("tags-are-not-metadata", InstanceMetadataTags="enabled"),
    _disk("volumes-encrypted", Encrypted=False),
    _disk("volumes-encrypted-with-own-key", KmsKeyId="alias/aws/ebs"),
    _disk("volumes-are-gp3", VolumeType="gp2"),
    _template(
        "instances-have-no-public-address", NetworkInterfaces=[{"DeviceIndex": 0, "AssociatePublicIpAddress": True}]
    ),
    _template("instances-have-no-key-pair", KeyName="somebody"),
    _template("instances-monitored-each-minute", Monitoring={"Enabled": False}),
    _template("image-is-named", ImageId="resolve:ssm:/some/image"),
    Break(
        "group-is-measured",
        GROUP,
        ("autoscaling disable_metrics_collection", {"AutoScalingGroupName": ID}),
        ("autoscaling enable_metrics_collection", {"AutoScalingGroupName": ID, "Granularity": "1Minute"}),
    ),
    _group("group-replaces-instances-monthly", {"MaxInstanceLifetime": 60 * 86400}, {"MaxInstanceLifetime": 86400}),
    _group("group-watches-its-volumes", {"HealthCheckType": "EC2"}, {"HealthCheckType": "EBS"}),
    _group(
        "group-ends-the-oldest-build-first",
        {"TerminationPolicies": ["NewestInstance"]},
        {"TerminationPolicies": ["OldestLaunchTemplate"]},
    ),
    changed(
        "work-is-finished-before-the-end",
        f"{GROUP}/WorkerCalculation",
        "autoscaling put_lifecycle_hook",
        {"AutoScalingGroupName": ID, "LifecycleHookName": "finish"},
        {"DefaultResult": "ABANDON"},
        {"DefaultResult": "CONTINUE"},
    ),
    Break(
        "container-cluster-is-measured",
        "AWS::ECS::Cluster",
        ("ecs update_cluster", {"cluster": ID, "settings": _insights("disabled")}),
        ("ecs update_cluster", {"cluster": ID, "settings": _insights("enhanced")}),
        where="Dev",
    ),
    _function(
        "function-variables-hold-no-secret",
        {"Environment": {"Variables": {"DB_PASSWORD": "secret"}}},
        {"Environment": {"Variables": {"STAGE": "specimen"}}},
    ),
    _function("function-variables-have-own-key", _key("00000000-0000-0000-0000-000000000000"), _key(KEY)),
    changed(
        "function-can-be-traced",
        "AWS::Lambda::Function/Function",
        "lambda update_function_configuration",
        {"FunctionName": ID},
        {"TracingConfig": {"Mode": "PassThrough"}},
        {"TracingConfig": {"Mode": "Active"}},
    ),
)
