-- ACH files. A row is written with its bytes, sealed, before anything is sent. States: built; sent: an upload was tried, and the bank has not acknowledged it;
-- accepted; rejected: nothing of it was executed; booked: the bank's statement shows its sum; doubtful: people have to look. `answer` is the bank's last evidence.
CREATE TABLE ach_file (
    bank TEXT NOT NULL,
    file_name TEXT NOT NULL,
    bank_account TEXT NOT NULL,
    rail TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    modifier TEXT NOT NULL,
    created_on TEXT NOT NULL,
    effective_date TEXT NOT NULL,
    company_id TEXT NOT NULL,
    entries BIGINT NOT NULL,
    cents BIGINT NOT NULL,
    state TEXT NOT NULL,
    taken BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    due_at_ms BIGINT NOT NULL,
    why TEXT NOT NULL,
    answer TEXT NOT NULL,
    -- The bank's reference of the booking.
    booked_by TEXT NOT NULL,
    built_at_ms BIGINT NOT NULL,
    version BIGINT NOT NULL,
    sealed {blob} NOT NULL,
    PRIMARY KEY (bank, file_name)
);
CREATE INDEX ach_file_due ON ach_file (bank, state, due_at_ms);
-- One modifier for each file of a day.
CREATE UNIQUE INDEX ach_file_by_day ON ach_file (bank, created_on, modifier);
CREATE INDEX ach_file_by_booking ON ach_file (bank, booked_by);

-- Payments that were given to an ACH bank, by their trace numbers. `file_name` is empty until their file is built. What they say is with their payout's messages.
CREATE TABLE ach_entry (
    bank TEXT NOT NULL,
    trace TEXT NOT NULL,
    bank_account TEXT NOT NULL,
    rail TEXT NOT NULL,
    book TEXT NOT NULL,
    payout_id TEXT NOT NULL,
    attempt_no BIGINT NOT NULL,
    end_to_end_id TEXT NOT NULL,
    cents BIGINT NOT NULL,
    file_name TEXT NOT NULL,
    -- Why it came back, as a file of returns says; empty: it did not.
    return_code TEXT NOT NULL,
    given_at_ms BIGINT NOT NULL,
    PRIMARY KEY (bank, trace)
);
CREATE INDEX ach_entry_by_file ON ach_entry (bank, file_name, rail);
CREATE INDEX ach_entry_by_payout ON ach_entry (book, payout_id);
