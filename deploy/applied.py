"""The image tags of the last apply, where a plain `terraform apply` reads them (terraform/service.tf).

Without them, an apply without the tags would remove the service.
"""

from __future__ import annotations

from botocore.exceptions import ClientError

from deploy.aws import Client, error_code
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
                self._delete(name)

    def forget(self) -> None:
        for name in NAMES:
            self._delete(name)

    def _delete(self, name: str) -> None:
        try:
            self._ssm.delete_parameter(Name=f"{self._prefix}/{name}")
        except ClientError as error:
            if error_code(error) != "ParameterNotFound":
                raise
