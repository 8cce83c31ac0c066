"""The command line: each module parses one noun's commands and paints what comes back; nothing is decided here."""

from __future__ import annotations


def main() -> int:
    """Run `exo` with this process's arguments, streams and environment; returns the exit code."""
    import os
    import sys

    try:
        from exocortex.cli.process import run

        return run(sys.argv[1:], os.environ)
    except KeyboardInterrupt:
        return 130
