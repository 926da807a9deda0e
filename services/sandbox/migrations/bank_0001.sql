-- One account per currency. `balance` is kept beside the entries so that funds are checked and moved in one statement.
CREATE TABLE account (
    currency TEXT PRIMARY KEY,
    opening BIGINT NOT NULL,
    balance BIGINT NOT NULL,
    opened_at_ms BIGINT NOT NULL
);

-- One row per EndToEndId the bank ever took in; its first answer stays the answer.
CREATE TABLE payment (
    end_to_end_id TEXT PRIMARY KEY,
    message_id TEXT NOT NULL,
    payment_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    minor_units BIGINT NOT NULL,
    creditor_account TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    words TEXT NOT NULL,
    received_at_ms BIGINT NOT NULL,
    decided_at_ms BIGINT NOT NULL
);

-- What was booked, in order. A reference is booked once: a payment by its EndToEndId, a deposit by its own reference.
CREATE TABLE entry (
    currency TEXT NOT NULL,
    entry_no BIGINT NOT NULL,
    reference TEXT NOT NULL,
    end_to_end_id TEXT NOT NULL,
    minor_units BIGINT NOT NULL,
    booked_at_ms BIGINT NOT NULL,
    PRIMARY KEY (currency, entry_no)
);
CREATE UNIQUE INDEX entry_reference ON entry (reference);

-- What to do when an EndToEndId or an account comes by. `remaining` counts down; -1 stays.
CREATE TABLE scenario (
    target TEXT NOT NULL,
    value TEXT NOT NULL,
    behaviour TEXT NOT NULL,
    remaining BIGINT NOT NULL,
    PRIMARY KEY (target, value)
);

-- Instructions lost on purpose, so that the next sending of the same one goes through.
CREATE TABLE lost (
    end_to_end_id TEXT PRIMARY KEY
);
