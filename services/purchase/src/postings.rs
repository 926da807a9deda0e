//! The only place that says which accounts a purchase debits and credits.

use api::ledger::RequestField;
use chart::id::PlannedAttempt;
use chart::{Account, GuardKey, HouseId, PostingKind, Purpose};
use ledger_client::{HoldPosting, PostingDraft};
use money::Coins;

use crate::domain::{Purchase, PurchaseState, StoreKind};
use crate::lots::read::RESTORES;
use crate::lots::revenue::{RevenuePosting, SignedMoney};
use crate::refunds::dispute::DisputeStep;
use crate::refunds::hold::CoinHold;
use crate::refunds::step::{CoinPlan, DebtSettlement, RefundStep};
use crate::settlements::settlement::SettlementPosting;
use crate::wallet_changes::change::WalletPosting;

/// A sale: coins are issued to the viewer, and what the store owes us and what it kept are revenue still to be earned. An app store remits the tax, which is a
/// memo. Of a sale through a card processor or a wallet we remit it, and what the processor charges is booked once it is billed. A debt of the viewer is paid by a
/// posting of its own ([`settled`]). The fields are the stored purchase's, so that a retry and the sweeper send the same.
#[must_use]
pub fn sale(purchase: &Purchase) -> PostingDraft {
    sold_to(purchase, Account::viewer_coins(&purchase.user))
}

/// The same where the viewer's wallet is closed: the coins wait for staff. A retry of either has equal fields, and gets the one that was posted first.
#[must_use]
pub fn suspended_sale(purchase: &Purchase) -> PostingDraft {
    sold_to(purchase, Account::CoinsSuspense)
}

/// Counts the purchase among those in flight to the wallet, so that the wallet is not closed before its coins have arrived. Refused if the sale was
/// posted first.
#[must_use]
pub fn waiting(purchase: &Purchase) -> PostingDraft {
    let id = chart::id::receipt_wait(purchase.purchase_id, purchase.waits_since_ms);
    PostingDraft::new(PostingKind::ReceiptWait, id)
        .once(GuardKey::receipt(purchase.purchase_id))
        .raise(in_flight(purchase))
        .field("purchase_id", purchase.purchase_id)
}

/// Revenue of a day: what was deferred of sales whose coins were spent, or forfeited, which is breakage; and the part of prepaid commissions that belongs to it. Backwards where an edition
/// takes back what an earlier one said too much.
#[must_use]
pub fn earned(revenue: &RevenuePosting) -> PostingDraft {
    let (day, entity, currency) = (revenue.day.to_string(), revenue.entity.as_str(), revenue.revenue.amount.currency());
    let planned = PlannedAttempt { number: revenue.edition, attempt: revenue.attempt, planned_at_ms: revenue.planned_at_ms };
    let id = chart::id::revenue_day(&revenue.book, &day, entity, currency.code(), planned);
    let house = |purpose| Account::of_entity(HouseId::try_new(entity).unwrap_or(HouseId::MAIN), purpose, currency);
    let draft = PostingDraft::new(PostingKind::RevenueDay, id);
    let draft = signed(draft, house(Purpose::DeferredRevenue), house(Purpose::Revenue), revenue.revenue);
    let draft = signed(draft, house(Purpose::DeferredRevenue), house(Purpose::BreakageRevenue), revenue.breakage);
    let draft = signed(draft, house(Purpose::CommissionExpense), house(Purpose::PrepaidCommission), revenue.commission);
    draft.field("day", &day).field("entity", entity).field("edition", revenue.edition).happened_at(revenue.ends_at_ms())
}

/// Coins of a purchase that its store paid back are taken out of the wallet, and those that are not there are owed.
pub fn granted(step: &RefundStep, of: &Purchase) -> PostingDraft {
    let (wallet, debt) = (step_coins(step.plan.wallet), step_coins(step.plan.debt));
    let draft = of_step(step, of).coins(refunded_wallet(step, of), Account::CoinsIssued, wallet);
    draft.coins(Account::viewer_debt(&step.user), Account::CoinsIssued, debt)
}

/// A refund that the store takes back: what is still owed of it is owed no more, and the rest comes back to the wallet.
pub fn taken_back(step: &RefundStep, of: &Purchase) -> PostingDraft {
    let (wallet, debt) = (step_coins(step.plan.wallet), step_coins(step.plan.debt));
    let draft = of_step(step, of).coins(Account::CoinsIssued, refunded_wallet(step, of), wallet);
    let draft = draft.coins(Account::CoinsIssued, Account::viewer_debt(&step.user), debt);
    if step.restores.is_empty() { draft } else { draft.field(RESTORES, &step.restores) }
}

