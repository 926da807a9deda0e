//! Things that ids stand for: their kinds in words, and the pages that show them.
use crate::filters::Filters;
use api::monitor::ThingKind;
use money::text::shown;

/// What the names of kinds begin with in the contract.
const PREFIX: &str = "THING_KIND_";

/// The word of a kind in an address, such as `payout_run`; empty for none.
pub(crate) fn word(kind: ThingKind) -> String {
    let name = kind.as_str_name().strip_prefix(PREFIX).unwrap_or_default().to_ascii_lowercase();
    if kind == ThingKind::Unspecified { String::new() } else { name }
}

/// The kind of a word in an address; no word stands for any kind. `None`: there is no such kind.
pub(crate) fn read(word: &str) -> Option<ThingKind> {
    if word.is_empty() {
        return Some(ThingKind::Unspecified);
    }
    let kind = ThingKind::from_str_name(&format!("{PREFIX}{}", word.to_ascii_uppercase()))?;
    (kind != ThingKind::Unspecified).then_some(kind)
}

/// A kind for people.
pub(crate) fn label(kind: ThingKind) -> String {
    match kind {
        ThingKind::Unspecified => "thing".to_owned(),
        ThingKind::Act => "staff action".to_owned(),
        ThingKind::Case => "reconciliation case".to_owned(),
        _ => word(kind).replace('_', " "),
    }
}

/// The page of a thing: a user's money, or the case of anything else. Empty if there is no id.
pub(crate) fn href(kind: ThingKind, id: &str, book: &str) -> String {
    match kind {
        _ if id.is_empty() => String::new(),
        ThingKind::User => Filters::address("/user", &[("id", id)]),
        _ => Filters::address("/case", &[("id", id), ("kind", &word(kind)), ("book", book)]),
    }
}

/// The pages of what a user holds in a book: path, name and address of each.
pub(crate) fn owner_pages(user: &str, book: &str) -> [(&'static str, &'static str, String); 2] {
    [("/wallet", "Wallet"), ("/creator", "Earnings and payouts")]
        .map(|(path, label)| (path, label, Filters::address(path, &[("book", book), ("id", user)])))
}

/// A page of what a user holds.
pub(crate) struct OwnerLink {
    pub(crate) label: String,
    pub(crate) href: String,
}

/// The pages of what these users hold in a book, each with its user's name.
pub(crate) fn owner_links<T: AsRef<str>>(users: &[T], book: &str) -> Vec<OwnerLink> {
    let of = |user: &str| owner_pages(user, book).map(|(_, label, href)| OwnerLink { label: format!("{label} of {}", shown(user)), href });
    users.iter().map(AsRef::as_ref).filter(|user| !user.is_empty()).flat_map(of).collect()
}

/// The page of what the owner of an account holds in a book: its name and its address. `None`: it is nobody's wallet, and no creator's.
pub(crate) fn owner_page(account: &str, book: &str) -> Option<(&'static str, String)> {
    let known = chart::Account::parse(account)?;
    let is_wallet = match known {
        chart::Account::ViewerCoins(_) | chart::Account::ViewerDebt(_) => true,
        chart::Account::CreatorDiamonds(_) | chart::Account::CreatorPayable(..) => false,
        _ => return None,
    };
    let [(_, wallet, wallet_href), (_, creator, creator_href)] = owner_pages(known.owner()?, book);
    Some(if is_wallet { (wallet, wallet_href) } else { (creator, creator_href) })
}

/// A user, and the page of their money.
pub(crate) struct UserLink {
    pub(crate) user: String,
    pub(crate) href: String,
}

/// The users to whom a thing belongs.
pub(crate) fn users(ids: &[String]) -> Vec<UserLink> {
    ids.iter().map(|id| UserLink { user: shown(id).into_owned(), href: href(ThingKind::User, id, "") }).collect()
}

#[cfg(test)]
mod tests;
