//! How plans and trees are written.
use api::treasury::{ApplyStructureResponse, FundsClass, LeafState, PlanStructureResponse, VirtualAccount, VirtualAccountKind};
use money::Currency;
use serde_json::{Value, json};
use std::fmt::Write as _;

#[cfg(test)]
mod tests;

/// A plan, one change a line, and how to apply it.
#[must_use]
pub fn plan_text(plan: &PlanStructureResponse, file: &str) -> String {
    let PlanStructureResponse { hash, revision, effective_date, change_count, changes } = plan;
    if *change_count == 0 {
        return format!("no changes: revision {revision} is as the file says\n");
    }
    let mut text = format!("{} to revision {revision}, in force from {effective_date}:\n", counted(*change_count));
    for change in changes {
        let _ = writeln!(text, "  {:<14}  {}", change.kind, change.text);
    }
    let left_out = change_count - i64::try_from(changes.len()).unwrap_or(i64::MAX);
    if left_out > 0 {
        let _ = writeln!(text, "  and {left_out} more, which the hash covers");
    }
    let _ = writeln!(text, "hash {hash}\nto make them: largesse treasury apply {file} --plan {hash}");
    text
}

/// The same as JSON.
#[must_use]
pub fn plan_json(plan: &PlanStructureResponse) -> Value {
    let changes: Vec<Value> =
        plan.changes.iter().map(|change| json!({ "id": change.id, "kind": change.kind, "text": change.text })).collect();
    json!({
        "hash": plan.hash,
        "revision": plan.revision,
        "effective_date": plan.effective_date,
        "change_count": plan.change_count,
        "changes": changes,
    })
}

/// What was applied, in a line.
#[must_use]
pub fn applied_text(applied: &ApplyStructureResponse) -> String {
    let ApplyStructureResponse { revision, change_count, replayed } = applied;
    match (*change_count, replayed) {
        (0, _) => format!("no changes: the structure stays at revision {revision}\n"),
        (count, true) => format!("this plan was applied before: {}, revision {revision}\n", counted(count)),
        (count, false) => format!("applied: {}, now revision {revision}\n", counted(count)),
    }
}

/// The same as JSON.
#[must_use]
pub fn applied_json(applied: &ApplyStructureResponse) -> Value {
    json!({ "revision": applied.revision, "change_count": applied.change_count, "replayed": applied.replayed })
}

fn counted(changes: i64) -> String {
    if changes == 1 { "1 change".to_owned() } else { format!("{changes} changes") }
}