/// What a refund does to money: coins that were not spent were deferred revenue, and what was paid back of spent ones is contra-revenue. What the channel kept goes
/// back with it, and tax that we remit is owed no more.
pub fn paid_back(step: &RefundStep, of: &Purchase) -> PostingDraft {
    let entity = HouseId::try_new(&of.sold.entity).unwrap_or(HouseId::MAIN);
    let house = |purpose| Account::of_entity(entity, purpose, step.currency);
    let receivable = if of.store.remits_tax() { Purpose::StoreReceivable } else { Purpose::ProcessorReceivable };
    let (deferred, contra, money) = (house(Purpose::DeferredRevenue), house(Purpose::ContraRevenue), step.money);
    let guard = GuardKey::refund(of.purchase_id, step.step_no, PostingKind::RefundMoney);
    let mut draft = PostingDraft::new(PostingKind::RefundMoney, step.money_request()).once(guard);
    for (debit, credit, minor_units) in [
        (deferred, house(Purpose::PrepaidCommission), money.prepaid),
        (deferred, house(receivable), money.deferred - money.prepaid),
        (contra, house(Purpose::CommissionExpense), money.commission),
        (contra, house(receivable), money.contra - money.commission),
        (house(Purpose::TaxPayable), house(Purpose::ProcessorReceivable), money.tax),
        // Withdrawn before, so that it is not taken out of the receivable once more.
        (house(Purpose::ProcessorReceivable), house(Purpose::DisputedAmounts), money.disputed),
    ] {
        draft = signed(draft, debit, credit, SignedMoney::try_new(step.currency, minor_units).expect("checked when the step was read"));
    }
    named(draft, step)
}

/// Holds coins of a purchase until it is decided whether they are taken back.
pub fn asked(hold: &CoinHold) -> PostingDraft {
    let guard = GuardKey::refund(hold.purchase_id, hold.hold_no, PostingKind::RefundAsked);
    let draft = PostingDraft::new(PostingKind::RefundAsked, hold.request()).once(guard);
    let draft = draft.hold_coins(Account::viewer_coins(&hold.user), Account::CoinsIssued, step_coins(hold.coins));
    draft.fields(end_fields(hold))
}

/// Takes what is held for it back, and releases the rest.
pub fn taken(hold: &CoinHold) -> HoldPosting<'_> {
    debug_assert!(hold.end_kind() == PostingKind::RefundTaken, "a hold of which nothing is taken");
    ended(hold)
}

/// Releases what is held.
pub fn released(hold: &CoinHold) -> HoldPosting<'_> {
    debug_assert!(hold.end_kind() == PostingKind::RefundReleased, "a hold of which something is taken");
    ended(hold)
}

fn ended(hold: &CoinHold) -> HoldPosting<'_> {
    HoldPosting { book: &hold.book, kind: hold.end_kind(), id: hold.end_request(), transfer_no: hold.transfer_no }
}

/// The fields of what ends a hold, by which lots know whose coins it was.
pub fn end_fields(hold: &CoinHold) -> Vec<RequestField> {
    let field = |name: &str, value: String| RequestField { name: name.to_owned(), value };
    vec![
        field("purchase_id", hold.purchase_id.to_string()),
        field("user_id", hold.user.to_string()),
        field("hold_no", hold.hold_no.to_string()),
    ]
}

/// What a card processor withdraws for a disputed payment, and charges for that; or gives back.
pub fn disputed(step: &DisputeStep, of: &Purchase) -> PostingDraft {
    let entity = HouseId::try_new(&of.sold.entity).unwrap_or(HouseId::MAIN);
    let house = |purpose| Account::of_entity(entity, purpose, step.currency);
    let guard = GuardKey::refund(of.purchase_id, step.step_no, PostingKind::DisputeMoney);
    let mut draft = PostingDraft::new(PostingKind::DisputeMoney, step.request()).once(guard);
    for (purpose, minor_units) in [(Purpose::DisputedAmounts, step.withdrawn), (Purpose::DisputeFee, step.fee)] {
        let moved = SignedMoney::try_new(step.currency, minor_units).expect("checked when the step was read");
        draft = signed(draft, house(purpose), house(Purpose::ProcessorReceivable), moved);
    }
    draft.field("purchase_id", step.purchase_id).field("user_id", &of.user).field("step_no", step.step_no).happened_at(step.created_at_ms)
}

