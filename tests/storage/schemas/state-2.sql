-- state.db as version 2 wrote it, with two notes, one deleted, and a conversation of one question.

CREATE TABLE exchanges(
  number INTEGER PRIMARY KEY,            -- in the order they were added, whatever the clock said
  id TEXT NOT NULL UNIQUE,
  thread TEXT NOT NULL REFERENCES threads(id) ON DELETE CASCADE,
  parent TEXT,
  question TEXT NOT NULL,
  receipt TEXT NOT NULL REFERENCES receipts(id),
  checksum TEXT NOT NULL
);
INSERT INTO "exchanges" VALUES(1,'01HF7YAT010000000000000000','01HF7YAT000000000000000000',NULL,'How much?','01HF7YAT010000000000000000','2dcaa20b5f56f220c3085ed208da3dff');
CREATE TABLE notes(
  id TEXT PRIMARY KEY,
  folder TEXT NOT NULL,
  path TEXT NOT NULL,
  digest TEXT NOT NULL,
  inode INTEGER NOT NULL,
  UNIQUE(folder, path)
) WITHOUT ROWID;
INSERT INTO "notes" VALUES('00000000000000a1','notes','Lease.md','d1',11);
INSERT INTO "notes" VALUES('00000000000000a2','notes','sub/Boiler.md','d2',12);
CREATE TABLE receipts(
  id TEXT PRIMARY KEY,
  content TEXT NOT NULL,
  checksum TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "receipts" VALUES('01HF7YAT010000000000000000','{"id":"01HF7YAT010000000000000000","at":"2024-03-05T12:00:00+00:00","question":"How much?","query":"How much?","scope":"tag:home","engine":"tiny","fingerprint":"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff","sampling":{"temperature":0.0,"top_p":0.95,"seed":0,"most_tokens":512},"prompt":[{"role":"system","text":"Be brief."},{"role":"user","text":"[1] Lease\nThe deposit is \u00a31,480."}],"passages":[{"number":1,"note":"00000000000000a1","digest":"d1","folder":"notes","path":"Lease.md","title":"Lease","first_line":7,"last_line":8,"quote":"The deposit is \u00a31,480."}],"left_out":2,"written":"\u00a31,480 [1].","sentences":[{"text":"\u00a31,480.","citations":[1],"support":"supported"}],"abstained":false,"confidence":0.9,"seconds":1.5}','0cae47111940fcff7abcef5a3e192dda');
CREATE TABLE threads(
  id TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  scope TEXT NOT NULL,
  role TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "threads" VALUES('01HF7YAT000000000000000000','The lease','tag:home','');
CREATE TABLE tombstones(
  id TEXT PRIMARY KEY,
  folder TEXT NOT NULL,
  path TEXT NOT NULL,
  digest TEXT NOT NULL,
  deleted_at REAL NOT NULL
) WITHOUT ROWID;
INSERT INTO "tombstones" VALUES('00000000000000a3','notes','gone.md','d3',1700000000.5);
CREATE INDEX notes_digest ON notes(digest);
CREATE INDEX tombstones_digest ON tombstones(digest);
CREATE INDEX exchanges_thread ON exchanges(thread);
PRAGMA application_id = 1163415345;
PRAGMA user_version = 2;
