"""The real `cdk bootstrap` for every account; all but the first trust the account from which people deploy."""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from console.errors import KilnError, NotReady
from rehearsal.accounts import ADMINISTRATOR_POLICY
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
        trust = [] if account.id == trusted else ["--trust", trusted, "--trust-for-lookup", trusted]
        command = [cdk, "bootstrap", target, *trust, "--cloudformation-execution-policies", ADMINISTRATOR_POLICY]
        done = subprocess.run(
            command,
            cwd=folder,  # not the project: there the CLI would synthesize it first
            env={**environment, "AWS_PROFILE": account.environment, "CI": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
        )
        (folder / f"{account.environment}.log").write_text(done.stdout + done.stderr)
        if done.returncode:
            tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
            raise KilnError("cdk bootstrap failed", where=target, found=tail, next_step=f"see {folder}")
        return target

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, accounts))
