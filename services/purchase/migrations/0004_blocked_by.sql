-- How often the ledger was asked for the coins in vain, and why not the last time. `state` 3: the wallet is closed, the coins are in suspense.
ALTER TABLE purchase ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;
ALTER TABLE purchase ADD COLUMN blocked_by TEXT NOT NULL DEFAULT '';
-- Since when the purchase counts among what waits for its wallet, in Unix milliseconds; 0: it does not.
ALTER TABLE purchase ADD COLUMN waits_since_ms BIGINT NOT NULL DEFAULT 0;
