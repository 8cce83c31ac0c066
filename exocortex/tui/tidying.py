"""Tidying: what is no longer needed is looked for while nobody presses a key.

Python looks through all objects in cycles of its own; with some long answers on the screen that holds up a key for
200 ms, and it does so the oftener the more is shown.
"""

from __future__ import annotations

import gc

YOUNG, MIDDLE, OLD = 5_000, 20, 500
"""Objects made between looks at the youngest, such looks between those at the older, and those between looks at all."""
REST = 2.0
"""Seconds without a key after which it is looked through all."""
_WORTH_IT = 2
"""Looks at the older ones since the last time."""


def settle() -> None:
    """The first frame is there. What it is made of stays: it is looked through no more."""
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
    gc.enable()


def tidy(rested: float) -> None:
    """Look through all, if no key was pressed for so many seconds, and enough was made since."""
    if rested >= REST and gc.get_count()[2] >= _WORTH_IT:
        gc.collect()
