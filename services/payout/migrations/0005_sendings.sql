-- What is proved of every sending, one letter each. Empty where an older program has sent: then whatever the bank ever said of the payment (`seen`, or a
-- `bank_status`, which older programs kept without `seen`) leaves nothing proved.
ALTER TABLE payout ADD COLUMN sendings TEXT NOT NULL DEFAULT '';
