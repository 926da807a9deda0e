//! Finds what an id stands for.
use super::{StoryTeller, words::StoryWords};
use crate::audit::ReadFault;
use books::{
    domain::{
        account::BookAccount,
        event::{Body, Event},
    },
    store::{IdMeaning, RefusalRow},
};
use earnings::tables::Quote;
use money::UserKey;
use payout::tables::{Beneficiary, Payout, PayoutKey};
use purchase::tables::Purchase;
use std::collections::BTreeSet;
use support::tables::Proposal;
use uuid::Uuid;

/// Longest name of an account, in bytes; the ledger's own bound.
const ACCOUNT_BYTES_MAX: usize = 256;

/// Maximum payouts of one message of many payments that are found by its id.
const SENT_MAX: usize = 50;

/// An id as given by somebody: of a posting, purchase, order, refund, settlement, gift, quote, payout, run, review, beneficiary, proposal, staff action or request; of a
/// wallet's closure or merge; of treasury's reservation, sweep, receipt or case; an id sent to a bank; a store's transaction, refund or dispute; or a user or the name
/// of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoughtId {
    text: String,
    uuid: Option<Uuid>,
}

impl SoughtId {
    /// Which forms of ids it has.
    pub(crate) fn form(&self) -> SoughtForm {
        match (self.text.contains('/'), self.uuid) {
            (true, _) => SoughtForm::Account,
            (false, Some(_)) => SoughtForm::Uuid,
            (false, None) => SoughtForm::Text,
        }
    }

    /// Accepts any text of 1 to 64 visible characters, and longer ones that name an account. UUIDs in any of their forms; a bank's message id is a payout's id
    /// with a number after it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let max = if text.contains('/') { ACCOUNT_BYTES_MAX } else { 64 };
        if text.is_empty() || text.len() > max || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("an id or a user has 1 to 64 visible ASCII characters, the name of an account up to 256");
        }
        let message = || {
            let (payout, send) = text.split_once('-')?;
            (payout.len() == 32 && !send.is_empty() && send.len() <= 4 && send.bytes().all(|byte| byte.is_ascii_digit())).then_some(payout)
        };
        let uuid = Uuid::try_parse(text).ok().or_else(|| Uuid::try_parse(message()?).ok());
        Ok(Self { text: text.to_owned(), uuid })
    }
}

impl std::fmt::Display for SoughtId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// The form of an id, by which it is known where to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SoughtForm {
    /// The name of an account.
    Account,
    /// A UUID, or an id sent to a bank that contains one.
    Uuid,
    /// Any other text.
    Text,
}

/// The things that an id can stand for.
#[derive(Debug, Clone)]
pub enum ExplainedThing {
    /// A posting that belongs to a gift or to no other thing.
    Posting(Box<Event>),
    /// A purchase.
    Purchase(Box<Purchase>),
    /// A quote, with its conversion if it was accepted.
    Quote(Box<Quote>),
    /// A payout.
    Payout(Box<Payout>),
    /// A request that the ledger refused.
    Refusal(Box<RefusalRow>),
    /// An action that staff proposed.
    Proposal(Box<Proposal>),
    /// A bank account to pay to.
    Beneficiary(Box<Beneficiary>),
    /// An account of the book.
    Account(Box<BookAccount>),
    /// A user of whom something is known.
    User(UserKey),
    /// Something that has no postings of its own kind, in words: an order, a refund, a settlement, a refused receipt, a wallet's closure or merge, a run, a staff action,
    /// or of treasury.
    Described(Box<StoryWords>),
}

impl ExplainedThing {
    /// Identifies the thing, so that one found in two ways is listed once.
    fn key(&self) -> String {
        match self {
            Self::Posting(event) => event.id.to_string(),
            Self::Purchase(purchase) => purchase.purchase_id.to_string(),
            Self::Quote(quote) => quote.id.to_string(),
            Self::Payout(payout) => payout.payout_id.to_string(),
            Self::Refusal(refusal) => refusal.id.to_string(),
            Self::Proposal(proposal) => proposal.id.to_string(),
            Self::Beneficiary(beneficiary) => beneficiary.beneficiary_id.to_string(),
            Self::Account(account) => account.name.to_string(),
            Self::User(user) => format!("user {user}"),
            Self::Described(words) => format!("{} {}", words.what, words.id),
        }
    }
}

impl StoryTeller {
    /// Everything in the book that the id stands for.
    pub(crate) async fn seek(&self, sought: &SoughtId) -> Result<Vec<ExplainedThing>, ReadFault> {
        let mut things = Vec::new();
        if let Some(id) = sought.uuid {
            self.by_own_id(id, &mut things).await?;
            self.by_posting(id, &mut things).await?;
        }
        let text = sought.uuid.map_or_else(|| sought.text.clone(), |id| id.hyphenated().to_string());
        if let Some(purchases) = &self.purchase {
            things.extend(purchases.looked_up(&self.name, &text).await?.into_iter().map(|found| ExplainedThing::Purchase(found.into())));
        }
        if let (Some(payouts), Some(id)) = (&self.payout, sought.uuid) {
            things.extend(payouts.looked_up(&self.name, id).await?.into_iter().map(|found| ExplainedThing::Payout(found.into())));
        }
        if let Some(payouts) = &self.payout {
            for payout_id in payouts.payouts_in_messages(&self.name, &sought.text).await?.into_iter().take(SENT_MAX) {
                things.extend(self.payout_of(payout_id).await?);
            }
        }
        if let (Some(quotes), Some(id)) = (&self.earnings, sought.uuid) {
            things.extend(quotes.looked_up(&self.name, id).await?.into_iter().map(|found| ExplainedThing::Quote(found.into())));
        }
        things.extend(self.of_sales(&text, sought.uuid).await?);
        if let Some(id) = sought.uuid {
            things.extend(self.of_decisions(id).await?);
            things.extend(self.of_treasury(id).await?);
            things.extend(self.act(id).await?);
        }
        self.by_name(&sought.text, &mut things).await?;
        let mut seen = BTreeSet::new();
        things.retain(|thing| seen.insert(thing.key()));
        Ok(things)
    }

