-- One row per request that was taken. Several may have one EndToEndId: a bank that has forgotten a key executes again.
CREATE TABLE payment (
    payment_id TEXT PRIMARY KEY,
    end_to_end_id TEXT NOT NULL,
    payment_type TEXT NOT NULL,
    currency TEXT NOT NULL,
    minor_units BIGINT NOT NULL,
    request TEXT NOT NULL,
    status TEXT NOT NULL,
    sub_status TEXT NOT NULL,
    exception TEXT NOT NULL,
    planned TEXT NOT NULL,
    updated_at_ms BIGINT NOT NULL
);
CREATE INDEX payment_end_to_end_id ON payment (end_to_end_id);

-- Idempotency keys until they are forgotten.
CREATE TABLE request_key (
    request_key TEXT PRIMARY KEY,
    body_hash TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    until_ms BIGINT NOT NULL
);
CREATE INDEX request_key_until ON request_key (until_ms);

-- What to do when an EndToEndId or a holder comes by. `remaining` counts down; -1 stays.
CREATE TABLE scenario (
    target TEXT NOT NULL,
    value TEXT NOT NULL,
    behaviour TEXT NOT NULL,
    remaining BIGINT NOT NULL,
    PRIMARY KEY (target, value)
);

-- Where callbacks go; one row.
CREATE TABLE callback (
    callback_no BIGINT PRIMARY KEY,
    registration TEXT NOT NULL
);

-- Callbacks to be delivered, in the order of their ids. `delivered` is 1 once the peer took it.
CREATE TABLE event (
    event_id TEXT PRIMARY KEY,
    payload TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    due_at_ms BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    delivered BIGINT NOT NULL
);
CREATE INDEX event_due ON event (delivered, due_at_ms);
