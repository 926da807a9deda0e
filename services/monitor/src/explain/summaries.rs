//! What an id stands for, in a sentence each: for finding it. The whole story takes longer.
use super::{
    SoughtId, StoryTeller,
    people::{beneficiary_words, holds},
    seek::{ExplainedThing, SoughtForm},
    staff::proposal_words,
    tables::StoryTables,
    words::{StoryWords, made_ms, moved, paid, posting_words, purchase_words, quote_words, refusal_words},
};
use crate::audit::ReadFault;
use books::domain::{account::BookAccount, event::Event};
use chart::PostingKind;
use identity::{
    Role,
    access::{self, TABLE},
};
use payout::tables::Payout;
use std::collections::BTreeSet;
use treasury::tables::KeptCase;

/// What an id can stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdKind {
    Posting,
    Gift,
    Purchase,
    Order,
    Refund,
    Settlement,
    RefusedReceipt,
    WalletChange,
    Quote,
    Payout,
    PayoutRun,
    Beneficiary,
    Refusal,
    Proposal,
    Act,
    Account,
    User,
    Reservation,
    Sweep,
    BankReceipt,
    Case,
}

/// A kind of things: by which ids they are found, and who may see them.
pub(crate) struct IdKindRow {
    pub(crate) kind: IdKind,
    /// The RPC that shows such a thing: who may not call it does not find the thing either.
    rpc: &'static str,
    /// The ids, for people.
    pub(crate) by: &'static str,
    /// The forms that those have.
    forms: &'static [SoughtForm],
}

const fn row(kind: IdKind, rpc: &'static str, by: &'static str, forms: &'static [SoughtForm]) -> IdKindRow {
    IdKindRow { kind, rpc, by, forms }
}

const UUID: &[SoughtForm] = &[SoughtForm::Uuid];
const ANY: &[SoughtForm] = &[SoughtForm::Uuid, SoughtForm::Text];

/// Every kind.
const KINDS: [IdKindRow; 21] = {
    use IdKind::*;
    [
        row(Posting, "/largesse.ledger.v1.LedgerService/GetPosting", "its id, the request of a service", UUID),
        row(Gift, "/largesse.ledger.v1.LedgerService/GetPosting", "its posting; the request, where its user is given", UUID),
        row(Purchase, "/largesse.purchase.v1.PurchaseService/GetPurchase", "its id, its request, the store's ids, its postings", ANY),
        row(Order, "/largesse.purchase.v1.PurchaseService/GetCheckout", "its id, its request, the store's session and transaction", ANY),
        row(Refund, "/largesse.purchase.v1.PurchaseService/GetRefund", "its id, its request, the store's id", ANY),
        row(Settlement, "/largesse.purchase.v1.PurchaseService/GetStoreSettlement", "its id, its postings", UUID),
        row(
            RefusedReceipt,
            "/largesse.purchase.v1.PurchaseService/ListRefusedReceipts",
            "its id, its request, the store's transaction",
            ANY,
        ),
        row(WalletChange, "/largesse.purchase.v1.PurchaseService/GetWalletChange", "its id, its postings", UUID),
        row(
            Quote,
            "/largesse.earnings.v1.EarningsService/GetQuote",
            "its id, the request that accepted it, its posting; its request, where its user is given",
            UUID,
        ),
        row(
            Payout,
            "/largesse.payout.v1.PayoutService/GetPayout",
            "its id, its request, EndToEndId, MsgId, its reviews, its postings",
            ANY,
        ),
        row(PayoutRun, "/largesse.payout.v1.PayoutService/GetPayoutRun", "its id, its request", UUID),
        row(Beneficiary, "/largesse.payout.v1.PayoutService/ListBeneficiaries", "its id; its request, where its user is given", UUID),
        row(Refusal, "/largesse.ledger.v1.LedgerService/GetPosting", "its request; of a user, where the user is given", UUID),
        row(Proposal, "/largesse.support.v1.SupportService/GetProposal", "its id", UUID),
        row(Act, "/largesse.support.v1.SupportService/ListActs", "its id", UUID),
        row(Account, "/largesse.ledger.v1.LedgerService/GetAccount", "its name", &[SoughtForm::Account]),
        row(User, "/largesse.purchase.v1.PurchaseService/GetWallet", "its id", ANY),
        row(Reservation, "/largesse.treasury.v1.TreasuryService/ListPositions", "its id, its postings", UUID),
        row(Sweep, "/largesse.treasury.v1.TreasuryService/ListSweeps", "its id, which is also its EndToEndId", UUID),
        row(BankReceipt, "/largesse.treasury.v1.TreasuryService/ListPositions", "its id, its posting", UUID),
        row(Case, "/largesse.treasury.v1.TreasuryService/GetCase", "its id, its adjustments, their postings", UUID),
    ]
};

