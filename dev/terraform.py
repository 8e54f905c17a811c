"""Part of `make lint`: validates the Terraform and writes nothing into its folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Returns terraform's exit code."""
    environment = os.environ | {"TF_DATA_DIR": str(ROOT / ".local/terraform")}
    for command in (("init", "-backend=false", "-input=false"), ("validate",)):
        code = subprocess.run(
            ["terraform", "-chdir=terraform", *command], cwd=ROOT, env=environment, check=False
        ).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    sys.exit(main())
