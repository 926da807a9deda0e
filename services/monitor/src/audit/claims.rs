//! What the services' rows claim about the journal: which postings belong to them, and what those moved. A row whose service has not yet recorded a posting
//! claims the posting that the service requests next, so both sides describe one moment.
use super::moves::Moves;
use books::domain::event::TransferKind;
use chart::PostingKind;
use earnings::tables::{Acceptance, Quote, QuoteState};
use money::BookName;
use payout::tables::{Payout, PayoutPhase, PayoutRecall, PayoutReturn, ReservationState, ReservedMoney, ReturnState};
use purchase::tables::{Purchase, PurchaseState};
use std::collections::BTreeMap;
use support::tables::{Proposal, ProposalState, ProposedAct};
use treasury::tables::RowPosting;
use uuid::Uuid;

mod refunds;

pub(super) use refunds::{of_dispute, of_hold, of_refund, of_revenue, of_settlement, of_store_settlement, of_wallet, unfounded};

/// Services whose postings are joined to rows. Gifts have no rows; `gifts` compares them with the catalogues that were served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RowsOf {
    Purchases,
    Refunds,
    Wallets,
    Settlements,
    Revenue,
    Conversions,
    Payouts,
    Proposals,
    Treasury,
}

impl RowsOf {
    /// The service that must have a row for a posting of this kind.
    pub fn kind(kind: &str) -> Option<Self> {
        if kind.starts_with(chart::kind::PURCHASE_PREFIX) {
            return Some(Self::Purchases);
        }
        match PostingKind::parse(kind)? {
            PostingKind::PurchaseApple | PostingKind::PurchaseGoogle | PostingKind::PurchaseWeb => Some(Self::Purchases),
            PostingKind::RefundGranted
            | PostingKind::RefundReversed
            | PostingKind::RefundMoney
            | PostingKind::RefundAsked
            | PostingKind::RefundTaken
            | PostingKind::RefundReleased
            | PostingKind::DisputeMoney
            | PostingKind::DebtSettle => Some(Self::Refunds),
            PostingKind::WalletForfeited | PostingKind::WalletMerged => Some(Self::Wallets),
            PostingKind::StoreSettle | PostingKind::ProcessorSettle => Some(Self::Settlements),
            PostingKind::RevenueDay => Some(Self::Revenue),
            PostingKind::Conversion => Some(Self::Conversions),
            PostingKind::PayoutHold
            | PostingKind::PayoutSubmit
            | PostingKind::PayoutSettle
            | PostingKind::PayoutReject
            | PostingKind::PayoutSuspend
            | PostingKind::PayoutCancel
            | PostingKind::PayoutBlock
            | PostingKind::PayoutUnblock
            | PostingKind::PayoutReturn
            | PostingKind::PayoutRecallFee
            | PostingKind::PayoutReserve
            | PostingKind::PayoutRelease => Some(Self::Payouts),
            PostingKind::Adjustment | PostingKind::Reversal => Some(Self::Proposals),
            PostingKind::TreasuryLeafMove
            | PostingKind::TreasuryReserve
            | PostingKind::TreasuryInterest
            | PostingKind::TreasuryAllocation
            | PostingKind::TreasurySweep
            | PostingKind::TreasurySweepDebit
            | PostingKind::TreasurySweepCredit
            | PostingKind::TreasuryEntry
            | PostingKind::TreasuryAdjustment
            | PostingKind::TreasuryWriteOff
            | PostingKind::TreasuryMigration
            | PostingKind::TreasuryMove
            | PostingKind::TreasuryReceipt => Some(Self::Treasury),
            // Twins are proved against the books of apps (`twins`). What follows a reservation's hold has ids that its row does not keep (`reservations`).
            PostingKind::TreasuryTwin
            | PostingKind::TreasuryRelease
            | PostingKind::TreasurySubmit
            | PostingKind::TreasuryReject
            | PostingKind::TreasuryBlock
            | PostingKind::TreasuryUnblock => None,
            PostingKind::Gift | PostingKind::ReceiptWait | PostingKind::BenchCoins => None,
        }
    }

    /// The problem reported for a posting without a row.
    pub const fn unclaimed(self) -> &'static str {
        match self {
            Self::Purchases => "issues coins for no credited purchase",
            Self::Refunds => "belongs to no refund and no debt",
            Self::Wallets => "empties a wallet by no closure and no merge",
            Self::Settlements => "settles by no report of a store",
            Self::Revenue => "is in no revenue of a day",
            Self::Conversions => "pays for diamonds by no accepted quote",
            Self::Payouts => "moves the money of no payout",
            Self::Proposals => "was approved in no proposal",
            Self::Treasury => "was decided in no row of treasury",
        }
    }
}

