"""``python -m vaultproof.cli``: the command line where no console script is installed."""

import sys

from vaultproof.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
