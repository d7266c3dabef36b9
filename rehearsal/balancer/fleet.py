"""Every load balancer of every account and region: each has a thread and a HAProxy of its own while the API has it."""

import logging
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.balancer import observe, target_health
from rehearsal.balancer.addresses import Addresses, SubnetAddresses
from rehearsal.balancer.balancer import Balancer
from rehearsal.balancer.bridge import Bridge
from rehearsal.balancer.model import Unsupported
from rehearsal.balancer.observe import Found
from rehearsal.balancer.process import sweep
from rehearsal.balancer.targets import Phase
from rehearsal.front.clients import Clients
from rehearsal.front.service import AwsError, Caller, Service

log = logging.getLogger("rehearsal.balancer")

BUSY_SECONDS = 0.1  # while targets come or go
IDLE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a load balancer listens, the names that lead to it, and what is wrong with it."""

    account: str
    region: str
    name: str
    dns_name: str
    address: str
    ports: tuple[int, ...]
    host_names: tuple[str, ...]  # of its certificates
    problem: str | None


class Keeper(threading.Thread):
    """Keeps one load balancer in step until it is told to stop; HAProxy is started and ended by this thread."""

    def __init__(self, balancer: Balancer) -> None:
        super().__init__(daemon=True, name=f"balancer-{balancer.found.record.name}")
        self.balancer = balancer
        self._stopping = threading.Event()

    def run(self) -> None:
        try:
            while not self._stopping.is_set():
                self.balancer.sync()
                self._stopping.wait(IDLE_SECONDS if self.balancer.settled else BUSY_SECONDS)
        finally:
            self.balancer.close()

    def stop(self) -> None:
        self._stopping.set()


class Balancers:
    """The load balancers of the rehearsal, and the answers that depend on them.

    Args:
        folder: for HAProxy's files, one folder for each load balancer.
        clients: the way to Lambda, for targets that are functions.
        route: leads the host to a VPC's block.
        addresses: where load balancers listen; by default in their VPCs, on the listeners' own ports.
    """

    def __init__(
        self,
        folder: Path,
        clients: Clients,
        *,
        route: Callable[[str], bool] = lambda block: True,
        addresses: Addresses | None = None,
    ) -> None:
        self._folder = folder
        self._addresses = addresses or SubnetAddresses(route)
        self._bridge = Bridge(clients)
        self._keepers: dict[str, Keeper] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="balancers")
        self._failed: set[str] = set()

    @property
    def services(self) -> Sequence[Service]:
        """What the front is to answer with: DescribeTargetHealth."""
        return [TargetHealthService(self)]

    def start(self) -> None:
        """Sweep what a killed server has left, then follow the API."""
        sweep(self._folder)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._bridge.start()
        self._thread.start()

    def close(self) -> None:
        """End every HAProxy, and then the bridge to functions."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._end(list(self._keepers))
        self._bridge.close()

    def _run(self) -> None:
        while not self._stopping.wait(IDLE_SECONDS):
            found = {each.arn: each for each in observe.load_balancers()}
            self._end([arn for arn in self._keepers if arn not in found])
            for arn, each in found.items():
                if arn not in self._keepers:
                    self._begin(each)

    def _begin(self, found: Found) -> None:
        try:
            address = self._addresses.take(found.record)
        except (Unsupported, OSError) as problem:
            if found.arn not in self._failed:
                log.error("%s has no address: %s", found.record.name, problem)
                found.record.state = "active_impaired"
            self._failed.add(found.arn)
            return
        folder = self._folder / f"{found.account}-{found.arn.rpartition('/')[2]}"
        keeper = Keeper(Balancer(found, folder, address, self._bridge.port))
        with self._lock:
            self._keepers[found.arn] = keeper
        keeper.start()

    def _end(self, arns: Sequence[str]) -> None:
        with self._lock:
            ending = [self._keepers.pop(arn) for arn in arns]
        for keeper in ending:
            keeper.stop()
        for keeper in ending:
            keeper.join()
            self._addresses.give_back(keeper.balancer.found.record, keeper.balancer.address)

    def each(self) -> list[Balancer]:
        """The load balancers that there are now."""
        with self._lock:
            return [keeper.balancer for keeper in self._keepers.values()]

    def endpoints(self) -> list[Endpoint]:
        """Every load balancer with its address and names."""
        return [_endpoint(balancer) for balancer in self.each()]

    def drains(self, instance_id: str) -> bool:
        """Whether a load balancer still has requests in flight to an instance that was deregistered.

        A moment after the deregistration, when HAProxy has not been told yet, the answer is yes too.
        """
        for balancer in self.each():
            for view in balancer.views:
                this = view.registration
                if this.target.id != instance_id:
                    continue
                if this.phase is Phase.DRAINING:
                    return True
                if this.phase in (Phase.CHECKING, Phase.SERVING):
                    wanted = observe.targets(balancer.found.account, balancer.found.region, this.group.arn) or ()
                    if (instance_id, this.target.port) not in {(t.id, t.port) for t in wanted}:
                        return True
        return False

    def target_health(
        self, account: str, region: str, target_group_arn: str, targets: Sequence[Mapping[str, Any]] = ()
    ) -> list[dict[str, Any]]:
        """DescribeTargetHealth's list. Raises AwsError where there is no such group.

        Args:
            targets: only these, as in the request.
        """
        registered = observe.targets(account, region, target_group_arn)
        if registered is None:
            raise AwsError("TargetGroupNotFound", "One or more target groups not found")
        mine = [b for b in self.each() if target_group_arn in b.group_arns]
        views = [view for b in mine for view in b.views if view.registration.group.arn == target_group_arn]
        health = target_health.of_group(registered, views, in_use=bool(mine))
        default_port, check_port = observe.group_ports(account, region, target_group_arn)
        return target_health.descriptions(health, targets, default_port, check_port)


def _endpoint(balancer: Balancer) -> Endpoint:
    record, found = balancer.found.record, balancer.found
    listeners = list(record.listeners.values())
    names: list[str] = []
    for listener in listeners:
        for arn in dict.fromkeys([listener.certificate, *listener.certificates]):
            try:
                names += observe.certificate_of(found.account, found.region, arn).host_names if arn else ()
            except Unsupported:
                continue  # the balancer's own problem says so already
    return Endpoint(
        account=found.account,
        region=found.region,
        name=str(record.name),
        dns_name=str(record.dns_name),
        address=balancer.address,
        ports=tuple(sorted(int(listener.port) for listener in listeners)),
        host_names=tuple(dict.fromkeys(names)),
        problem=balancer.problem,
    )


class TargetHealthService:
    """Answers DescribeTargetHealth by what HAProxy sees; moto says healthy at once."""

    name = "elbv2"
    operations = frozenset({"DescribeTargetHealth"})

    def __init__(self, balancers: Balancers) -> None:
        self._balancers = balancers

    def answer(self, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """TargetHealthDescriptions."""
        found = self._balancers.target_health(
            caller.account, caller.region, request["TargetGroupArn"], request.get("Targets") or ()
        )
        return {"TargetHealthDescriptions": found}
