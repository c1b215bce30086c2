"""Main: the process that `process.start` starts in the background; by hand a sandbox is run by `fox-nb sandbox`."""

from __future__ import annotations

import sys

from fox_nb.sandbox.daemon import run_in_background

if __name__ == "__main__":
    sys.exit(run_in_background() if "--background" in sys.argv else "Run `fox-nb sandbox` for a sandbox by hand.")
