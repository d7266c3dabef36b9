"""AWS::Logs."""

from rehearsal.resources.kind import Call, Kind, Name, Tagging, op

GROUP = {"logGroupName": "{id}"}
FILTER = {"logGroupName": "$LogGroupName", "filterName": "{id}"}

TABLE = {
    "AWS::Logs::LogGroup": Kind(
        service="logs",
        create=op("create_log_group"),
        delete=op("delete_log_group"),
        tagging=Tagging(op("tag_log_group", **GROUP), op("untag_log_group", **GROUP), "tags", "tags"),
        attributes={"Arn": "arn:aws:logs:{Region}:{Account}:log-group:{id}:*"},
        steps=(
            Call(
                op("put_retention_policy", **GROUP, retentionInDays="$RetentionInDays"),
                undo=op("delete_retention_policy", **GROUP),
            ),
            Call(
                op("associate_kms_key", **GROUP, kmsKeyId="$KmsKeyId"),
                at_create=False,
                undo=op("disassociate_kms_key", **GROUP),
            ),
            Call(
                op(
                    "put_log_group_deletion_protection",
                    logGroupIdentifier="{id}",
                    deletionProtectionEnabled="$DeletionProtectionEnabled",
                ),
                undo=op(
                    "put_log_group_deletion_protection", logGroupIdentifier="{id}", deletionProtectionEnabled=False
                ),
            ),
        ),
        remark="Its retention is kept and described; nothing expires. A protected group is not deleted.",
    ),
    "AWS::Logs::MetricFilter": Kind(
        service="logs",
        create=op("put_metric_filter"),
        put=True,
        delete=op("delete_metric_filter", **FILTER),
        ref="{FilterName}",
        name=Name("FilterName", 512),
        refused=dict.fromkeys(
            ("ApplyOnTransformedLogs", "EmitSystemFieldDimensions", "FieldSelectionCriteria"), "moto drops it"
        ),
        remark="Kept and described; no metric is made of log lines.",
    ),
    "AWS::Logs::ResourcePolicy": Kind(
        service="logs",
        create=op("put_resource_policy"),
        put=True,
        delete=op("delete_resource_policy", policyName="{id}"),
    ),
}
