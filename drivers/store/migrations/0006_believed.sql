-- The epoch in which most of a member's attesters told last what they saw of it.

CREATE TABLE believed (
  node  BLOB    PRIMARY KEY CHECK (length(node) = 16),
  epoch INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
