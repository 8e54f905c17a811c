"""`make faults`: runs the fault tests, prints their tables and writes them into docs/reliability.md."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

#: The table that many clients search at the same time.
LARGE = {"FAIRNESS_ROWS": "1500000", "FAIRNESS_SECONDS": "5"}

with tempfile.TemporaryDirectory() as directory:
    faults, fairness = Path(directory, "faults.jsonl"), Path(directory, "fairness.jsonl")
    results = {"FAULTS_RESULTS": str(faults), "FAIRNESS_RESULTS": str(fairness)}
    tables = ["tests/faults/test_fault_table.py", "tests/faults/test_fairness.py"]
    tables += ["tests/faults/test_slow_clients.py::test_what_slow_clients_cost_on_either_worker"]
    command = [sys.executable, "-m", "pytest", "-q", *sys.argv[1:]]
    code = subprocess.run([*command, *tables], env=LARGE | os.environ | results, check=False).returncode
    # The other tables are of both workers in themselves.
    other = os.environ | results | {"GUNICORN_WORKER": "gthread"}
    code = subprocess.run([*command, tables[0]], env=other, check=False).returncode or code
    from tests.faults.reliability import write_fairness, write_faults

    if faults.exists():
        write_faults(faults)
    if fairness.exists():
        write_fairness(fairness)
sys.exit(code)
