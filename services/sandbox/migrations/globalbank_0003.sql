-- The EndToEndId that a callback is about, for those who wait for its delivery; and whether it is signed with another key than it says, and sent once.
ALTER TABLE event ADD COLUMN about TEXT NOT NULL DEFAULT '';
ALTER TABLE event ADD COLUMN is_forged BIGINT NOT NULL DEFAULT 0;
