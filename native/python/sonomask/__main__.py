"""``python -m sonomask COMMAND ...``: the native program, with all its commands."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from . import _library
from ._errors import SonomaskError


def main() -> int:
    """Runs the command line of this process and returns the exit status: 0, 1 (something failed) or 2 (wrong usage)."""
    try:
        library = _library.library()
    except SonomaskError as error:
        print(f"sonomask: {error}", file=sys.stderr)
        return 1
    os.environ.setdefault("SONOMASK_MODEL", _library.WEIGHTS_PATH)
    # The program has its own handlers; Python's would only run after its end. An ignored SIGINT (nohup) stays ignored.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    words = [b"sonomask", *(os.fsencode(word) for word in sys.argv[1:])]
    arguments = (ctypes.c_char_p * (len(words) + 1))(*words, None)
    return int(library.sonomask_program(len(words), arguments))


if __name__ == "__main__":
    sys.exit(main())
