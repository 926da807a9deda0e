//! What rows claim of refunds, disputes, holds, debts, wallets, settlements and revenue: postings that are planned, then made.
use super::Claim;
use crate::audit::moves::Moves;
use books::domain::event::TransferKind;
use chart::PostingKind;
use ledger_client::PostingDraft;
use purchase::tables::{
    AuditedRow, CoinHold, DebtSettlement, DisputeStep, HoldState, Purchase, RefundStep, RevenueEdition, SettlementPosting, StepState,
    WalletPosting,
};
use uuid::Uuid;

/// What a step of a purchase's refunds claims: its coins and its money.
pub(in crate::audit) fn of_refund(purchase: &Purchase, step: &RefundStep) -> Vec<Claim> {
    use purchase::tables::{granted, paid_back, taken_back};
    let row = format!("step {} of the refunds of purchase {}", step.step_no, step.purchase_id);
    let book = step.book.as_str();
    let draft = if step.is_back { taken_back(step, purchase) } else { granted(step, purchase) };
    let coins = Planned {
        recorded: &step.posting_id,
        next: chart::id::posted(step.coins_request(), book),
        is_planned: step.plan.planned_at_ms > 0,
        is_done: step.state != StepState::Coins,
    };
    let money = Planned {
        recorded: &step.money_posting_id,
        next: chart::id::posted(step.money_request(), book),
        is_planned: step.state != StepState::Coins && step.money_planned_at_ms > 0,
        is_done: step.state == StepState::Done,
    };
    coins.claim(&row, draft).into_iter().chain(money.claim(&row, paid_back(step, purchase))).collect()
}

/// What coins claim that are held for a refund: that they are held, and how that ended.
pub(in crate::audit) fn of_hold(hold: &CoinHold) -> Vec<Claim> {
    let row = format!("hold {} of coins of purchase {}", hold.hold_no, hold.purchase_id);
    let book = hold.book.as_str();
    let draft = purchase::tables::asked(hold);
    let held = Moves::of(&draft);
    let asked = Planned {
        recorded: &hold.posting_id,
        next: chart::id::posted(hold.request(), book),
        is_planned: hold.planned_at_ms > 0,
        // What is over was perhaps never placed.
        is_done: matches!(hold.state, HoldState::Placed | HoldState::Counted | HoldState::Taking) || hold.taken > 0,
    };
    let asked = asked.claim(&row, draft);
    let (kind, request) = (hold.end_kind(), hold.end_request());
    let (how, next, amount) = match kind {
        PostingKind::RefundTaken => (TransferKind::PostOfPending, chart::id::pending_posted(request, book), hold.taken),
        _ => (TransferKind::VoidOfPending, chart::id::void_posted(request, book), hold.coins),
    };
    let is_requested = matches!(hold.state, HoldState::Releasing | HoldState::Taking);
    let is_placed = !hold.posting_id.is_empty();
    let recorded = !hold.end_posting_id.is_empty() || (hold.state == HoldState::Over && (is_placed || hold.taken > 0));
    let ended = (recorded || (is_requested && is_placed)).then(|| {
        let id = if recorded { Uuid::try_parse(&hold.end_posting_id).ok() } else { Some(next) };
        let Moves::Transfers(_, transfers) = &held else { unreachable!("a draft has transfers") };
        let resolved = transfers.iter().map(|(debit, credit, ..)| (debit.clone(), credit.clone(), amount, how));
        Claim { row: row.clone(), id, recorded, moves: vec![Moves::Transfers(kind, resolved.collect())] }
    });
    asked.into_iter().chain(ended).collect()
}

/// What a change of the money that is withdrawn for disputes claims.
pub(in crate::audit) fn of_dispute(purchase: &Purchase, AuditedRow { of, is_posted }: &AuditedRow<DisputeStep>) -> Option<Claim> {
    let row = format!("step {} of the disputes of purchase {}", of.step_no, of.purchase_id);
    let next = chart::id::posted(of.request(), of.book.as_str());
    Planned::at_once(&of.posting_id, next, *is_posted).claim(&row, purchase::tables::disputed(of, purchase))
}

