-- index.db: everything here can be rebuilt from the notes.

CREATE TABLE IF NOT EXISTS meta(
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

-- Every file that should be a note. On disk = indexed + pending + skipped holds because a row has one state.
CREATE TABLE IF NOT EXISTS notes(
  id INTEGER PRIMARY KEY,
  note TEXT UNIQUE,                      -- identity, from state.db; NULL until first indexed
  folder TEXT NOT NULL,
  path TEXT NOT NULL,                    -- relative, '/', NFC
  raw BLOB NOT NULL,                     -- relative, as the operating system spells it
  size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  ctime_ns INTEGER NOT NULL,
  inode INTEGER NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('pending', 'indexed', 'skipped')),
  reason TEXT,                           -- why it is skipped
  digest TEXT,                           -- blake2b of the bytes whose words are in; NULL if none are
  chunker TEXT,                          -- what cut it; NULL: to be read again even if its bytes are the same
  title TEXT NOT NULL DEFAULT '',
  date TEXT,                             -- ISO day
  dated INTEGER NOT NULL DEFAULT 0,      -- 1: the note says its date itself; 0: taken from the file's time
  warnings TEXT NOT NULL DEFAULT '[]',
  UNIQUE(folder, path)
);
CREATE INDEX IF NOT EXISTS notes_state ON notes(state) WHERE state <> 'indexed';
CREATE INDEX IF NOT EXISTS notes_date ON notes(date);
CREATE INDEX IF NOT EXISTS notes_digest ON notes(digest);

CREATE TABLE IF NOT EXISTS attachments(
  folder TEXT NOT NULL,
  path TEXT NOT NULL,
  PRIMARY KEY(folder, path)
) WITHOUT ROWID;

-- Passages. Equal content is stored once, wherever it lies.
CREATE TABLE IF NOT EXISTS chunks(
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  headings TEXT NOT NULL,                -- JSON list
  text TEXT NOT NULL,
  embedded INTEGER NOT NULL              -- 0: found by words only
);
CREATE TABLE IF NOT EXISTS placements(
  note INTEGER NOT NULL REFERENCES notes(id),
  ordinal INTEGER NOT NULL,
  chunk INTEGER NOT NULL REFERENCES chunks(id),
  first_line INTEGER NOT NULL,
  last_line INTEGER NOT NULL,
  PRIMARY KEY(note, ordinal)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS placements_chunk ON placements(chunk);

-- Vectors outlive their chunks for a while, so that a deleted note that comes back is not embedded again.
CREATE TABLE IF NOT EXISTS vectors(
  id INTEGER PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  key TEXT NOT NULL,
  vector BLOB NOT NULL,                  -- float16, little-endian
  unused_since REAL,
  changed INTEGER NOT NULL DEFAULT 0,    -- meta's vectors_version as of its last change
  UNIQUE(fingerprint, key)
);
CREATE INDEX IF NOT EXISTS vectors_changed ON vectors(fingerprint, changed);
CREATE INDEX IF NOT EXISTS vectors_unused ON vectors(unused_since) WHERE unused_since IS NOT NULL;

-- Keys whose presence in the vector index may be out of date.
CREATE TABLE IF NOT EXISTS unpublished(key TEXT PRIMARY KEY) WITHOUT ROWID;

-- Words. The text itself is not kept here; what must be taken out again is made anew from the chunks.
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(
  title, body, content = '', tokenize = 'porter unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE IF NOT EXISTS spellings USING fts5(
  body, content = '', detail = none, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3'
);
CREATE VIRTUAL TABLE IF NOT EXISTS vocabulary USING fts5vocab(spellings, 'row');

-- What is found in a note.
CREATE TABLE IF NOT EXISTS tags(
  note INTEGER NOT NULL REFERENCES notes(id),
  tag TEXT NOT NULL,
  PRIMARY KEY(tag, note)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tags_note ON tags(note);
CREATE TABLE IF NOT EXISTS properties(
  note INTEGER NOT NULL REFERENCES notes(id),
  key TEXT NOT NULL,
  value TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS properties_note ON properties(note);
CREATE INDEX IF NOT EXISTS properties_key ON properties(key, value);
CREATE TABLE IF NOT EXISTS headings(
  note INTEGER NOT NULL REFERENCES notes(id),
  line INTEGER NOT NULL,
  level INTEGER NOT NULL,
  text TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS headings_note ON headings(note);
CREATE TABLE IF NOT EXISTS tasks(
  note INTEGER NOT NULL REFERENCES notes(id),
  line INTEGER NOT NULL,
  done INTEGER NOT NULL,
  text TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS tasks_note ON tasks(note);
CREATE TABLE IF NOT EXISTS anchors(
  note INTEGER NOT NULL REFERENCES notes(id),
  line INTEGER NOT NULL,
  name TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS anchors_note ON anchors(note);

-- Links stay as written; what they lead to is worked out when asked, through the names of files and aliases.
CREATE TABLE IF NOT EXISTS links(
  note INTEGER NOT NULL REFERENCES notes(id),
  line INTEGER NOT NULL,
  kind TEXT NOT NULL,
  target TEXT NOT NULL,
  anchor TEXT,
  alias TEXT,
  key TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS links_note ON links(note);
CREATE INDEX IF NOT EXISTS links_key ON links(key);
CREATE TABLE IF NOT EXISTS names(
  key TEXT NOT NULL,
  folder TEXT NOT NULL,
  path TEXT NOT NULL,
  PRIMARY KEY(key, folder, path)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS names_path ON names(folder, path);
CREATE TABLE IF NOT EXISTS aliases(
  note INTEGER NOT NULL REFERENCES notes(id),
  key TEXT NOT NULL,
  alias TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS aliases_note ON aliases(note);
CREATE INDEX IF NOT EXISTS aliases_key ON aliases(key);
