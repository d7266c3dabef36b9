"""The embedded AWS's images without its machines, in a process of its own: `python server.py PORT`.

The front, moto, the actions on images and CopyImage as they are in a rehearsal; an image has no file system. An access
key that is an account number is that account's, all others are whose IAM says they are.
"""

import sys
from types import SimpleNamespace
from typing import Any

SECONDS = 0.5  # that a copy takes


def main(port: int) -> None:
    from moto.moto_server.werkzeug_app import MotoRequestHandler
    from werkzeug.serving import make_server

    from rehearsal.front.app import Front
    from rehearsal.guests.image_service import ImageActions
    from rehearsal.moto_hooks import ec2_copies, ec2_images, iam, s3
    from tests.moto_reset import drops_only

    machines: Any = SimpleNamespace(catalogue=None, copy_image=lambda *_: None, remove_image=lambda *_: None)
    ec2_images.install(machines)
    ec2_copies.install(SECONDS)
    s3.write_in_one_step()
    drops_only()
    front = Front(lambda key: key if key.isdigit() else iam.account_of(key), "nobody's")
    front.add(ImageActions(machines.catalogue))
    server = make_server("127.0.0.1", port, front, threaded=True, request_handler=MotoRequestHandler)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
