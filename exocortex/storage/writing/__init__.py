"""Writing into the folders of notes: the only code that does. Whole or not at all, and never over a change.

A note is edited by compare and swap. The new bytes lie in a file beside it, the two change names in one step, and what
comes out is compared with what had been read: if an editor saved in between, its version goes back and the edit is made
again on top of it. Where names can't be exchanged (other systems than Linux, some file systems) the note is compared
just before it is replaced: what is saved in the microseconds between is lost to the edit, as with any other editor.
So is, everywhere, what a program still writes into a file that it opened before the exchange and writes after it.

Every former version is on disk in the home beforehand (`originals`), and a crash leaves no more than one hidden file,
which the next call clears away. Knows nothing of the index.
"""

from exocortex.storage.originals import digest
from exocortex.storage.writing.creating import create, read_note, remove, settle
from exocortex.storage.writing.editing import Edited, edit, edit_text
from exocortex.storage.writing.files import EditConflictError, NoteExistsError
from exocortex.storage.writing.mending import mend

__all__ = [
    "EditConflictError",
    "Edited",
    "NoteExistsError",
    "create",
    "digest",
    "edit",
    "edit_text",
    "mend",
    "read_note",
    "remove",
    "settle",
]