/// What words say that a thing is, where it has no table of its own kind here.
const DESCRIBED: [(&str, IdKind); 11] = [
    ("order", IdKind::Order),
    ("refund", IdKind::Refund),
    ("settlement", IdKind::Settlement),
    ("refused receipt", IdKind::RefusedReceipt),
    ("wallet change", IdKind::WalletChange),
    ("payout run", IdKind::PayoutRun),
    ("staff action", IdKind::Act),
    ("reservation", IdKind::Reservation),
    ("sweep", IdKind::Sweep),
    ("receipt", IdKind::BankReceipt),
    ("case", IdKind::Case),
];

impl IdKind {
    /// Whether this role may read things of the kind.
    pub(crate) fn is_for(self, role: Role) -> bool {
        KINDS.iter().filter(|row| row.kind == self).all(|row| row.is_for(role))
    }
}

impl IdKindRow {
    fn is_for(&self, role: Role) -> bool {
        // An act is found without naming whom it is about.
        let may = self.kind != IdKind::Act || access::reads_whole_log(role);
        may && TABLE.iter().any(|known| known.path == self.rpc && known.reach(role).is_some())
    }

    /// Whether there are tables with such things.
    fn is_in(&self, tables: &StoryTables) -> bool {
        match self.kind {
            IdKind::Posting | IdKind::Gift | IdKind::Refusal | IdKind::Account | IdKind::User => true,
            IdKind::Purchase | IdKind::Order | IdKind::Refund | IdKind::Settlement | IdKind::RefusedReceipt | IdKind::WalletChange => {
                tables.purchase.is_some()
            }
            IdKind::Quote => tables.earnings.is_some(),
            IdKind::Payout | IdKind::PayoutRun | IdKind::Beneficiary => tables.payout.is_some(),
            IdKind::Proposal | IdKind::Act => tables.support.is_some(),
            IdKind::Reservation | IdKind::Sweep | IdKind::BankReceipt | IdKind::Case => tables.treasury.is_some(),
        }
    }
}

/// The kinds among which an id is looked for.
pub(crate) fn searched(tables: &StoryTables, sought: &SoughtId, role: Role) -> Vec<&'static IdKindRow> {
    let form = sought.form();
    KINDS.iter().filter(|row| row.forms.contains(&form) && row.is_in(tables) && row.is_for(role)).collect()
}

/// A thing in a sentence.
#[derive(Debug, Clone)]
pub(crate) struct ThingSummary {
    pub(crate) kind: IdKind,
    pub(crate) id: String,
    pub(crate) book: String,
    pub(crate) told: String,
    pub(crate) users: BTreeSet<String>,
    /// In microseconds since the Unix epoch.
    pub(crate) made_at: Option<i64>,
}

