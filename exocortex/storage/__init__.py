"""The disk: the folders of notes, the index and the lock on it. Nothing here knows about engines or faces."""
