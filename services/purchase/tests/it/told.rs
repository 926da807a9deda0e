//! Every type of event of every store: the command by which its sandbox reports it, what becomes of it here, and what is posted by it. The page `deploy/STORE_EVENTS.md`
//! is what this test finds; LARGESSE_REGENERATE=1 writes it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use api::ledger::{GetPostingRequest, ListEntriesRequest};
use identity::Role;
use money::BookName;
use sandbox::google::{PlayPush, PlaySale, PlaySubscription};
use sandbox::store::StoreNotification;
use serde_json::json;
use testbed::Storage;

use crate::fixture::{self, BOOK, BUNDLE, Fixture};
use crate::listening::Listening;
use crate::notified::sale;
use crate::refunding::settle_from;
use crate::stripe::world::World as Stripe;
use crate::wallets::world::{Wallet, World as WalletWorld};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/STORE_EVENTS.md");
const HEAD: &str = "# What stores report, and what is posted by it\n\n\
    One line for each type of event that a sandbox reports on command, and for what it does after another one. `state` is what becomes of the event, as\n\
    [store-events](runbooks/store-events.md) says. Each purchase is of 70 coins that were not spent; nothing is posted by an event without a posting. A test of the\n\
    purchase service writes this page, and fails where it is not true.\n";
/// The App Store's types. Those of subscriptions and of families come to nothing.
const APPLE: [&str; 22] = [
    "CONSUMPTION_REQUEST",
    "REFUND_DECLINED",
    "REFUND",
    "REFUND_REVERSED",
    "RESCIND_CONSENT",
    "EXTERNAL_PURCHASE_TOKEN",
    "TEST",
    "REVOKE",
    "SUBSCRIBED",
    "DID_RENEW",
    "DID_CHANGE_RENEWAL_PREF",
    "DID_CHANGE_RENEWAL_STATUS",
    "OFFER_REDEEMED",
    "DID_FAIL_TO_RENEW",
    "EXPIRED",
    "GRACE_PERIOD_EXPIRED",
    "PRICE_INCREASE",
    "RENEWAL_EXTENDED",
    "RENEWAL_EXTENSION",
    "METADATA_UPDATE",
    "MIGRATION",
    "PRICE_CHANGE",
];
/// What the pretend Stripe is told of one session, in order.
const STRIPE: [&[&str]; 12] = [
    &["pay"],
    &["pay_late", "settle"],
    &["pay_late", "fail_late"],
    &["fail"],
    &["expire"],
    &["pay", "refund"],
    &["pay", "refund_pending", "refund_settled"],
    &["pay", "refund_pending", "refund_failed"],
    &["pay", "inquire", "inquiry_closed"],
    &["pay", "dispute", "dispute_won"],
    &["pay", "dispute", "dispute_lost"],
    &["pay", "warn"],
];
/// The same of one trade.
const ALIPAY: [&[&str]; 4] = [&["pay"], &["pay", "finish"], &["close"], &["pay", "refund"]];
const WECHAT: [&[&str]; 4] = [&["pay"], &["pay", "refund"], &["pay", "refund_abnormal"], &["pay", "refund_closed"]];

/// What events of a store came to: the type, the command, the state, and the kinds of postings.
#[derive(Default)]
struct Told {
    lines: Vec<[String; 4]>,
    events: BTreeSet<String>,
    postings: BTreeSet<String>,
}

impl Told {
    /// What is new since the last time, by what a sandbox was told about a purchase of this user.
    async fn note(&mut self, fixture: &Fixture, user: &str, command: &str) {
        settle_from(fixture, 1).await;
        let book = BookName::try_new(BOOK).unwrap();
        let mut events = fixture.service.store().events(&book).await.unwrap();
        events.retain(|(event, _)| self.events.insert(event.event_id.clone()));
        let mut kinds = Vec::new();
        let accounts = ["house/coins/issued".to_owned(), format!("viewer/{user}/coins"), format!("viewer/{user}/debt")];
        let money = ["store_receivable", "processor_receivable", "deferred_revenue"];
        let of_house = money.iter().flat_map(|purpose| ["USD", "CNY"].map(|currency| format!("house/{purpose}/{currency}")));
        for account in accounts.into_iter().chain(of_house) {
            let message = ListEntriesRequest { account, page_size: 200, ..Default::default() };
            let answer = fixture.books().list_entries(fixture.with_role("finance", Role::Finance, BOOK, message)).await;
            for entry in answer.map_or(Vec::new(), |answer| answer.into_inner().entries).into_iter().rev() {
                if self.postings.insert(entry.posting_id.clone()) {
                    let message = GetPostingRequest { posting_id: entry.posting_id, ..Default::default() };
                    let answer = fixture.books().get_posting(fixture.with_role("finance", Role::Finance, BOOK, message)).await.unwrap();
                    kinds.push(answer.into_inner().posting.unwrap().kind);
                }
            }
        }
        assert!(events.len() <= 1, "{command}: {events:?}");
        for (event, _) in events {
            let kind = if event.subtype.is_empty() { event.kind } else { format!("{} {}", event.kind, event.subtype) };
            let line = [kind, command.to_owned(), event.state.name().to_owned(), kinds.join(", ")];
            if !self.lines.contains(&line) {
                self.lines.push(line);
            }
        }
    }

    fn table(&self, store: &str) -> String {
        let mut text = format!("\n## {store}\n\n| event | command | state | postings |\n|---|---|---|---|\n");
        for [kind, command, state, postings] in &self.lines {
            writeln!(text, "| `{kind}` | {command} | `{state}` | {postings} |").unwrap();
        }
        text
    }
}

