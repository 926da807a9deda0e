//! PAY: eight creators are paid: two at once, one is rejected and gets the money back, one's answer is lost and later resolved, three over the instant rails of
//! other countries, and one over a second rail after the first has refused.
use super::{
    StoryTelling,
    cash::earnings,
    summary::{CashSummary, PayoutSummary, SummaryAmount},
};
use crate::installation::authorised;
use api::payout::{
    AbaAccount, Clabe, CreateBeneficiaryRequest, GetPayoutRequest, Payout, PayoutAttempt, PayoutState, PixKey, RequestPayoutRequest,
    UkAccount, WatchPayoutRequest, create_beneficiary_request::Account,
};
use api::r#type::Money;
use futures::TryStreamExt as _;
use identity::Role;
use runtime::command::UntypedError;
use sandbox::bank::MAGIC;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

/// A US bank's routing number; the pretend bank accepts any.
const ROUTING_NUMBER: &str = "021000021";
/// How long a payout may take until it is final.
const FINAL_MAX: Duration = Duration::from_secs(60);
/// Pause between two polls of a payout whose watch call ended.
const LOOK_DELAY: Duration = Duration::from_millis(200);

/// The expected course of a payout.
#[derive(Debug, Clone, Copy)]
struct PayoutPlan {
    what: &'static str,
    /// Where it goes.
    to: PaidTo,
    /// Rails over which it is tried; the last one pays it, or refuses it.
    rails: &'static [&'static str],
    state: PayoutState,
    reason_code: &'static str,
    unknown_between: bool,
    booked: usize,
}

