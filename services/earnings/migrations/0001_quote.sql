-- What diamonds were said to be worth, and what became of it. Rows are kept: they explain every conversion.
-- accept_request_id: the acceptance that was decided and may have been posted; empty when none is. It is written before the ledger is asked and
-- cleared only when the ledger surely said no.
CREATE TABLE quote (
    book TEXT NOT NULL,
    quote_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    diamonds BIGINT NOT NULL,
    currency TEXT NOT NULL,
    rate TEXT NOT NULL,
    rate_date TEXT NOT NULL,
    rate_card_version TEXT NOT NULL,
    gross_minor_units BIGINT NOT NULL,
    withholding_minor_units BIGINT NOT NULL,
    fee_minor_units BIGINT NOT NULL,
    net_minor_units BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    expire_at_ms BIGINT NOT NULL,
    accept_request_id TEXT NOT NULL,
    accept_user_named TEXT NOT NULL,
    posting_id TEXT NOT NULL,
    PRIMARY KEY (book, quote_id)
);
