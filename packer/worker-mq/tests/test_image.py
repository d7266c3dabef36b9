"""What must be true of a Worker-MQ image; run against the builder before it becomes one."""

from service_image import WorkerImage


class TestWorkerMQ(WorkerImage):
    service = "payroll-worker-mq"
    tier = "worker-mq"
    modules = ("boto3", "pika")
    sdk_services = ("secretsmanager", "ssm")
