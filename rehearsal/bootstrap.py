"""The real `cdk bootstrap` for every account; all but the first trust the account from which people deploy.

With the permissions that a real account should have: those of `python -m infra execution-policy`, and no
AdministratorAccess.
"""

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from console.errors import KilnError, NotReady
from rehearsal.identity import Account

AT_ONCE = 2  # each CLI process keeps one core busy for a second
LIMIT_SECONDS = 300


def bootstrap(
    accounts: tuple[Account, ...], trusted_profile: str, environment: dict[str, str], folder: Path
) -> list[str]:
    """Bootstrap every account; gives the environments (aws://account/region) in the order of the accounts.

    Raises NotReady without a `cdk` on PATH, KilnError with the CLI's last lines when one of them fails.
    """
    cdk = shutil.which("cdk", path=environment.get("PATH", os.defpath))
    if cdk is None:
        raise NotReady("there is no `cdk` on PATH", next_step="make setup && source .venv/bin/activate")
    trusted = next(a.id for a in accounts if a.environment == trusted_profile)
    folder.mkdir(exist_ok=True)

    def one(account: Account) -> str:
        target = f"aws://{account.id}/{account.region}"
        mine = {**environment, "AWS_PROFILE": account.environment, "AWS_REGION": account.region, "CI": "true"}
        log = folder / f"{account.environment}.log"
        applied = _run(
            [sys.executable, "-m", "infra", "execution-policy", "--apply", "--json"], folder, mine, target, log
        )
        policies = ",".join(json.loads(applied)["execution_policies"])
        trust = [] if account.id == trusted else ["--trust", trusted, "--trust-for-lookup", trusted]
        command = [cdk, "bootstrap", target, *trust, "--cloudformation-execution-policies", policies]
        _run(command, folder, mine, target, log)
        return target

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, accounts))


def _run(command: list[str], folder: Path, environment: dict[str, str], target: str, log: Path) -> str:
    """Standard output of the command; not in the project's folder: there the CLI would synthesize it first."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
    )
    with log.open("a") as file:
        file.write(done.stdout + done.stderr)
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
        raise KilnError(
            f"{Path(command[0]).name} {command[1]} failed", where=target, found=tail, next_step=f"see {log}"
        )
    return done.stdout