/// A posting that a row says exists, or that may exist.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    /// The row, as shown to people.
    pub row: String,
    /// The posting's id; `None` where the row's text is no valid id.
    pub id: Option<Uuid>,
    /// Whether the row says that the posting exists; otherwise it may exist.
    pub recorded: bool,
    /// What it moved: one of these.
    pub moves: Vec<Moves>,
}

/// The id of the posting that credits a verified purchase, whether or not it exists yet.
pub(super) fn credited_by(purchase: &Purchase) -> Uuid {
    chart::id::posted(purchase.credit_id(), purchase.book.as_str())
}

/// What a purchase's row claims.
pub(super) fn of_purchase(purchase: &Purchase) -> Option<Claim> {
    let (sale, suspended) = (purchase::tables::sale, purchase::tables::suspended_sale);
    let moves = match &purchase.state {
        PurchaseState::Blocked => return None,
        // The row does not say yet whether the wallet is closed.
        PurchaseState::Verified => vec![Moves::of(&sale(purchase)), Moves::of(&suspended(purchase))],
        PurchaseState::Credited(_) => vec![Moves::of(&sale(purchase))],
        PurchaseState::Suspended { .. } => vec![Moves::of(&suspended(purchase))],
    };
    let recorded = purchase.state.posting_id();
    let id = recorded.map_or_else(|| Some(credited_by(purchase)), |id| Uuid::try_parse(id).ok());
    Some(Claim { row: format!("purchase {}", purchase.purchase_id), id, recorded: recorded.is_some(), moves })
}

/// What a quote's row claims.
pub(super) fn of_quote(book: &BookName, quote: &Quote) -> Option<Claim> {
    let unnamed = Acceptance { request_id: Uuid::nil(), user_named: String::new() };
    let (id, recorded) = match &quote.state {
        QuoteState::Open => return None,
        QuoteState::Accepting(acceptance) => {
            let request_id = chart::id::conversion(acceptance.request_id, book, quote.user.as_str());
            (Some(chart::id::posted(request_id, book.as_str())), false)
        }
        QuoteState::Used { posting_id } => (Uuid::try_parse(posting_id).ok(), true),
    };
    // The amounts follow from the quote alone.
    let moves = vec![Moves::of(&earnings::tables::conversion(book, quote, &unnamed))];
    Some(Claim { row: format!("quote {}", quote.id), id, recorded, moves })
}

/// What a payout's phase says about one of its postings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Demand {
    /// It exists: its id was recorded when the phase was entered.
    Recorded,
    /// It may exist: it is requested from the ledger in this phase.
    Next,
    /// It is not requested yet.
    Absent,
}

/// What a payout's phase says about its hold, its submission and its end. Only an end returns money, so a rejected payout has all three; one that the ledger
/// refused has none. This is so in every version of the program.
fn demanded(payout: &Payout) -> [Demand; 3] {
    use Demand::{Absent, Next, Recorded};
    match payout.phase {
        PayoutPhase::Requested => [Next, Absent, Absent],
        PayoutPhase::Refused => [Absent; 3],
        PayoutPhase::Held | PayoutPhase::Queued => [Recorded, Next, Absent],
        // A submission that a worker had posted before it was lost is found when the payout goes on.
        PayoutPhase::Review => [Recorded, Next, Absent],
        // A submission that a worker was just posting may have come first; then the payout ends as a rejected one.
        PayoutPhase::Cancelling => [Recorded, Next, Next],
        PayoutPhase::Cancelled => [Recorded, Absent, Recorded],
        // Submitted first, so that there is money to block.
        PayoutPhase::Blocking if payout.submit_posting_id.is_empty() => [Recorded, Next, Absent],
        PayoutPhase::Intent | PayoutPhase::Sent | PayoutPhase::Accepted | PayoutPhase::Unknown => [Recorded, Recorded, Absent],
        PayoutPhase::Settling | PayoutPhase::Returning | PayoutPhase::Suspending | PayoutPhase::Blocking => [Recorded, Recorded, Next],
        PayoutPhase::Settled | PayoutPhase::Returnable | PayoutPhase::Rejected => [Recorded; 3],
        PayoutPhase::Blocked | PayoutPhase::Unblocking | PayoutPhase::Unblocked => [Recorded; 3],
    }
}

