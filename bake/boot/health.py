"""Is a new machine healthy? It lets us in over SSH, systemd has started everything, cloud-init is done, health answers.

Asked over SSH from where bakes run, as Packer does; inside the machine nothing is needed but bash and systemd.
"""

import io
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

from bake.boot.instance import USER, Instance
from console.errors import KilnError

POLL_SECONDS = 1.0
ANSWER_SECONDS = 15  # for one question over SSH
GONE_EVERY_SECONDS = 5.0  # how often EC2 is asked whether the instance is still there

SYSTEM = """
state=$(systemctl is-system-running)
if [ "$state" != running ]; then
  echo "systemd says $state; failed: $(systemctl list-units --failed --plain --no-legend | cut -d ' ' -f 1 | xargs)"
  exit 1
fi
if command -v cloud-init > /dev/null && ! cloud-init status | grep -q '^status: done'; then
  echo "cloud-init says $(cloud-init status | xargs)"
  exit 1
fi
"""


class NotHealthy(KilnError):
    """The machine did not become healthy within its limit."""


def question(health: str | None) -> str:
    """The script that a healthy machine ends with 0, and another one with why it is not. Pure."""
    if health is None:
        return SYSTEM
    url = urlsplit(health)
    path = url.path + (f"?{url.query}" if url.query else "")
    # bash speaks TCP by itself: not every image has a client of HTTP
    request = f"GET {path} HTTP/1.0\\r\\nHost: {url.hostname}\\r\\n\\r\\n"
    ask = f"exec 3<> /dev/tcp/{url.hostname}/{url.port} && printf '{request}' >&3 && head -n 1 <&3"
    return f"""{SYSTEM}
said=$(timeout 5 bash -c {shlex.quote(ask)} 2>&1 | tr -d '\\r' | tail -n 1)
case "$said" in
  HTTP/*" 200 "* | HTTP/*" 200") ;;
  *) echo "{health} says: $said"; exit 1 ;;
esac
"""


def wait(
    instance: Instance,
    health: str | None,
    *,
    limit_seconds: float,
    ended: Callable[[], str | None],
    shows: Callable[[str], None],
) -> float:
    """Wait until the machine is healthy; the seconds that it took.

    Args:
        ended: says why the instance is not there any more.
        shows: told what is in the way, again and again.

    Raises NotHealthy.
    """
    began = time.monotonic()
    asked, script = began, question(health)
    problem = "SSH has not answered yet"
    while (seconds := time.monotonic() - began) < limit_seconds:
        said = ask(instance, script)
        if said is None:
            return time.monotonic() - began
        problem = said
        shows(problem)
        if time.monotonic() - asked >= GONE_EVERY_SECONDS:
            asked = time.monotonic()
            if reason := ended():
                raise NotHealthy("the machine ended while it booted", where=instance.id, found=reason)
        time.sleep(POLL_SECONDS)
    raise NotHealthy(
        "the machine is not healthy",
        where=f"{instance.id}, {instance.address}",
        found=f"after {seconds:.0f} s: {problem}",
        expected="SSH, systemd running without a failed unit, cloud-init done" + (f", 200 of {health}" * bool(health)),
    )


def ask(instance: Instance, script: str) -> str | None:
    """What is in the way of its health; None where nothing is."""
    from paramiko.ssh_exception import SSHException

    try:
        with connected(instance) as client:
            _, out, _ = client.exec_command(f"bash -s <<'END'\n{script}\nEND", timeout=ANSWER_SECONDS)
            said = out.read().decode(errors="replace").strip()
            return None if out.channel.recv_exit_status() == 0 else said or "it did not say why"
    except (OSError, SSHException, EOFError) as problem:
        return f"SSH does not answer: {problem or type(problem).__name__}"


@contextmanager
def connected(instance: Instance) -> Iterator[Any]:
    """A connection to the machine; its host key is as new as itself, and nobody can know it."""
    import paramiko

    key = paramiko.Ed25519Key.from_private_key(io.StringIO(instance.key))
    with closing(paramiko.SSHClient()) as client:
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        client.connect(
            instance.address,
            username=USER,
            pkey=key,
            allow_agent=False,
            look_for_keys=False,
            timeout=ANSWER_SECONDS,
            banner_timeout=ANSWER_SECONDS,
            auth_timeout=ANSWER_SECONDS,
        )
        yield client
