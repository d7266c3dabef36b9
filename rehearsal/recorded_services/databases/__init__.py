"""RDS: Aurora clusters with their instances, groups, snapshots and event subscriptions; nothing listens yet.

moto (5.2.5) has clusters too, drops a third of what they are asked, and fails on storage types and keys that it does
not know: nothing is left to it. The admin's secret is a real one, in moto's Secrets Manager.
"""

from functools import partial

from rehearsal.front.clients import Clients
from rehearsal.recorded_services.behind import Behind
from rehearsal.recorded_services.databases import clusters, groups, instances, subscriptions
from rehearsal.recorded_services.service import RecordedService
from rehearsal.recorded_services.verbs import Verb, change, listed, make, remove, tag, tags_of, untag


def table(clients: Clients) -> dict[str, Verb]:
    """Operation → what it does."""
    return {
        "CreateDBCluster": make(clusters.CLUSTER, "DBCluster", also=partial(clusters.new, clients)),
        "ModifyDBCluster": partial(clusters.modify, clients),
        "DescribeDBClusters": listed(clusters.CLUSTER, "DBClusters", by=("DBClusterIdentifier",)),
        "DeleteDBCluster": remove(clusters.CLUSTER, "DBCluster", also=partial(clusters.gone, clients)),
        "RestoreDBClusterFromSnapshot": partial(clusters.restore, clients),
        "CreateDBClusterSnapshot": make(clusters.SNAPSHOT, "DBClusterSnapshot", also=clusters.snapshot),
        "DescribeDBClusterSnapshots": clusters.snapshots,
        "DeleteDBClusterSnapshot": remove(clusters.SNAPSHOT, "DBClusterSnapshot"),
        "CreateDBInstance": make(instances.INSTANCE, "DBInstance", also=instances.new),
        "ModifyDBInstance": change(instances.INSTANCE, "DBInstance", also=instances.changed),
        "DescribeDBInstances": listed(instances.INSTANCE, "DBInstances", by=("DBInstanceIdentifier",)),
        "DeleteDBInstance": remove(instances.INSTANCE, "DBInstance", also=instances.gone),
        "CreateDBSubnetGroup": make(groups.SUBNETS, "DBSubnetGroup", also=partial(groups.with_subnets, clients)),
        "ModifyDBSubnetGroup": change(groups.SUBNETS, "DBSubnetGroup", also=partial(groups.with_subnets, clients)),
        "DescribeDBSubnetGroups": listed(groups.SUBNETS, "DBSubnetGroups", by=("DBSubnetGroupName",)),
        "DeleteDBSubnetGroup": remove(groups.SUBNETS, also=groups.refuse_used),
        **groups.parameter_operations(groups.CLUSTER_PARAMETERS, "DBCluster"),
        **groups.parameter_operations(groups.PARAMETERS, "DB"),
        "CreateEventSubscription": make(subscriptions.SUBSCRIPTION, "EventSubscription"),
        "ModifyEventSubscription": change(subscriptions.SUBSCRIPTION, "EventSubscription"),
        "DescribeEventSubscriptions": listed(
            subscriptions.SUBSCRIPTION, "EventSubscriptionsList", by=("CustSubscriptionId",)
        ),
        "DeleteEventSubscription": remove(subscriptions.SUBSCRIPTION, "EventSubscription"),
        "AddSourceIdentifierToSubscription": subscriptions.add_source,
        "RemoveSourceIdentifierFromSubscription": subscriptions.remove_source,
        "AddTagsToResource": tag("ResourceName", "Tags"),
        "RemoveTagsFromResource": untag("ResourceName", "TagKeys"),
        "ListTagsForResource": tags_of("ResourceName", "TagList"),
    }


def service(clients: Clients, behind: Behind) -> RecordedService:
    """`behind`: what stands behind each cluster and each instance; a cluster's `MasterUserPassword` is among its
    members where the account does not manage it, else in the secret that `MasterUserSecret` names."""
    both = {clusters.CLUSTER.name: behind, instances.INSTANCE.name: behind}
    return RecordedService("rds", table(clients), behind=both)
