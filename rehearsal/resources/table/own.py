"""CloudFormation's and the CDK's own types: there is nothing behind them on AWS either."""

from rehearsal.resources.kind import Kind

TABLE = {
    "AWS::CDK::Metadata": Kind(recorded="it tells AWS which constructs were used; nothing happens on AWS either"),
    "AWS::CloudFormation::WaitConditionHandle": Kind(
        ref="https://cloudformation-waitcondition-{Region}.s3.amazonaws.com/{Stack}/{Logical}",
        recorded="a placeholder; AWS::CloudFormation::WaitCondition is not emulated, so nobody signals to it",
    ),
}
