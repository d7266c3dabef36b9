"""The hooks into S3, in a process of its own: they stay in moto's classes for good."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
# Threads change places as often as they can, so that what is not one step is seen to be two.
TAKERS = """
import os, sys, threading
from botocore.exceptions import ClientError
from botocore.session import get_session
from moto.server import ThreadedMotoServer
from rehearsal.moto_hooks import s3

if sys.argv[1] == "with":
    s3.install()
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
url = "http://%s:%s" % server.get_host_and_port()
os.environ |= {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
client = get_session().create_client("s3", "us-east-1", endpoint_url=url)
client.create_bucket(Bucket="bucket")
sys.setswitchinterval(1e-6)

def winners(key, condition):
    won, together = [], threading.Barrier(6)

    def take(number):
        together.wait()
        try:
            won.append(client.put_object(Bucket="bucket", Key=key, Body=f"{number} {condition}", **condition))
        except ClientError as problem:
            assert problem.response["Error"]["Code"] == "PreconditionFailed", problem

    threads = [threading.Thread(target=take, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return won

for round in range(25):
    key = f"key-{round}"
    won = winners(key, {"IfNoneMatch": "*"})
    over = winners(key, {"IfMatch": won[-1]["ETag"]}) if len(won) == 1 else []
    if (len(won), len(over)) != (1, 1):
        print(f"{len(won)} and {len(over)} have won")
        break
else:
    print("one has won")
server.stop()
"""


def test_of_conditional_writes_in_the_same_moment_one_is_done() -> None:
    command = [sys.executable, "-c", TAKERS, "with"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "one has won\n", done.stderr[-2000:]
