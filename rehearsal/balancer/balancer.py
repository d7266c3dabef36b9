"""One load balancer kept in step: the API's state → plan (config, targets) → HAProxy (process, runtime)."""

import itertools
import logging
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rehearsal.balancer import config, observe
from rehearsal.balancer.model import Target, TargetGroup, Unsupported
from rehearsal.balancer.observe import Found
from rehearsal.balancer.process import Haproxy, HaproxyFault
from rehearsal.balancer.runtime import RuntimeRefusal
from rehearsal.balancer.targets import ACTIVE, Phase, Registration, Seen, step
from rehearsal.balancer.traffic import Taken

log = logging.getLogger("rehearsal.balancer")

PROBE_SECONDS = 0.05
RETRY_SECONDS = 2.0  # after HAProxy has refused a configuration
IN_FILE = frozenset({Phase.CHECKING, Phase.SERVING, Phase.DRAINING})  # the phases in which a reload must keep a server


@dataclass(frozen=True, slots=True)
class View:
    """A registration with what HAProxy sees of it."""

    registration: Registration
    seen: Seen | None


class Balancer:
    """One load balancer with its HAProxy; `sync` is called again and again by one thread.

    What other threads read (`views`, `group_arns`, `problem`) is replaced at once and whole.
    """

    def __init__(self, found: Found, folder: Path, address: str, bridge_port: int) -> None:
        self.found = found
        self.address = address
        self.views: tuple[View, ...] = ()
        self.group_arns: frozenset[str] = frozenset()
        self.problem: str | None = None
        self._bridge_port = bridge_port
        self._haproxy = Haproxy(folder)
        self._configuration: config.Configuration | None = None
        self._refused: tuple[tuple[object, ...], float] | None = None
        self._registrations: dict[str, Registration] = {}
        self._numbers = itertools.count(1)

    @property
    def settled(self) -> bool:
        """Every target serves; nothing is on its way."""
        return all(view.registration.phase is Phase.SERVING for view in self.views)

    def sync(self) -> None:
        """Bring HAProxy in step with the API once; what goes wrong is kept as the problem and tried again."""
        try:
            problem = self._follow_structure()
            if self._haproxy.running:
                self._follow_targets()
            self._note(problem)
        except (OSError, RuntimeRefusal, HaproxyFault, TimeoutError) as fault:
            self._note(f"{type(fault).__name__}: {fault}")

    def take_traffic(self) -> Taken:
        """What has gone through since the last taking."""
        return self._haproxy.runtime.traffic.take()

    def close(self) -> None:
        """End HAProxy."""
        self._haproxy.stop()

    def _note(self, problem: str | None) -> None:
        if problem != self.problem:
            level = logging.ERROR if problem else logging.INFO
            log.log(level, "%s: %s", self.found.record.name, problem or "in step again")
            self.found.record.state = "active_impaired" if problem else "active"
        self.problem = problem

    # Structure

    def _follow_structure(self) -> str | None:
        """Start or reload HAProxy, or change weights, where the API says something new; returns what is wrong."""
        try:
            structure = observe.structure(self.found)
            wanted = config.configuration(structure, self.address)
        except Unsupported as unsupported:
            return f"not emulated: {unsupported}"  # what was in force before stays in force
        if not structure.listeners:
            self._end()
            return None
        now = time.monotonic()
        current = self._configuration
        if current is None or not self._haproxy.running or wanted.structure != current.structure:
            if self._refused and self._refused[0] == wanted.structure and now < self._refused[1] + RETRY_SECONDS:
                return self.problem
            try:
                self._load(wanted, now)
                self._refused = None
            except HaproxyFault:
                self._refused = wanted.structure, now
                raise
        else:
            for file, lines in wanted.maps.items():
                if lines != current.maps[file]:
                    self._haproxy.runtime.set_map(file, lines)
        self._configuration = wanted
        return None

    def _load(self, wanted: config.Configuration, now: float) -> None:
        groups = {group.name: group for group in wanted.groups}
        if not self._haproxy.running:  # whatever it knew of the targets is lost
            kept = {
                name: replace(r, phase=Phase.WAITING, since=now, group=groups[r.group.name])
                for name, r in self._registrations.items()
                if r.phase in ACTIVE and r.group.name in groups
            }
        else:
            kept = {
                name: replace(r, group=groups[r.group.name])
                for name, r in self._registrations.items()
                if r.group.name in groups and r.phase is not Phase.DRAINED
            }
        servers: dict[str, list[config.Server]] = {name: [] for name in groups}
        for r in kept.values():
            if r.phase in IN_FILE:
                servers[r.group.name].append(self._server(r))
        maps = {file: "".join(f"{k} {v}\n" for k, v in lines.items()) for file, lines in wanted.maps.items()}
        self._haproxy.load(wanted.text(servers), {**maps, **wanted.certificates})
        self._registrations = kept
        self.group_arns = frozenset(group.arn for group in wanted.groups)
        log.info("%s listens on %s with %d groups", self.found.record.name, self.address, len(groups))

    def _end(self) -> None:
        if self._configuration is not None:
            self._haproxy.stop()
            self._haproxy = Haproxy(self._haproxy.folder)
            self._configuration, self._registrations = None, {}
            self.views, self.group_arns = (), frozenset()

    # Targets

    def _follow_targets(self) -> None:
        assert self._configuration is not None
        draining = any(r.phase is Phase.DRAINING for r in self._registrations.values())
        seen = self._haproxy.runtime.servers(everywhere=draining)
        now = time.monotonic()
        for group in self._configuration.groups:
            found = observe.targets(self.found.account, self.found.region, group.arn) or ()
            self._follow_group(group, {(t.id, t.port): t for t in found}, seen, now)
        self.views = tuple(View(r, seen.get(name)) for name, r in self._registrations.items())

    def _follow_group(
        self, group: TargetGroup, wanted: Mapping[tuple[str, int], Target], seen: Mapping[str, Seen], now: float
    ) -> None:
        mine = {name: r for name, r in self._registrations.items() if r.group.arn == group.arn}
        active = {(r.target.id, r.target.port) for r in mine.values() if r.phase in ACTIVE}
        for key, target in wanted.items():
            if key not in active and target.address and not target.ended:
                registration = Registration(group, target, self._name(target), Phase.WAITING, now)
                mine[registration.server] = self._registrations[registration.server] = registration
        for name, registration in mine.items():
            now_wanted = wanted.get((registration.target.id, registration.target.port))
            self._advance(registration, _still(registration, now_wanted), seen.get(name), now)

    def _name(self, target: Target) -> str:
        """A server's name; a new one for each registration, so that an old one may go on draining beside it."""
        return f"{target.id.rpartition(':')[2]}_{target.port}_{next(self._numbers)}"

    def _server(self, this: Registration) -> config.Server:
        return config.Server(this.server, str(this.target.address), this.target.port or self._bridge_port)

    def _advance(self, this: Registration, wanted: Target | None, seen: Seen | None, now: float) -> None:
        if wanted and wanted.ended and this.ended is None:
            this = self._registrations[this.server] = replace(this, ended=now)
        if this.phase is Phase.DRAINED:
            if self._haproxy.runtime.remove(this.group.name, this.server):
                del self._registrations[this.server]
            return
        probed = this.phase is Phase.WAITING and wanted is not None and not this.group.functions
        listening = probed and _listens(this)
        taken = step(this, wanted, seen, listening, now)
        if taken is None:
            return
        self._carry_out(this, taken.phase, taken.healthy, seen)
        if wanted and wanted.ended:
            observe.forget_ended(self.found.account, self.found.region, this.group.arn, this.target.id)
        log.info("%s: %s %s: %s", this.group.name, this.server, taken.phase, taken.reason)
        if taken.phase is Phase.GONE:
            del self._registrations[this.server]
        else:
            self._registrations[this.server] = replace(this, phase=taken.phase, since=now)

    def _carry_out(self, this: Registration, phase: Phase, healthy: bool, seen: Seen | None) -> None:
        runtime, backend = self._haproxy.runtime, this.group.name
        match phase:
            case Phase.CHECKING:
                server = self._server(this)
                runtime.add(backend, config.server_line(this.group, server), config.twin_line(this.group, server))
            case Phase.SERVING:
                runtime.serve(backend, this.server, healthy)
            case Phase.DRAINING:
                runtime.stop(backend, this.server)
            case Phase.DRAINED if seen and seen.in_flight:
                runtime.cut(backend, this.server)


def _still(registration: Registration, target: Target | None) -> Target | None:
    """The target as the API has it now, unless it is another one by its address or has none."""
    if target is None or target.ended:
        return target
    return target if target.address == registration.target.address else None


def _listens(registration: Registration) -> bool:
    """Whether something accepts connections where the health check will ask; waits 50 ms at most."""
    port = registration.group.check.port or registration.target.port
    try:
        socket.create_connection((str(registration.target.address), port), PROBE_SECONDS).close()
    except OSError:
        return False
    return True
