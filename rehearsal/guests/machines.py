"""All machines of a rehearsal: an instance is a container with systemd, an image its committed file system.

The API's records are written only by the machines, and the hooks in moto_hooks/ec2.py turn the API's calls into the
methods below. A machine knows nothing of groups or load balancers.
"""

import logging
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from rehearsal.front.service import AwsError, Service
from rehearsal.guests import base_image, cloud_init, windows
from rehearsal.guests.console_service import ConsoleOutput, console_text
from rehearsal.guests.guest import Guest, Host
from rehearsal.guests.image_service import Catalogue, ImageActions
from rehearsal.guests.kernel_limits import raise_inotify_limit
from rehearsal.guests.launch import Record
from rehearsal.guests.loopback import Loopback
from rehearsal.guests.machine import Body, Machine
from rehearsal.guests.namespace import Namespace
from rehearsal.guests.network import Networks
from rehearsal.guests.podman import Podman
from rehearsal.guests.states import Event, State, refused
from rehearsal.guests.windows import NoGuest, PasswordData
from rehearsal.identity import Identity

AT_ONCE = 8
STOP_SECONDS = 40  # StopInstances answers when the guest has stopped, or after this: who polls then sees it at once
VPC_SECONDS = 60

if TYPE_CHECKING:
    from rehearsal.front.clients import Clients

log = logging.getLogger("rehearsal.guests")


