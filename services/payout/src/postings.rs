//! The only place that says which accounts a payout debits and credits at each of its steps. Every posting is named by the payout or its step's key, so
//! that a retry finds the first. The account's guard counts its payouts in flight, from the hold to the end: as long as there are any, the ledger does
//! not close it.

use crate::domain::{
    CostBearer, Payout,
    recall::PayoutRecall,
    reservation::{PayingSource, Release, Reservation},
    returns::PayoutReturn,
};
use api::ledger::RequestField;
use chart::{Account, GuardKey, HouseId, PostingKind, Purpose};
use ledger_client::{HoldPosting, PostingDraft};
use money::{Currency, Money};

/// The hold: pending, from the creator's payable money to the account for money in transit.
#[must_use]
pub fn hold(payout: &Payout) -> PostingDraft {
    PostingDraft::new(PostingKind::PayoutHold, payout.hold_id())
        .hold(payable(payout), in_transit(payout), payout.amount)
        .field("beneficiary_id", payout.beneficiary_id)
        .field("currency_code", payout.amount.currency())
        .field("minor_units", payout.amount.minor_units())
        .raise(in_flight(payout))
}

/// The submission posts all of the hold, between the hold's accounts: the durable intent to send it to the bank.
#[must_use]
pub fn submission(payout: &Payout) -> HoldPosting<'_> {
    let (id, transfer_no) = (payout.step_id(PostingKind::PayoutSubmit), payout.hold_transfer_no);
    HoldPosting { book: &payout.book, kind: PostingKind::PayoutSubmit, id, transfer_no }
}

/// The fields a retry of the submission is compared with.
#[must_use]
pub fn submission_fields(payout: &Payout) -> Vec<RequestField> {
    vec![RequestField { name: "payout_id".to_owned(), value: payout.payout_id.to_string() }]
}

/// The bank paid: the money leaves the bank account. A cost that the person paid bears is our income, and one that we bear is accrued until the bank bills it.
#[must_use]
pub fn settlement(payout: &Payout) -> PostingDraft {
    let currency = payout.amount.currency();
    let cost = |minor_units| Money::try_new(currency, minor_units).expect("a cost is an amount");
    let (fee, ours) = match payout.bearer {
        CostBearer::Creator => (payout.fee_minor_units(), 0),
        CostBearer::House => (0, payout.attempt.cost_minor_units),
    };
    let entity = entity(payout);
    let draft = PostingDraft::new(PostingKind::PayoutSettle, payout.step_id(PostingKind::PayoutSettle))
        .money(in_transit(payout), bank_cash(payout), payout.amount_sent())
        .money(in_transit(payout), Account::of_entity(entity, Purpose::FeeIncome, currency), cost(fee))
        .money(
            Account::of_entity(entity, Purpose::PayoutCost, currency),
            Account::of_entity(entity, Purpose::AccruedBankFees, currency),
            cost(ours),
        );
    draft.field("payout_id", payout.payout_id).lower(in_flight(payout))
}

/// The bank did not pay: the money goes back to the creator.
#[must_use]
pub fn rejection(payout: &Payout) -> PostingDraft {
    end(payout, PostingKind::PayoutReject, payable(payout))
}

/// The bank did not pay, and the creator's account is closed: the money waits for staff.
#[must_use]
pub fn suspension(payout: &Payout) -> PostingDraft {
    end(payout, PostingKind::PayoutSuspend, Account::of_entity(entity(payout), Purpose::Suspense, payout.amount.currency()))
}

/// The person paid is on a sanctions list: the money is blocked until there is a licence.
#[must_use]
pub fn blocking(payout: &Payout) -> PostingDraft {
    end(payout, PostingKind::PayoutBlock, Account::of_entity(entity(payout), Purpose::BlockedFunds, payout.amount.currency()))
}

/// Two people have recorded a licence for blocked money: it goes back to the creator.
#[must_use]
pub fn unblocking(payout: &Payout) -> PostingDraft {
    unblocked_to(payout, payable(payout))
}

/// The same where the creator's account is closed: the money waits for staff.
#[must_use]
pub fn unblocking_to_suspense(payout: &Payout) -> PostingDraft {
    unblocked_to(payout, Account::of_entity(entity(payout), Purpose::Suspense, payout.amount.currency()))
}

fn unblocked_to(payout: &Payout, to: Account<'_>) -> PostingDraft {
    let blocked = Account::of_entity(entity(payout), Purpose::BlockedFunds, payout.amount.currency());
    let draft = PostingDraft::new(PostingKind::PayoutUnblock, payout.step_id(PostingKind::PayoutUnblock));
    draft.money(blocked, to, payout.amount).field("payout_id", payout.payout_id)
}

/// The cancellation releases the hold, and lowers what the hold raised ([`in_flight`]).
#[must_use]
pub fn cancellation(payout: &Payout) -> HoldPosting<'_> {
    let (id, transfer_no) = (payout.step_id(PostingKind::PayoutCancel), payout.hold_transfer_no);
    HoldPosting { book: &payout.book, kind: PostingKind::PayoutCancel, id, transfer_no }
}

