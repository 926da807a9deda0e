-- Trades, each as JSON.
CREATE TABLE object (
    object_id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    -- The order in which they were made.
    seq BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX object_kind ON object (kind, seq);
-- What happened, and whether the seller knows. `delivered`: 0 not yet, 1 yes or dropped on command.
CREATE TABLE event (
    event_id TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    body TEXT NOT NULL,
    delivered BIGINT NOT NULL,
    due_at_ms BIGINT NOT NULL
);
CREATE INDEX event_due ON event (due_at_ms) WHERE delivered = 0;
-- The registration, the fault that is set, and the key that signs.
CREATE TABLE setting (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