class Machines:
    """The machines, networks and images of one rehearsal.

    Args:
        accounts: (account, region) of every environment; the base image is public in each of these regions.
    """

    def __init__(
        self, identity: Identity, clients: "Clients", namespace: Namespace, accounts: Sequence[tuple[str, str]]
    ) -> None:
        self.regions = sorted({region for _, region in accounts})
        self._catalogue: Catalogue | None = None
        folder = identity.folder / "guests"
        self.podman = Podman(identity.name, folder / "networks")
        self.networks = Networks(self.podman, namespace)
        self._url = identity.url
        self._loopback = Loopback(identity.port)
        self._host = Host(self.podman, self.networks, self._loopback, clients, folder, folder / "settings")
        self._pool = ThreadPoolExecutor(AT_ONCE, "guest")
        self._machines: dict[str, Machine] = {}
        self._images: dict[str, str] = {}
        self._windows: set[str] = set()  # images that no guest can be made from
        self._lock = threading.Lock()

    @property
    def services(self) -> tuple[Service, ...]:
        """The operations of EC2 that moto lacks or only pretends."""
        console, passwords = ConsoleOutput(self.owner, self.console), PasswordData(self.owner, self.password)
        return console, passwords, ImageActions(self.catalogue)

    @property
    def catalogue(self) -> Catalogue:
        """The API's records of images; moto_hooks.ec2.install sets it."""
        if self._catalogue is None:
            raise RuntimeError("moto_hooks.install comes before the machines are used")
        return self._catalogue

    @catalogue.setter
    def catalogue(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    # --- begin and end ------------------------------------------------------------------------------------------------
    def start(self) -> None:
        """Sweep what a killed rehearsal of this name has left, make the base image ready, begin to serve guests."""
        for folder in (self._host.folder, self._host.settings, self.podman.networks):
            folder.mkdir(parents=True, exist_ok=True)
        # The region is not among the settings: on EC2 too, programs learn it from the metadata service only.
        settings = f"[Manager]\nDefaultEnvironment=AWS_ENDPOINT_URL={self._url}\n"
        (self._host.settings / "aws.conf").write_text(settings)
        raise_inotify_limit()
        self.podman.sweep()
        image = base_image.ensure(self.podman)
        self.podman.runtime(image)
        for region in self.regions:
            self._images[base_image.image_id(region)] = image
            self.catalogue.publish_base_image(region)
            self._windows.add(windows.image_id(region))
            self.catalogue.publish_windows_image(region)
        self._loopback.start()

    def close(self) -> None:
        """End everything: no container, network or image of this rehearsal is left."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._loopback.close()
        log.info("swept: %s", self.podman.sweep())
        shutil.rmtree(self._host.folder, ignore_errors=True)

    # --- instances ----------------------------------------------------------------------------------------------------
    def check(self, image_id: str, user_data: str | None, public_keys: Sequence[str] = ()) -> None:
        """Raises AwsError where the image has no guest, the user data is of a kind that is not run, or the key does not
        fit the image."""
        if image_id in self._windows:
            windows.refuse_key(public_keys)
            return
        if image_id not in self._images:
            raise AwsError("Unsupported", f"The embedded AWS has no guest for the image {image_id}.")
        cloud_init.refuse_user_data(user_data)

    def launch(self, record: Record) -> None:
        """Boot a machine in the background; its record says "pending" from now on."""
        machine = Machine(record, lambda ended: self._body(record, ended), self._submit)
        with self._lock:
            self._machines[machine.id] = machine
        machine.launch()

    def _body(self, record: Record, ended: Callable[[bool], None]) -> Body:
        if record.launch.image_id in self._windows:
            return NoGuest(self.networks, record.launch)
        return Guest(self._host, record, self._images[record.launch.image_id], ended)

    def _submit(self, work: Callable[[], None]) -> None:
        self._pool.submit(work)

    def machine(self, instance_id: str) -> Machine:
        """The machine of an instance. Raises AwsError InvalidInstanceID.NotFound."""
        with self._lock:
            machine = self._machines.get(instance_id)
        if machine is None:
            raise AwsError("InvalidInstanceID.NotFound", f"The instance ID '{instance_id}' does not exist")
        return machine

    def ask(self, event: Event, instance_ids: Sequence[str]) -> list[State]:
        """Give several machines an order; their states before. Raises AwsError before the first if one is unknown."""
        return [machine.ask(event) for machine in [self.machine(i) for i in instance_ids]]

    def stop(self, instance_ids: Sequence[str]) -> list[State]:
        """Stop machines and wait a while for it; their states before."""
        before = self.ask(Event.STOP, instance_ids)
        limit = time.monotonic() + STOP_SECONDS
        for instance_id in instance_ids:
            self.machine(instance_id).wait(limit - time.monotonic())
        return before

    def reboot(self, instance_ids: Sequence[str]) -> None:
        """Reboot machines in the background."""
        for machine in [self.machine(i) for i in instance_ids]:
            machine.ask_reboot()

    def owner(self, instance_id: str) -> str:
        """The account of an instance."""
        return self.machine(instance_id).record.launch.account

    def console(self, instance_id: str) -> str:
        """What the guest wrote to its console since it was launched, and why it ended if it could not start."""
        machine = self.machine(instance_id)
        return console_text(machine.guest.console()) + (f"{machine.reason.message}\n" if machine.reason else "")

    def password(self, instance_id: str) -> tuple[str, Sequence[str]] | None:
        """The Administrator's password of a Windows instance and its public keys; None for any other instance."""
        machine = self.machine(instance_id)
        guest = machine.guest
        return (guest.password, machine.record.launch.public_keys) if isinstance(guest, NoGuest) else None

    # --- networks -----------------------------------------------------------------------------------------------------
    def leave_vpc(self, vpc_id: str) -> None:
        """Wait until the machines that are ending have left the VPC. Raises AwsError where others stay in it."""
        with self._lock:
            there = [m for m in self._machines.values() if m.record.launch.vpc_id == vpc_id]
        limit = time.monotonic() + VPC_SECONDS
        for machine in there:
            if machine.state is State.SHUTTING_DOWN:
                machine.wait(limit - time.monotonic())
            if machine.state is not State.TERMINATED:
                message = f"The vpc '{vpc_id}' has dependencies and cannot be deleted: {machine.id} is {machine.state}."
                raise AwsError("DependencyViolation", message)

    # --- images -------------------------------------------------------------------------------------------------------
    def commit(self, instance_id: str, image_id: str) -> None:
        """Make an image of a machine that runs or is stopped."""
        machine = self.machine(instance_id)
        if machine.state not in (State.RUNNING, State.STOPPED):
            raise refused(instance_id, "imaged")
        name = self._image_name(image_id)
        machine.guest.commit(name)
        self._images[image_id] = name

    def copy_image(self, image_id: str, copy_id: str) -> None:
        """Let a second image id mean the same file system."""
        if image_id in self._images:
            name = self._image_name(copy_id)
            self.podman.tag(self._images[image_id], name)
            self._images[copy_id] = name
        elif image_id in self._windows:
            self._windows.add(copy_id)

    def remove_image(self, image_id: str) -> None:
        """Forget an image; the base image stays in podman for the other rehearsals."""
        self._windows.discard(image_id)
        name = self._images.pop(image_id, "")
        if name == self._image_name(image_id):
            self.podman.remove_image(name)

    def _image_name(self, image_id: str) -> str:
        return f"kiln/{self.podman.label}/{image_id}"
