"""`make faults`: runs the fault tests, prints their table and writes it into docs/reliability.md."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as directory:
    results = Path(directory, "rows.jsonl")
    command = [sys.executable, "-m", "pytest", "tests/faults/test_fault_table.py", "-q", *sys.argv[1:]]
    code = subprocess.run(command, env=os.environ | {"FAULTS_RESULTS": str(results)}, check=False).returncode
    if results.exists():
        from tests.faults.reliability import write_faults

        write_faults(results)
sys.exit(code)
