"""Starts MiniStack with the corrections. It replaces the entry point of MiniStack's container."""

import importlib
import os
from pathlib import Path

CORRECTIONS = (
    "ownership",
    "database",
    "snapshots",
    "flow_logs",
    "registry",
    "draining",
    "target_health",
    "certificates",
    "gateway",
    "task_settings",
    "deployments",
    "issuer",
)

if __name__ == "__main__":
    for name in CORRECTIONS:
        importlib.import_module(f"corrections.{name}")

    from corrections import issuer, target_health
    from ministack import app
    from ministack.services import rds

    Path(os.environ["REHEARSAL_CA_FILE"]).write_text(rds.pg_ca_cert_pem())
    target_health.start()
    issuer.start()
    app.main()
