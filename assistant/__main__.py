"""`assistant` and `python -m assistant`."""

import sys

from assistant.adapters.cli import main

if __name__ == "__main__":
    sys.exit(main())
