-- A book leads every key, so that a distributed engine can keep a commit on one shard.
CREATE TABLE book (
  book BIGINT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  mode BIGINT NOT NULL,
  region TEXT NOT NULL,
  create_time BIGINT NOT NULL
);
-- The fence: whoever comes second with a number writes nothing.
CREATE TABLE "commit" (
  book BIGINT NOT NULL,
  commit_no BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  last_seq BIGINT NOT NULL,
  last_key BIGINT NOT NULL,
  time BIGINT NOT NULL,
  format BIGINT NOT NULL,
  hash {blob} NOT NULL,
  replay_from BIGINT NOT NULL,
  CONSTRAINT commit_fence PRIMARY KEY (book, commit_no)
){clustered};
-- Finds the commit of an event.
CREATE INDEX commit_last_seq ON "commit" (book, last_seq);
-- Finds the last commit up to a time; many may share one.
CREATE INDEX commit_time ON "commit" (book, time, commit_no);
CREATE TABLE event (
  book BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  id {blob} NOT NULL,
  body {blob} NOT NULL,
  -- The first eight bytes of its digest: the chain covers whole commits, this tells which event of one is bad.
  checksum BIGINT NOT NULL,
  PRIMARY KEY (book, seq)
){clustered};
-- Ids lead with their milliseconds, so this grows at its end; it is also the last net under exactly-once.
CREATE UNIQUE INDEX event_id ON event (book, id);
CREATE TABLE transfer (
  book BIGINT NOT NULL,
  no BIGINT NOT NULL,
  debit BIGINT NOT NULL,
  credit BIGINT NOT NULL,
  amount BIGINT NOT NULL,
  kind BIGINT NOT NULL DEFAULT 0,
  pending_no BIGINT NOT NULL DEFAULT 0,
  d_debits_posted BIGINT NOT NULL,
  d_credits_posted BIGINT NOT NULL,
  d_debits_pending BIGINT NOT NULL DEFAULT 0,
  d_credits_pending BIGINT NOT NULL DEFAULT 0,
  c_debits_posted BIGINT NOT NULL,
  c_credits_posted BIGINT NOT NULL,
  c_debits_pending BIGINT NOT NULL DEFAULT 0,
  c_credits_pending BIGINT NOT NULL DEFAULT 0,
  debit_prev BIGINT NOT NULL,
  credit_prev BIGINT NOT NULL,
  PRIMARY KEY (book, no)
){clustered};
CREATE TABLE refusal (
  book BIGINT NOT NULL,
  id {blob} NOT NULL,
  time BIGINT NOT NULL,
  reason TEXT NOT NULL,
  facts TEXT NOT NULL,
  fields TEXT NOT NULL,
  PRIMARY KEY (book, id)
){clustered};
-- Finds what may be forgotten.
CREATE INDEX refusal_time ON refusal (book, time);
CREATE TABLE guard (
  book BIGINT NOT NULL,
  key TEXT NOT NULL,
  value BIGINT NOT NULL,
  cap BIGINT,
  PRIMARY KEY (book, key)
){clustered};
CREATE TABLE hold (
  book BIGINT NOT NULL,
  no BIGINT NOT NULL,
  debit BIGINT NOT NULL,
  credit BIGINT NOT NULL,
  amount BIGINT NOT NULL,
  resolved_seq BIGINT NOT NULL,
  expire_time BIGINT,
  expired BIGINT NOT NULL,
  PRIMARY KEY (book, no)
){clustered};
-- Finds the open holds that end by themselves, the next first.
CREATE INDEX hold_expiry ON hold (book, expire_time, no) WHERE resolved_seq = 0 AND expire_time IS NOT NULL;
-- Written behind: a restart replays what these rows lack.
CREATE TABLE account (
  book BIGINT NOT NULL,
  key BIGINT NOT NULL,
  name TEXT NOT NULL,
  state BIGINT NOT NULL,
  debits_posted BIGINT NOT NULL,
  credits_posted BIGINT NOT NULL,
  debits_pending BIGINT NOT NULL,
  credits_pending BIGINT NOT NULL,
  last_transfer BIGINT NOT NULL,
  -- How many transfers touched it.
  entries BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (book, key)
){clustered};
CREATE UNIQUE INDEX account_name ON account (book, name);
-- An account right after every 256th of its entries, which are chained backwards only: where a walk can begin. Grows where accounts grow.
CREATE TABLE checkpoint (
  book BIGINT NOT NULL,
  account BIGINT NOT NULL,
  no BIGINT NOT NULL,
  entry_no BIGINT NOT NULL,
  time BIGINT NOT NULL,
  debits_posted BIGINT NOT NULL,
  credits_posted BIGINT NOT NULL,
  debits_pending BIGINT NOT NULL,
  credits_pending BIGINT NOT NULL,
  PRIMARY KEY (book, account, no)
){clustered};
-- What may leave an account in an hour, a day or a month; an amount of 0 says that there is no limit any more.
CREATE TABLE debit_limit (
  book BIGINT NOT NULL,
  account BIGINT NOT NULL,
  span BIGINT NOT NULL,
  zone TEXT NOT NULL,
  amount BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (book, account, span)
){clustered};
CREATE TABLE lease (
  id BIGINT NOT NULL PRIMARY KEY,
  owner TEXT NOT NULL,
  until_ms BIGINT NOT NULL,
  -- By what name the owner's sessions are known to the database, so that a successor can end them.
  session TEXT NOT NULL
);