/// The trees, one item a line, with balances on the right.
#[must_use]
pub fn listed_text(listed: &[VirtualAccount]) -> String {
    if listed.is_empty() {
        return "there are no accounts\n".to_owned();
    }
    let branches = branches(listed);
    let labels: Vec<String> = listed.iter().zip(&branches).map(|(one, branch)| format!("{branch}{}  {}", one.id, label(one))).collect();
    let balances: Vec<String> =
        listed.iter().map(|one| one.balance.map_or_else(String::new, |sums| amount(sums.booked_minor_units, one))).collect();
    let width = |texts: &[String]| texts.iter().map(|text| text.chars().count()).max().unwrap_or_default();
    let (wide, broad) = (width(&labels), width(&balances));
    let mut text = String::new();
    for ((one, label), balance) in listed.iter().zip(labels).zip(balances) {
        let padding = " ".repeat(wide - label.chars().count());
        let line = format!("{label}{padding}  {balance:>broad$}{}", remarks(one));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// What is drawn before each item. An item is its parent's last if no item of its depth follows before one that is less deep.
fn branches(listed: &[VirtualAccount]) -> Vec<String> {
    // Whether an item of each depth follows below the current one.
    let mut follows: Vec<bool> = Vec::new();
    let mut drawn = Vec::with_capacity(listed.len());
    for one in listed.iter().rev() {
        let depth = usize::try_from(one.depth).unwrap_or_default();
        follows.resize(follows.len().max(depth + 1), false);
        let mut branch: String = (1..depth).map(|level| if follows[level] { "│  " } else { "   " }).collect();
        if depth > 0 {
            branch.push_str(if follows[depth] { "├─ " } else { "└─ " });
        }
        drawn.push(branch);
        follows.truncate(depth + 1);
        follows[depth] = true;
    }
    drawn.reverse();
    drawn
}

fn label(one: &VirtualAccount) -> String {
    match one.kind() {
        VirtualAccountKind::Physical => format!("{} ({})", one.name, one.currency_code),
        VirtualAccountKind::Unspecified | VirtualAccountKind::Summary | VirtualAccountKind::Leaf => one.name.clone(),
    }
}

/// What is unusual about an item: money at the bank that is not what its leaves say, funds that are not the company's, a leaf that is not in use.
fn remarks(one: &VirtualAccount) -> String {
    let mut remarks = String::new();
    if let Some(sums) = one.balance.filter(|_| one.kind() == VirtualAccountKind::Physical) {
        let cash = amount(sums.cash_minor_units, one);
        let equal = if sums.cash_minor_units == sums.booked_minor_units { "" } else { ", WHICH DIFFERS" };
        let _ = write!(remarks, "  {cash} at the bank{equal}");
    }
    match one.funds_class() {
        FundsClass::Client => remarks.push_str("  client funds"),
        FundsClass::Blocked => remarks.push_str("  blocked funds"),
        FundsClass::Own | FundsClass::Unspecified => {}
    }
    match one.state() {
        LeafState::PendingOpen => remarks.push_str("  to be opened"),
        LeafState::PendingClose => remarks.push_str("  to be closed"),
        LeafState::Closed => remarks.push_str("  closed"),
        LeafState::Open | LeafState::Unspecified => {}
    }
    if !one.claims.is_empty() {
        let _ = write!(remarks, "  covers {}", one.claims.join(", "));
    }
    remarks
}

fn amount(minor_units: i64, one: &VirtualAccount) -> String {
    money_text(minor_units, &one.currency_code)
}

/// Minor units as people write them.
pub(crate) fn money_text(minor_units: i64, currency_code: &str) -> String {
    let digits = Currency::try_new(currency_code).map_or(0, |currency| currency.minor_digits());
    let unit = 10_u64.pow(digits);
    let (sign, size) = (if minor_units < 0 { "-" } else { "" }, minor_units.unsigned_abs());
    match digits {
        0 => format!("{sign}{size}"),
        _ => format!("{sign}{}.{:0width$}", size / unit, size % unit, width = digits as usize),
    }
}

/// The trees as JSON.
#[must_use]
pub fn listed_json(listed: &[VirtualAccount]) -> Value {
    let lower = |name: &str, prefix: &str| name.strip_prefix(prefix).unwrap_or(name).to_lowercase();
    let item = |one: &VirtualAccount| {
        let balance = one.balance.map(|sums| {
            json!({
                "booked_minor_units": sums.booked_minor_units,
                "pending_debit_minor_units": sums.pending_debit_minor_units,
                "pending_credit_minor_units": sums.pending_credit_minor_units,
                "cash_minor_units": sums.cash_minor_units,
            })
        });
        json!({
            "id": one.id,
            "kind": lower(one.kind().as_str_name(), "VIRTUAL_ACCOUNT_KIND_"),
            "parent": one.parent,
            "physical_account": one.physical_account,
            "depth": one.depth,
            "name": one.name,
            "entity": one.entity,
            "currency_code": one.currency_code,
            "level": one.level,
            "funds_class": lower(one.funds_class().as_str_name(), "FUNDS_CLASS_"),
            "state": lower(one.state().as_str_name(), "LEAF_STATE_"),
            "standard": one.standard,
            "uses": one.uses,
            "numbers": one.numbers,
            "number_count": one.number_count,
            "claims": one.claims,
            "balance": balance,
        })
    };
    Value::Array(listed.iter().map(item).collect())
}
