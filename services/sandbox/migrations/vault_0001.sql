-- One account per currency. `balance` is kept beside the entries so that funds are checked and moved in one statement.
CREATE TABLE account (
    currency TEXT PRIMARY KEY,
    opening BIGINT NOT NULL,
    balance BIGINT NOT NULL,
    opened_at_ms BIGINT NOT NULL
);

-- What was booked, in order. A reference is booked once. `details` is a JSON list of the parts of a sum, empty for a single payment.
CREATE TABLE entry (
    currency TEXT NOT NULL,
    entry_no BIGINT NOT NULL,
    reference TEXT NOT NULL,
    end_to_end_id TEXT NOT NULL,
    information TEXT NOT NULL,
    details TEXT NOT NULL,
    minor_units BIGINT NOT NULL,
    booked_at_ms BIGINT NOT NULL,
    PRIMARY KEY (currency, entry_no)
);
CREATE UNIQUE INDEX entry_reference ON entry (reference);