/// A payout reserves what it takes of the bank account that pays it. The ledger refuses it if so much is not spendable.
#[must_use]
pub fn reservation(row: &Reservation) -> PostingDraft {
    let currency = row.amount.currency();
    let (spendable, committed) =
        (of_source(&row.source, Purpose::BankSpendable, currency), of_source(&row.source, Purpose::BankCommitted, currency));
    let draft = PostingDraft::new(PostingKind::PayoutReserve, chart::id::payout_step(row.reserve_key, PostingKind::PayoutReserve));
    draft.money(spendable, committed, row.amount).field("payout_id", row.payout_id)
}

/// Reserved money is spendable again: nothing was paid with it, or it came back.
#[must_use]
pub fn release(row: &Release) -> PostingDraft {
    let currency = row.amount.currency();
    let (spendable, committed) =
        (of_source(&row.source, Purpose::BankSpendable, currency), of_source(&row.source, Purpose::BankCommitted, currency));
    let draft = PostingDraft::new(PostingKind::PayoutRelease, chart::id::payout_step(row.release_key, PostingKind::PayoutRelease));
    draft.money(committed, spendable, row.amount).field("payout_id", row.payout_id)
}

fn of_source(source: &PayingSource, purpose: Purpose, currency: Currency) -> Account<'_> {
    let id = |text| HouseId::try_new(text).unwrap_or(HouseId::MAIN);
    Account::of_bank_account(id(&source.entity), id(&source.bank_account), purpose, currency)
}

/// Money of a settled payout came back: to the creator, or to suspense if the account is closed. What the returning bank kept is added where we bear it.
#[must_use]
pub fn returned(payout: &Payout, back: &PayoutReturn) -> PostingDraft {
    let (entity, currency) = (entity(payout), back.credit.amount.currency());
    let account = HouseId::try_new(&back.bank_account).unwrap_or(HouseId::MAIN);
    let to = || {
        let suspense = Account::of_entity(entity, Purpose::Suspense, currency);
        if back.suspended { suspense } else { Account::creator_payable(&payout.user, currency) }
    };
    let borne = Money::try_new(currency, back.charge_borne_minor_units).expect("a charge is an amount");
    PostingDraft::new(PostingKind::PayoutReturn, back.post_id())
        .money(Account::of_bank_account(entity, account, Purpose::BankCash, currency), to(), back.credit.amount)
        .money(Account::of_entity(entity, Purpose::ReturnCharge, currency), to(), borne)
        .field("payout_id", payout.payout_id)
        .field("return_id", back.return_id)
}

/// A bank charges for a recall of a payout: the house bears it, or the creator who asked for it.
#[must_use]
pub fn recall_fee(payout: &Payout, recall: &PayoutRecall) -> PostingDraft {
    let (currency, fee) = (payout.amount.currency(), &recall.fee);
    let from = match fee.bearer {
        CostBearer::House => Account::of_entity(entity(payout), Purpose::RecallCost, currency),
        CostBearer::Creator => payable(payout),
    };
    let amount = Money::try_new(currency, fee.minor_units).expect("a fee is an amount");
    PostingDraft::new(PostingKind::PayoutRecallFee, fee.post_id())
        .money(from, bank_cash(payout), amount)
        .field("payout_id", payout.payout_id)
        .field("recall_id", recall.recall_id)
}

fn end(payout: &Payout, kind: PostingKind, to: Account<'_>) -> PostingDraft {
    let draft = PostingDraft::new(kind, payout.step_id(kind)).money(in_transit(payout), to, payout.amount);
    draft.field("payout_id", payout.payout_id).lower(in_flight(payout))
}

/// The guard that counts the account's payouts in flight.
#[must_use]
pub fn in_flight(payout: &Payout) -> GuardKey {
    GuardKey::in_flight(&payable(payout).name())
}

/// The account that a payout's money comes from and returns to.
#[must_use]
pub fn payable(payout: &Payout) -> Account<'_> {
    Account::creator_payable(&payout.user, payout.amount.currency())
}

fn in_transit(payout: &Payout) -> Account<'_> {
    Account::of_entity(entity(payout), Purpose::InTransit, payout.amount.currency())
}

fn bank_cash(payout: &Payout) -> Account<'_> {
    let account = HouseId::try_new(&payout.attempt.bank_account).unwrap_or(HouseId::MAIN);
    Account::of_bank_account(entity(payout), account, Purpose::BankCash, payout.amount.currency())
}

/// The legal entity that pays; older programs knew one only.
fn entity(payout: &Payout) -> HouseId<'_> {
    HouseId::try_new(&payout.attempt.entity).unwrap_or(HouseId::MAIN)
}

#[cfg(test)]
mod tests;
