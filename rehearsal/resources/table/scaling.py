"""What moves groups: AWS::AutoScaling's policies, scheduled actions and hooks, and the alarms of AWS::CloudWatch."""

from rehearsal.resources.kind import Computed, Kind, Name, Tagging, op
from rehearsal.resources.special import auto_scaling

OF_GROUP = {"AutoScalingGroupName": "$AutoScalingGroupName"}
ALARM = "arn:aws:cloudwatch:{Region}:{Account}:alarm:{id}"
DASHBOARD = "arn:aws:cloudwatch::{Account}:dashboard/{id}"
ALARM_TAGS = Tagging(op("tag_resource", ResourceARN=ALARM), op("untag_resource", ResourceARN=ALARM))

TABLE = {
    "AWS::AutoScaling::LifecycleHook": Kind(
        service="autoscaling",
        create=op("put_lifecycle_hook"),
        put=True,
        delete=op("delete_lifecycle_hook", LifecycleHookName="$LifecycleHookName", **OF_GROUP),
        ref="{LifecycleHookName}",
        name=Name("LifecycleHookName", 255),
    ),
    "AWS::AutoScaling::ScalingPolicy": Kind(
        service="autoscaling",
        create=op("put_scaling_policy", PolicyName="$PolicyName"),
        put=True,
        delete=op("delete_policy", PolicyName="$PolicyName", **OF_GROUP),
        ref=Computed(auto_scaling.scaling_policy_arn),
        attributes={"PolicyName": "{PolicyName}", "Arn": Computed(auto_scaling.scaling_policy_arn)},
        name=Name("PolicyName", 255),
        remark="Acts on its alarms; target tracking makes them itself. Predictive scaling is refused.",
    ),
    "AWS::AutoScaling::ScheduledAction": Kind(
        service="autoscaling",
        create=op("put_scheduled_update_group_action", ScheduledActionName="$ScheduledActionName"),
        put=True,
        delete=op("delete_scheduled_action", ScheduledActionName="$ScheduledActionName", **OF_GROUP),
        ref="{ScheduledActionName}",
        attributes={"ScheduledActionName": "{ScheduledActionName}"},
        name=Name("ScheduledActionName", 255),
        remark="Acts at its time.",
    ),
    "AWS::CloudWatch::Alarm": Kind(
        service="cloudwatch",
        create=op("put_metric_alarm"),
        put=True,
        delete=op("delete_alarms", AlarmNames=["{id}"]),
        attributes={"Arn": ALARM},
        name=Name("AlarmName", 255),
        tagging=ALARM_TAGS,
        remark="Evaluated; its topics and scaling policies are told.",
    ),
    "AWS::CloudWatch::CompositeAlarm": Kind(
        service="cloudwatch",
        create=op("put_composite_alarm"),
        put=True,
        delete=op("delete_alarms", AlarmNames=["{id}"]),
        attributes={"Arn": ALARM},
        name=Name("AlarmName", 255),
        tagging=ALARM_TAGS,
        remark="Evaluated; its topics are told.",
    ),
    "AWS::CloudWatch::Dashboard": Kind(
        service="cloudwatch",
        create=op("put_dashboard"),
        put=True,
        delete=op("delete_dashboards", DashboardNames=["{id}"]),
        name=Name("DashboardName", 255),
        tagging=Tagging(op("tag_resource", ResourceARN=DASHBOARD), op("untag_resource", ResourceARN=DASHBOARD)),
        remark="Kept and described; nobody draws it.",
    ),
}
