-- A user's quotes in the order in which they were made, for a list of the newest.
CREATE INDEX quote_newest ON quote (book, user_id, created_at_ms, quote_id);
