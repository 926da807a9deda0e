//! The summary as text for people: short, aligned, in plain words.
use super::{
    facts,
    summary::{
        BuySummary, CashSummary, ConcentrationSummary, GiftSummary, ProofSummary, StorySummary, SummaryAmount, SummaryLine, TrySummary,
        grouped,
    },
};
use std::{collections::BTreeMap, fmt::Write as _};

mod payouts;
mod stores;
mod treasury;

/// The summary of the whole story.
#[must_use]
pub fn tell(summary: &StorySummary) -> String {
    let processes = if summary.split { "one process for each service" } else { "all services in one process" };
    let engine = if summary.database.starts_with("sqlite:") { "SQLite" } else { "PostgreSQL" };
    let mut text = format!("Largesse demo: {processes}, {engine}, book {}, seed {}, pretend money\n\n", summary.book, summary.seed);
    section(&mut text, "BUY", &buy(&summary.buy));
    section(&mut text, "GIFT", &gift(&summary.gift));
    section(&mut text, "STORES", &stores::stores(&summary.stores));
    section(&mut text, "CASH", &cash(&summary.cash));
    section(&mut text, "PAY", &payouts::pay(&summary.pay));
    section(&mut text, "COST", &payouts::cost(&summary.cost));
    section(&mut text, "TREASURY", &treasury::treasury(&summary.treasury));
    section(&mut text, "PROVE", &prove(&summary.prove));
    section(&mut text, "TRY", &attempts(&summary.r#try));
    text
}

fn section(text: &mut String, name: &str, lines: &[String]) {
    for (at, line) in lines.iter().enumerate() {
        let name = if at == 0 { name } else { "" };
        writeln!(text, "{}", format!("{name:<6} {line}").trim_end()).expect("a String takes everything");
    }
    text.push('\n');
}

fn count(number: usize) -> String {
    grouped(i64::try_from(number).unwrap_or(i64::MAX))
}

fn amounts(amounts: &[SummaryAmount]) -> String {
    amounts.iter().map(SummaryAmount::to_string).collect::<Vec<_>>().join(", ")
}

fn buy(buy: &BuySummary) -> Vec<String> {
    vec![
        format!("{} viewers made {} purchases for {}: {} coins", buy.buyers, count(buy.purchases), amounts(&buy.gross), grouped(buy.coins)),
        format!("a receipt presented again by another user was refused: {}", buy.replayed_receipt_refused),
        format!("the store paid us {} (after its commission); the treasury added {}", amounts(&buy.store_settlement), buy.treasury_funding),
    ]
}

fn gift(gift: &GiftSummary) -> Vec<String> {
    let GiftSummary { cost, crash, .. } = gift;
    let [_, (_, median), (_, p90), (_, p95), (_, p99)] = facts::COST_QUANTILES;
    vec![
        format!(
            "{} gifts ({} of them streaks) in {} calls from {} viewers to {} creators in {} rooms",
            count(gift.gifts),
            gift.streaks,
            count(gift.calls),
            gift.senders,
            gift.creators,
            gift.rooms
        ),
        format!(
            "{} coins in {} postings; the top creator got {:.1} %",
            grouped(gift.coins),
            count(gift.postings),
            gift.top_creator_percent
        ),
        format!("latency p50 {:.1} ms, p99 {:.1} ms with {} calls at once", gift.latency_p50_ms, gift.latency_p99_ms, gift.calls_at_once),
        format!("{:<26}{:>9}{:>9}{:>9}{:>9}", "coins per charge", "median", "p90", "p95", "p99"),
        format!("{:<26}{:>9}{:>9}{:>9}{:>9}", "  here", cost.median, cost.p90, cost.p95, grouped(cost.p99)),
        format!("{:<26}{median:>9}{p90:>9}{p95:>9}{p99:>9.0}", "  KuaiLive dataset"),
        format!("{:<26}{:>9}{:>9}{:>9}{:>9}", "share of all coins, %", "top 1%", "dataset", "top 10%", "dataset"),
        shares("  creators", &gift.top_creators),
        shares("  viewers", &gift.top_senders),
        format!(
            "the ledger's process {} was killed (kill -9) with {} calls unanswered, back after {} ms",
            crash.process_id, crash.unanswered, crash.restart_ms
        ),
        format!(
            "retried with the same ids: {} had been committed, {} had not; {} coins charged, none lost, none twice",
            crash.had_been_committed,
            crash.had_not_been_committed,
            grouped(crash.coins)
        ),
    ]
}

fn shares(who: &str, share: &ConcentrationSummary) -> String {
    format!(
        "{who:<26}{:>9.1}{:>9.1}{:>9.1}{:>9.1}",
        share.top1_percent, share.dataset_top1_percent, share.top10_percent, share.dataset_top10_percent
    )
}

fn cash(cash: &[CashSummary]) -> Vec<String> {
    let mut lines: Vec<String> = cash
        .iter()
        .map(|cash| {
            format!(
                "{:<14}{:>8} diamonds x {:<8} {} (rate of {}) = {:>11}, withheld {}",
                cash.creator,
                grouped(cash.diamonds),
                cash.rate,
                cash.gross.currency,
                cash.rate_date,
                cash.net.plain(),
                cash.withholding.plain()
            )
        })
        .collect();
    lines.push("withholding is 0 because the rate card says so (terms.withholding_bps = 0)".to_owned());
    lines
}

fn prove(prove: &ProofSummary) -> Vec<String> {
    let [issued, spent, held, owed] = [prove.coins_issued, prove.coins_spent, prove.coins_held, prove.coins_owed].map(grouped);
    let mut lines = vec![format!("{issued} coins issued = {spent} spent + {held} held - {owed} owed")];
    for cash in &prove.bank_cash {
        let entries = cash.statement_entries;
        let entries = if entries == 1 { "1 entry".to_owned() } else { format!("{entries} entries") };
        lines.push(format!("our books say {} at the {} = its own statement (camt.053, {entries})", cash.ledger, cash.bank));
    }
    let (returned, blocked) = (amounts(&prove.returned), amounts(&prove.blocked));
    lines.push(format!("this includes {returned} that payees' banks sent back, and {blocked} of blocked funds"));
    lines.push(format!("{:<8}{:<36}{:>7}{:>18}{:>18}", "unit", "accounts", "number", "debits", "credits"));
    let is_shown = |line: &&SummaryLine| line.unit == "COIN" || (line.unit == "USD" && line.debits != line.credits);
    let (shown, summed): (Vec<&SummaryLine>, Vec<&SummaryLine>) = prove.trial_balance.iter().partition(is_shown);
    lines.extend(shown.into_iter().map(trial));
    // Whole in `--json`; here one line for each of the other units, and for what is level in dollars, so that the chapter fits on a screen.
    let mut by_unit: BTreeMap<&str, SummaryLine> = BTreeMap::new();
    for line in summed {
        let sum = by_unit.entry(&line.unit).or_insert_with(|| SummaryLine {
            accounts: if line.unit == "USD" { "others, level" } else { "all" }.to_owned(),
            count: 0,
            debits: 0,
            credits: 0,
            unit: line.unit.clone(),
        });
        sum.count += line.count;
        sum.debits += line.debits;
        sum.credits += line.credits;
    }
    lines.extend(by_unit.values().map(trial));
    lines.push(format!(
        "verify passes: {} events and {} transfers follow from one another, up to commit {}:",
        grouped(prove.events),
        grouped(prove.transfers),
        grouped(prove.head_commit_no)
    ));
    lines.push(format!("  {}", prove.head_hash));
    let changed = &prove.changed_copy;
    lines.push(format!(
        "one byte of event {} changed in a copy: verify names event {}",
        grouped(changed.event),
        grouped(changed.named_event)
    ));
    lines.push(format!("  ({}); the original {}", changed.problem, if changed.original_ok { "passes" } else { "FAILS" }));
    lines
}

fn trial(line: &SummaryLine) -> String {
    let SummaryLine { unit, accounts, count, debits, credits } = line;
    // Coins and diamonds are not currencies.
    let amount = |amount: i64| SummaryAmount::try_new(unit, amount).map_or_else(|_| grouped(amount), |amount| amount.plain());
    format!("{unit:<8}{accounts:<36}{:>7}{:>18}{:>18}", grouped(*count), amount(*debits), amount(*credits))
}

fn attempts(attempts: &TrySummary) -> Vec<String> {
    let mut lines = attempts.lines.clone();
    for process in &attempts.processes {
        lines.push(format!("process {} runs {}", process.process_id, process.services.join(", ")));
    }
    if let (Some(_), ids) = (attempts.processes.first(), attempts.processes.iter().rev().map(|process| process.process_id.to_string())) {
        lines.push(format!("stop with: kill {}", ids.collect::<Vec<_>>().join(" ")));
    }
    lines
}
