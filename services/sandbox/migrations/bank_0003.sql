-- A receiver with a name is replaced when another registers under it, as a payer does that starts at another address. Empty: it stays.
ALTER TABLE receiver ADD COLUMN name TEXT NOT NULL DEFAULT '';
