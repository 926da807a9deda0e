-- Quotes that nobody accepted, by when they ran out: they are forgotten in time.
CREATE INDEX quote_unused ON quote (expire_at_ms) WHERE accept_request_id = '' AND posting_id = '';
