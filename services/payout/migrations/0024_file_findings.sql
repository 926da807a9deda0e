-- What people found of an ACH file that the bank never acknowledged: what the first of two found, and who agreed. Open while `decided_at_ms` is 0.
CREATE TABLE ach_file_finding (
    bank TEXT NOT NULL,
    file_name TEXT NOT NULL,
    outcome TEXT NOT NULL,
    evidence TEXT NOT NULL,
    proposed_by TEXT NOT NULL,
    proposed_at_ms BIGINT NOT NULL,
    confirmation TEXT NOT NULL DEFAULT '',
    decided_by TEXT NOT NULL DEFAULT '',
    decided_at_ms BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (bank, file_name)
);

-- How often a bank was asked about a payee in vain, and when it is asked again.
ALTER TABLE beneficiary ADD COLUMN payee_tries BIGINT NOT NULL DEFAULT 0;
ALTER TABLE beneficiary ADD COLUMN payee_due_at_ms BIGINT NOT NULL DEFAULT 0;
CREATE INDEX beneficiary_payee_due ON beneficiary (payee_due_at_ms) WHERE payee_check = 'pending';
