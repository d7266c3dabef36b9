"""Launch templates and Auto Scaling groups, read back."""

from tests.readback.expected import at_least, between, includes, is_, is_not, many, nothing, own_key, present, text
from tests.readback.reading import ID, Ask, Expected, read

GROUP = "AWS::AutoScaling::AutoScalingGroup"
MIXED = "MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification"
DAY = 24 * 60 * 60
EVENTS = [f"autoscaling:EC2_INSTANCE_{what}" for what in ("LAUNCH", "LAUNCH_ERROR", "TERMINATE", "TERMINATE_ERROR")]
ON_SPOT = "AutoScalingGroups[?MixedInstancesPolicy.InstancesDistribution.OnDemandPercentageAboveBaseCapacity < `100`]"


def _template(path: str, expected: Expected) -> Ask:
    """Of the latest version of each launch template."""
    return Ask(
        "AWS::EC2::LaunchTemplate",
        "ec2 describe_launch_template_versions",
        {"LaunchTemplateId": ID, "Versions": ["$Latest"]},
        f"LaunchTemplateVersions[0].LaunchTemplateData.{path}",
        expected,
    )


def _group(path: str, expected: Expected, only: str = "") -> Ask:
    request = {"AutoScalingGroupNames": [ID]}
    return Ask(
        GROUP, "autoscaling describe_auto_scaling_groups", request, f"AutoScalingGroups[0].{path}", expected, only
    )


def _hook(member: str, expected: Expected) -> Ask:
    ends = "LifecycleHooks[?LifecycleTransition=='autoscaling:EC2_INSTANCE_TERMINATING']"
    request = {"AutoScalingGroupName": ID}
    return Ask(GROUP, "autoscaling describe_lifecycle_hooks", request, f"{ends}.{member}", expected, only=ends)


READINGS = (
    read("instances-require-imdsv2", _template("MetadataOptions.HttpTokens", is_("required"))),
    read("metadata-stays-on-the-instance", _template("MetadataOptions.HttpPutResponseHopLimit", is_(1))),
    read("tags-are-not-metadata", _template("MetadataOptions.InstanceMetadataTags", is_not("enabled"))),
    read("volumes-encrypted", _template("BlockDeviceMappings[].Ebs | [].Encrypted", is_(True))),
    read("volumes-encrypted-with-own-key", _template("BlockDeviceMappings[].Ebs.KmsKeyId", own_key())),
    read("volumes-are-gp3", _template("BlockDeviceMappings[].Ebs.VolumeType", is_("gp3"))),
    read("instances-have-no-public-address", _template("NetworkInterfaces[].AssociatePublicIpAddress", is_not(True))),
    read("instances-have-no-key-pair", _template("KeyName", nothing())),
    read("instances-monitored-each-minute", _template("Monitoring.Enabled", is_(True))),
    read("image-is-named", _template("ImageId", text("the id of an image", lambda id: str(id).startswith("ami-")))),
    read(
        "group-uses-a-launch-template",
        _group("LaunchConfigurationName", nothing()),
        _group(f"[LaunchTemplate, {MIXED}] | [?@].LaunchTemplateId", present()),
    ),
    read(
        "group-asks-the-load-balancer",
        _group("HealthCheckType", includes("ELB"), only="AutoScalingGroups[0].TargetGroupARNs"),
    ),
    read("group-watches-its-volumes", _group("HealthCheckType", includes("EBS"))),
    read(
        "group-waits-for-the-start",
        _group("HealthCheckGracePeriod", at_least(1)),
        _group("DefaultInstanceWarmup", at_least(1)),
    ),
    read(
        "group-tells-what-it-does",
        Ask(
            GROUP,
            "autoscaling describe_notification_configurations",
            {"AutoScalingGroupNames": [ID]},
            "NotificationConfigurations[?TopicARN].NotificationType",
            includes(*EVENTS),
        ),
    ),
    read("group-is-measured", _group("EnabledMetrics[].Granularity", is_("1Minute"))),
    read("group-spans-zones", _group("AvailabilityZones", many(2))),
    read(
        "group-is-spread-as-far-as-possible",
        _group("AvailabilityZoneDistribution.CapacityDistributionStrategy", is_("balanced-best-effort")),
    ),
    read(
        "group-leaves-an-impaired-zone",
        _group("AvailabilityZoneImpairmentPolicy.ZonalShiftEnabled", is_(True)),
        _group("AvailabilityZoneImpairmentPolicy.ImpairedZoneHealthCheckBehavior", is_("IgnoreUnhealthy")),
    ),
    read(
        "group-never-falls-below-its-size",
        _group("InstanceMaintenancePolicy.MinHealthyPercentage", at_least(100)),
        _group("InstanceMaintenancePolicy.MaxHealthyPercentage", at_least(101)),
    ),
    read("group-replaces-instances-monthly", _group("MaxInstanceLifetime", between(DAY, 30 * DAY))),
    read("group-ends-the-oldest-build-first", _group("TerminationPolicies[0]", is_("OldestLaunchTemplate"))),
    read(
        "group-is-protected-from-deletion",
        _group("DeletionProtection", is_("prevent-force-deletion", "prevent-all-deletion")),
    ),
    read(
        "spot-has-a-choice",
        _group("MixedInstancesPolicy.LaunchTemplate.Overrides[].InstanceType", many(2), only=ON_SPOT),
        _group(
            "MixedInstancesPolicy.InstancesDistribution.SpotAllocationStrategy",
            is_("price-capacity-optimized"),
            only=ON_SPOT,
        ),
    ),
    read(
        "work-is-finished-before-the-end",
        _hook("DefaultResult", is_("CONTINUE")),
        _hook("HeartbeatTimeout", at_least(30)),
    ),
)

UNREADABLE = {
    "group-deploys-by-instance-refresh": "an update policy is CloudFormation's own: Auto Scaling knows the refreshes "
    "that were started, not how the next deployment will go",
    "deployment-leaves-the-size-alone": "an update policy is CloudFormation's own: a group does not say what the next "
    "deployment will do to its bounds",
    "capacity-belongs-to-auto-scaling": "about what a template leaves out: a group always has a desired capacity, and "
    "does not say who set it",
}
