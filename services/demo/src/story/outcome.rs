//! What became of a payout, by the service, the ledger and the bank's statement, compared with what was planned.
use super::{
    StoryTelling,
    bank::{ACH, OurAccount},
    books,
    cash::earnings,
    fates::{PayoutPlan, PayoutTurn},
    review::DecidedReview,
    summary::{CashSummary, PayoutSummary, RecallSummary, ReturnSummary, ReviewSummary, SummaryAmount},
};
use api::payout::{Payout, PayoutAttempt, PayoutRecall, PayoutReturn, PayoutState, RecallState, ReturnState, ReviewState};
use chart::Purpose;
use iso20022::{
    camt053::{Direction, StatementEntry},
    codes::handling::{CodeAdvice, CodeList},
};
use jiff::Timestamp;
use runtime::command::UntypedError;

/// A payout when nothing more happens to it.
#[derive(Debug, Clone)]
pub struct PaidPayout {
    /// The payout.
    pub payout: Payout,
    /// The review that held it.
    pub review: Option<DecidedReview>,
    /// Its recall, as it was when it was requested.
    pub recall: Option<PayoutRecall>,
}

/// What is found of a payout outside of the payout service.
struct FoundOutside {
    /// Debits with its id in the bank's statement.
    booked: usize,
    /// What the creator can be paid now, in minor units.
    payable: i64,
    /// What is in blocked funds, in minor units.
    blocked: i64,
}

/// Compares, and returns what is shown. The ACH bank's statement had `filed_before` entries before the payouts.
pub async fn check(
    story: &mut StoryTelling,
    cash: &CashSummary,
    fate: PayoutPlan,
    paid: PaidPayout,
    filed_before: usize,
) -> Result<PayoutSummary, UntypedError> {
    let payout = &paid.payout;
    let found = outside(story, cash, &fate, payout, filed_before).await?;
    course(story, &fate, payout);
    afterwards(story, &fate, &paid);
    let what = fate.what;
    story.same(&format!("payout ({what}): times it is to be in the bank's books, and times it is"), fate.booked, found.booked);
    let (amount, charge) = (cash.net.minor_units, payout.returns.iter().map(|back| back.charge_borne_minor_units).sum::<i64>());
    let (back, blocked) = match fate.turn {
        PayoutTurn::Returned => (amount / 2 + charge, 0),
        PayoutTurn::Blocked => (0, amount),
        PayoutTurn::Recalled => (amount, 0),
        PayoutTurn::None | PayoutTurn::Filed | PayoutTurn::Cleared => (if fate.state == PayoutState::Rejected { amount } else { 0 }, 0),
    };
    story.same(&format!("payout ({what}): money the creator is to have, and has"), back, found.payable);
    story.same(&format!("payout ({what}): money that is to be blocked, and is"), blocked, found.blocked);
    summary(cash, &fate, paid, &found)
}

async fn outside(
    story: &StoryTelling,
    cash: &CashSummary,
    fate: &PayoutPlan,
    payout: &Payout,
    filed_before: usize,
) -> Result<FoundOutside, UntypedError> {
    let currency = &cash.net.currency;
    let is_filed = fate.turn == PayoutTurn::Filed;
    let statement = story.bank.statement(if is_filed { ACH } else { OurAccount::main(fate.currency) }).await?;
    // A file is booked as one sum, without the ids of its payments; this one has a single payment.
    let of_payout = |entry: &StatementEntry| match is_filed {
        true => entry.amount.minor_units() == payout.sent_minor_units,
        false => entry.end_to_end_id.as_ref() == Some(&payout.end_to_end_id),
    };
    let debits = statement.entries.iter().skip(if is_filed { filed_before } else { 0 }).filter(|entry| entry.direction == Direction::Debit);
    let booked = debits.filter(|entry| of_payout(entry)).count();
    let earnings = earnings(story, &cash.creator).await?;
    let payable = earnings.payable.iter().find(|money| money.currency_code == *currency).map_or(0, |money| money.minor_units);
    // Only one payout is blocked, so everything in the account is its money.
    let blocked = match fate.turn {
        PayoutTurn::Blocked => books::sums(&story.installation).await?.balance(&books::money_account(Purpose::BlockedFunds, currency)),
        _ => 0,
    };
    Ok(FoundOutside { booked, payable, blocked })
}

