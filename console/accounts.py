"""Reading the other accounts: through the role that `cdk bootstrap` makes in each for look-ups, which may read only.

Policy: one way into other accounts, and none that can change anything there. It is the role that the `cdk` command
itself uses (https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-env.html#bootstrapping-env-roles); an account lets
another one in where it was bootstrapped with `--trust-for-lookup`. An account that refuses is an error, never an
account without anything in it.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from console.aws import Aws, code_of, errors
from console.errors import NotReady

QUALIFIER = "hnb659fds"  # https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping-customizing.html
SESSION_NAME = "kiln-reads"


class Environment(Protocol):
    """What is needed of an environment's parameters (infra.parameters); its region is the one that is bootstrapped."""

    @property
    def name(self) -> str: ...
    @property
    def account(self) -> str: ...
    @property
    def region(self) -> str: ...


@dataclass(slots=True)
class Accounts:
    """The accounts of all environments, as whoever has the credentials of `home` may read them. Threads may share it.

    An account is asked for its role once; its credentials are renewed by themselves.
    """

    home: Aws
    environments: tuple[Environment, ...]
    _sessions: dict[str, Any] = field(default_factory=dict)
    _readers: dict[tuple[str, str], Aws] = field(default_factory=dict)
    _caller: str | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @classmethod
    def of(cls, environments: Iterable[Environment], home: Aws) -> Self:
        """`home` has the credentials in use, of whichever account."""
        return cls(home, tuple(environments))

    @property
    def caller(self) -> str:
        """The ARN of whose credentials they are; asked once."""
        with self._lock:
            if self._caller is None:
                with errors("asking whose the credentials are (sts:GetCallerIdentity)"):
                    self._caller = str(self.home.client("sts").get_caller_identity()["Arn"])
            return self._caller

    def reader(self, account: str, region: str) -> Aws:
        """Clients that read an account in a region. Raises NotReady where the account does not let us in.

        The role is that of the account's bootstrapped region: IAM knows no regions, so it reads every other one too.
        """
        with self._lock:
            if (account, region) not in self._readers:
                if account == self.caller.split(":")[4]:
                    self._readers[account, region] = self.home.in_region(region)
                else:
                    self._readers[account, region] = Aws(region, _session=self._session_of(account, region))
            return self._readers[account, region]

    def _session_of(self, account: str, region: str) -> Any:
        if account not in self._sessions:
            self._sessions[account] = self._assumed(account, region)
        return self._sessions[account]

    def _assumed(self, account: str, region: str) -> Any:
        """A session of botocore's with the role's credentials."""
        import botocore.session
        from botocore.credentials import DeferredRefreshableCredentials, create_assume_role_refresher
        from botocore.exceptions import ClientError

        environment = next((one for one in self.environments if one.account == account), None)
        region = environment.region if environment else region
        name = f"account {account}" + (f" ({environment.name})" if environment else "")
        partition, mine = self.caller.split(":")[1], self.caller.split(":")[4]
        role = f"arn:{partition}:iam::{account}:role/cdk-{QUALIFIER}-lookup-role-{account}-{region}"
        with errors(f"becoming {role} (sts:AssumeRole)"):
            asking = {"RoleArn": role, "RoleSessionName": SESSION_NAME}
            refresher = create_assume_role_refresher(self.home.client("sts"), asking)
            credentials = DeferredRefreshableCredentials(refresher, "assume-role")
            try:
                credentials.get_frozen_credentials()  # now, not at the first question
            except ClientError as problem:
                raise NotReady(
                    f"the {name} cannot be asked",
                    where=role,
                    found=f"{code_of(problem)}: {problem.response['Error'].get('Message', '')}",
                    expected=f"a role for look-ups that account {mine} may assume",
                    next_step=f"as an administrator of {account}: cdk bootstrap aws://{account}/{region} "
                    f"--trust {mine} --trust-for-lookup {mine} (and the options it was bootstrapped with before)",
                ) from problem
        session = botocore.session.get_session()
        # the models of the services are read once for all accounts: 0.3 s for each of EC2's
        session.register_component("data_loader", self.home.session.get_component("data_loader"))
        session._credentials = credentials  # set_credentials takes only those that end after an hour
        return session
