-- Acceptances that were decided and whose posting is not recorded; nearly always empty.
CREATE INDEX quote_open ON quote (expire_at_ms) WHERE accept_request_id <> '' AND posting_id = '';
