-- accept_attempts: how often the ledger was asked to post the acceptance. Only where it was asked once may an answer of "not executed" take the acceptance
-- back: an earlier attempt whose answer was lost may have been posted. 0 in rows of older programs, of which nobody knows.
ALTER TABLE quote ADD COLUMN accept_attempts BIGINT NOT NULL DEFAULT 0;
-- settle_at_ms: when the worker takes an acceptance up that has no posting yet.
ALTER TABLE quote ADD COLUMN settle_at_ms BIGINT NOT NULL DEFAULT 0;
CREATE INDEX quote_settle ON quote (settle_at_ms) WHERE accept_request_id <> '' AND posting_id = '';