    /// Finds an account by its name, or a user.
    async fn by_name(&self, text: &str, things: &mut Vec<ExplainedThing>) -> Result<(), ReadFault> {
        if text.contains('/') {
            things.extend(self.account_named(text).await?.map(|account| ExplainedThing::Account(account.into())));
        } else if let Ok(user) = UserKey::try_new(text) {
            things.extend(self.knows(&user).await?.then_some(ExplainedThing::User(user)));
        }
        Ok(())
    }

    async fn by_own_id(&self, id: Uuid, things: &mut Vec<ExplainedThing>) -> Result<(), ReadFault> {
        things.extend(self.purchase_of(id).await?);
        things.extend(self.quote_of(id).await?);
        if let (Some(_), Some(user)) = (&self.earnings, &self.scope.user) {
            things.extend(self.quote_of(chart::id::quote(id, &self.name, user.as_str())).await?);
        }
        things.extend(self.payout_of(id).await?);
        things.extend(self.proposal(id).await?.map(|found| ExplainedThing::Proposal(found.into())));
        if let Some(payouts) = &self.payout {
            let of_request = self.scope.user.as_ref().map(|user| payout::tables::beneficiary_id(id, &self.name, user));
            for id in [Some(id), of_request].into_iter().flatten() {
                things.extend(payouts.beneficiary(&self.name, id).await?.map(|found| ExplainedThing::Beneficiary(found.into())));
            }
        }
        Ok(())
    }

    /// Finds a posting by its own id, or by the request id of a service's posting or of a user's gift.
    async fn by_posting(&self, id: Uuid, things: &mut Vec<ExplainedThing>) -> Result<(), ReadFault> {
        let book = self.name.as_str();
        let mut ids = vec![id, chart::id::posted(id, book), chart::id::pending_posted(id, book)];
        ids.extend(self.scope.user.as_ref().map(|user| chart::id::posted(chart::id::gift(id, &self.name, user.as_str()), book)));
        for (_, known) in self.store.ids(self.book.key, &ids).await? {
            match known {
                IdMeaning::Event(seq) => things.push(self.thing_at(seq).await?),
                IdMeaning::Refusal(refusal) => things.push(ExplainedThing::Refusal(refusal)),
            }
        }
        Ok(())
    }

    /// The thing that the event with this sequence number belongs to.
    pub(super) async fn thing_at(&self, seq: i64) -> Result<ExplainedThing, ReadFault> {
        let stored = self.store.events(self.book.key, seq, 1).await?.into_iter().next();
        let stored =
            stored.filter(|stored| stored.event.seq == seq).ok_or_else(|| format!("event {seq} is missing; see `largesse verify`"))?;
        self.thing_of(stored.event).await
    }

    /// The thing that an event belongs to.
    pub(crate) async fn thing_of(&self, event: Event) -> Result<ExplainedThing, ReadFault> {
        if let Body::Posting(posting) = &event.body {
            let field = |name: &str| posting.field(name).and_then(|value| Uuid::try_parse(value).ok());
            let found = match posting.kind.split('.').next() {
                Some("purchase" | "refund" | "dispute" | "receipt") => match field("purchase_id") {
                    Some(id) => self.purchase_of(id).await?,
                    None => None,
                },
                Some("store" | "processor") => match field("settlement_id") {
                    Some(id) => self.settlement_of(id).await?,
                    None => None,
                },
                Some("wallet") => match field("change_id") {
                    Some(id) => self.wallet_change_of(id).await?,
                    None => None,
                },
                Some("treasury") => match field("reservation_id").or(field("receipt_id")).or(field("adjustment_id")) {
                    Some(id) => self.of_treasury(id).await?.pop(),
                    None => None,
                },
                Some("conversion") => match field("quote_id") {
                    Some(id) => self.quote_of(id).await?,
                    None => None,
                },
                Some("payout") => match (field("payout_id"), &self.payout) {
                    (Some(id), _) => self.payout_of(id).await?,
                    // A hold does not name its payout, but the payout names its hold.
                    (None, Some(payouts)) => {
                        payouts.looked_up(&self.name, event.id).await?.pop().map(|found| ExplainedThing::Payout(found.into()))
                    }
                    (None, None) => None,
                },
                _ => None,
            };
            if let Some(found) = found {
                return Ok(found);
            }
        }
        Ok(ExplainedThing::Posting(event.into()))
    }

    pub(super) async fn purchase_of(&self, id: Uuid) -> Result<Option<ExplainedThing>, ReadFault> {
        let Some(purchases) = &self.purchase else { return Ok(None) };
        Ok(purchases.purchase(&self.name, id).await?.map(|found| ExplainedThing::Purchase(found.into())))
    }

    async fn quote_of(&self, id: Uuid) -> Result<Option<ExplainedThing>, ReadFault> {
        let Some(quotes) = &self.earnings else { return Ok(None) };
        Ok(quotes.quote(&self.name, id).await?.map(|found| ExplainedThing::Quote(found.into())))
    }

    pub(super) async fn payout_of(&self, payout_id: Uuid) -> Result<Option<ExplainedThing>, ReadFault> {
        let Some(payouts) = &self.payout else { return Ok(None) };
        Ok(payouts.payout(&PayoutKey { book: self.name.clone(), payout_id }).await?.map(|found| ExplainedThing::Payout(found.into())))
    }
}
