-- Transfers between our own bank accounts that treasury's sweeps ask for. A row is written before the only message of its transfer is sent; whoever writes it sends, and
-- nobody else ever does. States: sent, until the bank has said something; accepted: the bank has it; settled: it has paid it; refused: it proves that it never executes it.
CREATE TABLE own_transfer (
    -- The sweep; without hyphens it is the transfer's EndToEndId.
    sweep_id TEXT PRIMARY KEY,
    book TEXT NOT NULL,
    bank TEXT NOT NULL,
    bank_account TEXT NOT NULL,
    to_bank TEXT NOT NULL,
    to_bank_account TEXT NOT NULL,
    rail TEXT NOT NULL,
    currency TEXT NOT NULL,
    minor_units BIGINT NOT NULL,
    message_id TEXT NOT NULL,
    state TEXT NOT NULL,
    -- 1: the bank has named the transfer in an answer, so "not found" proves nothing any more.
    seen BIGINT NOT NULL,
    sent_at_ms BIGINT NOT NULL,
    -- From then on the bank is asked: when its answer to the message does not come any more, and of what it has accepted from time to time.
    ask_at_ms BIGINT NOT NULL,
    -- The message's id and the bank's codes.
    evidence TEXT NOT NULL
);
