"""`python run.py --env prod`: see `python run.py --help`."""

import sys

if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036 - users of an older Python get a message
        sys.exit(f"zenstrap needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    try:
        from zenstrap.__main__ import run

        sys.exit(run())
    except ModuleNotFoundError as error:
        sys.exit(
            f"The package {error.name} isn't installed for {sys.executable}. In the clone, run:\n"
            "python3 -m venv .venv && . .venv/bin/activate && pip install -e ."
        )
