"""A world in which the rules are executed without any API: machines boot, targets become healthy, connections drain."""

from dataclasses import dataclass, field, replace

from rehearsal.groups.model import (
    Deregister,
    Group,
    GroupKey,
    Launch,
    Member,
    Phase,
    Register,
    Source,
    Subnet,
    TargetHealth,
    Terminate,
)
from rehearsal.groups.preferences import Preferences
from rehearsal.groups.refresh import Configuration, Refresh, scope
from rehearsal.groups.step import Situation, step

ARN = "arn:target-group"


def group(desired: int, zones: int = 2, **more: object) -> Group:
    made = Group(
        GroupKey("444444444444", "eu-west-1", "web"),
        desired=desired,
        minimum=0,
        maximum=99,
        subnets=tuple(Subnet(f"subnet-{z}", z) for z in "abcdef"[:zones]),
        source=Source("lt-1", "2"),
        target_groups=(ARN,),
        elb_health=True,
        grace_seconds=5,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def old_members(count: int, zones: int = 2) -> tuple[Member, ...]:
    return tuple(
        Member(
            f"old-{n}",
            "abcdef"[n % zones],
            "old",
            launched=-1000 + n,
            phase=Phase.IN_SERVICE,
            machine="running",
            in_service_since=-900,
            targets={ARN: TargetHealth("healthy")},
            registered=frozenset({ARN}),
        )
        for n in range(count)
    )


@dataclass
class World:
    """One group in simulated time, one second a round. Instances made of `bad` launch data never become healthy."""

    group: Group
    members: tuple[Member, ...]
    boot: int = 1
    check: int = 1
    drain: int = 1
    bad: str = ""
    wanted: str = "new"
    now: float = 0
    refresh: Refresh | None = None
    alarms: tuple[str, ...] = ()
    launched: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    clocks: dict[tuple[str, str], float] = field(default_factory=dict)

    @property
    def current(self) -> Refresh:
        """The refresh that was started."""
        assert self.refresh is not None
        return self.refresh

    def start(self, preferences: Preferences, target: str = "new", previous: str = "old") -> None:
        wanted = scope(self.members, preferences, target)
        self.refresh = Refresh(
            "refresh-1",
            preferences,
            Configuration(Source("lt-1", "2"), target),
            Configuration(Source("lt-1", "1"), previous),
            wanted,
            max(len(wanted), sum(m.counted for m in self.members)),
            self.now,
            remaining=len(wanted),
        )

    def round(self) -> None:
        """The world moves on by a second, then the rules have their say."""
        self.now += 1
        self.members = tuple(self._seen(m) for m in self.members)
        active = self.refresh if self.refresh and self.refresh.active else None
        wanted = active.target.fingerprint if active else self.wanted
        done = step(Situation(self.group, self.members, self.now, wanted, active, None, self.alarms))
        self.members, self.refresh = done.members, done.refresh or self.refresh
        if active and done.refresh:
            wanted = done.refresh.target.fingerprint if done.refresh.active else self.wanted
        for action in done.actions:
            match action:
                case Launch(zone=zone):
                    self._launch(zone, wanted)
                case Register(member=id_):
                    self._change(id_, registered=frozenset({ARN}))
                    self.clocks[id_, "registered"] = self.now
                case Deregister(member=id_):
                    self._change(id_, registered=frozenset(), draining=frozenset({ARN}))
                    self.clocks[id_, "left"] = self.now
                case Terminate(member=id_):
                    self._change(id_, machine="shutting-down")
                    self.clocks[id_, "ended"] = self.now
                    self.ended.append(id_)

    def rounds(self, most: int = 400) -> "World":
        """Rounds until the refresh is over and the group is as it should be."""
        for _ in range(most):
            self.round()
            steady = all(m.phase is Phase.IN_SERVICE for m in self.members)
            if not (self.refresh and self.refresh.active) and steady and len(self.members) == self.group.desired:
                return self
        raise AssertionError(f"not settled after {most} rounds: {self}")

    def healthy(self) -> list[Member]:
        """The members that serve: those a load balancer would send requests to."""
        return [m for m in self.members if m.counted and m.targets.get(ARN, TargetHealth("")).state == "healthy"]

    def _launch(self, zone: str, fingerprint: str) -> None:
        id_ = f"new-{len(self.launched)}"
        self.launched.append(id_)
        self.clocks[id_, "launched"] = self.now
        self.members = (*self.members, Member(id_, zone, fingerprint, self.now))

    def _seen(self, member: Member) -> Member:
        id_, since = member.id, self._since
        if member.machine == "pending" and since(id_, "launched") >= self.boot:
            member = replace(member, machine="running")
        if member.machine == "shutting-down" and since(id_, "ended") >= 1:
            member = replace(member, machine="terminated")
        if member.draining and since(id_, "left") >= self.drain:
            member = replace(member, draining=frozenset(), targets={})
        if member.registered and (id_, "registered") in self.clocks:
            waited = since(id_, "registered") >= self.check
            state = ("unhealthy" if member.fingerprint == self.bad else "healthy") if waited else "initial"
            member = replace(member, targets={ARN: TargetHealth(state, description=state)})
        return member

    def _since(self, id_: str, event: str) -> float:
        return self.now - self.clocks.get((id_, event), float("-inf"))

    def _change(self, id_: str, **changes: object) -> None:
        self.members = tuple(replace(m, **changes) if m.id == id_ else m for m in self.members)  # type: ignore[arg-type]
