"""What the start has used and nobody needs again goes back to the machine; what stays is looked through no more, and
lies in no file."""

import ctypes
import gc
import resource


def settle() -> None:
    """Once, when everything is loaded: what lives now lives for ever, and a full collection must not walk it again."""
    gc.collect()
    gc.freeze()
    # Only the library of GNU keeps what was given back to it, and only it can be asked to let go.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def leave_no_core() -> None:
    """A picture of this process on the disk would hold its secrets: none is made of it, nor of what it starts."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
