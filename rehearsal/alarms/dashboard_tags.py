"""Tags of dashboards: moto keeps dashboards (5.2.5) and drops their tags."""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from rehearsal.front.service import Caller, PassOn

Request = Mapping[str, Any]


class DashboardTags:
    """Keeps them beside moto's dashboards; everything else about a dashboard is passed on to moto."""

    name = "cloudwatch"

    def __init__(self) -> None:
        self._tags: dict[str, dict[str, str]] = {}
        self._answers: dict[str, Callable[[Caller, Request], dict[str, Any]]] = {
            "PutDashboard": self._put,
            "DeleteDashboards": self._delete,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "ListTagsForResource": self._listed,
        }
        self.operations: frozenset[str] | None = frozenset(self._answers)

    def answer(self, caller: Caller, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """The response to one of `operations`. Raises PassOn for what is not about a dashboard's tags."""
        return self._answers[operation](caller, request)

    def _put(self, caller: Caller, q: Request) -> NoReturn:
        """Tags count at the first time only; later they are changed by TagResource."""
        self._tags.setdefault(_arn(caller, q["DashboardName"]), {t["Key"]: t["Value"] for t in q.get("Tags", ())})
        raise PassOn

    def _delete(self, caller: Caller, q: Request) -> NoReturn:
        for name in q["DashboardNames"]:
            self._tags.pop(_arn(caller, name), None)
        raise PassOn

    def _of(self, q: Request) -> dict[str, str]:
        if q["ResourceARN"] not in self._tags:
            raise PassOn
        return self._tags[q["ResourceARN"]]

    def _tag(self, _: Caller, q: Request) -> dict[str, Any]:
        self._of(q).update({t["Key"]: t["Value"] for t in q["Tags"]})
        return {}

    def _untag(self, _: Caller, q: Request) -> dict[str, Any]:
        tags = self._of(q)
        for key in q["TagKeys"]:
            tags.pop(key, None)
        return {}

    def _listed(self, _: Caller, q: Request) -> dict[str, Any]:
        return {"Tags": [{"Key": k, "Value": v} for k, v in self._of(q).items()]}


def _arn(caller: Caller, name: str) -> str:
    return f"arn:aws:cloudwatch::{caller.account}:dashboard/{name}"
