"""`python -m exocortex`: the same as `exo`."""

import sys

from exocortex.cli import main

if __name__ == "__main__":
    sys.exit(main())
