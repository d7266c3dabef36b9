"""Route 53: records with set identifiers. moto 5.2.5.

Hook:
- Route53Backend.change_resource_record_sets: moto makes a second record of one name and type; and it deletes every
  record of a zone that has the set identifier, whatever its name.
"""

from typing import Any

from moto.route53.exceptions import ResourceRecordAlreadyExists
from moto.route53.models import Route53Backend

change_in_moto = Route53Backend.change_resource_record_sets


def install() -> None:
    """Install the hook; twice does nothing more."""
    setattr(Route53Backend, change_resource_record_sets.__name__, change_resource_record_sets)


def change_resource_record_sets(self: Any, zoneid: str, change_list: list[dict[str, Any]]) -> None:
    zone = self.get_hosted_zone(zoneid)
    before = list(zone.rrsets)
    taken = {_key(record.name, record.type, record.set_identifier) for record in before}
    deleted = set()
    for change in change_list:
        asked = change["ResourceRecordSet"]
        key = _key(asked["Name"], asked["Type"], asked.get("SetIdentifier"))
        if change["Action"] == "DELETE":
            deleted.add(key)
        elif change["Action"] == "CREATE" and key in taken - deleted:
            raise ResourceRecordAlreadyExists(name=asked["Name"], _type=asked["Type"])
    change_in_moto(self, zoneid, change_list)
    there = {id(record) for record in zone.rrsets}
    now = {_key(record.name, record.type, record.set_identifier) for record in zone.rrsets}
    for record in before:
        key = _key(record.name, record.type, record.set_identifier)
        if id(record) not in there and key not in deleted | now:
            zone.rrsets.append(record)


def _key(name: str, kind: str, identifier: str | None) -> tuple[str, str, str]:
    return name.strip(".").lower(), kind, identifier or ""
