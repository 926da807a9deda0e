-- Quotes by the request that accepted them, for a person who searches for one, and a user's quotes. The first is not by book first: SQLite would take it for what is read of a
-- book.
CREATE INDEX quote_by_acceptance ON quote (accept_request_id, book);
CREATE INDEX quote_by_user ON quote (book, user_id, quote_id);
-- Acceptances without a posting by their age; nearly always empty.
CREATE INDEX quote_accepting ON quote (book, created_at_ms, quote_id) WHERE accept_request_id <> '' AND posting_id = '';
