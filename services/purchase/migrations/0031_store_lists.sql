-- Questions of a book, the newest first, for staff.
CREATE INDEX store_question_book ON store_question (book, asked_at_ms);
-- When a parent withdrew consent for the app, as the store reported it, in Unix milliseconds: no coins are sold to the user until a parent consents again. 0: nobody did.
ALTER TABLE spending_profile ADD COLUMN consent_withdrawn_ms BIGINT NOT NULL DEFAULT 0;