impl StoryTeller {
    /// What a thing is.
    pub(crate) async fn summary(&self, thing: &ExplainedThing) -> Result<ThingSummary, ReadFault> {
        let (kind, words) = match thing {
            ExplainedThing::Posting(event) => return self.posting_summary(event).await,
            ExplainedThing::Purchase(purchase) => (IdKind::Purchase, purchase_words(purchase)),
            ExplainedThing::Quote(quote) => (IdKind::Quote, quote_words(quote)),
            ExplainedThing::Payout(payout) => (IdKind::Payout, self.short_payout(payout).await?),
            ExplainedThing::Refusal(refusal) => (IdKind::Refusal, refusal_words(refusal)),
            ExplainedThing::Proposal(proposal) => (IdKind::Proposal, proposal_words(proposal)),
            ExplainedThing::Beneficiary(beneficiary) => (IdKind::Beneficiary, beneficiary_words(beneficiary)),
            ExplainedThing::Account(account) => (IdKind::Account, short_account(account)),
            ExplainedThing::User(user) => {
                let (id, told, users) = (user.to_string(), self.holdings(user).await?, vec![user.to_string()]);
                (IdKind::User, plain("user", id, told, users))
            }
            ExplainedThing::Described(words) => {
                let known = DESCRIBED.iter().find(|(what, _)| *what == words.what);
                (known.map_or(IdKind::Posting, |(_, kind)| *kind), StoryWords::clone(words))
            }
        };
        let StoryWords { id, told, users, made_at, .. } = words;
        Ok(ThingSummary { kind, id, book: self.book.name.clone(), told, users: users.into_iter().collect(), made_at })
    }

    /// A case of reconciliation that is read already.
    pub(crate) fn case_summary(&self, case: &KeptCase) -> ThingSummary {
        let (class, account, detail, state) = (case.found.class.code(), &case.account.0, &case.found.detail, case.state.name());
        ThingSummary {
            kind: IdKind::Case,
            id: case.found.id.clone(),
            book: self.book.name.clone(),
            told: format!("case {class} of {account}: {detail}; {state}"),
            users: BTreeSet::new(),
            made_at: made_ms(case.found_at_ms),
        }
    }

    async fn posting_summary(&self, event: &Event) -> Result<ThingSummary, ReadFault> {
        let accounts = self.account_rows(std::slice::from_ref(event)).await?;
        let made_at = self.commit_time_at(event.seq).await?;
        let words = posting_words(event, &accounts, &self.gift_given(event, made_at).await?);
        let kind = if words.what == PostingKind::Gift.name() { IdKind::Gift } else { IdKind::Posting };
        let mut told = words.told;
        // Adjustments and reversals say themselves what they moved.
        if kind == IdKind::Posting && told == words.what && !event.transfers.is_empty() {
            let moved = event.transfers.iter().map(|transfer| moved(transfer, &accounts));
            told = format!("{told}: {}", moved.collect::<Vec<_>>().join(", "));
        }
        let users = Self::owners(accounts.values());
        Ok(ThingSummary { kind, id: words.id, book: self.book.name.clone(), told, users, made_at })
    }

    async fn short_payout(&self, payout: &Payout) -> Result<StoryWords, ReadFault> {
        let beneficiary = match &self.payout {
            Some(tables) => tables.beneficiary(&payout.book, payout.beneficiary_id).await?,
            None => None,
        };
        let account = beneficiary.map_or_else(|| "an account that is not known any more".to_owned(), |found| found.masked_account);
        let words = plain("payout", payout.payout_id.to_string(), paid(payout, &account), vec![payout.user.to_string()]);
        Ok(StoryWords { made_at: made_ms(payout.created_at_ms), ..words })
    }
}

fn plain(what: &str, id: String, told: String, users: Vec<String>) -> StoryWords {
    StoryWords { what: what.to_owned(), id, told, made_at: None, users, facts: serde_json::Map::new(), postings: Vec::new() }
}

fn short_account(account: &BookAccount) -> StoryWords {
    let users = chart::account::owner(&account.name).map(str::to_owned).into_iter().collect();
    plain("account", account.name.to_string(), format!("holds {}", holds(account)), users)
}
