-- What shows that a bank was instructed of a sweep, or refused it: the id of the message and the bank's codes. While the payout service instructs the bank, the state
-- is `instructing`; while a sweep is being cancelled, `cancelling`.
ALTER TABLE sweep ADD COLUMN bank_evidence TEXT NOT NULL DEFAULT '';
-- 1: a program made it that instructed no bank, so staff may have transferred its money already; the payout service never instructs the bank of it.
ALTER TABLE sweep ADD COLUMN is_by_hand BIGINT NOT NULL DEFAULT 1;
