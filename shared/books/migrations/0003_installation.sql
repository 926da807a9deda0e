-- Which installation these tables belong to: one row. identities: whose tokens it believes, a name in each line.
CREATE TABLE installation (
    one BIGINT NOT NULL PRIMARY KEY,
    installation_id TEXT NOT NULL,
    identities TEXT NOT NULL,
    bound_at_ms BIGINT NOT NULL
);
