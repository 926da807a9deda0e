//! The rules for what a migration file imports.
use super::{
    BTreeMap, BTreeSet, Date, FAULTS_MAX, ImportedAccount, LeafState, MigrationFile, MigrationPlan, MigrationProblem, MigrationRule,
    OLD_ACCOUNTS_MAX, OldAccount, OldTotal, Structure, WantedOldAccount,
};

/// What is wrong so far.
#[derive(Debug, Default)]
struct BrokenRules(Vec<MigrationProblem>);

impl BrokenRules {
    fn add(&mut self, line: usize, id: &str, rule: MigrationRule, why: impl Into<String>) {
        self.0.push(MigrationProblem { line, id: id.to_owned(), rule, why: why.into() });
    }
}

/// What `file` imports into `structure` besides what is `known`; or every rule that it breaks, in the order of its lines.
pub fn check(
    structure: &Structure,
    file: &MigrationFile,
    known: &BTreeMap<String, ImportedAccount>,
    today: Date,
) -> Result<MigrationPlan, Vec<MigrationProblem>> {
    let mut problems = BrokenRules::default();
    let (mut ids, mut numbers): (BTreeMap<&str, usize>, BTreeMap<[&str; 3], usize>) = (BTreeMap::new(), BTreeMap::new());
    let taken: BTreeSet<[&str; 3]> = structure
        .accounts
        .values()
        .map(|account| [account.branch.as_str(), account.currency.code(), account.number.as_str()])
        .chain(known.values().map(|one| bank_key(&one.account)))
        .collect();
    let mut new = Vec::new();
    for wanted in &file.accounts {
        let (line, account, id) = (wanted.line, &wanted.account, wanted.account.id.as_str());
        if let Some(first) = ids.insert(id, line) {
            problems.add(line, id, MigrationRule::Duplicate, format!("is on line {first} already"));
            continue;
        }
        if let Some(first) = numbers.insert(bank_key(account), line) {
            problems.add(line, id, MigrationRule::Duplicate, format!("is the same account at the bank as that on line {first}"));
        }
        match known.get(id) {
            Some(before) if before.account == *account => continue,
            Some(_) => {
                let why = "was imported before with other values, and nothing of it changes: leave its row as it was, or out";
                problems.add(line, id, MigrationRule::Fixed, why);
                continue;
            }
            None => {}
        }
        if structure.accounts.contains_key(id) || structure.nodes.contains_key(id) {
            problems.add(line, id, MigrationRule::Duplicate, "is the id of a physical account or node of the structure");
        }
        if taken.contains(&bank_key(account)) {
            problems.add(line, id, MigrationRule::Duplicate, "is an account at the bank that is known by another id");
        }
        of_leaf(structure, wanted, &mut problems);
        amounts(wanted, today, &mut problems);
        new.push(account.clone());
    }
    if known.len() + new.len() > OLD_ACCOUNTS_MAX {
        let why = format!("would make {} old accounts, and at most {OLD_ACCOUNTS_MAX} are kept", known.len() + new.len());
        problems.add(1, "file", MigrationRule::Size, why);
    }
    totals(file, &mut problems);
    let BrokenRules(mut found) = problems;
    if found.is_empty() {
        return Ok(MigrationPlan { revision: structure.revision, accounts: new });
    }
    found.sort_by_key(|problem| problem.line);
    found.truncate(FAULTS_MAX);
    Err(found)
}

/// By what a bank knows an account.
fn bank_key(account: &OldAccount) -> [&str; 3] {
    [account.branch.as_str(), account.currency.code(), account.number.as_str()]
}

/// The leaf must be able to take the money, and be whose it is.
fn of_leaf(structure: &Structure, wanted: &WantedOldAccount, problems: &mut BrokenRules) {
    let (line, account, id) = (wanted.line, &wanted.account, wanted.account.id.as_str());
    let node = structure.nodes.get(&account.leaf);
    let (Some(node), Some(leaf), Some(root)) = (node, node.and_then(|node| node.leaf()), structure.root(&account.leaf)) else {
        problems.add(line, id, MigrationRule::Leaf, format!("goes to {}, which is no leaf of the structure", account.leaf));
        return;
    };
    if leaf.standard.is_some() {
        problems.add(line, id, MigrationRule::Leaf, format!("goes to {}, a standard leaf, which has no owner", node.id));
    }
    if leaf.state != LeafState::Open {
        problems.add(line, id, MigrationRule::Leaf, format!("goes to {}, which is {}, not open", node.id, leaf.state.name()));
    }
    if root.currency != account.currency {
        let why =
            format!("has {}, and its leaf {} {}: money never changes its currency in a move", account.currency, node.id, root.currency);
        problems.add(line, id, MigrationRule::Currency, why);
    }
    if node.entity != account.entity {
        let why = format!("is held by {}, and its leaf {} by {}: the move would be a loan", account.entity, node.id, node.entity);
        problems.add(line, id, MigrationRule::Entity, why);
    }
    if leaf.funds != account.funds {
        let why = format!("has {} funds, and its leaf {} is for {} funds", account.funds, node.id, leaf.funds);
        problems.add(line, id, MigrationRule::Funds, why);
    }
}

fn amounts(wanted: &WantedOldAccount, today: Date, problems: &mut BrokenRules) {
    let (line, account, id) = (wanted.line, &wanted.account, wanted.account.id.as_str());
    if account.balance < 0 {
        let why = format!("is overdrawn by {} minor units: repay the bank first, a leaf is no loan", account.balance.unsigned_abs());
        problems.add(line, id, MigrationRule::Negative, why);
    }
    if account.monthly_cost < 0 {
        problems.add(line, id, MigrationRule::Negative, "costs less than nothing in a month");
    }
    if account.statement_day > today {
        let why = format!("has a statement of {}, which is after today, {today}", account.statement_day);
        problems.add(line, id, MigrationRule::Statement, why);
    }
}

/// Each currency has one row with its sum, and the sum is right: a file that was cut off imports nothing.
fn totals(file: &MigrationFile, problems: &mut BrokenRules) {
    let mut sums: BTreeMap<&str, (OldTotal, usize)> = BTreeMap::new();
    for wanted in &file.accounts {
        let (sum, line) = sums.entry(wanted.account.currency.code()).or_default();
        *line = wanted.line;
        if sum.add(wanted.account.balance, 0).is_none() {
            problems.add(wanted.line, &wanted.account.id, MigrationRule::Totals, "makes a sum that is more than can be counted");
            return;
        }
    }
    let mut seen = BTreeSet::new();
    for total in &file.totals {
        let code = total.currency.code();
        let (sum, _) = sums.get(code).copied().unwrap_or_default();
        if !seen.insert(code) {
            problems.add(total.line, "total", MigrationRule::Totals, format!("of {code} is there twice"));
        }
        if (usize::try_from(sum.accounts).ok(), sum.balance) != (Some(total.count), total.sum) {
            let why = format!(
                "of {code} says {} accounts with {} minor units, and the file has {} with {}",
                total.count, total.sum, sum.accounts, sum.balance
            );
            problems.add(total.line, "total", MigrationRule::Totals, why);
        }
    }
    for (code, (_, line)) in sums.iter().filter(|(code, _)| !seen.contains(*code)) {
        problems.add(
            *line,
            "total",
            MigrationRule::Totals,
            format!("of {code} is missing: a last row with number and sum of its accounts"),
        );
    }
}
