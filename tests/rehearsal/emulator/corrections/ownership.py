"""Docker: every container is marked as this run's, and none of anybody else's is ever swept away.

MiniStack removes, when it starts, whatever looks like another MiniStack's leftovers.
"""

import os

from ministack.core import container_reaper

LABEL, RUN = os.environ["REHEARSAL_LABEL"].split("=", 1)

_own_labels = container_reaper.own_labels


def _labels(service, **extra):
    return _own_labels(service, **extra) | {LABEL: RUN}


container_reaper.own_labels = _labels
container_reaper.reap_all = lambda *_, **__: 0
