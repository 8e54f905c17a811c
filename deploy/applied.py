"""The image tags of the last apply, where a plain `terraform apply` reads them (terraform/service.tf).

Without them, an apply without the tags would remove the service.
"""

from __future__ import annotations

from deploy.aws import Client, delete_parameter
from deploy.terraform import Tags

NAMES = ("image_tag", "migrate_image_tag")


class AppliedTags:
    def __init__(self, ssm: Client, prefix: str):
        self._ssm = ssm
        self._prefix = f"{prefix}/tags"

    def write(self, tags: Tags) -> None:
        """Replaces the tags; removes those that are None."""
        values = tags.values()
        for name in NAMES:
            if name in values:
                self._ssm.put_parameter(
                    Name=f"{self._prefix}/{name}", Value=values[name], Type="String", Overwrite=True
                )
            else:
                delete_parameter(self._ssm, f"{self._prefix}/{name}")

    def forget(self) -> None:
        for name in NAMES:
            delete_parameter(self._ssm, f"{self._prefix}/{name}")
