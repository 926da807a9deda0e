//! Unit tests of what is shown of a wallet.
use super::*;
use crate::pages::{
    holdings::{held_view, moved},
    samples::{MARKUP, assert_text},
};
use api::{
    ledger::{Account as LedgerAccount, AccountState, DebitLimit, Entry, PostedTransfer},
    purchase::{CoinsPaid, SpendingAllowance, WalletChangeKind},
    r#type::Money,
};
use identity::Role;

fn text() -> String {
    MARKUP.to_owned()
}

fn priced() -> Option<Money> {
    Some(Money { currency_code: text(), minor_units: 1 })
}

#[test]
fn markup_in_every_field_is_text() {
    let limit = DebitLimit { time_zone: text(), ..DebitLimit::default() };
    let merged = WalletEvent { user_id: text(), into_user_id: text(), ..WalletEvent::default() };
    let bound = SpendingBound { limit: priced(), spent: priced(), left: priced(), ..SpendingBound::default() };
    let answer = GetWalletResponse {
        debit_limits: vec![limit.clone()],
        events: vec![merged],
        spending: Some(SpendingAllowance { bounds: vec![bound], time_zone: text(), ..SpendingAllowance::default() }),
        paid_for: vec![CoinsPaid { coins: 1, price: priced() }],
        ..GetWalletResponse::default()
    };
    let asked = AskedHolder::read(MARKUP, &Filters::read(b"id=ann")).unwrap();
    let account = LedgerAccount { account: text(), unit: text(), limits: vec![limit], ..LedgerAccount::default() };
    let transfer = PostedTransfer { debit_account: text(), credit_account: text(), unit: text(), ..PostedTransfer::default() };
    let entry = Entry { posting_id: text(), kind: text(), transfer: Some(transfer), ..Entry::default() };
    let unnamed = HeldView { account: text(), failure: text(), ..HeldView::default() };
    let of = Purchase { purchase_id: text(), price: priced(), blocked_by: text(), ..Purchase::default() };
    let parts = WalletParts {
        accounts: vec![held_view(&asked, &account, text()), unnamed],
        entries: part(Ok(vec![moved(MARKUP, MARKUP, &entry)]), String::new()).unwrap(),
        lots: part(Ok(vec![lot(MARKUP, &CoinLot { purchase_id: text(), price: priced(), ..CoinLot::default() })]), text()).unwrap(),
        bought: part(Ok(vec![purchase(MARKUP, &of)]), String::new()).unwrap(),
    };
    let frame = PageFrame::bare("Wallet", None);
    let related = asked.related(Role::Admin, "/wallet");
    let shown = WalletPage { frame, id: text(), at: text(), related, found: Some((view("ann", &answer), parts)) };
    assert_text(&shown, 20);
}

#[test]
fn of_a_user_whom_nobody_knows_the_other_pages_are_a_click_away() {
    let asked = AskedHolder::read("demo", &Filters::read(b"id=ann")).unwrap();
    let (frame, related) = (PageFrame::bare("Wallet", None), asked.related(Role::Support, "/wallet"));
    let text = WalletPage { frame, id: "ann".to_owned(), at: String::new(), related, found: None }.render().unwrap();
    assert!(text.contains("Nothing is known of this user here") && text.contains("href=\"/creator?") && !text.contains("COIN"), "{text}");
    let unknown = rpc::errors::user_unknown("ann");
    assert!(is_user_unknown(&unknown) && !is_user_unknown(&Status::not_found("no account")));
}

#[test]
fn a_merge_leads_to_the_other_wallet_from_both() {
    let merge = |done| WalletEvent {
        kind: WalletChangeKind::Merge.into(),
        user_id: "ann".to_owned(),
        into_user_id: "ben".to_owned(),
        done,
        ..WalletEvent::default()
    };
    let closure = WalletEvent { kind: WalletChangeKind::Closure.into(), user_id: "ann".to_owned(), done: true, ..WalletEvent::default() };
    for (user, happened, what, other) in [
        ("ann", merge(true), "merge, done", "ben"),
        ("ann", merge(false), "merge, begun", "ben"),
        ("ben", merge(true), "another wallet was merged into it", "ann"),
        ("ben", merge(false), "another wallet is being merged into it", "ann"),
        ("ann", closure, "closure, done", "ann"),
    ] {
        let shown = event(user, &happened);
        assert_eq!((shown.what.as_str(), shown.other.user.as_str()), (what, other), "{user} {happened:?}");
    }
}

#[test]
fn a_part_without_an_answer_says_so_and_what_is_not_there_is_empty() {
    let failed = part::<LotView>(Err(Status::unavailable("tcp connect error: 10.1.2.3:7070")), "/all".to_owned()).unwrap();
    assert!(failed.rows.is_empty() && failed.failure.contains("Nothing was done") && failed.all.is_empty(), "{}", failed.failure);
    let none = part::<LotView>(Err(Status::not_found("no account")), "/all".to_owned()).unwrap();
    assert!(none.rows.is_empty() && none.failure.is_empty());
    assert!(part::<LotView>(Err(Status::unauthenticated("token")), String::new()).is_err(), "the session has ended");
}

#[test]
fn states_are_words_and_an_address_that_names_nobody_is_refused() {
    let words: Vec<(&str, String)> = [AccountState::Open, AccountState::Frozen, AccountState::Closed, AccountState::Unspecified]
        .map(|of| (state(of).class, state(of).word))
        .into();
    let wanted = [("good", "open"), ("bad", "frozen"), ("bad", "closed"), ("unknown", "unknown")];
    assert_eq!(words, wanted.map(|(class, word)| (class, word.to_owned())));
    for wrong in ["id=no%20user", "id=%3Cb%3E", "id=a/b", "id=ann&at=yesterday"] {
        assert!(AskedHolder::read("demo", &Filters::read(wrong.as_bytes())).is_err(), "{wrong}");
    }
    let nobody = AskedHolder::read("demo", &Filters::default()).unwrap();
    assert!(nobody.user.is_none() && nobody.id().is_empty());
}
