"""A process of its own that runs a program as zenstrap runs Terraform, and passes on its lines.

python owning.py PROGRAM STATE SECONDS

SECONDS is how long the program may live when this is killed. A SIGINT asks the program to stop.
"""

import os
import signal
import sys
from pathlib import Path

from zenstrap.interrupt import Interrupt
from zenstrap.terraform import process

program, state, process.ORPHAN_SECONDS = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
interrupt = Interrupt()
signal.signal(signal.SIGINT, lambda *_: interrupt.request())
process.run(
    [str(program)],
    folder=program.parent,
    environment=dict(os.environ),
    time_limit=60,
    grace=60,
    state=state,
    interrupt=interrupt,
    on_line=lambda line: print(line, flush=True),
)
