"""A `python manage.py migrate` that does what behaviour.json says."""

import json
import signal
import sys
import time
from pathlib import Path

# Process 1 of a container ignores SIGTERM without a handler.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
behaviour = json.loads(Path("behaviour.json").read_text())["migrate"]
print("Operations to perform: items.0002", flush=True)
if behaviour == "fail":
    sys.exit('items.0002 failed: relation "items" is locked')
if behaviour == "busy":
    print("another migrate holds the lock", file=sys.stderr)
    sys.exit(75)
if behaviour == "hang":
    time.sleep(600)
print("Applying items.0002... OK", flush=True)
