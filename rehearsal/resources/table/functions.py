"""AWS::Lambda."""

from rehearsal.resources.kind import Call, Kind, Name, Tagging, op, replacing
from rehearsal.resources.special import functions

NAME = {"FunctionName": "$FunctionName"}

TABLE = {
    "AWS::Lambda::Function": Kind(
        service="lambda",
        create=op("create_function"),
        update=(op("update_function_configuration", FunctionName="{id}"),),
        delete=op("delete_function"),
        tagging=Tagging(op("tag_resource", Resource="{FunctionArn}"), op("untag_resource", Resource="{FunctionArn}")),
        attributes={"Arn": "{FunctionArn}"},
        name=Name("FunctionName", 64),
        defaults={  # https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
            "DeadLetterConfig": {"TargetArn": ""},
            "Description": "",
            "Environment": {"Variables": {}},
            "EphemeralStorage": {"Size": 512},
            "KmsKeyArn": "",
            "Layers": [],
            "LoggingConfig": {"LogFormat": "Text"},
            "MemorySize": 128,
            "Timeout": 3,
            "TracingConfig": {"Mode": "PassThrough"},
            "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
        },
        refused=dict.fromkeys(("CapacityProviderConfig", "TenancyConfig"), "moto drops it"),
        prepare=functions.function,
        steps=(
            functions.code,
            Call(
                op(
                    "put_function_concurrency",
                    FunctionName="{id}",
                    ReservedConcurrentExecutions="$ReservedConcurrentExecutions",
                ),
                undo=op("delete_function_concurrency", FunctionName="{id}"),
            ),
        ),
        remark="Python from a zip file or inline runs, each invocation as a process of its own; anything else is "
        "refused when it is invoked. Memory, architecture, layers, VPC and concurrency are only recorded.",
    ),
    "AWS::Lambda::Version": Kind(
        service="lambda",
        create=op("publish_version", FunctionName="$FunctionName"),
        delete=op("delete_function", FunctionName="$FunctionName", Qualifier=functions.version_number),
        ref="{FunctionArn}",
        attributes={"Version": functions.version_number, "FunctionArn": "{id}"},
        prepare=functions.version,
    ),
    "AWS::Lambda::Alias": Kind(
        service="lambda",
        create=op("create_alias"),
        update=(replacing(op("update_alias", **NAME, Name="$Name")),),
        delete=op("delete_alias", **NAME, Name="$Name"),
        ref="{AliasArn}",
        prepare=functions.alias,
        remark="An invocation goes to its version or, by their weights, to the others.",
    ),
    "AWS::Lambda::Permission": Kind(
        service="lambda",
        create=op("add_permission"),
        delete=op("remove_permission", **NAME, StatementId="{id}"),
        ref=functions.statement_id,
        prepare=functions.permission,
        remark="Load balancers ask for it; of others, who may invoke is not checked.",
    ),
    "AWS::Lambda::EventInvokeConfig": Kind(
        service="lambda",
        create=op("put_function_event_invoke_config"),
        put=True,
        delete=op("delete_function_event_invoke_config", **NAME, Qualifier="$Qualifier"),
        ref="{FunctionName}|{Qualifier}",
        remark="Retries come after seconds instead of minutes; records go to SQS, SNS, EventBridge and functions.",
    ),
}
