//! A statement whose entries are read one after the other.
use super::{
    StatementCursor,
    reader::{LineReader, ReadRange},
};
use crate::{
    domain::statement::{DayStatement, StatementDraft, StatementLine, start_us},
    error::Error,
    treasury::Treasury,
};
use jiff::civil::Date;
use std::collections::VecDeque;

/// A statement and its entries. Each call of [`OpenedStatement::next`] reads one; what is in memory does not grow with them.
pub struct OpenedStatement {
    /// The statement.
    pub statement: DayStatement,
    moves: VecDeque<StatementLine>,
    reader: LineReader,
    end_us: i64,
    balance: i64,
    /// Repeats the hash, if all entries of an issued statement are read.
    draft: Option<StatementDraft>,
}

impl Treasury {
    pub(super) async fn opened(&self, issued: DayStatement, after: Option<StatementCursor>) -> Result<OpenedStatement, Error> {
        let (book, node) = (self.book.as_str(), issued.account.node.as_str());
        let before = self.store.statement_numbered(book, node, issued.number - 1).await?;
        let members = self.store.statement_members(book, &issued.members_hash).await?;
        let moves = match &before {
            Some(before) => self.moves(before, &members, issued.day).await?,
            None => Vec::new(),
        };
        let account = (issued.account.kind, issued.account.currency);
        let range = ReadRange { account, before: before.as_ref(), members: &members, first: issued.day, last: issued.day, after };
        let reader = self.reader(range).await?;
        let draft = StatementDraft::new(issued.account.clone(), issued.day, before.as_ref(), issued.opening);
        let draft = Some(draft).filter(|_| after.is_none());
        Ok(OpenedStatement::new(issued, moves, reader, draft, after))
    }

    /// A day that is not over. The sums and the closing balance are those of all entries so far, unless a page before showed them.
    pub(super) async fn opened_so_far(
        &self,
        node: &str,
        day: Date,
        before: Option<DayStatement>,
        after: Option<StatementCursor>,
    ) -> Result<OpenedStatement, Error> {
        let structure = self.store.structure(self.book.as_str(), Some(day)).await?;
        let mut drafted = self.draft(&structure, node, day, before.as_ref()).await?;
        let (account, members) = (drafted.account, drafted.members.as_slice());
        let range = ReadRange { account, before: before.as_ref(), members, first: day, last: day, after };
        if after.is_none() {
            let mut all = self.reader(range).await?;
            while let Some(line) = all.next(i64::MAX).await? {
                drafted.draft.add(&line).ok_or(Error::Overflow)?;
            }
        }
        let reader = self.reader(range).await?;
        let mut statement = drafted.draft.so_far();
        if after.is_some() {
            statement.position = i64::MAX;
        }
        Ok(OpenedStatement::new(statement, drafted.moves, reader, None, after))
    }
}

impl OpenedStatement {
    fn new(
        statement: DayStatement,
        moves: Vec<StatementLine>,
        reader: LineReader,
        draft: Option<StatementDraft>,
        after: Option<StatementCursor>,
    ) -> Self {
        let end_us = start_us(statement.day.tomorrow().unwrap_or(Date::MAX));
        let balance = after.map_or(statement.opening, |after| after.balance);
        let moves = moves.into_iter().filter(|line| after.is_none_or(|after| line.place() > after.place)).collect();
        Self { statement, moves, reader, end_us, balance, draft }
    }

    /// The next entry, and the balance after it. After the last one, an error if the entries are not those that the statement was issued with.
    pub async fn next(&mut self) -> Result<Option<(StatementLine, i64)>, Error> {
        let line = match self.moves.pop_front() {
            Some(line) => Some(line),
            None => self.reader.next(self.end_us).await?.filter(|line| line.seq <= self.statement.position),
        };
        let Some(line) = line else {
            return self.finish().map(|()| None);
        };
        if let Some(draft) = &mut self.draft {
            draft.add(&line).ok_or(Error::Overflow)?;
        }
        self.balance = self.balance.checked_add(line.change).ok_or(Error::Overflow)?;
        Ok(Some((line, self.balance)))
    }

    fn finish(&mut self) -> Result<(), Error> {
        let Some(draft) = self.draft.take() else { return Ok(()) };
        let DayStatement { account, number, members_hash, hash, issued_at_ms, .. } = &self.statement;
        let is_same = draft.issued(members_hash, *issued_at_ms).hash == *hash;
        if is_same { Ok(()) } else { Err(Error::StatementChanged { node: account.node.clone(), number: *number }) }
    }
}
