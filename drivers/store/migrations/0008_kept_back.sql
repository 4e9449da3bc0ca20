-- What members may have whose rows a restored backup did not have: nobody else is given it.

CREATE TABLE kept_prefixes (
  prefix BLOB    PRIMARY KEY CHECK (length(prefix) = 16),
  length INTEGER NOT NULL,
  until  INTEGER NOT NULL    -- when their certificates have expired for sure
) STRICT, WITHOUT ROWID;

CREATE TABLE kept_numbers (
  last  INTEGER PRIMARY KEY, -- the greatest small index that may be theirs
  until INTEGER NOT NULL
) STRICT;
