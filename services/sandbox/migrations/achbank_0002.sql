-- One row per file that was uploaded, refused ones too. `content` is empty unless the file was accepted.
CREATE TABLE upload (
    file_name TEXT PRIMARY KEY,
    sha256 TEXT NOT NULL,
    content TEXT NOT NULL,
    day_key TEXT NOT NULL,
    answer TEXT NOT NULL,
    acknowledged_at_ms BIGINT NOT NULL,
    mail_copies BIGINT NOT NULL
);
CREATE INDEX upload_sha256 ON upload (sha256);
CREATE INDEX upload_day_key ON upload (day_key);

-- What settles together: entries of one batch on one day. `entries` is a JSON list of their positions in the batch.
CREATE TABLE settlement (
    settlement_id TEXT PRIMARY KEY,
    file_name TEXT NOT NULL,
    batch_index BIGINT NOT NULL,
    entries TEXT NOT NULL,
    cents BIGINT NOT NULL,
    settles_at_ms BIGINT NOT NULL,
    booked BIGINT NOT NULL
);

-- Returns and notifications of change that the receiving banks will send.
CREATE TABLE reply (
    reply_id TEXT PRIMARY KEY,
    file_name TEXT NOT NULL,
    batch_index BIGINT NOT NULL,
    entry_index BIGINT NOT NULL,
    code TEXT NOT NULL,
    due_at_ms BIGINT NOT NULL,
    filed BIGINT NOT NULL
);

-- Files for the payer, in order. `copies` counts down with each confirmation; at 0 the file is gone.
CREATE TABLE mail (
    mail_no BIGINT PRIMARY KEY,
    file_name TEXT NOT NULL,
    content TEXT NOT NULL,
    copies BIGINT NOT NULL
);

-- What happens to an upload. `remaining` counts down; -1 stays.
CREATE TABLE scenario (
    target TEXT NOT NULL,
    value TEXT NOT NULL,
    behaviour TEXT NOT NULL,
    remaining BIGINT NOT NULL,
    PRIMARY KEY (target, value)
);

-- How far the bank's clock is ahead of the system's; one row, which also serialises the bank's bookings.
CREATE TABLE bank_clock (
    clock_no BIGINT PRIMARY KEY,
    ahead_ms BIGINT NOT NULL
);
INSERT INTO bank_clock (clock_no, ahead_ms) VALUES (1, 0);
