-- A user's purchases that are not credited: without it SQLite reads those of the whole book.
CREATE INDEX purchase_uncredited_of ON purchase (book, user_id, created_at_ms, purchase_id) WHERE state IN (1, 4);
