"""``python -m benchmarks [NAME ...]``: run the named benchmarks, or all of them."""

from __future__ import annotations

import importlib
import sys

ALL = ("verification", "log", "process", "mirror", "browser", "service")


def main() -> int:
    """Run them in turn; 3 for a name that does not exist."""
    names = sys.argv[1:] or list(ALL)
    unknown = [name for name in names if name not in ALL]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(ALL)}", file=sys.stderr)
        return 3
    for name in names:
        importlib.import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
