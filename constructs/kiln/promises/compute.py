"""Promises about launch templates and Auto Scaling groups."""

import re
from collections.abc import Iterable

from kiln.promises.checks import every
from kiln.promises.controls import asked
from kiln.promises.demands import Demand, count_at_least, includes, meets
from kiln.promises.paths import MISSING
from kiln.promises.promise import Promise
from kiln.promises.values import Json

EC2 = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide"
AUTO_SCALING = "https://docs.aws.amazon.com/autoscaling/ec2/userguide"
DAY = 24 * 60 * 60

TEMPLATE = every("AWS::EC2::LaunchTemplate")
GROUP = every("AWS::AutoScaling::AutoScalingGroup")
DATA = "LaunchTemplateData"

NOTIFICATIONS = tuple(
    f"autoscaling:EC2_INSTANCE_{event}" for event in ("LAUNCH", "LAUNCH_ERROR", "TERMINATE", "TERMINATE_ERROR")
)

_PUBLIC_ADDRESS = meets(
    f"{DATA}.NetworkInterfaces",
    lambda found: (
        found is MISSING or not any(str(one.get("AssociatePublicIpAddress", False)).lower() == "true" for one in found)
    ),
    "no interface with a public address",
    lambda _: [[{"DeviceIndex": 0, "AssociatePublicIpAddress": True}]],
    judges=False,
)


def _image(path: str) -> Demand:
    """An id, also one that only the deployment knows, but nothing that it has to look up."""
    return meets(
        path,
        lambda value: isinstance(value, str) and not re.match(r"\{?\{?resolve:", value),
        "the id of an image",
        lambda _: ("resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023", MISSING),
        judges=False,
    )


_OLDEST_FIRST = meets(
    "TerminationPolicies",
    lambda found: isinstance(found, list) and found[:1] == ["OldestLaunchTemplate"],
    "OldestLaunchTemplate first",
    lambda found: ([*found[1:]], ["NewestInstance"], MISSING),
)


def _told(found: Json) -> set[str]:
    configurations = found if isinstance(found, list) else []
    return {kind for one in configurations if one.get("TopicARN") for kind in one.get("NotificationTypes", [])}


_TELLS_ALL = meets(
    "NotificationConfigurations",
    lambda found: _told(found) >= set(NOTIFICATIONS),
    f"topics for {', '.join(NOTIFICATIONS)}",
    lambda found: (
        *(
            [one | {"NotificationTypes": [t for t in one["NotificationTypes"] if t != kind]} for one in found]
            for kind in NOTIFICATIONS
        ),
        MISSING,
    ),
)


def _two_types(found: Json) -> bool:
    return isinstance(found, list) and len(found) >= 2


def _fewer_types(found: Json) -> Iterable[Json]:
    return ([*found][:1], MISSING)


