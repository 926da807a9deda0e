-- What was sold, by its token: JSON.
CREATE TABLE google_purchase (
    purchase_token TEXT NOT NULL PRIMARY KEY,
    package_name TEXT NOT NULL,
    sold TEXT NOT NULL
);
-- What was taken back, in whole or in part, in that order: the store's resource, JSON.
CREATE TABLE google_void (
    void_id TEXT NOT NULL PRIMARY KEY,
    package_name TEXT NOT NULL,
    voided_at_ms BIGINT NOT NULL,
    void TEXT NOT NULL
);
CREATE INDEX google_void_list ON google_void (package_name, void_id);
