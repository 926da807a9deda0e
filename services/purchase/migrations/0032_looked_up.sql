-- What an id stands for that somebody has: the request that submitted a receipt. Not by book first: SQLite would take an index for what is read of a book.
CREATE INDEX purchase_by_request ON purchase (request_id, book);
CREATE INDEX refused_receipt_by_request ON refused_receipt (request_id, book);
-- Purchases that are not credited, or never will be as they are, the oldest first; nearly always empty.
CREATE INDEX purchase_uncredited ON purchase (book, created_at_ms, purchase_id) WHERE state IN (1, 4);