/// Coins of a viewer's wallet pay for what the viewer owes.
pub fn settled(of: &DebtSettlement) -> PostingDraft {
    let draft = PostingDraft::new(PostingKind::DebtSettle, of.request()).step(GuardKey::debt(&of.user), of.change_no - 1, of.change_no);
    let draft = draft.coins(Account::viewer_coins(&of.user), Account::viewer_debt(&of.user), step_coins(of.coins));
    draft.field("user_id", &of.user).field("change_no", of.change_no)
}

/// What a wallet that is closed has is forfeited; what one has that is merged into another goes there, and what its owner owes is owed by the other.
#[must_use]
pub fn emptied(of: &WalletPosting) -> PostingDraft {
    let wallet = Account::viewer_coins(&of.user);
    let draft = PostingDraft::new(of.kind(), of.request()).once(GuardKey::wallet(of.change_id, of.posting_no));
    let draft = draft.field("change_id", of.change_id).field("posting_no", of.posting_no).field("user_id", &of.user);
    let Some(into) = of.act.into_user() else { return draft.coins(wallet, Account::CoinsIssued, step_coins(of.coins)) };
    let draft = draft.coins(wallet, Account::viewer_coins(into), step_coins(of.coins)).field("into_user_id", into);
    if of.debt == 0 {
        return draft;
    }
    let draft = draft.coins(Account::viewer_debt(into), Account::viewer_debt(&of.user), step_coins(of.debt));
    let draft = draft.step(GuardKey::debt(&of.user), of.debt_change_no, of.debt_change_no + 1);
    draft.step(GuardKey::debt(into), of.into_debt_change_no, of.into_debt_change_no + 1)
}

/// What a store owes us leaves by what it pays and keeps. Of what it exchanges one currency goes into the position and the other comes out of it, each by a posting of its
/// own; what is paid comes out of the position first.
#[must_use]
pub fn reported(of: &SettlementPosting) -> PostingDraft {
    let entity = HouseId::try_new(&of.entity).unwrap_or(HouseId::MAIN);
    let bank_account = HouseId::try_new(&of.bank_account).unwrap_or(HouseId::MAIN);
    let house = |purpose| Account::of_entity(entity, purpose, of.currency);
    let (kind, receivable, fee) = if of.store.remits_tax() {
        (PostingKind::StoreSettle, Purpose::StoreReceivable, Purpose::CommissionExpense)
    } else {
        (PostingKind::ProcessorSettle, Purpose::ProcessorReceivable, Purpose::ProcessorFee)
    };
    let (receivable, position, amounts) = (house(receivable), house(Purpose::FxPosition), of.amounts);
    let guard = GuardKey::settlement(of.settlement_id, of.edition, of.currency);
    let mut draft = PostingDraft::new(kind, of.request()).once(guard);
    let moved = |minor| SignedMoney::try_new(of.currency, minor).expect("checked when the row was read");
    let mut from_position = amounts.exchanged.saturating_neg().max(0);
    for (account, minor) in [
        (Account::of_bank_account(entity, bank_account, Purpose::BankCash, of.currency), amounts.claimed),
        (house(Purpose::StoreInTransit), amounts.in_transit),
        (house(Purpose::WithholdingRecoverable), amounts.withheld),
        (house(Purpose::StoreReserve), amounts.reserved),
        (house(fee), if of.store.remits_tax() { amounts.fee.saturating_add(amounts.fee_tax) } else { amounts.fee }),
        (house(Purpose::ContraRevenue), amounts.contra),
        (house(Purpose::SettlementDifference), amounts.difference),
    ] {
        let exchanged = from_position.min(minor.max(0));
        from_position -= exchanged;
        draft = signed(draft, account, position, moved(exchanged));
        draft = signed(draft, account, receivable, moved(minor - exchanged));
    }
    // A store that remits what it takes charges no fee with a tax of its own.
    if !of.store.remits_tax() {
        let exchanged = from_position.min(amounts.fee_tax.max(0));
        from_position -= exchanged;
        draft = signed(draft, house(Purpose::InputTax), position, moved(exchanged));
        draft = signed(draft, house(Purpose::InputTax), receivable, moved(amounts.fee_tax - exchanged));
    }
    draft = signed(draft, position, receivable, moved(if amounts.exchanged < 0 { -from_position } else { amounts.exchanged }));
    draft.field("settlement_id", of.settlement_id).field("edition", of.edition).happened_at(of.planned_at_ms)
}

