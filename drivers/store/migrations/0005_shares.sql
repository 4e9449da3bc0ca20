-- What members promise to reveal, and revealed, in that epoch, for the beacons to come.

CREATE TABLE shares (
  node       BLOB    PRIMARY KEY CHECK (length(node) = 16),
  epoch      INTEGER NOT NULL,
  commitment BLOB    NOT NULL CHECK (length(commitment) = 32),
  secret     BLOB    CHECK (length(secret) = 32)
) STRICT, WITHOUT ROWID;
