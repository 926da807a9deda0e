-- On whose behalf a payment is made, where that is not the payer; empty: nobody else's.
ALTER TABLE payment ADD COLUMN ultimate_debtor TEXT NOT NULL DEFAULT '';
ALTER TABLE entry ADD COLUMN ultimate_debtor TEXT NOT NULL DEFAULT '';
