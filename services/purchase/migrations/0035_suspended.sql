-- Coins of purchases that wait in suspense because their wallet was closed, the oldest first; nearly always empty.
CREATE INDEX coin_lot_suspended ON coin_lot (book, issued_at_ms, purchase_id) WHERE suspended_coins > 0;
-- A user's purchases of that kind, which are in no account of theirs.
CREATE INDEX purchase_suspended_of ON purchase (book, user_id, created_at_ms, purchase_id) WHERE state = 3;