/// A payout's postings: hold, submit, end, with the ids that its row records or that they will have. The flag: whether the row records the posting, or must
/// record it; in that case the id is `None` where the row names none.
pub(super) fn payout_postings(payout: &Payout) -> [(Option<Uuid>, bool); 3] {
    let book = payout.book.as_str();
    let end = |kind| chart::id::posted(payout.step_id(kind), book);
    let next = |step| match step {
        0 => chart::id::posted(payout.hold_id(), book),
        1 => chart::id::pending_posted(payout.step_id(PostingKind::PayoutSubmit), book),
        _ if payout.phase == PayoutPhase::Settling => end(PostingKind::PayoutSettle),
        _ if payout.phase == PayoutPhase::Returning => end(PostingKind::PayoutReject),
        _ if payout.phase == PayoutPhase::Blocking => end(PostingKind::PayoutBlock),
        _ if payout.phase == PayoutPhase::Cancelling => chart::id::void_posted(payout.step_id(PostingKind::PayoutCancel), book),
        _ => end(PostingKind::PayoutSuspend),
    };
    let (demanded, recorded) = (demanded(payout), [&payout.hold_posting_id, &payout.submit_posting_id, &payout.final_posting_id]);
    std::array::from_fn(|step| match (demanded[step], recorded[step].as_str()) {
        (Demand::Next, "") => (Some(next(step)), false),
        (Demand::Absent, "") => (None, false),
        (_, recorded) => (Uuid::try_parse(recorded).ok(), true),
    })
}

/// What a payout's row claims.
pub(super) fn of_payout(payout: &Payout) -> Vec<Claim> {
    use PayoutPhase::{Blocked, Blocking, Unblocked, Unblocking};
    use payout::tables::{blocking, hold, rejection, settlement, suspension};
    if payout.phase == PayoutPhase::Refused {
        return Vec::new();
    }
    let held = Moves::of(&hold(payout));
    let resolved = |kind, how: TransferKind| match &held {
        Moves::Transfers(_, transfers) => {
            let resolved = transfers.iter().cloned().map(|(debit, credit, amount, _)| (debit, credit, amount, how));
            Moves::Transfers(kind, resolved.collect())
        }
        Moves::Reversal(_) => held.clone(),
    };
    let submitted = resolved(PostingKind::PayoutSubmit, TransferKind::PostOfPending);
    let ended = match payout.phase {
        PayoutPhase::Settling | PayoutPhase::Settled | PayoutPhase::Returnable => vec![Moves::of(&settlement(payout))],
        Blocking | Blocked | Unblocking | Unblocked => vec![Moves::of(&blocking(payout))],
        PayoutPhase::Cancelling | PayoutPhase::Cancelled => vec![resolved(PostingKind::PayoutCancel, TransferKind::VoidOfPending)],
        _ => vec![Moves::of(&rejection(payout)), Moves::of(&suspension(payout))],
    };
    let (postings, demanded) = (payout_postings(payout), demanded(payout));
    let held = held.clone();
    let claim = |(step, moves): (usize, Vec<Moves>)| {
        let (id, recorded) = postings[step];
        // A posting that is not requested yet moves nothing, whatever the row names.
        let moves = if demanded[step] == Demand::Recorded || !recorded { moves } else { Vec::new() };
        (id.is_some() || recorded).then(|| Claim { row: format!("payout {}", payout.payout_id), id, recorded, moves })
    };
    let claims = [vec![held], vec![submitted], ended].into_iter().enumerate().filter_map(claim);
    claims.chain(unblocked(payout)).collect()
}

/// What a payout's row claims of the posting that gives blocked money back.
fn unblocked(payout: &Payout) -> Option<Claim> {
    use payout::tables::{unblocking, unblocking_to_suspense};
    let recorded = match payout.phase {
        PayoutPhase::Unblocking => false,
        PayoutPhase::Unblocked => true,
        _ => return None,
    };
    let next = || chart::id::posted(payout.step_id(PostingKind::PayoutUnblock), payout.book.as_str());
    let id = if recorded { Uuid::try_parse(&payout.unblock_posting_id).ok() } else { Some(next()) };
    let moves = vec![Moves::of(&unblocking(payout)), Moves::of(&unblocking_to_suspense(payout))];
    Some(Claim { row: format!("payout {}", payout.payout_id), id, recorded, moves })
}

/// What a payout's reservations claim, and what it gives back of them.
pub(super) fn of_reserved((reservations, releases): &ReservedMoney) -> Vec<Claim> {
    let claim = |payout_id: Uuid, recorded: &str, next: Uuid, moves: Moves| {
        let row = format!("payout {payout_id}");
        let id = if recorded.is_empty() { Some(next) } else { Uuid::try_parse(recorded).ok() };
        Claim { row, id, recorded: !recorded.is_empty(), moves: vec![moves] }
    };
    let reserved = reservations.iter().filter_map(|row| {
        let next = chart::id::posted(chart::id::payout_step(row.reserve_key, PostingKind::PayoutReserve), row.book.as_str());
        let moves = Moves::of(&payout::tables::reservation(row));
        match row.state {
            ReservationState::Waiting | ReservationState::Withdrawn => None,
            ReservationState::Asked => Some(claim(row.payout_id, "", next, moves)),
            // Without an id, which it must have, it names no posting of its own.
            ReservationState::Reserved | ReservationState::Released => Some(Claim {
                recorded: true,
                id: Uuid::try_parse(&row.posting_id).ok(),
                ..claim(row.payout_id, &row.posting_id, next, moves)
            }),
        }
    });
    let released = releases.iter().map(|row| {
        let next = chart::id::posted(chart::id::payout_step(row.release_key, PostingKind::PayoutRelease), row.book.as_str());
        claim(row.payout_id, &row.posting_id, next, Moves::of(&payout::tables::release(row)))
    });
    reserved.chain(released).collect()
}

