-- The legal entity whose leaf pays, where that is not the owner of the bank account; empty: it is the owner, or treasury has not said yes.
ALTER TABLE payout_leaf_hold ADD COLUMN on_behalf_of TEXT NOT NULL DEFAULT '';
