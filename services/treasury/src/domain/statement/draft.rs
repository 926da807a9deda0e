//! A statement while its entries are read.
use super::{AccountOnDay, DayStatement, StatementLine, StatementTotal};
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

/// Entries added up, and the hash of what they say.
#[derive(Debug, Clone)]
pub struct StatementDraft {
    statement: DayStatement,
    hasher: Sha256,
}

impl StatementDraft {
    /// Without entries. `after` is the statement before; without one, the account begins with `opening`.
    #[must_use]
    pub fn new(account: AccountOnDay, day: Date, after: Option<&DayStatement>, opening: i64) -> Self {
        let number = after.map_or(1, |after| after.number + 1);
        let opening = after.map_or(opening, |after| after.closing);
        let AccountOnDay { node, kind, number: own_number, name, entity, bank, branch, currency } = &account;
        let mut hasher = Sha256::new();
        let position = after.map_or(0, |after| after.position);
        // Names are the only texts with line feeds or blanks that a file may have; their length keeps what follows apart.
        for text in [node.as_str(), kind.name(), own_number, name, entity, bank, branch, currency.code()] {
            hasher.update(format!("{} {text}\n", text.len()));
        }
        hasher.update(format!("{number} {day} {opening}\n"));
        let statement = DayStatement {
            account,
            number,
            day,
            opening,
            closing: opening,
            credits: StatementTotal::default(),
            debits: StatementTotal::default(),
            position,
            members_hash: String::new(),
            hash: String::new(),
            issued_at_ms: 0,
        };
        Self { statement, hasher }
    }

    /// Adds the next entry; `None`: the sums are more than the ledger can count.
    #[must_use]
    pub fn add(&mut self, line: &StatementLine) -> Option<()> {
        let statement = &mut self.statement;
        statement.closing = statement.closing.checked_add(line.change)?;
        let total = if line.is_credit() { &mut statement.credits } else { &mut statement.debits };
        total.count += 1;
        total.minor_units = total.minor_units.checked_add(line.change.checked_abs()?)?;
        statement.position = statement.position.max(line.seq);
        self.hasher.update(line.canonical());
        Some(())
    }

    /// The balance after the entries so far.
    #[must_use]
    pub const fn balance(&self) -> i64 {
        self.statement.closing
    }

    /// The statement of a day that is over.
    #[must_use]
    pub fn issued(mut self, members_hash: &str, now_ms: i64) -> DayStatement {
        let closing = self.statement.closing;
        self.hasher.update(format!("{closing} {members_hash}\n"));
        let hash = hex::encode(self.hasher.finalize());
        DayStatement { members_hash: members_hash.to_owned(), hash, issued_at_ms: now_ms, ..self.statement }
    }

    /// The statement so far of a day that is not over.
    #[must_use]
    pub fn so_far(self) -> DayStatement {
        DayStatement { number: 0, ..self.statement }
    }
}
