"""What is worth seeing of a tier or a database: what it has to do, what goes wrong, how large and how busy it is."""

from kiln.operations.dashboard import Graph, Row
from kiln.operations.metric import Formula, Metric

SECONDS = "seconds"


def web_row(title: str, *, group_name: str, load_balancer: str) -> Row:
    """A tier behind a load balancer; `load_balancer` is its full name, `app/name/id`."""

    def counted(name: str, statistic: str = "Sum") -> Metric:
        return Metric("AWS/ApplicationELB", name, {"LoadBalancer": load_balancer}, statistic=statistic)

    work = Graph("Requests per minute", {"requests": counted("RequestCount")})
    errors = Graph(
        "Errors per minute",
        {"of the tier": counted("HTTPCode_Target_5XX_Count"), "of the balancer": counted("HTTPCode_ELB_5XX_Count")},
    )
    waiting = Graph(
        f"Time of a response, {SECONDS}",
        {percentile: counted("TargetResponseTime", percentile) for percentile in ("p50", "p99")},
    )
    return Row(title, [work, errors, waiting, _instances(group_name), _processors(group_name)])


def queue_row(title: str, *, group_name: str, queue_name: str) -> Row:
    """A tier that takes jobs from a queue of SQS."""

    def measured(name: str, statistic: str) -> Metric:
        return Metric("AWS/SQS", name, {"QueueName": queue_name}, statistic=statistic)

    work = Graph("Waiting jobs", {"jobs": measured("ApproximateNumberOfMessagesVisible", "Maximum")})
    failed = Formula(
        "received - deleted",
        {
            "received": measured("NumberOfMessagesReceived", "Sum"),
            "deleted": measured("NumberOfMessagesDeleted", "Sum"),
        },
    )
    errors = Graph("Jobs taken and not finished, per minute", {"jobs": failed})
    waiting = Graph(
        f"Age of the oldest job, {SECONDS}", {"oldest": measured("ApproximateAgeOfOldestMessage", "Maximum")}
    )
    return Row(title, [work, errors, waiting, _instances(group_name), _processors(group_name)])


def mq_row(title: str, *, group_name: str, broker_name: str) -> Row:
    """A tier that listens to a RabbitMQ broker of Amazon MQ."""

    def measured(name: str, statistic: str) -> Metric:
        return Metric("AWS/AmazonMQ", name, {"Broker": broker_name}, statistic=statistic)

    work = Graph("Waiting messages", {"messages": measured("MessageReadyCount", "Maximum")})
    taken = Graph("Messages taken and not confirmed", {"messages": measured("MessageUnacknowledgedCount", "Maximum")})
    rates = Graph("Messages per second", {n: measured(f"{n.capitalize()}Rate", "Average") for n in ("publish", "ack")})
    return Row(title, [work, taken, rates, _instances(group_name), _processors(group_name)])


def database_row(title: str, *, cluster_name: str) -> Row:
    """An Aurora cluster."""

    def measured(name: str, statistic: str = "Maximum") -> Metric:
        return Metric("AWS/RDS", name, {"DBClusterIdentifier": cluster_name}, statistic=statistic)

    return Row(
        title,
        [
            Graph("Connections", {"connections": measured("DatabaseConnections")}),
            Graph("Time of a commit, milliseconds", {"average": measured("CommitLatency", "Average")}),
            Graph("Delay of the readers, milliseconds", {"largest": measured("AuroraReplicaLagMaximum")}),
            Graph("Free memory, bytes", {"least": measured("FreeableMemory", "Minimum")}),
            Graph("CPU, percent", {"largest": measured("CPUUtilization")}),
        ],
    )


def _instances(group_name: str) -> Graph:
    def counted(name: str) -> Metric:
        return Metric("AWS/AutoScaling", name, {"AutoScalingGroupName": group_name})

    return Graph(
        "Instances", {"in service": counted("GroupInServiceInstances"), "wanted": counted("GroupDesiredCapacity")}
    )


def _processors(group_name: str) -> Graph:
    of_group = {"AutoScalingGroupName": group_name}
    return Graph(
        "CPU, percent",
        {
            kind.lower(): Metric("AWS/EC2", "CPUUtilization", of_group, statistic=kind)
            for kind in ("Average", "Maximum")
        },
    )
