-- What is said again is counted and not kept again: steps that are equal or alternate, and a bank's answers of the same content.
ALTER TABLE payout_step ADD COLUMN times BIGINT NOT NULL DEFAULT 1;
ALTER TABLE payout_step ADD COLUMN last_at_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE bank_message ADD COLUMN times BIGINT NOT NULL DEFAULT 1;
ALTER TABLE bank_message ADD COLUMN last_at_ms BIGINT NOT NULL DEFAULT 0;
-- A keyed digest of an answer's content; empty for what is never collapsed.
ALTER TABLE bank_message ADD COLUMN digest TEXT NOT NULL DEFAULT '';