fn step_coins(coins: i64) -> Coins {
    Coins::try_new(coins).expect("checked when the row was read")
}

/// Whether the coins of a step are taken out of suspense, or come back to there: they never came to the wallet, or it is closed.
pub(crate) fn is_in_suspense(plan: &CoinPlan, of: &Purchase) -> bool {
    matches!(of.state, PurchaseState::Suspended { .. }) || plan.is_closed
}

fn refunded_wallet<'a>(step: &'a RefundStep, of: &Purchase) -> Account<'a> {
    if is_in_suspense(&step.plan, of) { Account::CoinsSuspense } else { Account::viewer_coins(&step.user) }
}

/// The posting of a step's coins, which is made once, whatever the attempt, and changes a debt only from the state that it was planned by.
fn of_step(step: &RefundStep, of: &Purchase) -> PostingDraft {
    let guard = GuardKey::refund(of.purchase_id, step.step_no, step.kind());
    let draft = PostingDraft::new(step.kind(), step.coins_request()).once(guard);
    let change_no = step.plan.debt_change_no;
    let draft = if step.plan.debt > 0 { draft.step(GuardKey::debt(&step.user), change_no, change_no + 1) } else { draft };
    named(draft, step).field("environment", &of.environment).field("transaction_id", &of.transaction_id)
}

fn named(draft: PostingDraft, step: &RefundStep) -> PostingDraft {
    draft.field("purchase_id", step.purchase_id).field("user_id", &step.user).field("step_no", step.step_no).happened_at(step.created_at_ms)
}

/// Moves an amount, or, if it is less than nothing, back.
fn signed(draft: PostingDraft, debit: Account<'_>, credit: Account<'_>, moved: SignedMoney) -> PostingDraft {
    if moved.is_back { draft.money(credit, debit, moved.amount) } else { draft.money(debit, credit, moved.amount) }
}

fn in_flight(purchase: &Purchase) -> GuardKey {
    GuardKey::in_flight(&Account::viewer_coins(&purchase.user).name())
}

fn sold_to(purchase: &Purchase, wallet: Account<'_>) -> PostingDraft {
    let value = &purchase.value;
    // An id that was checked when the price sheet was read; empty for the main entity.
    let entity = HouseId::try_new(&purchase.sold.entity).unwrap_or(HouseId::MAIN);
    let house = |purpose| Account::of_entity(entity, purpose, value.price.currency());
    let kind = match purchase.store {
        StoreKind::Apple => PostingKind::PurchaseApple,
        StoreKind::Google => PostingKind::PurchaseGoogle,
        StoreKind::Stripe | StoreKind::Alipay | StoreKind::Wechat => PostingKind::PurchaseWeb,
    };
    let draft = PostingDraft::new(kind, purchase.credit_id());
    let draft =
        if purchase.waits_since_ms == 0 { draft } else { draft.raise(GuardKey::receipt(purchase.purchase_id)).lower(in_flight(purchase)) };
    let sold = draft.coins(Account::CoinsIssued, wallet, value.coins);
    let sold = match purchase.store {
        StoreKind::Apple | StoreKind::Google => sold
            .money(house(Purpose::StoreReceivable), house(Purpose::DeferredRevenue), value.receivable())
            .money(house(Purpose::PrepaidCommission), house(Purpose::DeferredRevenue), value.commission),
        StoreKind::Stripe | StoreKind::Alipay | StoreKind::Wechat => sold
            .money(house(Purpose::ProcessorReceivable), house(Purpose::DeferredRevenue), value.deferred())
            .money(house(Purpose::ProcessorReceivable), house(Purpose::TaxPayable), value.tax),
    };
    let sale = sold
        .field("purchase_id", purchase.purchase_id)
        .field("user_id", &purchase.user)
        .field("environment", &purchase.environment)
        .field("transaction_id", &purchase.transaction_id)
        .field("product_id", &purchase.product_id)
        .field("quantity", purchase.quantity)
        .field("tax_minor_units", value.tax.minor_units())
        .happened_at(purchase.purchased_at_ms);
    // Only if set: the fields of all other sales are compared with those of older programs.
    if purchase.stated_price.is_empty() { sale } else { sale.field("stated_price", &purchase.stated_price) }
}

#[cfg(test)]
mod tests;