/// Checks states, reasons and rails.
fn course(story: &mut StoryTelling, fate: &PayoutPlan, payout: &Payout) {
    let what = fate.what;
    let steps = steps(payout);
    let found = format!("{} after {}", shown(payout.state()), steps.join(", "));
    story.expect(&format!("payout ({what}) is {}", shown(fate.state)), payout.state() == fate.state, &found);
    story.expect(
        &format!("payout ({what}) has reason code `{}`", fate.reason_code),
        payout.reason_code == fate.reason_code,
        &payout.reason_code,
    );
    let attempts: Vec<&str> = payout.attempts.iter().map(|attempt| attempt.rail.as_str()).collect();
    let rails = fate.rails.join(", then ");
    story.expect(&format!("payout ({what}) is tried over {rails}"), attempts == fate.rails, &attempts.join(", then "));
    let mut passed = |state: PayoutState| {
        story.expect(&format!("payout ({what}) is {} in between", shown(state)), steps.contains(&shown(state)), &found);
    };
    if fate.unknown_between {
        passed(PayoutState::OutcomeUnknown);
    }
    if fate.turn == PayoutTurn::Cleared {
        passed(PayoutState::InReview);
    }
}

/// Checks what happened beside the payment.
fn afterwards(story: &mut StoryTelling, fate: &PayoutPlan, paid: &PaidPayout) {
    let (what, payout) = (fate.what, &paid.payout);
    let (comes_back, is_recalled) = match fate.turn {
        PayoutTurn::Returned => (1, false),
        PayoutTurn::Recalled => (1, true),
        PayoutTurn::None | PayoutTurn::Filed | PayoutTurn::Cleared | PayoutTurn::Blocked => (0, false),
    };
    let booked: Vec<&PayoutReturn> = payout.returns.iter().filter(|back| back.state() == ReturnState::Booked).collect();
    story.same(&format!("payout ({what}): returns that are to be booked, and are"), comes_back, booked.len());
    let returned: i64 = booked.iter().map(|back| back.amount.as_ref().map_or(0, |money| money.minor_units) + back.charge_minor_units).sum();
    story.same(&format!("payout ({what}): sum of its returns, and what it says came back"), returned, payout.returned_minor_units);
    let recalls: Vec<String> = payout.recalls.iter().map(recall_state).collect();
    let accepted = payout.recalls.iter().filter(|recall| recall.state() == RecallState::Accepted).count();
    story.expect(
        &format!("payout ({what}) has {} accepted recall", usize::from(is_recalled)),
        accepted == usize::from(is_recalled) && recalls.len() == accepted,
        &recalls.join(", "),
    );
    let decided = paid.review.as_ref().map(|review| (review.decided.state(), review.found.hits.len()));
    let expected = match fate.turn {
        PayoutTurn::Cleared => Some((ReviewState::Passed, 1)),
        PayoutTurn::Blocked => Some((ReviewState::Failed, 1)),
        PayoutTurn::None | PayoutTurn::Filed | PayoutTurn::Returned | PayoutTurn::Recalled => None,
    };
    story.expect(&format!("payout ({what}) has the review {expected:?}"), decided == expected, &format!("{decided:?}"));
}

