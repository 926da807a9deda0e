//! The chapters about payouts: what became of each, and what they cost.
use crate::story::summary::{LevelSummary, PayoutSummary, RailSummary, ReportSummary, ReviewSummary, grouped};
use std::collections::BTreeSet;

/// Two lines for each payout, and one more if something happened besides.
pub fn pay(paid: &[PayoutSummary]) -> Vec<String> {
    let mut lines = Vec::new();
    for paid in paid {
        let time = format!("bank {} ms + ours {} ms", grouped(paid.bank_time_ms), grouped(paid.our_time_ms));
        let course = if paid.bank_status.is_empty() { "sent to no bank".to_owned() } else { format!("{}; {time}", paid.rail) };
        // Until when it may come back is said below.
        let state = paid.state.strip_suffix(" returnable").unwrap_or(&paid.state);
        lines.push(format!("{:<20}{:>14}  {state:<11}{course}", paid.what, paid.amount.to_string()));
        lines.push(outcome(paid));
        lines.extend(fell_back(paid));
        lines.extend(paid.review.as_ref().map(|review| reviewed(paid, review)));
        lines.extend(came_back(paid));
    }
    lines
}

/// The states, the bank's last answer, and what its books say.
fn outcome(paid: &PayoutSummary) -> String {
    let mut steps = paid.steps.clone();
    // A second rail and a return are steps of their own within a state.
    steps.dedup();
    let status = if paid.bank_status.is_empty() { String::new() } else { format!(" ({})", paid.bank_status) };
    let booked = match paid.booked_at_bank {
        0 => "not in the bank's books".to_owned(),
        1 => "once in the bank's books".to_owned(),
        times => format!("{times} times in the bank's books"),
    };
    let is_blocked = paid.review.as_ref().is_some_and(|review| review.is_true_match);
    let end = if is_blocked { "; the creator sees no more than that" } else { "" };
    format!("  {}{status}; {booked}{end}", steps.join(" > "))
}

/// Which rails refused it before and why, and until when the payment may come back.
fn fell_back(paid: &PayoutSummary) -> Option<String> {
    let until = if paid.returnable_until.is_empty() { String::new() } else { format!("; may come back until {}", paid.returnable_until) };
    let refused = paid.refused_before.join(" and ");
    (!refused.is_empty()).then(|| format!("  {refused} refused it: {}{until}", paid.refused_because))
}

/// What screening found, and what people decided.
fn reviewed(paid: &PayoutSummary, review: &ReviewSummary) -> String {
    let listed = format!("the listed \"{}\" ({:.3})", review.listed_name, f64::from(review.score_thousandths) / 1000.0);
    if review.is_true_match {
        let people = review.people.join(" and ");
        return format!("  is {listed}, say {people}; {} blocked, report due {}", paid.blocked, review.report_due_date);
    }
    format!("  resembles {listed}; cleared by {}: {}", review.people.join(" and "), review.reason)
}

/// What the creator has back, and why.
fn came_back(paid: &PayoutSummary) -> Vec<String> {
    let payable = format!("{} payable again", paid.payable_again);
    if !paid.reason_code.is_empty() {
        return vec![format!("  rejection ({}): {}; {payable}", paid.reason_code, paid.reason)];
    }
    let Some(back) = paid.returns.first() else { return Vec::new() };
    if let Some(recall) = paid.recalls.first() {
        let how = if recall.is_repaid_anew { "as a new payment" } else { "as a return" };
        let steps = recall.steps.join(" > ");
        return vec![format!("  recall ({}): {steps}; {} came back {how}; {payable}", recall.code, back.amount)];
    }
    let charge = format!(", and their bank kept {}, of which we bear {}", back.charge.plain(), back.charge_borne.plain());
    let charge = if back.charge.minor_units > 0 { charge } else { String::new() };
    vec![format!("  return ({}): {}", back.code, back.meaning), format!("  {} came back{charge}; {payable}", back.amount)]
}

