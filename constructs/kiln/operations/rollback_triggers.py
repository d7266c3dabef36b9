"""Which alarms end a deployment: CloudFormation watches them while a stack changes, and goes back when one goes off.

They are named outside of the template, by whoever deploys. So a tier leaves their ARNs as a shared value, and a
deployer hands them to CloudFormation (`RollbackConfiguration`):

    aws cloudformation create-change-set … --rollback-configuration \\
        'RollbackTriggers=[{Arn=<arn>,Type=AWS::CloudWatch::Alarm}],MonitoringTimeInMinutes=5'

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-rollback-triggers.html
"""

from collections.abc import Sequence

from constructs import Construct

from kiln.operations.alarm import Alarm
from kiln.refusal import refuse

MOST = 5
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_RollbackConfiguration.html"""


def rollback_alarm_arns(construct: Construct, alarms: Sequence[Alarm]) -> list[str]:
    """The ARNs of the alarms that end a deployment of `construct`; raises `WrongProperty` unless there are 1 to 5."""
    if not 1 <= len(alarms) <= MOST:
        expected = f"1 to {MOST} alarms: CloudFormation takes no more, and without any it never goes back"
        raise refuse(construct, "rollback alarms", found=len(alarms), expected=expected)
    return [alarm.arn for alarm in alarms]
