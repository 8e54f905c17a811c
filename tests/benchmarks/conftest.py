"""The benchmark measures items/; where that is gone, so is what these tests compare."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("items") else ["test_answers.py"]
