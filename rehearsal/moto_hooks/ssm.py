"""SSM's public parameters: those under which Debian and Amazon (for Windows) publish their current AMIs. moto 5.2.5.

Hook:
- ParameterDict._check_loading_status: moto knows some of AWS's public parameters, not these, and its PutParameter
  refuses names that begin with "aws", so there is no way through the API.
"""

import datetime
from typing import Any

from moto.ssm.models import Parameter, ParameterDict

from rehearsal.guests import base_image, windows

PUBLISHED = {base_image.PARAMETER: base_image.image_id, windows.PARAMETER: windows.image_id}

load_in_moto = ParameterDict._check_loading_status


def install() -> None:
    """Give every account and region the parameters; their values are the region's own images."""

    def _check_loading_status(self: Any, key: str) -> None:
        load_in_moto(self, key)
        asked = str(key or "")
        for name, image_id in PUBLISHED.items():
            if (
                (name.startswith(asked) or asked.startswith(name))
                and asked.startswith("/aws/")
                and not dict.__contains__(self, name)
            ):
                found = public_parameter(self.account_id, name, image_id(self.region_name))
                dict.__setitem__(self, name, [found])

    setattr(ParameterDict, _check_loading_status.__name__, _check_loading_status)


def public_parameter(account: str, name: str, image_id: str) -> Parameter:
    """A parameter of AWS's with an image's id."""
    return Parameter(
        account_id=account,
        name=name,
        value=image_id,
        parameter_type="String",
        description=None,
        allowed_pattern=None,
        keyid=None,
        last_modified_date=datetime.datetime(2023, 6, 10, tzinfo=datetime.UTC),
        version=1,
        data_type="aws:ec2:image",
    )
