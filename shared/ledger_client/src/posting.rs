//! What a service asks the ledger to post. Amounts are typed, so coins can't go where diamonds are wanted, and an amount of zero makes no transfer: the
//! ledger moves nothing less than one.
use api::ledger::{CompareAndSet, Guard, PostRequest, RequestField, Transfer, guard::Operation};
use chart::{
    Account, GuardKey, Poster, PostingKind, Unit,
    posters::{GuardUse, Movement, PostingAct, RuledTransfer},
};
use money::{BookName, Coins, Diamonds, Money};
use prost_types::Timestamp;
use uuid::Uuid;

/// A posting in the making.
#[derive(Debug, Clone, PartialEq)]
pub struct PostingDraft {
    kind: PostingKind,
    request: PostRequest,
}

impl PostingDraft {
    /// Of this kind, under this id: one that follows from what caused it, so that a retry finds the first.
    #[must_use]
    pub fn new(kind: PostingKind, id: Uuid) -> Self {
        let request = PostRequest { request_id: hyphenated(id), kind: kind.name().to_owned(), ..PostRequest::default() };
        Self { kind, request }
    }

    /// Moves coins.
    #[must_use]
    pub fn coins(self, debit: Account<'_>, credit: Account<'_>, coins: Coins) -> Self {
        self.transfer(debit, credit, Unit::Coin, coins.get(), false)
    }

    /// Moves diamonds.
    #[must_use]
    pub fn diamonds(self, debit: Account<'_>, credit: Account<'_>, diamonds: Diamonds) -> Self {
        self.transfer(debit, credit, Unit::Diamond, diamonds.get(), false)
    }

    /// Moves money.
    #[must_use]
    pub fn money(self, debit: Account<'_>, credit: Account<'_>, money: Money) -> Self {
        self.transfer(debit, credit, Unit::Currency(money.currency()), money.minor_units(), false)
    }

    /// Holds money until the hold is posted or voided.
    #[must_use]
    pub fn hold(self, debit: Account<'_>, credit: Account<'_>, money: Money) -> Self {
        self.transfer(debit, credit, Unit::Currency(money.currency()), money.minor_units(), true)
    }

    fn transfer(mut self, debit: Account<'_>, credit: Account<'_>, unit: Unit, amount: i64, pending: bool) -> Self {
        assert!(debit.unit() == unit && credit.unit() == unit, "{debit} to {credit} in {unit}");
        debug_assert!(self.kind.allows(&debit, &credit), "{:?} may not move from {debit} to {credit}", self.kind);
        if amount > 0 {
            self.push(debit.name(), credit.name(), amount, pending);
        }
        self
    }

    /// Moves what people named: an adjustment. The ledger says whether there are such accounts and whether they count the same.
    #[must_use]
    pub fn named(mut self, debit: &str, credit: &str, amount: i64) -> Self {
        debug_assert!(self.kind.rule().poster == Poster::Support, "{:?} has accounts of its own", self.kind);
        self.push(debit.to_owned(), credit.to_owned(), amount, false);
        self
    }

    fn push(&mut self, debit_account: String, credit_account: String, amount: i64, pending: bool) {
        let transfers = &mut self.request.transfers;
        if transfers.capacity() == 0 {
            // A gift's two, in one allocation.
            transfers.reserve_exact(2);
        }
        transfers.push(Transfer { debit_account, credit_account, amount, pending, ..Transfer::default() });
    }

    /// Adds what a retry is compared with: what the caller sent, by the name of its field. Never what was derived from it.
    #[must_use]
    pub fn field(mut self, name: &str, value: impl ToString) -> Self {
        self.request.request_fields.push(RequestField { name: name.to_owned(), value: value.to_string() });
        self
    }

    /// Adds fields that are made already.
    #[must_use]
    pub fn fields(mut self, fields: Vec<RequestField>) -> Self {
        self.request.request_fields = fields;
        self
    }

    /// Posts only if this never happened before under any id.
    #[must_use]
    pub fn once(self, guard: GuardKey) -> Self {
        self.guard(guard, Operation::CompareAndSet(CompareAndSet { expected: 0, next: 1 }))
    }

    /// Multiplies every amount by how far this raises the guard.
    #[must_use]
    pub fn advance(self, guard: GuardKey, to: i64) -> Self {
        self.guard(guard, Operation::AdvanceTo(to))
    }

