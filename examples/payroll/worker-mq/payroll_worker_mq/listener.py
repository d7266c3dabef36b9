"""Listens to the broker for as long as the service runs, over connections that come and go.

A broker that is not there yet is a state, not a fault: the service runs, says so, and tries again, first soon and then
less often. A message is acknowledged when it has been taken; one that is no event is refused for good, and goes where
the queue's policy sends such messages.
"""

import logging
import ssl
import threading

import pika
from pika.adapters.blocking_connection import BlockingChannel

from payroll_common.aws import Aws
from payroll_worker_mq.broker import Broker, find
from payroll_worker_mq.events import Events, WrongEvent

QUEUE = "payroll.events"
ARGUMENTS = {"x-queue-type": "quorum"}  # kept by three nodes where the broker has them
FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS = 0.5, 30.0
CONNECT_SECONDS = 10
HEARTBEAT_SECONDS = 30
LOOK_SECONDS = 0.5  # between two looks whether to stop

log = logging.getLogger("payroll.listener")


class Listener:
    """A thread that listens.

    Args:
        aws: where the broker is found.
        events: take what is heard.
    """

    def __init__(self, aws: Aws, events: Events) -> None:
        self._aws, self._events = aws, events
        self._stop = threading.Event()
        self.state = "starting"  # connecting, listening, unreachable
        self.problem = ""
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, patience_seconds: float) -> None:
        """Take the message in hand to its end, and no other; what is not acknowledged goes back to the queue."""
        self._stop.set()
        if self._thread.ident:
            self._thread.join(patience_seconds)

    def _run(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._stop.is_set():
            self.state = "connecting"
            try:
                self._listen(find(self._aws))
            except Exception as problem:  # whatever it is: the machine stays, says so, and tries again
                if self.state == "listening":
                    pause = FIRST_PAUSE_SECONDS
                self.state, self.problem = "unreachable", f"{type(problem).__name__}: {problem}"
                log.warning("no broker: %s; again in %.1f s", self.problem, pause)
                self._stop.wait(pause)
                pause = min(pause * 2, LAST_PAUSE_SECONDS)

    def _listen(self, broker: Broker) -> None:
        """Until the service stops. Raises pika's errors, OSError."""
        connection = pika.BlockingConnection(_parameters(broker))
        try:
            channel = connection.channel()
            channel.queue_declare(QUEUE, durable=True, arguments=ARGUMENTS)
            channel.basic_qos(prefetch_count=1)
            self.state, self.problem = "listening", ""
            log.info("listening to %s", broker)
            self._hear(channel)
            channel.cancel()
        finally:
            if connection.is_open:
                connection.close()

    def _hear(self, channel: BlockingChannel) -> None:
        for method, properties, body in channel.consume(QUEUE, inactivity_timeout=LOOK_SECONDS):
            if method is not None:
                message_id = str(properties.message_id or method.delivery_tag)
                try:
                    self._events.take(message_id, body)
                except WrongEvent as problem:
                    log.error("a message is refused: %s", problem, extra={"job": message_id})
                    channel.basic_reject(method.delivery_tag, requeue=False)
                else:
                    channel.basic_ack(method.delivery_tag)
            if self._stop.is_set():
                return


def _parameters(broker: Broker) -> pika.ConnectionParameters:
    return pika.ConnectionParameters(
        host=broker.host,
        port=broker.port,
        credentials=pika.PlainCredentials(broker.username, broker.password),
        ssl_options=pika.SSLOptions(ssl.create_default_context(), broker.host),
        heartbeat=HEARTBEAT_SECONDS,
        socket_timeout=CONNECT_SECONDS,
        stack_timeout=CONNECT_SECONDS,
        blocked_connection_timeout=CONNECT_SECONDS,
    )