PROMISES = (
    Promise(
        id="instances-require-imdsv2",
        title="Instances give their credentials to who asks with a token only (IMDSv2)",
        reason="A server-side request forgery reads the role's credentials from IMDSv1 with one GET.",
        controls=asked("EC2.170", "EC2.8"),
        source=f"{EC2}/configuring-instance-metadata-service.html",
        check=TEMPLATE.has(f"{DATA}.MetadataOptions.HttpTokens", "required"),
    ),
    Promise(
        id="metadata-stays-on-the-instance",
        title="Answers of the metadata service do not leave the instance",
        reason="With a hop limit above 1 a container or a proxy on the instance gets the role's credentials too.",
        controls=(),
        source=f"{EC2}/instancedata-data-retrieval.html",
        check=TEMPLATE.has(f"{DATA}.MetadataOptions.HttpPutResponseHopLimit", 1),
    ),
    Promise(
        id="tags-are-not-metadata",
        title="An instance's tags are not readable from inside it",
        reason="Tags say who owns what and what it costs, and nothing on an instance needs them.",
        controls=(),
        source=f"{EC2}/work-with-tags-in-IMDS.html",
        check=TEMPLATE.never(f"{DATA}.MetadataOptions.InstanceMetadataTags", "enabled"),
    ),
    Promise(
        id="volumes-encrypted",
        title="Volumes of instances are encrypted",
        reason="A snapshot or a disk that gets away holds nothing readable.",
        controls=asked("EC2.181", "EC2.3"),
        source="https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html",
        check=TEMPLATE.has(f"{DATA}.BlockDeviceMappings[].Ebs.Encrypted", True),
    ),
    Promise(
        id="volumes-encrypted-with-own-key",
        title="Volumes of instances are encrypted with a key of our own",
        reason="Only with an own key can one say who may read a snapshot, share it, and take that back.",
        controls=(),
        source="https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html",
        check=TEMPLATE.present(f"{DATA}.BlockDeviceMappings[].Ebs.KmsKeyId"),
    ),
    Promise(
        id="volumes-are-gp3",
        title="Volumes of instances are gp3",
        reason="gp2 gives performance by size and lets a busy small disk run out of credits.",
        controls=(),
        source="https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html",
        check=TEMPLATE.has(f"{DATA}.BlockDeviceMappings[].Ebs.VolumeType", "gp3"),
    ),
    Promise(
        id="instances-have-no-public-address",
        title="Launch templates give no public address",
        reason="An instance is reached through a load balancer or Session Manager, never directly.",
        controls=asked("EC2.25"),
        source=f"{EC2}/using-instance-addressing.html",
        check=TEMPLATE.asks(_PUBLIC_ADDRESS),
    ),
    Promise(
        id="instances-have-no-key-pair",
        title="No instance has an SSH key",
        reason="A key has no second factor, no record and no end; Session Manager has all three.",
        controls=(),
        source="https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager.html",
        check=TEMPLATE.absent(f"{DATA}.KeyName", such_as="somebody"),
    ),
    Promise(
        id="instances-monitored-each-minute",
        title="Instances are measured each minute",
        reason="A scaling that sees the load of five minutes ago is late.",
        controls=(),
        source=f"{EC2}/manage-detailed-monitoring.html",
        check=TEMPLATE.has(f"{DATA}.Monitoring.Enabled", True),
    ),
    Promise(
        id="image-is-named",
        title="A launch template names its image by id",
        reason="What is looked up at launch differs between two instances of one build, and was tested by nobody.",
        controls=(),
        source=f"{AUTO_SCALING}/create-launch-template.html",
        check=TEMPLATE.asks(_image(f"{DATA}.ImageId")),
    ),
    Promise(
        id="group-uses-a-launch-template",
        title="Groups launch from a launch template",
        reason="Launch configurations know no IMDSv2 hop limit, no mixed instances and no versions.",
        controls=asked("AutoScaling.9"),
        source=f"{AUTO_SCALING}/launch-templates.html",
        check=GROUP.absent("LaunchConfigurationName", such_as="old"),
    ),
    Promise(
        id="group-asks-the-load-balancer",
        title="A group behind a load balancer replaces what the load balancer finds unhealthy",
        reason="Without it an instance that runs and answers nothing stays for ever.",
        controls=asked("AutoScaling.1"),
        source=f"{AUTO_SCALING}/health-checks-overview.html",
        check=GROUP.where("TargetGroupARNs").asks(includes("HealthCheckType", ("ELB",))),
    ),
    Promise(
        id="group-watches-its-volumes",
        title="A group replaces instances whose volumes are impaired",
        reason="An instance whose disk hangs passes the status checks and serves errors.",
        controls=(),
        source=f"{AUTO_SCALING}/monitor-and-replace-instances-with-impaired-volumes.html",
        check=GROUP.asks(includes("HealthCheckType", ("EBS",))),
    ),
    Promise(
        id="group-waits-for-the-start",
        title="A group gives new instances a time to start, for health and for scaling",
        reason="Without it an instance is ended while it boots, and the load of a boot scales the group further.",
        controls=(),
        source=f"{AUTO_SCALING}/ec2-auto-scaling-default-instance-warmup.html",
        check=GROUP.present("HealthCheckGracePeriod", "DefaultInstanceWarmup"),
    ),
    Promise(
        id="group-tells-what-it-does",
        title="A group tells a topic of every launch and end, and of those that fail",
        reason="A group that cannot launch is silent otherwise until it is too small.",
        controls=(),
        source=f"{AUTO_SCALING}/ec2-auto-scaling-sns-notifications.html",
        check=GROUP.asks(_TELLS_ALL),
    ),
    Promise(
        id="group-is-measured",
        title="A group publishes its own metrics each minute",
        reason="How many instances were in service, and when, is asked after every incident.",
        controls=(),
        source=f"{AUTO_SCALING}/ec2-auto-scaling-metrics.html",
        check=GROUP.has("MetricsCollection[].Granularity", "1Minute"),
    ),
    Promise(
        id="group-spans-zones",
        title="A group is in several availability zones",
        reason="A zone that fails takes along the whole tier.",
        controls=asked("AutoScaling.2"),
        source=f"{AUTO_SCALING}/disaster-recovery-resiliency.html",
        check=GROUP.asks(count_at_least("VPCZoneIdentifier", 2)),
    ),
    Promise(
        id="group-is-spread-as-far-as-possible",
        title="A group that cannot launch in a zone launches in another",
        reason="The other way, balanced-only, refuses to launch while a zone has no capacity.",
        controls=(),
        source=f"{AUTO_SCALING}/ec2-auto-scaling-availability-zone-balanced.html",
        check=GROUP.has("AvailabilityZoneDistribution.CapacityDistributionStrategy", "balanced-best-effort"),
    ),
    Promise(
        id="group-leaves-an-impaired-zone",
        title="A group launches elsewhere during a zonal shift, and leaves alone what is in the impaired zone",
        reason="Replacing everything in the zone at once would drop the capacity just when it is needed.",
        controls=(),
        source=f"{AUTO_SCALING}/ec2-auto-scaling-zonal-shift.html",
        check=GROUP.has("AvailabilityZoneImpairmentPolicy.ZonalShiftEnabled", True).has(
            "AvailabilityZoneImpairmentPolicy.ImpairedZoneHealthCheckBehavior", "IgnoreUnhealthy"
        ),
    ),
    Promise(
        id="group-never-falls-below-its-size",
        title="Whatever replaces an instance launches the new one first",
        reason="A group of three that loses one before it gets one serves a third of its users badly.",
        controls=(),
        source=f"{AUTO_SCALING}/instance-maintenance-policy-overview-and-considerations.html",
        check=GROUP.at_least("InstanceMaintenancePolicy.MinHealthyPercentage", 100).at_least(
            "InstanceMaintenancePolicy.MaxHealthyPercentage", 101
        ),
    ),
    Promise(
        id="group-replaces-instances-monthly",
        title="No instance lives longer than 30 days",
        reason="What nobody has restarted for a year cannot be restarted in an emergency.",
        controls=(),
        source=f"{AUTO_SCALING}/asg-max-instance-lifetime.html",
        check=GROUP.at_least("MaxInstanceLifetime", DAY).at_most("MaxInstanceLifetime", 30 * DAY),
    ),
    Promise(
        id="group-ends-the-oldest-build-first",
        title="A group that shrinks ends instances of the oldest launch template first",
        reason="A scaling in the middle of a deployment must not end the new build.",
        controls=(),
        source=f"{AUTO_SCALING}/ec2-auto-scaling-termination-policies.html",
        check=GROUP.asks(_OLDEST_FIRST),
    ),
    Promise(
        id="group-deploys-by-instance-refresh",
        title="A deployment replaces instances by an instance refresh that launches before it ends",
        reason="Without an update policy a new image reaches the group only as instances happen to die.",
        controls=(),
        source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-updatepolicy.html",
        check=GROUP.at_least("^UpdatePolicy.AutoScalingInstanceRefresh.Preferences.MinHealthyPercentage", 100),
    ),
    Promise(
        id="capacity-belongs-to-auto-scaling",
        title="No template says how many instances there are",
        reason="A DesiredCapacity undoes a scaling at every deployment, at the worst possible time.",
        controls=(),
        source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-updatepolicy.html",
        check=GROUP.absent("DesiredCapacity", such_as="2"),
    ),
    Promise(
        id="deployment-leaves-the-size-alone",
        title="A deployment changes the bounds of a group only where the template does",
        reason="A group that a schedule has stopped for the night is started by the next deployment otherwise.",
        controls=(),
        source="https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-updatepolicy.html",
        check=GROUP.has("^UpdatePolicy.AutoScalingScheduledAction.IgnoreUnmodifiedGroupSizeProperties", True),
    ),
    Promise(
        id="group-is-protected-from-deletion",
        title="A group in a protected environment cannot be deleted with its instances",
        reason="One wrong command must not end a tier.",
        controls=(),
        source=f"{AUTO_SCALING}/ec2-auto-scaling-deletion-protection.html",
        check=GROUP.one_of("DeletionProtection", "prevent-force-deletion", "prevent-all-deletion", weak="none"),
        protected_only=True,
    ),
    Promise(
        id="spot-has-a-choice",
        title="A group that uses Spot has at least two instance types and takes the likeliest to stay",
        reason="One type is one Spot pool: when it is empty, all instances go at once.",
        controls=asked("AutoScaling.6"),
        source=f"{AUTO_SCALING}/ec2-auto-scaling-mixed-instances-groups.html",
        check=GROUP.where("MixedInstancesPolicy.InstancesDistribution")
        .unless("MixedInstancesPolicy.InstancesDistribution.OnDemandPercentageAboveBaseCapacity", 100)
        .asks(
            meets("MixedInstancesPolicy.LaunchTemplate.Overrides", _two_types, "at least two types", _fewer_types),
        )
        .has("MixedInstancesPolicy.InstancesDistribution.SpotAllocationStrategy", "price-capacity-optimized"),
    ),
    Promise(
        id="work-is-finished-before-the-end",
        title="A hook that holds an instance's end lets it end when its time is over",
        reason="With ABANDON or without a time, an instance that hangs holds up every deployment.",
        controls=(),
        source=f"{AUTO_SCALING}/lifecycle-hooks-overview.html",
        check=every("AWS::AutoScaling::LifecycleHook")
        .where("LifecycleTransition", "autoscaling:EC2_INSTANCE_TERMINATING")
        .has("DefaultResult", "CONTINUE")
        .present("HeartbeatTimeout"),
    ),
)