/// The report by rail, and beside e-wallets.
pub fn cost(report: &ReportSummary) -> Vec<String> {
    let mut lines = vec![format!(
        "{:<16}{:>8}{:>5}{:>13}{:>6}{:>8}{:>8}{:>8}  {}",
        "rail", "payouts", "paid", "amount paid", "cost", "p50 ms", "p99 ms", "instant", "besides"
    )];
    lines.extend(report.rails.iter().map(rail));
    lines.push("  p50, p99: from request to account (the ACH bank's clock was moved by a week); instant: within 20 seconds".to_owned());
    for wallet in &report.wallets {
        lines.push(format!("beside {} (confidence {})", wallet.name, wallet.wallet_confidence));
        lines.push(format!(
            "{:<10}{:>13}{:>13}{:>15}{:>13}{:>16}  {}",
            "  level", "wallet costs", "bank costs", "times cheaper", "wallet days", "times faster", "ten times cheaper"
        ));
        lines.extend(wallet.levels.iter().map(level));
    }
    let compared: BTreeSet<String> =
        report.wallets.iter().map(|wallet| format!("{} payouts of {}", wallet.payouts, wallet.amount)).collect();
    let dated: BTreeSet<&str> = report.wallets.iter().map(|wallet| wallet.as_of.as_str()).collect();
    let of_bank: BTreeSet<&str> = report.wallets.iter().map(|wallet| wallet.bank_confidence.as_str()).collect();
    let join = |parts: BTreeSet<&str>| parts.into_iter().collect::<Vec<_>>().join(", ");
    lines.push(format!(
        "compared: {} with fees, a day's part of monthly prices, returns and checks of payees",
        compared.into_iter().collect::<Vec<_>>().join(", ")
    ));
    lines.push(format!(
        "figures of {}; the bank's: confidence {}; P: from the provider, S: from others, K: not verified",
        join(dated),
        join(of_bank)
    ));
    lines
}

fn rail(rail: &RailSummary) -> String {
    let rejected = rail.rejected.iter().map(|(code, payouts)| format!("{payouts} rejected {code}"));
    let returned = (rail.returned.minor_units > 0).then(|| format!("{} returned", rail.returned.plain()));
    let ended = rail.paid + rail.rejected.iter().map(|(_, payouts)| payouts).sum::<i64>();
    let open = (rail.payouts > ended).then(|| format!("{} open", rail.payouts - ended));
    let others: Vec<String> = rejected.chain(open).chain(returned).collect();
    let instant = rail.instant_share.parse::<f64>().map_or_else(|_| "-".to_owned(), |share| format!("{:.0} %", share * 100.0));
    format!(
        "{:<16}{:>8}{:>5}{:>13}{:>6}{:>8}{:>8}{:>8}  {}",
        rail.rail,
        rail.payouts,
        rail.paid,
        rail.paid_amount.to_string(),
        rail.cost.plain(),
        grouped(rail.account_time_p50_ms),
        grouped(rail.account_time_p99_ms),
        instant,
        others.join(", ")
    )
}

fn level(level: &LevelSummary) -> String {
    let (from, until) = (&level.ten_times_from, &level.ten_times_until);
    let amounts = match (from.minor_units, until.minor_units) {
        (0, _) => "at no amount".to_owned(),
        (_, 0) => format!("from {from}"),
        _ => format!("from {} to {until}", from.plain()),
    };
    format!(
        "{:<10}{:>13}{:>13}{:>15}{:>13}{:>16}  {amounts}",
        format!("  {}", level.level),
        level.wallet_total,
        level.bank_total,
        or_none(&level.times_cheaper),
        level.wallet_days,
        whole(&level.times_faster)
    )
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

/// A decimal number without its fraction, with commas between thousands.
fn whole(decimal: &str) -> String {
    let (whole, _) = decimal.split_once('.').unwrap_or((decimal, ""));
    whole.parse().map_or_else(|_| or_none(decimal).to_owned(), grouped)
}