    /// Lets the guard advance no further than this.
    #[must_use]
    pub fn cap(self, guard: GuardKey, at: i64) -> Self {
        self.guard(guard, Operation::CapAt(at))
    }

    /// Counts one more.
    #[must_use]
    pub fn raise(self, guard: GuardKey) -> Self {
        self.guard(guard, Operation::Add(1))
    }

    /// Counts one less, where there is any.
    #[must_use]
    pub fn lower(self, guard: GuardKey) -> Self {
        self.guard(guard, Operation::Add(-1))
    }

    /// Counts nothing and asks no guard: for a ledger that is older than one of them, as in a rollout, and refuses the request as MALFORMED.
    #[must_use]
    pub fn without_guards(mut self) -> Self {
        self.request.guards.clear();
        self
    }

    fn guard(mut self, guard: GuardKey, operation: Operation) -> Self {
        self.request.guards.push(Guard { key: guard.into_string(), operation: Some(operation) });
        self
    }

    /// Moves nothing and makes this refusal (UPPER_SNAKE, and facts for people) the answer under the id.
    #[must_use]
    pub fn refuse(mut self, reason: &str, detail: String) -> Self {
        reason.clone_into(&mut self.request.refusal);
        self.request.refusal_detail = detail;
        self
    }

    /// When it happened in the world, in Unix milliseconds, where that is not now.
    #[must_use]
    pub fn happened_at(mut self, unix_ms: i64) -> Self {
        let nanos = i32::try_from(unix_ms.rem_euclid(1_000) * 1_000_000).expect("less than a second of nanoseconds fits");
        self.request.effective_time = Some(Timestamp { seconds: unix_ms.div_euclid(1_000), nanos });
        self
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> PostingKind {
        self.kind
    }

    /// What it moves, without regard to guards that multiply it: for whoever compares it with what was posted.
    pub fn transfers(&self) -> &[Transfer] {
        &self.request.transfers
    }

    /// How it differs from what its kind's row lets be posted (`chart::posters`), which the ledger would refuse.
    #[must_use]
    pub fn broken_rule(&self) -> Option<String> {
        let rule = self.kind.rule();
        let Some(transfers) = self.request.transfers.iter().map(ruled).collect::<Option<Vec<_>>>() else {
            return Some("an account that is not of the chart".to_owned());
        };
        let guard = self.request.guards.iter().find(|guard| !used(guard).is_some_and(|how| rule.sets(&guard.key, how)));
        match (rule.act, rule.check(transfers.into_iter()), guard) {
            (PostingAct::Post, Ok(()), None) => None,
            (act, Ok(()), None) => Some(format!("it is posted by {act:?}")),
            (_, Err(broken), _) => Some(format!("{broken:?}")),
            (.., Some(guard)) => Some(format!("the guard {guard:?}")),
        }
    }

    /// The request for a book, as `Post` takes it.
    #[must_use]
    pub fn for_book(self, book: &BookName) -> PostRequest {
        PostRequest { book: book.as_str().to_owned(), ..self.request }
    }

    /// The request without a book, as items of `PostBatch` are: the batch names it.
    #[must_use]
    pub fn in_batch(self) -> PostRequest {
        self.request
    }
}

/// A transfer as rows look at it; `None` where its accounts are not of the chart, as staff may have named them.
fn ruled(transfer: &Transfer) -> Option<RuledTransfer> {
    let (debit, credit) = (Account::parse(&transfer.debit_account)?, Account::parse(&transfer.credit_account)?);
    let movement = if transfer.pending { Movement::Holds } else { Movement::Moves };
    Some(RuledTransfer { debit: debit.class(), credit: credit.class(), unit: debit.unit(), amount: transfer.amount, movement })
}

fn used(guard: &Guard) -> Option<GuardUse> {
    Some(match guard.operation.as_ref()? {
        Operation::CompareAndSet(_) => GuardUse::Sets,
        Operation::AdvanceTo(_) | Operation::CapAt(_) => GuardUse::Advances,
        Operation::Add(by) if *by > 0 => GuardUse::Raises,
        Operation::Add(_) => GuardUse::Lowers,
    })
}

fn hyphenated(id: Uuid) -> String {
    id.hyphenated().encode_lower(&mut Uuid::encode_buffer()).to_owned()
}

#[cfg(test)]
mod tests;
