"""Main: `python -m fox_nb.sandbox [--port N] [--speed X] [--folder PATH]` runs a sandbox in the foreground."""

from __future__ import annotations

import argparse
import sys

from fox_nb.sandbox.process import SHARED_SPEED


def main() -> int:
    """Run the command."""
    from fox_nb.sandbox.daemon import run_in_background, serve

    parser = argparse.ArgumentParser(prog="python -m fox_nb.sandbox", description="The local stand-in for FoxAPI.")
    parser.add_argument("--port", type=int, default=0, help="the port; a free one if left out")
    parser.add_argument("--speed", type=float, default=SHARED_SPEED, help="how many times faster than the service")
    parser.add_argument("--folder", help="where tasks are kept; a temporary folder if left out")
    parser.add_argument("--background", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.background:
        return run_in_background()
    serve(options.port, options.speed, options.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
