-- Whom an attempt of a payout pays, sealed, as its first sending said it: what is sent again under the same id says the same, whatever became of the beneficiary
-- meanwhile. Attempts that only older programs have sent have no row.
CREATE TABLE sent_payee (
    book TEXT NOT NULL,
    payout_id TEXT NOT NULL,
    attempt_no BIGINT NOT NULL,
    sealed {blob} NOT NULL,
    PRIMARY KEY (book, payout_id, attempt_no)
);
