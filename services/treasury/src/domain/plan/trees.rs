//! The rules for the trees that result from a file's changes.
use super::{BrokenRules, NODES_MAX, PROBLEMS_MAX, PlanFacts, Rule};
use crate::domain::{
    FundsClass, Level, Node, NodeKind, PhysicalAccount, Structure, StructureFile, WantedNode, node::DEPTH_MAX, structure::WayUp,
};

/// Checks every node that the file names, and the depth of all that are below one that moves.
pub(super) fn check(before: &Structure, after: &Structure, file: &StructureFile, facts: &PlanFacts<'_>, problems: &mut BrokenRules) {
    if after.nodes.len() > NODES_MAX {
        let line = file.nodes.last().map_or(1, |wanted| wanted.line);
        let why = format!("would make it {} nodes, and a structure has at most {NODES_MAX}", after.nodes.len());
        problems.add(line, "structure", Rule::Size, why);
        return;
    }
    let whole = problems.0.len();
    for wanted in &file.nodes {
        if let Some(root) = check_way(before, after, wanted, problems) {
            check_place(after, root, wanted, facts, problems);
        }
        // Each way up of a file of one endless chain is as long as the file.
        if problems.0.len() >= PROBLEMS_MAX {
            return;
        }
    }
    if problems.0.len() == whole
        && file.nodes.iter().any(|wanted| before.nodes.get(&wanted.node.id).is_some_and(|old| old.parent != wanted.node.parent))
    {
        check_below(after, file, facts, problems);
    }
}

/// Whether the way up ends at a physical account, and at the one where it ended before.
fn check_way<'a>(
    before: &Structure,
    after: &'a Structure,
    wanted: &'a WantedNode,
    problems: &mut BrokenRules,
) -> Option<&'a PhysicalAccount> {
    let (line, node) = (wanted.line, &wanted.node);
    let id = node.id.as_str();
    let root = match after.way_up(id) {
        WayUp::Cycle(at) => {
            problems.add(line, id, Rule::Cycle, format!("would be below itself: its way up comes back to {at}"));
            return None;
        }
        WayUp::Missing(at) if at == node.parent => {
            problems.add(line, id, Rule::Parent, format!("has the parent {at}, which is neither in the file nor in the structure"));
            return None;
        }
        // The node that lacks its parent has its own problem.
        WayUp::Missing(_) => return None,
        WayUp::Root(_, steps) if steps > DEPTH_MAX => {
            problems.add(line, id, Rule::Depth, format!("would be {steps} steps below its physical account; {DEPTH_MAX} are allowed"));
            return None;
        }
        WayUp::Root(root, _) => after.accounts.get(root)?,
    };
    if after.nodes.get(&node.parent).is_some_and(|parent| parent.leaf().is_some()) {
        problems.add(line, id, Rule::Parent, format!("has the parent {}, which is a leaf: only summary nodes have children", node.parent));
    }
    if let Some(old) = before.root(id).filter(|old| old.id != root.id) {
        let (rule, why) = match old.currency == root.currency {
            false => (
                Rule::Currency,
                format!("would move from {} in {} to {} in {}: no move changes the currency", old.id, old.currency, root.id, root.currency),
            ),
            true => (Rule::OtherAccount, format!("would move from {} to {}: its money is at the bank of {}", old.id, root.id, old.id)),
        };
        problems.add(line, id, rule, why);
    }
    Some(root)
}

/// Levels and classes of funds on the way up, and what the physical account is for.
fn check_place(after: &Structure, root: &PhysicalAccount, wanted: &WantedNode, facts: &PlanFacts<'_>, problems: &mut BrokenRules) {
    let (line, node) = (wanted.line, &wanted.node);
    let id = node.id.as_str();
    let wider = after.above(id).find_map(|above| above.level.map(|level| (above, level)));
    if let (Some(level), Some((above, upper))) = (node.level, wider)
        && upper >= level
    {
        problems.add(line, id, Rule::Level, format!("is {} under {}, which is {}", named(level), above.id, named(upper)));
    }
    if let Some((above, class)) = after.above(id).find_map(|above| above.funds().map(|class| (above, class)))
        && node.funds() != Some(class)
    {
        let has = node.funds().map_or("any", FundsClass::name);
        problems.add(line, id, Rule::Funds, format!("is for {has} funds, and {} above it for {class} funds only", above.id));
    }
    let NodeKind::Leaf(leaf) = &node.kind else { return };
    for funds_use in leaf.uses.iter().filter(|funds_use| !leaf.funds.permits(**funds_use)) {
        let why = format!("holds {} funds, which can't be used for {}", leaf.funds, funds_use.name());
        problems.add(line, id, Rule::Funds, why);
    }
    if let Some(why) = misplaced(after, root, node, leaf.funds, facts) {
        problems.add(line, id, Rule::ClientMoney, why);
    }
}

/// Why a leaf of this class can't be at this physical account.
fn misplaced(after: &Structure, root: &PhysicalAccount, node: &Node, class: FundsClass, facts: &PlanFacts<'_>) -> Option<String> {
    if root.client_money {
        let why = format!("holds {class} funds, and {} is for clients' money only", root.id);
        return (class != FundsClass::Client).then_some(why);
    }
    if class != FundsClass::Client || facts.client_money_markets.is_empty() {
        return None;
    }
    let market = std::iter::once(node).chain(after.above(&node.id)).find(|above| above.level == Some(Level::Market));
    match market {
        None => Some(
            "holds clients' money and no market is above it, so nobody knows whether it needs a physical account of its own".to_owned(),
        ),
        Some(market) if facts.client_money_markets.contains(&market.name) => {
            let name = &market.name;
            Some(format!("holds clients' money of {name}, whose law demands a physical account of its own; {} is none", root.id))
        }
        Some(_) => None,
    }
}

/// After a move: what is below it and not in the file keeps to the rules as well.
fn check_below(after: &Structure, file: &StructureFile, facts: &PlanFacts<'_>, problems: &mut BrokenRules) {
    let lines: std::collections::BTreeMap<&str, usize> = file.nodes.iter().map(|wanted| (wanted.node.id.as_str(), wanted.line)).collect();
    for node in after.nodes.values().filter(|node| !lines.contains_key(node.id.as_str())) {
        // The line of the nearest node above it that the file names.
        let Some(line) = after.above(&node.id).find_map(|above| lines.get(above.id.as_str())) else { continue };
        let wanted = WantedNode { line: *line, node: node.clone(), numbers: Vec::new() };
        if let Some(root) = check_way(after, after, &wanted, problems) {
            check_place(after, root, &wanted, facts, problems);
        }
    }
}

fn named(level: Level) -> &'static str {
    match level {
        Level::Company => "a company",
        Level::App => "an app",
        Level::Market => "a market",
        Level::Purpose => "a purpose",
    }
}