/// What the row of money that came back claims; nothing where it is not, or not yet, to be booked.
pub(super) fn of_return(payout: &Payout, back: &PayoutReturn) -> Option<Claim> {
    let (id, recorded) = match back.state {
        ReturnState::Booked => (Uuid::try_parse(&back.posting_id).ok(), true),
        ReturnState::Matched => (Some(chart::id::posted(back.post_id(), payout.book.as_str())), false),
        ReturnState::Announced | ReturnState::Unexpected | ReturnState::Unmatched => return None,
    };
    let moves = vec![Moves::of(&payout::tables::returned(payout, back))];
    Some(Claim { row: format!("return {} of payout {}", back.return_id, payout.payout_id), id, recorded, moves })
}

/// What the row of a recall claims; nothing where it has no fee, or none that is incurred.
pub(super) fn of_recall(payout: &Payout, recall: &PayoutRecall) -> Option<Claim> {
    let fee = &recall.fee;
    if fee.key.is_nil() {
        return None;
    }
    let recorded = !fee.posting_id.is_empty();
    let next = chart::id::posted(fee.post_id(), payout.book.as_str());
    let id = if recorded { Uuid::try_parse(&fee.posting_id).ok() } else { Some(next) };
    let moves = vec![Moves::of(&payout::tables::recall_fee(payout, recall))];
    Some(Claim { row: format!("recall {} of payout {}", recall.recall_id, payout.payout_id), id, recorded, moves })
}

/// What the rows of payouts, of the money of theirs that came back, and of their recalls claim.
pub(super) fn of_payouts(payouts: &[Payout], returns: &[PayoutReturn], recalls: &[PayoutRecall]) -> Vec<(Uuid, Vec<Claim>)> {
    let mut of_each: BTreeMap<Uuid, Vec<&PayoutReturn>> = BTreeMap::new();
    for back in returns {
        if let Some((_, payout_id)) = &back.of {
            of_each.entry(*payout_id).or_default().push(back);
        }
    }
    let all = |payout: &Payout| {
        let returned = of_each.get(&payout.payout_id).into_iter().flatten().filter_map(|back| of_return(payout, back));
        let recalled = recalls.iter().filter(|recall| recall.payout_id == payout.payout_id).filter_map(|recall| of_recall(payout, recall));
        (payout.payout_id, of_payout(payout).into_iter().chain(returned).chain(recalled).collect())
    };
    payouts.iter().map(all).collect()
}

/// What an approved proposal's row claims.
pub(super) fn of_proposal(proposal: &Proposal) -> Option<Claim> {
    let approval = support::tables::approval_id(proposal);
    let book = proposal.book.as_str();
    let (moves, next) = match &proposal.act {
        ProposedAct::Adjustment(lines) => (Moves::of(&support::tables::adjustment(proposal, lines)), chart::id::posted(approval, book)),
        ProposedAct::Reversal(source) => (Moves::Reversal(*source), chart::id::reversed(approval, book)),
        // Nothing is posted for these.
        ProposedAct::Account(..) | ProposedAct::Limit(_) => return None,
    };
    let (id, recorded) = match proposal.state {
        ProposalState::Done => (Uuid::try_parse(&proposal.result).ok(), true),
        ProposalState::Approved => (Some(next), false),
        ProposalState::Open | ProposalState::Rejected | ProposalState::Refused => return None,
    };
    Some(Claim { row: format!("proposal {}", proposal.id), id, recorded, moves: vec![moves] })
}

/// What a row of treasury claims.
pub(super) fn of_treasury(row: RowPosting) -> Claim {
    let how = if row.kind == PostingKind::TreasuryReserve { TransferKind::Pending } else { TransferKind::Posted };
    let transfers = row.transfers.into_iter().map(|(debit, credit, amount)| (debit, credit, amount, how));
    let moves = vec![Moves::Transfers(row.kind, transfers.collect())];
    Claim { row: row.row, id: Some(row.id), recorded: row.is_recorded, moves }
}

#[cfg(test)]
mod tests;
