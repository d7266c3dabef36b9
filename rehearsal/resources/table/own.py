"""CloudFormation's and the CDK's own types."""

from rehearsal.resources.kind import Kind, op

# Carried out by the engine itself (rehearsal/cloudformation/custom_resources.py): all properties reach the function.
BY_THE_ENGINE = frozenset({"AWS::CloudFormation::CustomResource"})

TABLE = {
    "AWS::CDK::Metadata": Kind(recorded="it tells AWS which constructs were used; nothing happens on AWS either"),
    "AWS::CloudFormation::CustomResource": Kind(
        service="lambda",
        create=op("invoke", FunctionName="$ServiceToken"),
        remark="Custom::… too: the function of ServiceToken runs and answers; every property reaches it. Topics as "
        "ServiceToken and functions of other accounts are refused.",
    ),
    "AWS::CloudFormation::WaitConditionHandle": Kind(
        ref="https://cloudformation-waitcondition-{Region}.s3.amazonaws.com/{Stack}/{Logical}",
        recorded="a placeholder; AWS::CloudFormation::WaitCondition is not emulated, so nobody signals to it",
    ),
}
