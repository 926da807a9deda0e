-- Accounts of every kind. `rail` is empty where no clearing of ISO 20022 reaches the account. Rows of older programs have no kind (their rail says it) and no
-- digest of their account (given in the background).
ALTER TABLE beneficiary ADD COLUMN kind TEXT NOT NULL DEFAULT '';
-- A keyed digest of the account, by which staff find who shares it.
ALTER TABLE beneficiary ADD COLUMN account_digest TEXT NOT NULL DEFAULT '';
CREATE INDEX beneficiary_by_account ON beneficiary (book, account_digest, created_at_ms, beneficiary_id);
-- What the bank says of the holder's name, and when; the name that it gave is sealed with the account.
ALTER TABLE beneficiary ADD COLUMN payee_check TEXT NOT NULL DEFAULT 'not_possible';
ALTER TABLE beneficiary ADD COLUMN payee_checked_at_ms BIGINT NOT NULL DEFAULT 0;
-- When its owner deleted it; 0: not deleted.
ALTER TABLE beneficiary ADD COLUMN deleted_at_ms BIGINT NOT NULL DEFAULT 0;
CREATE INDEX beneficiary_deleted ON beneficiary (deleted_at_ms) WHERE deleted_at_ms > 0;
