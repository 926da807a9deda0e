//! Requests to post. Amounts are typed, so coins can't go where diamonds are expected, and an amount of zero makes no transfer: the ledger moves
//! nothing less than one.
use api::ledger::{CompareAndSet, Guard, PostRequest, RequestField, Transfer, guard::Operation};
use chart::{
    Account, GuardKey, Poster, PostingKind, Unit,
    posters::{GuardUse, Movement, PostingAct, RuledTransfer},
};
use money::{BookName, Coins, Diamonds, Money};
use uuid::Uuid;

/// A posting under construction.
#[derive(Debug, Clone, PartialEq)]
pub struct PostingDraft {
    kind: PostingKind,
    request: PostRequest,
}

impl PostingDraft {
    /// A posting of this kind, under this id: derived from what caused the posting, so that a retry finds the first one.
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

    /// Holds coins until the hold is posted or voided.
    #[must_use]
    pub fn hold_coins(self, debit: Account<'_>, credit: Account<'_>, coins: Coins) -> Self {
        self.transfer(debit, credit, Unit::Coin, coins.get(), true)
    }

    fn transfer(mut self, debit: Account<'_>, credit: Account<'_>, unit: Unit, amount: i64, pending: bool) -> Self {
        assert!(debit.unit() == unit && credit.unit() == unit, "{debit} to {credit} in {unit}");
        debug_assert!(self.kind.allows(&debit, &credit), "{:?} may not move from {debit} to {credit}", self.kind);
        if amount > 0 {
            self.push(debit.name(), credit.name(), amount, pending);
        }
        self
    }

    /// Moves between accounts that people named: an adjustment. The ledger checks that the accounts exist and have the same unit.
    #[must_use]
    pub fn named(mut self, debit: &str, credit: &str, amount: i64) -> Self {
        debug_assert!(self.kind.rule().poster == Poster::Support, "{:?} has accounts of its own", self.kind);
        self.push(debit.to_owned(), credit.to_owned(), amount, false);
        self
    }

    fn push(&mut self, debit_account: String, credit_account: String, amount: i64, pending: bool) {
        let transfers = &mut self.request.transfers;
        if transfers.capacity() == 0 {
            // A gift has two, in one allocation.
            transfers.reserve_exact(2);
        }
        transfers.push(Transfer { debit_account, credit_account, amount, pending, ..Transfer::default() });
    }

    /// Adds a field that retries are compared with: what the caller sent, by the field's name. Never a derived value.
    #[must_use]
    pub fn field(mut self, name: &str, value: impl ToString) -> Self {
        self.request.request_fields.push(RequestField { name: name.to_owned(), value: value.to_string() });
        self
    }

    /// Adds fields that are built already.
    #[must_use]
    pub fn fields(mut self, fields: Vec<RequestField>) -> Self {
        self.request.request_fields = fields;
        self
    }

    /// Posts only if this guard was never set, under any id.
    #[must_use]
    pub fn once(self, guard: GuardKey) -> Self {
        self.guard(guard, Operation::CompareAndSet(CompareAndSet { expected: 0, next: 1 }))
    }

    /// Posts only if this guard is at `from`, and sets it to `to`.
    #[must_use]
    pub fn step(self, guard: GuardKey, from: i64, to: i64) -> Self {
        self.guard(guard, Operation::CompareAndSet(CompareAndSet { expected: from, next: to }))
    }

    /// Multiplies every amount by the difference to which this raises the guard.
    #[must_use]
    pub fn advance(self, guard: GuardKey, to: i64) -> Self {
        self.guard(guard, Operation::AdvanceTo(to))
    }

    /// Caps the guard's advance at this value.
    #[must_use]
    pub fn cap(self, guard: GuardKey, at: i64) -> Self {
        self.guard(guard, Operation::CapAt(at))
    }

    /// Adds one to the guard.
    #[must_use]
    pub fn raise(self, guard: GuardKey) -> Self {
        self.guard(guard, Operation::Add(1))
    }

    /// Subtracts one from the guard if it is above zero.
    #[must_use]
    pub fn lower(self, guard: GuardKey) -> Self {
        self.guard(guard, Operation::Add(-1))
    }

    /// Sets no guard: for a ledger too old to know the guard's operation, as in a rollout, which refuses the request as MALFORMED.
    #[must_use]
    pub fn without_guards(mut self) -> Self {
        self.request.guards.clear();
        self
    }

    fn guard(mut self, guard: GuardKey, operation: Operation) -> Self {
        self.request.guards.push(Guard { key: guard.into_string(), operation: Some(operation) });
        self
    }

    /// Moves nothing and stores this refusal (UPPER_SNAKE, and facts for people) as the answer of the id.
    #[must_use]
    pub fn refuse(mut self, reason: &str, detail: String) -> Self {
        reason.clone_into(&mut self.request.refusal);
        self.request.refusal_detail = detail;
        self
    }

    /// When it happened, in Unix milliseconds, if that is not now.
    #[must_use]
    pub fn happened_at(mut self, unix_ms: i64) -> Self {
        self.request.effective_time = Some(rpc::wire::timestamp_ms(unix_ms));
        self
    }

    /// The posting's kind.
    #[must_use]
    pub fn kind(&self) -> PostingKind {
        self.kind
    }

    /// Its transfers, before guards multiply them: for comparison with the posted ones.
    pub fn transfers(&self) -> &[Transfer] {
        &self.request.transfers
    }

    /// How it breaks its kind's rule (`chart::posters`), because of which the ledger would refuse it.
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

    /// The request without a book, as in items of `PostBatch`: the batch names it.
    #[must_use]
    pub fn in_batch(self) -> PostRequest {
        self.request
    }
}

/// A transfer in the form that rules check; `None` if its accounts are not in the chart, which staff may have named.
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
