//! What the journal says about coins, in the projection's terms.

use api::ledger::{JournalEvent, Posting, journal_event::What};
use chart::{Account, GuardFamily, Owner, PostingKind, Unit, kind::PURCHASE_PREFIX};
use uuid::Uuid;

/// Transfers of a posting, at most: the ledger's own limit.
const TRANSFERS_MAX: i64 = 64;
/// The field of a sale, and of a refund, that names its purchase.
const PURCHASE_ID: &str = "purchase_id";
/// The field of a merge that names the viewer whose wallet it was, and the one who gets everything.
const USER_ID: &str = "user_id";
const INTO_USER_ID: &str = "into_user_id";
/// The field of a refund that is taken back that names the postings which took and gave back coins before, see [`named`].
pub(crate) const RESTORES: &str = "restores";
/// What stands between them.
const NEXT: char = ',';

/// What a transfer does with its coins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CoinEffect {
    /// Moves them.
    Moves,
    /// Holds them, because a refund of their purchase is not decided.
    Holds,
    /// Releases such a hold.
    Releases,
    /// Moves none, and makes all lots of the one account's owner the other's.
    GivesLots,
}

/// A transfer of coins that moved something, or that holds coins of a purchase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CoinTransfer {
    /// 64 times the event's sequence number, and the place in it.
    pub(crate) no: i64,
    /// The posting.
    pub(crate) posting_id: String,
    /// Its kind.
    pub(crate) kind: String,
    /// The account debited.
    pub(crate) debit: String,
    /// The account credited.
    pub(crate) credit: String,
    /// How many coins it is about.
    pub(crate) coins: i64,
    /// What it does with them.
    pub(crate) effect: CoinEffect,
    /// The purchase that the posting names; empty without one.
    pub(crate) purchase_id: String,
    /// It happened elsewhere before, and was imported.
    pub(crate) imported: bool,
    /// The posting that it reverses, or those whose coins a refund that is taken back gives back; none without one.
    pub(crate) reverses: Vec<String>,
    /// Who got the posting's diamonds; empty if nobody did.
    pub(crate) creator: String,
    /// When it was committed, in Unix milliseconds.
    pub(crate) at_ms: i64,
}

/// The number that every lot of a later event exceeds.
pub(crate) fn first_lot_after(seq: i64) -> i64 {
    seq.saturating_add(1).saturating_mul(TRANSFERS_MAX) - 1
}

impl CoinTransfer {
    /// Another number of its event, which no transfer of it has: no posting that gives coins back has so many.
    pub(crate) fn other_no(&self) -> i64 {
        self.no - self.no % TRANSFERS_MAX + TRANSFERS_MAX - 1
    }

    /// Whether it sells coins.
    pub(crate) fn is_sale(&self) -> bool {
        self.kind.starts_with(PURCHASE_PREFIX)
    }

    /// Whether it gives back what a refund took that the store takes back.
    pub(crate) fn is_refund_back(&self) -> bool {
        self.kind == PostingKind::RefundReversed.name() && !self.imported
    }

    /// Whether it takes back the coins of a purchase that the store paid back.
    pub(crate) fn is_refund(&self) -> bool {
        let takes = [PostingKind::RefundGranted, PostingKind::RefundTaken].iter().any(|kind| self.kind == kind.name());
        takes && self.effect == CoinEffect::Moves && !self.imported
    }

    /// Whether it takes away the coins of a wallet that is being closed.
    pub(crate) fn is_forfeiture(&self) -> bool {
        self.kind == PostingKind::WalletForfeited.name() && !self.imported
    }

    /// Whether it ends a hold: what it takes of it is not held any more.
    pub(crate) fn ends_hold(&self) -> bool {
        self.effect == CoinEffect::Releases || (self.kind == PostingKind::RefundTaken.name() && !self.imported)
    }

    /// Whether it is about coins of the purchase that it names.
    pub(crate) fn is_of_purchase(&self) -> bool {
        self.is_refund() || self.is_refund_back() || matches!(self.effect, CoinEffect::Holds | CoinEffect::Releases)
    }
}

/// Whether lots are held by an account: a viewer's coins, or those whose wallet was closed.
pub(crate) fn holds_lots(account: &str) -> bool {
    matches!(Account::parse(account), Some(Account::ViewerCoins(_) | Account::CoinsSuspense))
}

