"""Two files change names in one step: `renameat2(RENAME_EXCHANGE)`, which Python has no call for."""

from __future__ import annotations

import errno
import os

UNSUPPORTED = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP})
"""What systems and file systems answer that don't know it."""
_RENAME_EXCHANGE = 2


def exchange(folder: int, one: str, other: str) -> None:
    """Let two names in `folder` (a descriptor) change places, durably once the folder is synced.

    Raises OSError: FileNotFoundError if one is missing, one of `UNSUPPORTED` where it can't be done.
    """
    import ctypes

    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    if call(folder, os.fsencode(one), folder, os.fsencode(other), _RENAME_EXCHANGE):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