async fn by_apple() -> String {
    let fixture = fixture::sqlite().await;
    fixture.stop_background();
    let (http, mut told) = (Listening::start(&fixture).await, Told::default());
    for (at, kind) in APPLE.into_iter().enumerate() {
        // A reversal comes after the refund of the purchase before it.
        let user = format!("u{}", if kind == "REFUND_REVERSED" { at - 1 } else { at });
        let said = StoreNotification { transaction_id: format!("40{user}").replace('u', "0"), ..sale(&fixture, &user).await };
        let kinds = if kind == "REFUND_REVERSED" { vec![kind] } else { vec!["ONE_TIME_CHARGE", kind] };
        for kind in kinds {
            assert_eq!(http.say(&fixture, &StoreNotification { notification_type: kind.to_owned(), ..said.clone() }).await, 200, "{kind}");
            told.note(&fixture, &user, &format!("`POST /apple/notifications` `\"notification_type\": \"{kind}\"`")).await;
        }
    }
    told.table("App Store")
}

async fn by_google() -> String {
    let fixture = fixture::with_google(Storage::sqlite()).await;
    fixture.stop_background();
    let (http, mut told) = (Listening::start(&fixture).await, Told::default());
    let play = fixture.google.as_ref().unwrap();
    play.subscribe(PlaySubscription { url: http.of("google"), ..PlaySubscription::default() });
    let seventy = async |user: &str, pending: bool| PlaySale {
        package_name: BUNDLE.to_owned(),
        product_id: "coins.us.app.70".to_owned(),
        quantity: 1,
        obfuscated_account_id: Some(fixture.token_of(user).await),
        pending,
        test: true,
        no_order: false,
    };
    let pending = play.sell(seventy("ann", true).await).await.unwrap();
    told.note(&fixture, "ann", "").await;
    play.pay(&pending.purchase_token).await.unwrap();
    told.note(&fixture, "ann", "`POST /google/purchases` `\"pending\": true`, then `POST /google/purchases/TOKEN/pay`").await;
    let sold = play.sell(seventy("bob", false).await).await.unwrap();
    told.note(&fixture, "bob", "`POST /google/purchases`").await;
    play.ask(&sold.purchase_token, 7).await.unwrap();
    told.note(&fixture, "bob", "`POST /google/purchases/TOKEN/ask`").await;
    play.refund(&sold.purchase_token, None).await.unwrap();
    told.note(&fixture, "bob", "`POST /google/purchases/TOKEN/refund`").await;
    let given_up = play.sell(seventy("cid", true).await).await.unwrap();
    told.note(&fixture, "cid", "").await;
    play.cancel(&given_up.purchase_token).await.unwrap();
    told.note(&fixture, "cid", "`POST /google/purchases/TOKEN/cancel`").await;
    for (field, content) in [
        ("testNotification", json!({"version": "1.0"})),
        ("subscriptionNotification", json!({"version": "1.0", "notificationType": 4, "purchaseToken": "token"})),
        ("somethingNewNotification", json!({"version": "1.0"})),
    ] {
        play.push(&PlayPush::about(BUNDLE, field, content)).await.unwrap();
        told.note(&fixture, "dan", &format!("`POST /google/notifications` `\"{field}\"`")).await;
    }
    told.table("Google Play")
}

async fn by_stripe() -> String {
    let world = Stripe::sqlite().await;
    world.fixture.stop_background();
    let (mut told, mut said) = (Told::default(), 0);
    for (at, script) in STRIPE.iter().enumerate() {
        let user = format!("u{at}");
        let made = world.checkout(&user).await;
        for command in *script {
            world.act(command, &made).await;
            for event in world.events().await.iter().skip(said) {
                said += 1;
                assert_eq!(world.say(event).await, 200, "{event}");
                told.note(&world.fixture, &user, &format!("`POST /stripe/commands` `\"command\": \"{command}\"`")).await;
            }
        }
    }
    told.table("Stripe")
}

async fn by_wallet(wallet: Wallet, scripts: &[&[&str]], name: &str) -> String {
    let world = WalletWorld::sqlite(wallet).await;
    world.fixture.stop_background();
    let (mut told, mut said) = (Told::default(), 0);
    for (at, script) in scripts.iter().enumerate() {
        let user = format!("u{at}");
        let made = world.checkout(&user).await;
        for command in *script {
            world.act(command, &made).await;
            for event in world.events().await.iter().skip(said) {
                said += 1;
                assert_eq!(world.say(event).await, world.taken(), "{event}");
                told.note(&world.fixture, &user, &format!("`POST /{}/commands` `\"command\": \"{command}\"`", world.name())).await;
            }
        }
    }
    told.table(name)
}

#[tokio::test]
async fn every_event_of_every_store_does_what_the_page_says() {
    let by_wallets = [by_wallet(Wallet::Alipay, &ALIPAY, "Alipay").await, by_wallet(Wallet::Wechat, &WECHAT, "WeChat Pay").await];
    let found = [HEAD.to_owned(), by_apple().await, by_google().await, by_stripe().await, by_wallets.concat()].concat();
    if std::env::var_os("LARGESSE_REGENERATE").is_some() {
        std::fs::write(PAGE, &found).unwrap();
    }
    let page = std::fs::read_to_string(PAGE).unwrap();
    assert!(page == found, "{PAGE} is not what happens; LARGESSE_REGENERATE=1 writes it:\n{found}");
}
