-- Catalogues that gifts were sold from, whole and with the rate of diamonds, as JSON: what a gift may have cost. Kept for ever.
-- hash: SHA-256 of content, in hexadecimal.
CREATE TABLE catalogue (
    hash TEXT PRIMARY KEY,
    content TEXT NOT NULL
);
-- From when to when processes served them. A row is written before the first gift is sold and moved on while the catalogue is in force.
CREATE TABLE catalogue_served (
    hash TEXT NOT NULL,
    served_from_ms BIGINT NOT NULL,
    served_until_ms BIGINT NOT NULL,
    PRIMARY KEY (hash, served_from_ms)
);
