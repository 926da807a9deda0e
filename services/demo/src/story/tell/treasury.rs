//! The chapter of the treasury as text.
use crate::story::summary::{ClosedDaySummary, TreasurySummary, grouped};

/// The accounts, a day of them that is closed, and the tree.
pub(super) fn treasury(treasury: &TreasurySummary) -> Vec<String> {
    let TreasurySummary { monthly_cost_before, monthly_cost_after, cost_source, .. } = treasury;
    let mut lines = vec![
        format!(
            "{} bank accounts became {} with {} leaves: {} moved, each leaf's opening by its statements",
            grouped(treasury.old_accounts),
            treasury.physical_accounts,
            treasury.leaves,
            treasury.moved
        ),
        format!("a month cost {monthly_cost_before}, and costs {monthly_cost_after} ({cost_source})"),
        format!(
            "{} payers used old numbers: {} on the leaves that replace them; {} days without one close an account",
            treasury.receipts, treasury.received, treasury.quiet_days
        ),
        "a creator of each app was paid from the app's leaf, on behalf of the app's company:".to_owned(),
    ];
    lines.extend(treasury.payouts.iter().map(|paid| {
        let (amount, rail, leaf, before, after) = (paid.amount.to_string(), &paid.rail, &paid.leaf, &paid.leaf_before, &paid.leaf_after);
        format!("  {leaf:<15}{amount:>11} over {rail} for {}: the leaf had {before}, and has {after}", paid.on_behalf_of)
    }));
    lines.extend(closed(&treasury.closed_day));
    lines.extend(treasury.tree.iter().map(|line| format!("  {line}")));
    lines.push(match treasury.picture.as_str() {
        "" => "the same as a picture: treasury.svg in the data directory of `largesse demo --keep`".to_owned(),
        file => format!("the same as a picture: {file}"),
    });
    lines
}

fn closed(closed: &ClosedDaySummary) -> Vec<String> {
    let ClosedDaySummary { day, format, entries, cases, bank, books, timing_items } = closed;
    let mut lines = vec![
        format!("the bank's statement of {day} ({format}): {entries} entries of today, dated back: only past days close"),
        format!("{} of them are matched; the bank made mistakes with {}:", entries - i64::try_from(cases.len()).unwrap_or(0), cases.len()),
    ];
    for case in cases {
        let (class, amount, difference) = (&case.class, case.amount.to_string(), &case.difference);
        lines.push(format!("  {class:<15}{amount:>11}, books and bank differ by {difference}; {}: {}", case.owner, case.next_step));
        lines.push(format!(
            "    {} booked {} from {} to {}, {} approved: {} differ",
            case.proposed_by, case.adjusted, case.debit, case.credit, case.approved_by, case.difference_after
        ));
    }
    lines.push(format!("{day} is closed for ever: {bank} at the bank = {books} in the books, {timing_items} differences remain"));
    lines
}