fn summary(cash: &CashSummary, fate: &PayoutPlan, paid: PaidPayout, found: &FoundOutside) -> Result<PayoutSummary, UntypedError> {
    let PaidPayout { payout, review, recall: requested } = paid;
    let (last, currency) = (payout.rail.clone(), &cash.net.currency);
    let returns = payout.returns.iter().map(|back| {
        Ok::<_, UntypedError>(ReturnSummary {
            amount: SummaryAmount::try_new(currency, back.amount.as_ref().map_or(0, |money| money.minor_units))?,
            charge: SummaryAmount::try_new(currency, back.charge_minor_units)?,
            charge_borne: SummaryAmount::try_new(currency, back.charge_borne_minor_units)?,
            code: back.code.clone(),
            meaning: CodeAdvice::of(CodeList::ReturnReason, &back.code).meaning.to_owned(),
            payee_text: back.payee_text.clone(),
        })
    });
    let recalls = payout.recalls.iter().map(|recall| RecallSummary {
        code: recall.code.clone(),
        steps: requested.iter().chain([recall]).map(recall_state).collect(),
        is_repaid_anew: !recall.repaid_by.is_empty(),
    });
    Ok(PayoutSummary {
        what: fate.what.to_owned(),
        creator: cash.creator.clone(),
        amount: cash.net.clone(),
        refused_because: refused_because(&payout),
        fallback: fallback(&payout),
        returnable_until: payout.returnable_until.map(|time| day(time.seconds)).transpose()?.unwrap_or_default(),
        refused_before: payout.attempts.iter().filter(|one| one.end_time.is_some() && one.rail != last).map(refused).collect(),
        state: shown(payout.state()),
        steps: steps(&payout),
        returned: SummaryAmount::try_new(currency, payout.returned_minor_units)?,
        returns: returns.collect::<Result<_, _>>()?,
        recalls: recalls.collect(),
        review: review.map(review_summary),
        blocked: SummaryAmount::try_new(currency, found.blocked)?,
        rail: payout.rail,
        bank_status: payout.bank_status,
        reason_code: payout.reason_code,
        reason: payout.reason,
        bank_time_ms: payout.bank_time_ms,
        our_time_ms: payout.total_time_ms - payout.bank_time_ms,
        booked_at_bank: found.booked,
        payable_again: SummaryAmount::try_new(currency, found.payable)?,
        payout_id: payout.payout_id,
        end_to_end_id: payout.end_to_end_id,
    })
}

fn review_summary(review: DecidedReview) -> ReviewSummary {
    let DecidedReview { found, decided } = review;
    let hit = found.hits.first().cloned().unwrap_or_default();
    let blocked = decided.blocked.clone().unwrap_or_default();
    ReviewSummary {
        listed_name: hit.listed_name,
        score_thousandths: hit.score_thousandths,
        is_true_match: decided.state() == ReviewState::Failed,
        people: [decided.proposed_by, decided.decided_by].into_iter().filter(|who| !who.is_empty()).collect(),
        reason: decided.reason,
        report_due_date: blocked.report_due_date,
    }
}

/// An attempt that was refused, with its reason.
fn refused(attempt: &PayoutAttempt) -> String {
    format!("{} {}", attempt.rail, attempt.reason_code)
}

/// The day of a time in Unix seconds, in UTC.
fn day(seconds: i64) -> Result<String, UntypedError> {
    Ok(money::time::utc_day(Timestamp::from_second(seconds)?).to_string())
}

/// What the code of the last refusal before the last rail means.
fn refused_because(payout: &Payout) -> String {
    let refused = payout.attempts.iter().rev().find(|one| one.end_time.is_some() && one.rail != payout.rail);
    refused.map(|one| CodeAdvice::of(CodeList::StatusReason, &one.reason_code).meaning.to_owned()).unwrap_or_default()
}

/// Why the last rail was tried, in the service's words; empty if it was the first.
fn fallback(payout: &Payout) -> String {
    let fell = payout.steps.iter().rev().find(|step| step.state() == PayoutState::Submitted);
    fell.map(|step| step.note.clone()).unwrap_or_default()
}

fn steps(payout: &Payout) -> Vec<String> {
    payout.steps.iter().map(|step| shown(step.state())).collect()
}

/// A state in lower case.
fn shown(state: PayoutState) -> String {
    in_words(state.as_str_name(), "PAYOUT_STATE_")
}

fn recall_state(recall: &PayoutRecall) -> String {
    in_words(recall.state().as_str_name(), "RECALL_STATE_")
}

fn in_words(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_lowercase().replace('_', " ")
}
