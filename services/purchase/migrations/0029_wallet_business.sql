-- What of a user has not ended, asked before a wallet is closed or merged; without these the rows of the whole book would be read. Nearly always empty.
CREATE INDEX coin_hold_user ON coin_hold (book, user_id) WHERE state < 6;
CREATE INDEX refund_user ON refund (book, user_id) WHERE state < 3;
