-- state.db as version 1 wrote it, with two notes and one deleted.

CREATE TABLE notes(
  id TEXT PRIMARY KEY,
  folder TEXT NOT NULL,
  path TEXT NOT NULL,
  digest TEXT NOT NULL,
  inode INTEGER NOT NULL,
  UNIQUE(folder, path)
) WITHOUT ROWID;
CREATE INDEX notes_digest ON notes(digest);
CREATE TABLE tombstones(
  id TEXT PRIMARY KEY,
  folder TEXT NOT NULL,
  path TEXT NOT NULL,
  digest TEXT NOT NULL,
  deleted_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX tombstones_digest ON tombstones(digest);

INSERT INTO notes VALUES('00000000000000a1', 'notes', 'Lease.md', 'd1', 11);
INSERT INTO notes VALUES('00000000000000a2', 'notes', 'sub/Boiler.md', 'd2', 12);
INSERT INTO tombstones VALUES('00000000000000a3', 'notes', 'gone.md', 'd3', 1700000000.5);
PRAGMA application_id = 1163415345;
PRAGMA user_version = 1;
