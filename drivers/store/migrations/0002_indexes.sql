-- Which small indexes are taken, in their order, without reading the rows.

CREATE INDEX certificates_by_number ON certificates (number, expires);
