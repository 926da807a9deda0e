-- Where accounts stand that their rows lack: what is written behind comes here first, a row for each commit that has some.
CREATE TABLE account_log (
  book BIGINT NOT NULL,
  commit_no BIGINT NOT NULL,
  body {blob} NOT NULL,
  PRIMARY KEY (book, commit_no)
){clustered};