/// Rows of a purchase's refunds and disputes that don't follow from those before them, or say that more was done than their postings do: as claims of postings that
/// they don't name, since whatever they say was done has none.
pub(in crate::audit) fn unfounded(steps: &[RefundStep], disputes: &[AuditedRow<DisputeStep>], holds: &[CoinHold]) -> Vec<Claim> {
    let mut found = Vec::new();
    let mut claim = |row: String| found.push(Claim { row, id: None, recorded: true, moves: Vec::new() });
    let mut before = (0, 0);
    for step in steps {
        let row = format!("step {} of the refunds of purchase {}", step.step_no, step.purchase_id);
        let (coins, amount) = if step.is_back { (-step.coins, -step.amount) } else { (step.coins, step.amount) };
        let after = (i128::from(before.0) + i128::from(coins), i128::from(before.1) + i128::from(amount));
        before = (step.coins_total, step.amount_total);
        if after != (i128::from(before.0), i128::from(before.1)) {
            claim(format!("{row}, which does not follow from the one before it,"));
        }
        // What is left to staff is moved by no posting.
        let taken = [step.plan.wallet, step.plan.debt, step.plan.staff, step.held].into_iter().map(i128::from).sum::<i128>();
        if step.state != StepState::Coins && taken != i128::from(step.coins) {
            claim(format!("{row}, of {} coins of which {taken} were taken,", step.coins));
        }
        let is_its = |hold: &&CoinHold| hold.hold_no == step.hold_no && hold.taken == step.held;
        let is_only = !steps.iter().any(|other| other.held > 0 && other.hold_no == step.hold_no && other.step_no != step.step_no);
        if step.held > 0 && !(is_only && holds.iter().any(|hold| is_its(&hold))) {
            claim(format!("{row}, with {} coins of hold {} that does not say so,", step.held, step.hold_no));
        }
    }
    let mut before = (0, 0);
    for AuditedRow { of, .. } in disputes {
        let after = (i128::from(before.0) + i128::from(of.withdrawn), i128::from(before.1) + i128::from(of.fee));
        before = (of.withdrawn_total, of.fee_total);
        if after != (i128::from(before.0), i128::from(before.1)) {
            claim(format!(
                "step {} of the disputes of purchase {}, which does not follow from the one before it,",
                of.step_no, of.purchase_id
            ));
        }
    }
    found
}

/// What coins that pay for a debt claim.
pub(in crate::audit) fn of_settlement(AuditedRow { of, is_posted }: &AuditedRow<DebtSettlement>) -> Option<Claim> {
    let row = format!("change {} of the debt of {}", of.change_no, of.user);
    let next = chart::id::posted(of.request(), of.book.as_str());
    Planned::at_once(&of.posting_id, next, *is_posted).claim(&row, purchase::tables::settled(of))
}

/// What a closure or a merge of a wallet claims.
pub(in crate::audit) fn of_wallet(AuditedRow { of, is_posted }: &AuditedRow<WalletPosting>) -> Option<Claim> {
    let row = format!("posting {} of the closure or merge {} of the wallet of {}", of.posting_no, of.change_id, of.user);
    let next = chart::id::posted(of.request(), of.book.as_str());
    Planned::at_once(&of.posting_id, next, *is_posted).claim(&row, purchase::tables::emptied(of))
}

/// What an edition of a store's settlement claims.
pub(in crate::audit) fn of_store_settlement(AuditedRow { of, is_posted }: &AuditedRow<SettlementPosting>) -> Option<Claim> {
    let draft = purchase::tables::reported(of);
    if draft.transfers().is_empty() {
        return None;
    }
    let row = format!("edition {} of settlement {} in {}", of.edition, of.settlement_id, of.currency.code());
    Planned::at_once(&of.posting_id, chart::id::posted(of.request(), of.book.as_str()), *is_posted).claim(&row, draft)
}

/// What an edition of a day's revenue claims. The posting's id follows from the row, so a row that was changed in anything that the id is made of names another's.
pub(in crate::audit) fn of_revenue(AuditedRow { of: (of, posting_id), is_posted }: &AuditedRow<RevenueEdition>) -> Option<Claim> {
    let (entity, currency) = (if of.entity.is_empty() { "the main entity" } else { &of.entity }, of.revenue.amount.currency());
    let row = format!("edition {} of the revenue of {} of {entity} in {}", of.edition, of.day, currency.code());
    let draft = purchase::tables::earned(of);
    let request_id = Uuid::try_parse(&draft.clone().in_batch().request_id).ok()?;
    let next = chart::id::posted(request_id, of.book.as_str());
    let claim = Planned::at_once(posting_id, next, *is_posted).claim(&row, draft)?;
    Some(Claim { id: claim.id.filter(|id| *id == next), ..claim })
}

/// A posting that is recorded before it is made.
struct Planned<'a> {
    /// Its id in the row; empty until it is known.
    recorded: &'a str,
    /// The id that it will have.
    next: Uuid,
    /// Whether it is to be made as it is.
    is_planned: bool,
    /// Whether the row says that it is made.
    is_done: bool,
}

impl<'a> Planned<'a> {
    /// One that is planned when its row is written.
    const fn at_once(recorded: &'a str, next: Uuid, is_done: bool) -> Self {
        Self { recorded, next, is_planned: true, is_done }
    }

    /// What its row claims: nothing before it is planned, and where it moves nothing.
    fn claim(&self, row: &str, draft: PostingDraft) -> Option<Claim> {
        let recorded = match self.recorded {
            "" if self.is_done && !draft.transfers().is_empty() => true,
            "" if self.is_done || !self.is_planned => return None,
            recorded => !recorded.is_empty(),
        };
        let id = if recorded { Uuid::try_parse(self.recorded).ok() } else { Some(self.next) };
        Some(Claim { row: row.to_owned(), id, recorded, moves: vec![Moves::of(&draft)] })
    }
}
