-- The secret that the registry's parts of beacons are made from, once border nodes are elected.

CREATE TABLE beacon (
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  seed BLOB    NOT NULL CHECK (length(seed) = 32)
) STRICT;