/// The transfers of an event that move coins to or from accounts that hold lots. Holds move nothing until they are posted; those of refunds freeze their lot.
pub(crate) fn coin_transfers(event: &JournalEvent, book: &str) -> Vec<CoinTransfer> {
    let Some(What::Posting(posting)) = &event.what else { return Vec::new() };
    let (mut found, coin) = (Vec::new(), Unit::Coin.to_string());
    found.extend(given_lots(event.seq, posting, book));
    for (at, transfer) in (0..).zip(&posting.transfers) {
        let effect = match (transfer.pending, transfer.released) {
            (false, false) => CoinEffect::Moves,
            (true, _) if posting.kind == PostingKind::RefundAsked.name() => CoinEffect::Holds,
            (_, true) if posting.kind == PostingKind::RefundReleased.name() => CoinEffect::Releases,
            _ => continue,
        };
        if transfer.unit != coin || !(holds_lots(&transfer.debit_account) || holds_lots(&transfer.credit_account)) {
            continue;
        }
        let reversed = posting.guards.iter().find_map(|guard| guard.key.strip_prefix(GuardFamily::Reversed.prefix()));
        found.push(CoinTransfer {
            no: event.seq * TRANSFERS_MAX + at,
            posting_id: posting.posting_id.clone(),
            kind: posting.kind.clone(),
            debit: transfer.debit_account.clone(),
            credit: transfer.credit_account.clone(),
            coins: transfer.amount,
            effect,
            purchase_id: field(posting, PURCHASE_ID),
            imported: is_imported(posting, book),
            reverses: reversed.map_or_else(|| restored(posting), |reversed| vec![reversed.to_owned()]),
            creator: creator(posting),
            at_ms: committed_at_ms(posting),
        });
    }
    found
}

/// When a posting was committed, in Unix milliseconds.
fn committed_at_ms(posting: &Posting) -> i64 {
    posting.commit_time.as_ref().map_or(0, |time| time.seconds * 1_000 + i64::from(time.nanos) / 1_000_000)
}

/// What a merge of two wallets does to lots, also where no coins are left to move.
fn given_lots(seq: i64, posting: &Posting, book: &str) -> Option<CoinTransfer> {
    if posting.kind != PostingKind::WalletMerged.name() || is_imported(posting, book) {
        return None;
    }
    let wallet = |name: &str| Some(Account::ViewerCoins(Owner::try_new(&field(posting, name))?).name());
    Some(CoinTransfer {
        no: seq * TRANSFERS_MAX,
        posting_id: posting.posting_id.clone(),
        kind: posting.kind.clone(),
        debit: wallet(USER_ID)?,
        credit: wallet(INTO_USER_ID)?,
        coins: 0,
        effect: CoinEffect::GivesLots,
        purchase_id: String::new(),
        imported: false,
        reverses: Vec::new(),
        creator: String::new(),
        at_ms: committed_at_ms(posting),
    })
}

/// The postings by which coins were taken that a refund gives back that is taken back.
fn restored(posting: &Posting) -> Vec<String> {
    let restored = if posting.kind == PostingKind::RefundReversed.name() { field(posting, RESTORES) } else { String::new() };
    restored.split(NEXT).filter(|posting_id| !posting_id.is_empty()).map(ToOwned::to_owned).collect()
}

/// Postings in one field.
pub(crate) fn named(posting_ids: &[&str]) -> String {
    posting_ids.join(&NEXT.to_string())
}

fn field(posting: &Posting, name: &str) -> String {
    posting.field(name).unwrap_or_default().to_owned()
}

fn is_imported(posting: &Posting, book: &str) -> bool {
    Uuid::try_parse(&posting.posting_id).is_ok_and(|id| chart::imported::origin(id, |name| posting.field(name), book).is_some())
}

fn creator(posting: &Posting) -> String {
    let creators = posting.transfers.iter().filter_map(|transfer| match Account::parse(&transfer.credit_account) {
        Some(Account::CreatorDiamonds(owner)) => Some(owner.as_str().to_owned()),
        _ => None,
    });
    creators.into_iter().next().unwrap_or_default()
}
