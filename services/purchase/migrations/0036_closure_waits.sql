-- Until when the owner of a wallet who asked for its closure can take that back, in Unix milliseconds; 0: staff asked. Nothing is done before.
ALTER TABLE wallet_change ADD COLUMN waits_until_ms BIGINT NOT NULL DEFAULT 0;
