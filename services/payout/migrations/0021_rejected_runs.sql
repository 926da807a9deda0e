-- Runs that end without an approval: rejected by a person, or because nobody approved them in time. `checked_at_ms`: when every line was found good, which is when
-- the time for an approval begins; 0 in rows of older programs, whose time begins with their creation.
ALTER TABLE payout_run ADD COLUMN rejected_by TEXT NOT NULL DEFAULT '';
ALTER TABLE payout_run ADD COLUMN checked_at_ms BIGINT NOT NULL DEFAULT 0;
-- The runs that may expire.
CREATE INDEX payout_run_waiting ON payout_run (created_at_ms) WHERE state IN ('open', 'awaiting_approval');
