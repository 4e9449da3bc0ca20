-- Certificates that are revoked, as a document said, and whose rows a restored backup did not have.

CREATE TABLE lost (
  serial INTEGER PRIMARY KEY,
  until  INTEGER NOT NULL    -- when they have expired for sure
) STRICT;
