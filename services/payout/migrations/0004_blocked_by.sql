-- Why the ledger refuses the posting that is to be done next; empty while nothing stands in its way.
ALTER TABLE payout ADD COLUMN blocked_by TEXT NOT NULL DEFAULT '';
