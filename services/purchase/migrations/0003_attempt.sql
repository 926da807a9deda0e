-- When the current attempt at crediting was begun, in Unix milliseconds; 0: with the purchase. It is part of the attempt's request id, because the ledger takes no
-- id that is older than a week.
ALTER TABLE purchase ADD COLUMN attempt_at_ms BIGINT NOT NULL DEFAULT 0;
