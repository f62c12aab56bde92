"""`python run.py --env prod`: see `python run.py --help`."""

import sys

from zenstrap.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
