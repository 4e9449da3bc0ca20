-- The rows of a registry. Times are seconds since 1970; prefixes are 16 octets, big endian.

CREATE TABLE network (
  id          INTEGER PRIMARY KEY CHECK (id = 1),
  prefix      BLOB    NOT NULL CHECK (length(prefix) = 16),
  length      INTEGER NOT NULL,
  node_length INTEGER NOT NULL,
  version     INTEGER NOT NULL,
  document    BLOB    NOT NULL
) STRICT;

CREATE TABLE invitations (
  id      INTEGER PRIMARY KEY,
  token   BLOB    NOT NULL UNIQUE,  -- SHA-256; the token itself is known to the invited only
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  uses    INTEGER NOT NULL CHECK (uses >= 0),
  note    TEXT    NOT NULL
) STRICT;

CREATE TABLE certificates (
  serial     INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given twice
  prefix     BLOB    NOT NULL CHECK (length(prefix) = 16),
  length     INTEGER NOT NULL,
  number     INTEGER NOT NULL,                   -- the small index of the node
  key        BLOB    NOT NULL,                   -- DER of its SubjectPublicKeyInfo
  der        BLOB    NOT NULL,
  issued     INTEGER NOT NULL,
  expires    INTEGER NOT NULL,
  revoked    INTEGER,
  invitation INTEGER REFERENCES invitations (id),
  note       TEXT    NOT NULL
) STRICT;

CREATE INDEX certificates_by_prefix ON certificates (prefix);
CREATE INDEX certificates_by_key    ON certificates (key);
CREATE INDEX certificates_by_end    ON certificates (expires);

CREATE TABLE contacts (
  prefix       BLOB    PRIMARY KEY,
  serial       INTEGER NOT NULL REFERENCES certificates (serial),
  introduction BLOB    NOT NULL,
  issued       INTEGER NOT NULL,
  seen         INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
  id      INTEGER PRIMARY KEY,
  at      INTEGER NOT NULL,
  action  TEXT    NOT NULL,
  subject TEXT    NOT NULL
) STRICT;
