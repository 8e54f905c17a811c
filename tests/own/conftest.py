"""Left out once the repository is a team's own: these tests need its sample, and no orders beside it."""

from tests.support.service import ROOT

IS_A_TEAMS = not (ROOT / "items").is_dir() or any((ROOT / name).exists() for name in ("orders", "ordersvc"))
collect_ignore_glob = ["test_*.py"] if IS_A_TEAMS else []
