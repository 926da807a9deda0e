-- What the receipt says one costs, where its currency is none that was known; the row's price is the price list's then. Empty otherwise.
ALTER TABLE purchase ADD COLUMN stated_price TEXT NOT NULL DEFAULT '';
-- Asked for by the store's number, from a buyer's mail.
CREATE INDEX purchase_by_transaction ON purchase (book, transaction_id);

-- Tokens whose user was erased. Neither the token nor the user stands here: whoever brings a receipt that carries the token brings both, and only then the
-- digests fit. Without a row nobody could tell money paid to an erased user from money paid to another.
CREATE TABLE erased_token (
    book TEXT NOT NULL,
    token_digest TEXT NOT NULL,
    owner_digest TEXT NOT NULL,
    erased_at_ms BIGINT NOT NULL,
    PRIMARY KEY (book, token_digest)
);

-- Receipts that credited nobody, for those who are asked about one. What they claim is the store's word only where `authentic` is 1. Forgotten after a while.
CREATE TABLE refused_receipt (
    book TEXT NOT NULL,
    refusal_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    refused_at_ms BIGINT NOT NULL,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    authentic BIGINT NOT NULL,
    environment TEXT NOT NULL,
    bundle_id TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    product_id TEXT NOT NULL,
    PRIMARY KEY (book, refusal_id)
);
-- A request is refused once.
CREATE UNIQUE INDEX refused_receipt_request ON refused_receipt (book, user_id, request_id);
CREATE INDEX refused_receipt_transaction ON refused_receipt (book, transaction_id, refusal_id);
CREATE INDEX refused_receipt_age ON refused_receipt (refused_at_ms);
