"""The process of a rehearsal: puts the parts together in one order, serves, and takes them apart in reverse."""

import gc
import json
import logging
import os
import signal
import socket
import sys
import threading
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehearsal import accounts, curl, identity
from rehearsal.guests.namespace import Namespace
from rehearsal.identity import Identity, State
from rehearsal.pace import Pace

if TYPE_CHECKING:
    from rehearsal.front.app import Front

log = logging.getLogger("rehearsal.server")

# moto reads these when it is imported. Its own list of images are machines that no guest can be.
MOTO_SETTINGS = {
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    "MOTO_ENABLE_AMI_VALIDATION": "1",
    "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
}


def listen(port: int) -> socket.socket:
    """A listening socket on the loopback of the network namespace in which this thread is."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    return listener


def serve(name: str, port: int) -> None:
    """Serve the rehearsal until SIGTERM or SIGINT; whatever happens, nothing of it is left on the machine."""
    folder = identity.folder_of(name)
    # A socket and not an Event: a signal that comes while Python is about to wait for an Event wakes nobody.
    asked_to_end, wake = socket.socketpair()
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    with ExitStack() as stack:
        stack.callback(_give_to_owner, folder)  # last of all: who removes the folder afterwards is not root
        host_side = stack.enter_context(listen(port))
        this = Identity(name, folder, host_side.getsockname()[1])
        namespace = Namespace(name)
        namespace.remove()  # what a killed rehearsal of this name has left
        namespace.create()
        stack.callback(namespace.remove)
        namespace.enter()  # before the first thread: threads and child processes inherit it
        inside = stack.enter_context(listen(this.port))
        try:
            _run(this, namespace, (host_side, inside), asked_to_end, stack)
        except BaseException:
            log.exception("the rehearsal %s ends", name)
            raise


def _run(
    this: Identity,
    namespace: Namespace,
    listeners: tuple[socket.socket, ...],
    asked_to_end: socket.socket,
    stack: ExitStack,
) -> None:
    os.environ.update(MOTO_SETTINGS)
    # A million objects stay to the end. A search for garbage among them takes half a second, and nobody is answered
    # meanwhile; by the interpreter's own thresholds (700, 10, 10) there were several in a deployment.
    gc.set_threshold(50_000, 20, 20)
    # Some twenty threads are at work while stacks are made: who wants to answer a request meanwhile would wait for a
    # turn of 5 ms of each of them, several times.
    sys.setswitchinterval(0.0005)
    # moto and what stands on it are imported only now, inside the namespace and with its settings in place.
    from rehearsal import moto_hooks
    from rehearsal.alarms import Alarms
    from rehearsal.alarms.measures import balancers as load
    from rehearsal.alarms.measures import groups as group_sizes
    from rehearsal.alarms.measures import machines as guests
    from rehearsal.alarms.measures import queues
    from rehearsal.balancer import Balancers
    from rehearsal.certificates import CertificateAuthority
    from rehearsal.cloudformation import CloudFormation, custom_resources
    from rehearsal.cloudformation.trail import Trail
    from rehearsal.front.app import Front
    from rehearsal.front.clients import Clients
    from rehearsal.functions import Functions
    from rehearsal.groups import Groups
    from rehearsal.guests import Machines
    from rehearsal.moto_hooks.iam import account_of
    from rehearsal.recorded_services import recorded_services

    clients = Clients(this.url)
    front = Front(account_of, clients.access_key)
    clients.connect(front)
    declared, profile = accounts.declared()

    authority = CertificateAuthority(this.ca.parent)
    balancers = Balancers(this.folder / "balancers", clients, route=namespace.route)
    machines = Machines(this, clients, namespace, [(a.id, a.region) for a in declared])
    pace = Pace.of_environment()
    groups = Groups(clients, pace)
    measured = [
        queues.queues,
        group_sizes.groups,
        load.publisher(balancers.each),
        guests.publisher(this.folder / "guests" / "processes"),
    ]
    alarms = Alarms(clients, groups.scale, measured, pace)
    functions = Functions(clients, this.folder / "functions")
    engine = CloudFormation(clients, pace=pace)
    recorded = recorded_services(clients)
    moto_hooks.install(machines=machines, groups=groups, authority=authority, functions=functions)

    parts = (machines, balancers, groups, alarms)
    for service in (*(s for part in (*parts, recorded) for s in part.services), engine, Trail()):
        front.add(service)
    for completion in recorded.completions:
        front.add_completion(completion)
    for part in parts:
        stack.callback(part.close)
        part.start()
    front.add_receiver(custom_resources.PAGE, engine.receive)
    front.add_page("balancers", lambda: json.dumps([asdict(e) for e in balancers.endpoints()]))
    for listener in listeners:
        stack.callback(_serve(front, listener).shutdown)
    stack.callback(engine.close)
    stack.callback(functions.close)
    engine.start(declared[0].id, declared[0].region)

    issued = tuple(accounts.issue(clients, account) for account in declared)
    accounts.write_profiles(this.folder / "aws", issued)
    stack.enter_context(curl.kept_in_step(this.folder / "curl", this.ca, balancers.endpoints))
    gc.freeze()
    started = datetime.now(UTC).isoformat(timespec="seconds")
    _give_to_owner(this.folder)
    identity.save(State(this.name, this.port, os.getpid(), started, profile, issued))
    log.info("%s is up at %s", this.name, this.url)
    asked_to_end.recv(1)
    log.info("%s goes down", this.name)


def _serve(front: "Front", listener: socket.socket) -> Any:
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    class Quiet(MotoRequestHandler):
        def log_request(self, *_: Any) -> None:
            """One line a request would fill the log; errors are logged by the front."""

    host, port = listener.getsockname()
    server = make_server(host, port, front, threaded=True, request_handler=Quiet, fd=listener.fileno())
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True, name="http").start()
    return server


def _give_to_owner(folder: Path) -> None:
    """Where sudo started this process, its files belong to the user who asked for it."""
    for path in sorted(folder.rglob("*")):  # a folder before what is in it
        identity.give_to_owner(path)


def main(name: str, port: int) -> None:
    """The body of `python -m rehearsal serve`."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)
    serve(name, port)
