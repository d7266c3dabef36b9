"""What must be true of a Worker-Calculation image; run against the builder before it becomes one."""

from service_image import WorkerImage


class TestWorkerCalculation(WorkerImage):
    service = "payroll-worker-calculation"
    tier = "worker-calculation"
    sdk_services = ("autoscaling", "dynamodb", "sqs")
