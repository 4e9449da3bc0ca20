-- What members were seen to carry, by those who were drawn to look in that epoch.

CREATE TABLE attestations (
  node     BLOB    NOT NULL CHECK (length(node) = 16),
  attester BLOB    NOT NULL CHECK (length(attester) = 16),
  epoch    INTEGER NOT NULL,
  mbits    INTEGER NOT NULL,
  PRIMARY KEY (node, attester)
) STRICT, WITHOUT ROWID;
