"""`python -m dexbench`: the command line without installation."""

import sys

from dexbench.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
