-- The messages of many payments in which a payout was sent: an id for each sending, separated by a space, `-` for a message of its own. Empty where every
-- sending had its own, and where an older program made the payout.
ALTER TABLE payout ADD COLUMN message_ids TEXT NOT NULL DEFAULT '';

-- Messages of many payments, each written before its payouts are marked as sent in it. `payouts` names those for which it was made, as book and id separated by
-- a slash, one a line; one that another process changed meanwhile was left out of the message, which its own row says. What a message says of a payout is with
-- that payout's messages, sealed.
CREATE TABLE shared_message (
    bank TEXT NOT NULL,
    message_id TEXT NOT NULL,
    bank_account TEXT NOT NULL,
    currency TEXT NOT NULL,
    rail TEXT NOT NULL,
    payouts TEXT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (bank, message_id)
);
