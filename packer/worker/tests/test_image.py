"""What must be true of a Worker image; run against the builder before it becomes one."""

from service_image import WorkerImage


class TestWorker(WorkerImage):
    service = "payroll-worker"
    tier = "worker"
    sdk_services = ("dynamodb", "sqs", "ssm")
