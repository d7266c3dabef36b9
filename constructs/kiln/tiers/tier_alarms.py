"""What somebody should know of a group of instances, whatever runs on them."""

from constructs import Construct

from kiln.operations.alarm import Alarm, Comparison
from kiln.operations.metric import Formula, Metric
from kiln.operations.topics import Severity, Topics

CPU_PERCENT = 90
CPU_MINUTES = 10
STATUS_MINUTES = 2
BELOW_MINIMUM_MINUTES = 5


class TierAlarms(Construct):
    """Too few instances are urgent; busy processors and failing hardware a warning.

    Args:
        tier: its name, such as "web".
        group_name: of its Auto Scaling group; a token.
        topics: who is told.
    """

    def __init__(self, scope: Construct, construct_id: str, *, tier: str, group_name: str, topics: Topics) -> None:
        super().__init__(scope, construct_id)
        of_group = {"AutoScalingGroupName": group_name}
        Alarm(
            self,
            "Cpu",
            metric=Metric("AWS/EC2", "CPUUtilization", of_group),
            threshold=CPU_PERCENT,
            periods=CPU_MINUTES,
            severity=Severity.WARNING,
            topics=topics,
            description=(
                f"The processors of {tier} have been busy for {CPU_MINUTES} minutes and the group has not grown "
                "enough. See whether it is at its maximum, and raise that in the parameter file."
            ),
        )
        Alarm(
            self,
            "StatusChecks",
            metric=Metric("AWS/EC2", "StatusCheckFailed", of_group, statistic="Maximum"),
            threshold=1,
            periods=STATUS_MINUTES,
            severity=Severity.WARNING,
            topics=topics,
            description=(
                f"An instance of {tier} fails the status checks of EC2. Auto Scaling replaces it by itself; look at "
                "the activities of the group if that does not happen within ten minutes."
            ),
        )
        in_service = Metric("AWS/AutoScaling", "GroupInServiceInstances", of_group, statistic="Minimum")
        minimum = Metric("AWS/AutoScaling", "GroupMinSize", of_group, statistic="Maximum")
        Alarm(
            self,
            "TooFew",
            # The minimum as the group has it now, which a schedule may have set to zero.
            metric=Formula("in_service - minimum", {"in_service": in_service, "minimum": minimum}, "Above the minimum"),
            threshold=0,
            comparison=Comparison.BELOW,
            periods=BELOW_MINIMUM_MINUTES,
            severity=Severity.URGENT,
            topics=topics,
            description=(
                f"{tier} has fewer instances in service than its minimum. Read the activities of its Auto Scaling "
                "group for why instances do not launch or do not become healthy; after a deployment, roll back."
            ),
        )
