-- Approved proposals that were tried and are not carried out yet: how often, and when to try again, so that what can't mend does not keep others waiting.
ALTER TABLE proposal ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;
ALTER TABLE proposal ADD COLUMN due_at_ms BIGINT NOT NULL DEFAULT 0;
CREATE INDEX proposal_by_due ON proposal (state, due_at_ms);
