//! Issues statements, one day after the other: the entries of all missing days are read once.
use super::reader::{LineReader, ReadRange};
use crate::{
    domain::{
        Structure,
        statement::{
            DayStatement, LineOther, StatementDraft, StatementKind, StatementLine, StatementMember, account_of, last_closed_day, members,
            members_hash, members_text, start_us,
        },
    },
    error::Error,
    meters,
    treasury::Treasury,
};
use jiff::civil::Date;
use money::Currency;
use std::{collections::BTreeSet, sync::Arc};

/// Statements that one call issues at most: a bit more than a year's.
const DAYS_MAX: usize = 400;

/// A day's statement with its members, before it is written.
pub(super) struct DraftedDay {
    pub(super) account: (StatementKind, Currency),
    pub(super) draft: StatementDraft,
    pub(super) members: Vec<StatementMember>,
    /// What came below the node and left it, before all other entries.
    pub(super) moves: Vec<StatementLine>,
}

impl Treasury {
    /// Issues what is missing up to this day, at most [`DAYS_MAX`] days, until another process issues one first. A day that is not over is never among them.
    pub(super) async fn issue_until(&self, node: &str, first: Date, until: Date) -> Result<(), Error> {
        let book = self.book.as_str();
        let until = until.min(last_closed_day(self.now_us()));
        let mut before = self.store.last_statement(book, node).await?;
        let next = before.as_ref().map_or(first, |before| before.day.tomorrow().unwrap_or(Date::MAX));
        let changed = self.store.changed_days(book, next, until).await?;
        let mut structure = self.store.structure(book, Some(next)).await?;
        let mut reader: Option<LineReader> = None;
        for day in next.series(jiff::Span::new().days(1)).take_while(|day| *day <= until).take(DAYS_MAX) {
            if day != next && changed.contains(&day) {
                structure = self.store.structure(book, Some(day)).await?;
            }
            let mut drafted = self.draft(&structure, node, day, before.as_ref()).await?;
            let reader = match &mut reader {
                Some(reader) => {
                    reader.set_members(&drafted.members, day).await?;
                    reader
                }
                none => {
                    let (account, members) = (drafted.account, drafted.members.as_slice());
                    let range = ReadRange { account, before: before.as_ref(), members, first: day, last: until, after: None };
                    none.insert(self.reader(range).await?)
                }
            };
            let end = start_us(day.tomorrow().unwrap_or(Date::MAX));
            while let Some(line) = reader.next(end).await? {
                drafted.draft.add(&line).ok_or(Error::Overflow)?;
            }
            check(&drafted, reader)?;
            let issued = drafted.draft.issued(&members_hash(&members_text(&drafted.members)), self.now_us() / 1_000);
            if !self.store.issue(book, &issued, &drafted.members).await? {
                return Ok(());
            }
            meters::issued(issued.account.kind);
            before = Some(issued);
        }
        Ok(())
    }

    /// A day's statement without what the book took on that day.
    pub(super) async fn draft(
        &self,
        structure: &Arc<Structure>,
        node: &str,
        day: Date,
        before: Option<&DayStatement>,
    ) -> Result<DraftedDay, Error> {
        let account = account_of(structure, node, day).ok_or_else(|| Error::NodeUnknown { node: node.to_owned() })?;
        let members = members(structure, node);
        let account_form = (account.kind, account.currency);
        let (moves, opening) = match before {
            Some(before) => (self.moves(before, &members, day).await?, before.closing),
            None => {
                let balances = self.balances_before(&members, account_form, day).await?;
                let sum = balances.iter().map(|(_, balance)| i128::from(*balance)).sum::<i128>();
                (Vec::new(), i64::try_from(sum).map_err(|_| Error::Overflow)?)
            }
        };
        let mut draft = StatementDraft::new(account, day, before, opening);
        for line in &moves {
            draft.add(line).ok_or(Error::Overflow)?;
        }
        Ok(DraftedDay { account: account_form, draft, members, moves })
    }

    /// The leaves that came below a summary node on a day, or left it, with what they held: without these entries, a closing balance would not be the next
    /// opening balance.
    pub(super) async fn moves(&self, before: &DayStatement, now: &[StatementMember], day: Date) -> Result<Vec<StatementLine>, Error> {
        let old = self.store.statement_members(self.book.as_str(), &before.members_hash).await?;
        let (old, now): (BTreeSet<_>, BTreeSet<_>) = (old.into_iter().collect(), now.iter().cloned().collect());
        let moved: Vec<StatementMember> = old.symmetric_difference(&now).cloned().collect();
        let balances = self.balances_before(&moved, (before.account.kind, before.account.currency), day).await?;
        let mut lines = Vec::new();
        for (member, balance) in balances.into_iter().filter(|(_, balance)| *balance != 0) {
            let came = now.contains(&member);
            lines.push(StatementLine {
                member: member.id,
                seq: 0,
                transfer_no: 0,
                posting_id: String::new(),
                kind: if came { "structure.moved_in" } else { "structure.moved_out" }.to_owned(),
                change: if came { balance } else { balance.checked_neg().ok_or(Error::Overflow)? },
                booked_us: start_us(day),
                value_date: day,
                other: LineOther::Structure,
                is_internal: false,
                is_at_bank: false,
            });
        }
        // Before the first transfer of every book.
        let count = i64::try_from(lines.len()).map_err(|_| Error::Overflow)?;
        lines.iter_mut().zip(-count..).for_each(|(line, number)| line.transfer_no = number);
        Ok(lines)
    }
}

/// A leaf's or physical account's entries must lead from its opening balance to the balance that the ledger states after the last of them.
fn check(drafted: &DraftedDay, reader: &LineReader) -> Result<(), Error> {
    let [member] = drafted.members.as_slice() else { return Ok(()) };
    match reader.stated_balance(&member.id) {
        Some(stated) if stated != drafted.draft.balance() => Err(Error::StatementDiffers { node: member.id.clone() }),
        _ => Ok(()),
    }
}
