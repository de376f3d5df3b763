"""``python -m ibestimators``."""

import sys

from ibestimators.cli import main

if __name__ == "__main__":
    sys.exit(main())
