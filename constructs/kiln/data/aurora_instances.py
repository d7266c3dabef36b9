"""The instances of an Aurora MySQL cluster: the writer in the first zone, readers in the others.

After a failover a reader has become the writer; zones and names stay. All have promotion tier 0 or 1, so that a
serverless reader is always as large as the writer that it may have to replace. See
https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-administration.html
"""

import aws_cdk as cdk
from aws_cdk import aws_rds as rds
from constructs import Construct

from kiln.data.aurora_settings import Capacity, Engine
from kiln.optional import NONE, value_if


class AuroraInstances(Construct):
    """A writer, and one or two readers by conditions.

    `.has_reader` is the condition that there is one; `.ids` are the identifiers of those that there are.

    Args:
        cluster: theirs; how closely they are watched is said there.
        capacity, engine: see there.
        key_arn: of the insights.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        cluster: rds.CfnDBCluster,
        capacity: Capacity,
        engine: Engine,
        key_arn: str,
    ) -> None:
        super().__init__(scope, construct_id)
        none, two = (cdk.Fn.condition_equals(capacity.readers, count) for count in ("0", "2"))
        self.has_reader = cdk.CfnCondition(self, "HasReader", expression=cdk.Fn.condition_not(none))
        has_second = cdk.CfnCondition(self, "HasSecondReader", expression=two)
        writer, *readers = (
            rds.CfnDBInstance(
                self,
                name,
                engine=cluster.engine,
                db_cluster_identifier=cluster.ref,
                db_instance_class=capacity.instance_class,
                availability_zone=cdk.Fn.select(zone, cdk.Fn.get_azs()),
                promotion_tier=min(zone, 1),
                publicly_accessible=False,
                auto_minor_version_upgrade=True,
                enable_performance_insights=True,
                performance_insights_kms_key_id=key_arn,
                performance_insights_retention_period=engine.insights_days,
            )
            for zone, name in enumerate(("Writer", "Reader1", "Reader2"))
        )
        self.ids: list[object] = [writer.ref]
        for reader, condition in zip(readers, (self.has_reader, has_second), strict=True):
            # The first instance of a cluster becomes its writer.
            reader.add_resource_dependency(writer)
            reader.cfn_options.condition = condition
            self.ids.append(value_if(condition, reader.ref))


def scale(cluster: rds.CfnDBCluster, capacity: Capacity, engine: Engine, is_serverless: cdk.CfnCondition) -> None:
    """Give a serverless cluster its range, and another one the hours that it can be turned back."""
    if capacity.minimum_acus != NONE:
        acus = {"MinCapacity": capacity.minimum_acus, "MaxCapacity": capacity.maximum_acus}
        cluster.add_property_override("ServerlessV2ScalingConfiguration", value_if(is_serverless, acus))
    if engine.backtrack_hours:
        seconds = engine.backtrack_hours * 60 * 60
        cluster.add_property_override("BacktrackWindow", value_if(is_serverless, cdk.Aws.NO_VALUE, seconds))
