-- Notifications of change of ACH entries: `applied` to the beneficiary, or `kept` for people. What they say is right is sealed.
CREATE TABLE ach_change (
    bank TEXT NOT NULL,
    trace TEXT NOT NULL,
    code TEXT NOT NULL,
    book TEXT NOT NULL,
    payout_id TEXT NOT NULL,
    state TEXT NOT NULL,
    why TEXT NOT NULL,
    received_at_ms BIGINT NOT NULL,
    sealed {blob} NOT NULL,
    PRIMARY KEY (bank, trace, code)
);
CREATE INDEX ach_change_by_payout ON ach_change (book, payout_id);

-- The last correction of a beneficiary by the bank that holds the account: its code, and when it was applied.
ALTER TABLE beneficiary ADD COLUMN correction_code TEXT NOT NULL DEFAULT '';
ALTER TABLE beneficiary ADD COLUMN corrected_at_ms BIGINT NOT NULL DEFAULT 0;