/// The account of a payout.
#[derive(Debug, Clone, Copy)]
enum PaidTo {
    /// A US account or an IBAN for which the pretend bank has this behaviour.
    Magic(&'static str),
    /// Sort code and account number.
    Uk,
    /// A Pix key.
    Pix,
    /// A CLABE.
    Clabe,
    /// A US account whose first payment the bank refuses, because its bank's service is down.
    RefusedOnce,
}

/// The US account of [`PaidTo::RefusedOnce`].
const REFUSED_ONCE: &str = "5512345678";
/// The clearing at the receiving bank is down (`ExternalStatusReason1Code`): another rail may pay.
const SERVICE_DOWN: &str = "AB05";

const SETTLED: PayoutPlan = PayoutPlan {
    what: "US, instant",
    to: PaidTo::Magic("settle"),
    rails: &["us-rtp"],
    state: PayoutState::Settled,
    reason_code: "",
    unknown_between: false,
    booked: 1,
};

/// One plan for each conversion, in the same order.
const FATES: [PayoutPlan; 8] = [
    SETTLED,
    PayoutPlan { what: "EUR, instant", rails: &["sepa-instant"], ..SETTLED },
    PayoutPlan {
        what: "US, account closed",
        to: PaidTo::Magic("reject:AC04"),
        state: PayoutState::Rejected,
        reason_code: "AC04",
        booked: 0,
        ..SETTLED
    },
    PayoutPlan { what: "US, answer lost", to: PaidTo::Magic("cut"), unknown_between: true, ..SETTLED },
    PayoutPlan { what: "UK, instant", to: PaidTo::Uk, rails: &["gb-fps"], ..SETTLED },
    PayoutPlan { what: "Brazil, Pix key", to: PaidTo::Pix, rails: &["br-pix"], ..SETTLED },
    PayoutPlan { what: "Mexico, CLABE", to: PaidTo::Clabe, rails: &["mx-spei"], ..SETTLED },
    PayoutPlan { what: "US, second rail", to: PaidTo::RefusedOnce, rails: &["us-rtp", "us-fednow"], ..SETTLED },
];

/// Pays out what was converted.
pub async fn pay(story: &mut StoryTelling, cash: &[CashSummary]) -> Result<Vec<PayoutSummary>, UntypedError> {
    story.bank.refuse_once(REFUSED_ONCE, SERVICE_DOWN).await?;
    let at: &StoryTelling = story;
    let work = cash.iter().zip(FATES).map(|(cash, fate)| pay_one(at, cash, fate));
    let payouts = futures::future::try_join_all(work).await?;
    let mut paid = Vec::new();
    for ((cash, fate), payout) in cash.iter().zip(FATES).zip(payouts) {
        paid.push(check(story, cash, fate, payout).await?);
    }
    Ok(paid)
}

fn account(currency: &str, to: PaidTo) -> Result<Account, UntypedError> {
    let us = |account_number: &str| {
        let (routing_number, account_number) = (ROUTING_NUMBER.to_owned(), account_number.to_owned());
        Account::Aba(AbaAccount { routing_number, account_number, ..Default::default() })
    };
    let behaviour = match to {
        PaidTo::Magic(behaviour) => behaviour,
        PaidTo::Uk => {
            let (sort_code, account_number) = ("601613".to_owned(), "31926819".to_owned());
            return Ok(Account::UkAccount(UkAccount { sort_code, account_number }));
        }
        PaidTo::Pix => {
            let (alias_type, alias) = ("email".to_owned(), "creator@example.com".to_owned());
            return Ok(Account::PixKey(PixKey { alias_type, alias }));
        }
        PaidTo::Clabe => return Ok(Account::Clabe(Clabe { clabe: "646180157000000004".to_owned() })),
        PaidTo::RefusedOnce => return Ok(us(REFUSED_ONCE)),
    };
    let magic = MAGIC.iter().find(|magic| magic.behaviour == behaviour).ok_or("the pretend bank knows the behaviour")?;
    Ok(if currency == "USD" { us(magic.account_number) } else { Account::Iban(magic.iban.to_owned()) })
}

async fn pay_one(story: &StoryTelling, cash: &CashSummary, fate: PayoutPlan) -> Result<Payout, UntypedError> {
    let token = story.installation.token(&cash.creator, Role::Creator)?;
    let mut client = story.installation.payout();
    let currency = &cash.net.currency;
    let request = CreateBeneficiaryRequest {
        request_id: Uuid::now_v7().to_string(),
        holder_name: format!("Holder of {}", cash.creator),
        account: Some(account(currency, fate.to)?),
        ..Default::default()
    };
    let created = client.create_beneficiary(authorised(request, &token)?).await?.into_inner();
    let beneficiary = created.beneficiary.ok_or("a beneficiary is told")?;
    let request = RequestPayoutRequest {
        request_id: Uuid::now_v7().to_string(),
        beneficiary_id: beneficiary.beneficiary_id,
        amount: Some(Money { currency_code: currency.clone(), minor_units: cash.net.minor_units }),
        ..Default::default()
    };
    let payout = client.request_payout(authorised(request, &token)?).await?.into_inner().payout.ok_or("a payout is told")?;
    let payout = finish(story, &token, payout.payout_id).await?;
    story.bar.inc(1);
    Ok(payout)
}

/// Watches a payout until it is final or the time is over.
async fn finish(story: &StoryTelling, token: &str, payout_id: String) -> Result<Payout, UntypedError> {
    let until = Instant::now() + FINAL_MAX;
    let mut client = story.installation.payout();
    loop {
        let watched = async {
            let request = WatchPayoutRequest { payout_id: payout_id.clone(), ..Default::default() };
            let mut changes = client.watch_payout(authorised(request, token)?).await?.into_inner();
            while changes.try_next().await?.is_some() {}
            Ok::<_, UntypedError>(())
        };
        // A watch call may be ended early; whether the payout is final is polled below.
        let watched = timeout_at(until, watched).await;
        let request = GetPayoutRequest { payout_id: payout_id.clone(), ..Default::default() };
        let payout = client.get_payout(authorised(request, token)?).await?.into_inner().payout.ok_or("a payout is told")?;
        if matches!(payout.state(), PayoutState::Settled | PayoutState::Rejected) || watched.is_err() {
            return Ok(payout);
        }
        tokio::time::sleep(LOOK_DELAY).await;
    }
}

async fn check(story: &mut StoryTelling, cash: &CashSummary, fate: PayoutPlan, payout: Payout) -> Result<PayoutSummary, UntypedError> {
    let statement = story.bank.statement(&cash.net.currency).await?;
    let booked = statement.entries.iter().filter(|entry| entry.end_to_end_id.as_ref() == Some(&payout.end_to_end_id)).count();
    let earnings = earnings(story, &cash.creator).await?;
    let payable = earnings.payable.iter().find(|money| money.currency_code == cash.net.currency).map_or(0, |money| money.minor_units);
    let steps: Vec<String> = payout.steps.iter().map(|step| told(step.state())).collect();
    let what = fate.what;
    let found = format!("{} after {}", told(payout.state()), steps.join(", "));
    story.expect(&format!("payout ({what}) is {}", told(fate.state)), payout.state() == fate.state, &found);
    story.expect(
        &format!("payout ({what}) has reason code `{}`", fate.reason_code),
        payout.reason_code == fate.reason_code,
        &payout.reason_code,
    );
    let attempts: Vec<&str> = payout.attempts.iter().map(|attempt| attempt.rail.as_str()).collect();
    story.expect(
        &format!("payout ({what}) is tried over {}", fate.rails.join(", then ")),
        attempts == fate.rails,
        &attempts.join(", then "),
    );
    if fate.unknown_between {
        let unknown = told(PayoutState::OutcomeUnknown);
        story.expect(&format!("payout ({what}) is unknown in between"), steps.contains(&unknown), &found);
    }
    story.same(&format!("payout ({what}): times it is to be in the bank's books, and times it is"), fate.booked, booked);
    let back = if fate.state == PayoutState::Rejected { cash.net.minor_units } else { 0 };
    story.same(&format!("payout ({what}): money the creator is to have, and has"), back, payable);
    let last = payout.rail.clone();
    Ok(PayoutSummary {
        what: what.to_owned(),
        creator: cash.creator.clone(),
        amount: cash.net.clone(),
        rail: payout.rail,
        refused_before: payout.attempts.iter().filter(|one| one.end_time.is_some() && one.rail != last).map(told_attempt).collect(),
        state: told(PayoutState::try_from(payout.state)?),
        steps,
        bank_status: payout.bank_status,
        reason_code: payout.reason_code,
        reason: payout.reason,
        bank_time_ms: payout.bank_time_ms,
        our_time_ms: payout.total_time_ms - payout.bank_time_ms,
        booked_at_bank: booked,
        payable_again: SummaryAmount::try_new(&cash.net.currency, payable)?,
        payout_id: payout.payout_id,
        end_to_end_id: payout.end_to_end_id,
    })
}

/// An attempt that was refused, with its reason.
fn told_attempt(attempt: &PayoutAttempt) -> String {
    format!("{} {}", attempt.rail, attempt.reason_code)
}

/// A state in lower case.
fn told(state: PayoutState) -> String {
    state.as_str_name().trim_start_matches("PAYOUT_STATE_").to_lowercase().replace('_', " ")
}
