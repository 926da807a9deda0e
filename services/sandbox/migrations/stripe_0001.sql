-- Sessions, payments, charges, refunds, disputes and warnings, each as the JSON that is answered.
CREATE TABLE object (
    object_id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    -- The order in which they were made; lists are newest first.
    seq BIGINT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX object_kind ON object (kind, seq);
-- The first answer under an idempotency key, for as long as it is remembered.
CREATE TABLE request_key (
    request_key TEXT NOT NULL PRIMARY KEY,
    request_hash TEXT NOT NULL,
    status BIGINT NOT NULL,
    answer TEXT NOT NULL,
    until_ms BIGINT NOT NULL
);
-- What happened, and whether the webhook has it. `delivered`: 0 not yet, 1 yes or dropped on command.
CREATE TABLE event (
    event_id TEXT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    body TEXT NOT NULL,
    delivered BIGINT NOT NULL,
    due_at_ms BIGINT NOT NULL
);
CREATE INDEX event_due ON event (due_at_ms) WHERE delivered = 0;
-- The webhook's registration and the fault that is set, JSON.
CREATE TABLE setting (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
