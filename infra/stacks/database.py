"""The database of Payroll."""

import aws_cdk as cdk
from constructs import Construct

from infra.stacks.records import read_records
from infra.stacks.topics import read_topics
from infra.stacks.values import PAYROLL
from kiln.backup.backup_plan import TAG, TAG_VALUE
from kiln.data.aurora_mysql import AuroraMysql
from kiln.data.aurora_settings import Capacity, Engine, Keeping
from kiln.edge.hosted_zone import Zone
from kiln.edge.role_name import RoleName
from kiln.network.imported_network import imported_network
from kiln.shared_values import ValueType


class Database(cdk.Stack):
    """An Aurora MySQL cluster in the data subnets, with the names `database` and `database-ro` in the private zone.

    A tier opens the way from its own security group to the port, and signs in with its role (rds-db:connect).
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        vpc = imported_network(self, "Vpc", vpc_id=PAYROLL.read(self, "network/vpc-id", ValueType.VPC))
        zone = Zone(PAYROLL.read(self, "dns/private-zone-id"), PAYROLL.read(self, "dns/internal-name"))
        capacity = Capacity(
            instance_class=PAYROLL.read(self, "database/instance-class"),
            readers=PAYROLL.read(self, "database/readers"),
            minimum_acus=PAYROLL.read(self, "database/minimum-acus"),
            maximum_acus=PAYROLL.read(self, "database/maximum-acus"),
        )
        keeping = Keeping(
            backup_days=PAYROLL.read_number(self, "database/backup-days"),
            deletion_protection=PAYROLL.read(self, "protected"),
            snapshot_arn=PAYROLL.read(self, "database/snapshot"),
        )
        database = AuroraMysql(
            self,
            "Database",
            name="database",
            vpc=vpc,
            subnet_ids=PAYROLL.read_list(self, "network/data-subnet-ids", ValueType.SUBNETS),
            capacity=capacity,
            keeping=keeping,
            key_arn=PAYROLL.read(self, "keys/data-arn"),
            records=read_records(self),
            topics=read_topics(self),
            engine=Engine(schema_name="payroll"),
        )
        cdk.Tags.of(database).add(TAG, TAG_VALUE, include_resource_types=["AWS::RDS::DBCluster"])
        names = {"database": database.endpoint, "database-ro": database.reader_endpoint}
        for name, endpoint in names.items():
            construct_id = f"{name.replace('-', ' ').title().replace(' ', '')}Name"
            RoleName(self, construct_id, zone=zone, domain_name=f"{name}.{zone.name}", target=endpoint)
        PAYROLL.write(self, "database/security-group-id", database.security_group.security_group_id)
        PAYROLL.write(self, "database/port", str(database.port))
        PAYROLL.write(self, "database/cluster-arn", database.arn)
        PAYROLL.write(self, "database/resource-id", database.resource_id)
        PAYROLL.write(self, "database/endpoint", database.endpoint)
        PAYROLL.write(self, "database/reader-endpoint", database.reader_endpoint)
        PAYROLL.write(self, "database/secret-arn", database.secret_arn)
