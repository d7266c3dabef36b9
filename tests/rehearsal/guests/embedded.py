"""A process with the front, moto and the machines, nothing else: `python embedded.py NAME PORT FOLDER`.

An access key that is an account number is that account's; all others are whose IAM says they are.
"""

import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from rehearsal.guests.namespace import Namespace
from rehearsal.identity import Identity

ACCOUNTS = ("111111111111", "444444444444")
REGION = "eu-west-1"


def listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(64)
    return listener


def serve(front: Any, listener: socket.socket) -> None:
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    host, port = listener.getsockname()
    server = make_server(host, port, front, threaded=True, request_handler=MotoRequestHandler, fd=listener.fileno())
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main(name: str, port: int, folder: Path) -> None:
    import logging

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    done = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    host_side = listen(port)
    identity = Identity(name, folder, port)
    namespace = Namespace(name)
    namespace.remove()
    namespace.create()
    namespace.enter()
    inside = listen(port)
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    from rehearsal.front.app import Front
    from rehearsal.front.clients import Clients
    from rehearsal.guests import Machines
    from rehearsal.moto_hooks import ec2, ec2_images, iam, ssm

    clients = Clients(identity.url)
    front = Front(lambda key: key if key.isdigit() else iam.account_of(key), clients.access_key)
    machines = Machines(identity, clients, namespace, [(account, REGION) for account in ACCOUNTS])
    ec2.install(machines)
    ec2_images.install(machines)
    ssm.install()
    for service in machines.services:
        front.add(service)
    try:
        machines.start()
        for listener in (host_side, inside):
            serve(front, listener)
        print("ready", flush=True)
        done.wait()
    finally:
        machines.close()
        namespace.remove()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
