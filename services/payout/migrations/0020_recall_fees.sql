-- What a bank charges for a recall: how much, who bears it, the key of the posting once it is incurred, and the posting.
ALTER TABLE payout_recall ADD COLUMN fee_minor_units BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payout_recall ADD COLUMN fee_bearer TEXT NOT NULL DEFAULT 'house';
ALTER TABLE payout_recall ADD COLUMN fee_key TEXT NOT NULL DEFAULT '';
ALTER TABLE payout_recall ADD COLUMN fee_posting_id TEXT NOT NULL DEFAULT '';
ALTER TABLE payout_recall ADD COLUMN fee_tries BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payout_recall ADD COLUMN fee_due_at_ms BIGINT NOT NULL DEFAULT 9223372036854775807;
CREATE INDEX payout_recall_fee_due ON payout_recall (fee_due_at_ms);
