//! Refunds and payments that no report ever said are found by the bill of their day; a bill that is late, wrong or somebody else's changes nothing.

use std::time::{Duration, SystemTime};

use api::purchase::{CheckoutState, ListStoreBillsRequest, StoreBillState};
use identity::Role;
use purchase::SettlementAccount;
use serde_json::json;
use testbed::Storage;

use super::world::{Wallet, World};
use crate::dying::Dying;
use crate::fixture::{BOOK, reason};
use crate::listening::Listening;
use crate::lots::ties;
use crate::refunding::settle_from;

const DAY: Duration = Duration::from_secs(86_400);
const HOUR: Duration = Duration::from_secs(3_600);

async fn each() -> [World; 4] {
    [
        World::sqlite(Wallet::Alipay).await,
        World::on(Storage::postgres(), Wallet::Alipay).await,
        World::sqlite(Wallet::Wechat).await,
        World::on(Storage::postgres(), Wallet::Wechat).await,
    ]
}

/// A time of the wallet's day after this one.
fn at(day: &str, hour: i8, days: u64) -> SystemTime {
    let day: jiff::civil::Date = day.parse().unwrap();
    let beijing = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
    SystemTime::from(day.at(hour, 30, 0, 0).to_zoned(beijing).unwrap().timestamp()) + DAY * u32::try_from(days).unwrap()
}

impl World {
    /// The day of the last thing that happened, as the wallet counts days. Bills are read from it on, and it is over for the wallet.
    async fn end_of_day(&mut self) -> String {
        let last = self.events().await.pop().unwrap();
        let time = match self.wallet {
            Wallet::Alipay => &last["form"]["notify_time"],
            Wallet::Wechat => &last["create_time"],
        };
        let day = time.as_str().unwrap()[..10].to_owned();
        self.command(json!({"command": "close_day"})).await;
        self.fixture
            .reconfigure(|config| {
                config.bills.from = day.clone();
                config.lost_refunds_interval = DAY;
            })
            .await;
        self.fixture.stop_background();
        self.http = Listening::start(&self.fixture).await;
        day
    }

    async fn paid(&self, user: &str) -> api::purchase::CreateCheckoutResponse {
        let made = self.checkout(user).await;
        self.act("pay", &made).await;
        assert_eq!(self.say(&self.events().await.pop().unwrap()).await, self.taken());
        self.fixture.service.sweep(SystemTime::now()).await.unwrap();
        assert_eq!(self.fixture.coins(user).await, 70);
        made
    }

    async fn refund(&self, of: &api::purchase::CreateCheckoutResponse, fen: i64) {
        self.command(json!({"command": "refund", "trade": World::trade(of), "amount": fen})).await;
    }

    /// The days of bills with the number of their state, trades and what was found, in order.
    async fn bills(&self) -> Vec<(i64, i64, i64, String)> {
        let sql = "SELECT state, trades, found, note FROM store_bill ORDER BY day";
        sqlx::query_as(sql).fetch_all(&self.fixture.pool().await).await.unwrap()
    }

    async fn look(&self, now: SystemTime) -> usize {
        self.fixture.service.look_for_lost(now).await.unwrap()
    }
}

#[tokio::test]
async fn refunds_and_payments_that_no_report_said_are_found_by_the_bill_of_the_day() {
    for mut world in each().await {
        world.fixture.stop_background();
        let (ann, cid) = (world.paid("ann").await, world.paid("cid").await);
        let bob = world.checkout("bob").await;
        let dan = world.checkout("dan").await;
        world.act("pay", &bob).await;
        world.act("pay", &dan).await;
        world.refund(&dan, 249).await;
        world.refund(&ann, 100).await;
        world.refund(&ann, 150).await;
        world.refund(&cid, 100).await;
        assert_eq!(world.say(&world.events().await.pop().unwrap()).await, world.taken());
        world.refund(&cid, 50).await;
        settle_from(&world.fixture, 1).await;
        assert_eq!((world.fixture.coins("ann").await, world.fixture.coins("cid").await), (70, 56));
        let day = world.end_of_day().await;
        assert_eq!(world.look(at(&day, 9, 1)).await, 0, "it is not ready before 10");
        assert_eq!(world.bills().await, []);
        assert_eq!(world.look(at(&day, 10, 1)).await, 6, "two of ann, one of cid, what bob and dan paid, and what dan got back");
        assert_eq!(world.bills().await, [(2, 9, 6, "no account of purchase.settlements, or none of this number, is for it".to_owned())]);
        settle_from(&world.fixture, 40).await;
        // Each is credited with what was paid back of it.
        world.fixture.service.sweep_orders(at(&day, 11, 1)).await.unwrap();
        settle_from(&world.fixture, 45).await;
        let coins = async |user: &str| world.fixture.coins(user).await;
        assert_eq!((coins("ann").await, coins("bob").await, coins("cid").await), (35, 70, 49));
        // What was lost comes at last, the bill is looked at again, and nothing changes.
        for event in world.events().await {
            assert_eq!(world.say(&event).await, world.taken());
        }
        let pool = world.fixture.pool().await;
        sqlx::query("UPDATE store_bill SET state = 1, next_attempt_at_ms = 0").execute(&pool).await.unwrap();
        settle_from(&world.fixture, 50).await;
        assert_eq!(world.look(at(&day, 20, 1)).await, 0);
        settle_from(&world.fixture, 60).await;
        assert_eq!((coins("ann").await, coins("bob").await, coins("cid").await), (35, 70, 49));
        assert_eq!(world.fixture.balance("house/processor_receivable/CNY").await, -(4 * 498 - 250 - 150 - 249));
        assert_eq!(coins("dan").await, 35);
        ties(&world.fixture, &["ann", "bob", "cid", "dan"]).await;
        assert_eq!(world.state("bob", &bob).await, CheckoutState::Paid);
        world.fixture.bed.verify().await;
    }
}

#[tokio::test]
async fn a_bill_that_is_late_wrong_or_of_somebody_else_changes_nothing_until_the_right_one_comes() {
    for wallet in [Wallet::Alipay, Wallet::Wechat] {
        let mut world = World::sqlite(wallet).await;
        world.fixture.stop_background();
        let ann = world.paid("ann").await;
        world.refund(&ann, 249).await;
        let day = world.end_of_day().await;
        let mut now = at(&day, 10, 1);
        let refused = ["absent", "late", "altered", "cut", "bomb", "huge", "another_day", "another_seller", "elsewhere"];
        // Nothing but its sums proves a bill of Alipay.
        let refused = refused.into_iter().chain((wallet == Wallet::Wechat).then_some("wrong_hash"));
        let of_bills = refused.map(|fault| json!({"command": "bill", "fault": fault, "day": day, "times": 1}));
        let faults = ["down", "429", "500", "cut", "forged", "garbage"];
        let of_requests = faults.into_iter().map(|fault| json!({"command": "fault", "fault": fault, "times": 1}));
        for fault in of_bills.chain(of_requests) {
            world.command(fault.clone()).await;
            assert_eq!(world.look(now).await, 0, "{fault}");
            settle_from(&world.fixture, 1).await;
            let bills = world.bills().await;
            assert_eq!((bills.len(), bills[0].0, world.fixture.coins("ann").await), (1, 1, 70), "{fault} {bills:?}");
            assert_ne!(bills[0].3, "it is being read", "{fault}");
            now += HOUR;
            if now > at(&day, 22, 1) {
                now = at(&day, 10, 1) + HOUR;
            }
            let pool = world.fixture.pool().await;
            sqlx::query("UPDATE store_bill SET next_attempt_at_ms = 0").execute(&pool).await.unwrap();
        }
        assert_eq!(world.look(now).await, 1);
        settle_from(&world.fixture, 40).await;
        assert_eq!((world.bills().await[0].0, world.fixture.coins("ann").await), (2, 35));
        // Each line twice is each line once.
        let bob = world.paid("bob").await;
        world.refund(&bob, 249).await;
        world.command(json!({"command": "bill", "fault": "doubled", "day": day, "times": 1})).await;
        let pool = world.fixture.pool().await;
        sqlx::query("UPDATE store_bill SET state = 1, next_attempt_at_ms = 0").execute(&pool).await.unwrap();
        assert_eq!(world.look(now + HOUR).await, 1);
        settle_from(&world.fixture, 50).await;
        assert_eq!((world.fixture.coins("ann").await, world.fixture.coins("bob").await), (35, 35));
        assert_eq!(world.fixture.balance("house/processor_receivable/CNY").await, -(2 * 498 - 2 * 249));
    }
}

#[tokio::test]
async fn a_lost_refund_is_not_taken_for_another_one_of_the_same_amount_that_a_sum_names() {
    for mut world in [World::sqlite(Wallet::Alipay).await, World::on(Storage::postgres(), Wallet::Alipay).await] {
        world.fixture.stop_background();
        let ann = world.paid("ann").await;
        world.refund(&ann, 100).await;
        // Its notification says 1.00 in all, and names it; the bill that has it is never read.
        assert_eq!(world.say(&world.events().await.pop().unwrap()).await, world.taken());
        settle_from(&world.fixture, 1).await;
        assert_eq!(world.fixture.coins("ann").await, 56);
        world.refund(&ann, 100).await;
        let day = world.end_of_day().await;
        world.command(json!({"command": "bill", "fault": "another_bill", "day": day, "times": 9})).await;
        assert_eq!(world.look(at(&day, 10, 1)).await, 1, "{:?}", world.bills().await);
        settle_from(&world.fixture, 40).await;
        assert_eq!(world.fixture.coins("ann").await, 42);
        // Whatever comes late changes nothing.
        for event in world.events().await {
            assert_eq!(world.say(&event).await, world.taken());
        }
        world.command(json!({"command": "bill", "fault": "another_bill", "day": day, "times": 0})).await;
        let pool = world.fixture.pool().await;
        sqlx::query("UPDATE store_bill SET state = 1, next_attempt_at_ms = 0").execute(&pool).await.unwrap();
        settle_from(&world.fixture, 50).await;
        assert_eq!(world.look(at(&day, 20, 1)).await, 0);
        settle_from(&world.fixture, 60).await;
        assert_eq!(world.fixture.coins("ann").await, 42);
        assert_eq!(world.fixture.balance("house/processor_receivable/CNY").await, -(498 - 200));
        ties(&world.fixture, &["ann"]).await;
        world.fixture.bed.verify().await;
    }
}

#[tokio::test]
async fn a_day_without_payments_has_no_bill_and_that_is_a_fact_a_day_later() {
    for mut world in [World::sqlite(Wallet::Alipay).await, World::sqlite(Wallet::Wechat).await] {
        world.fixture.stop_background();
        let made = world.checkout("ann").await;
        world.act("close", &made).await;
        let day = world.end_of_day().await;
        for (hour, days, state) in [(10, 1, 1), (20, 1, 1), (9, 2, 1), (11, 2, 3)] {
            assert_eq!(world.look(at(&day, hour, days)).await, 0);
            assert_eq!(world.bills().await[0].0, state, "{hour} {days}");
        }
        // The days after it are asked about as well, each once it is over.
        world.look(at(&day, 11, 5)).await;
        assert_eq!(world.bills().await.iter().map(|bill| bill.0).collect::<Vec<_>>(), [3, 3, 3, 3, 1]);
        // Staff see them, the newest day first, page by page.
        let list = async |role: Role, asked: ListStoreBillsRequest| {
            let answer = world.fixture.client().list_store_bills(world.fixture.with_role("helper", role, BOOK, asked)).await;
            answer.map(tonic::Response::into_inner)
        };
        let (mut shown, mut page_token) = (Vec::new(), String::new());
        for left in [2, 2, 1] {
            let page = list(Role::Support, ListStoreBillsRequest { page_size: 2, page_token, ..Default::default() }).await.unwrap();
            assert_eq!(page.bills.len(), left);
            shown.extend(page.bills.into_iter().map(|bill| (bill.state(), bill.store_kind(), bill.day.clone())));
            page_token = page.next_page_token;
        }
        assert!(page_token.is_empty() && shown.is_sorted_by(|one, other| one.2 > other.2), "{shown:?}");
        assert_eq!(shown.iter().filter(|bill| bill.0 == StoreBillState::Absent).count(), 4);
        assert_eq!((shown[0].0, shown[0].1, shown[4].2.clone()), (StoreBillState::Due, world.store_kind(), day));
        for (state, store_kind, count) in [(StoreBillState::Due, 0, 1), (StoreBillState::Read, 0, 0), (StoreBillState::Unspecified, 1, 0)] {
            let found = list(Role::Auditor, ListStoreBillsRequest { state: state.into(), store_kind, ..Default::default() }).await.unwrap();
            assert_eq!(found.bills.len(), count, "{state:?} {store_kind}");
        }
        assert_eq!(
            reason(list(Role::Support, ListStoreBillsRequest { page_token: "x".to_owned(), ..Default::default() }).await),
            "PAGE_TOKEN"
        );
        assert_eq!(
            reason(list(Role::Support, ListStoreBillsRequest { state: 9, store_kind: 77, ..Default::default() }).await),
            "MALFORMED"
        );
        assert_eq!(reason(list(Role::Viewer, ListStoreBillsRequest::default()).await), "PERMISSION_DENIED");
    }
}

#[tokio::test]
async fn a_bill_is_imported_once_and_its_settlement_waits_for_what_it_found() {
    for mut world in each().await {
        let (store, seller) = match world.wallet {
            Wallet::Alipay => (purchase::domain::StoreKind::Alipay, sandbox::alipay::TEST_SELLER),
            Wallet::Wechat => (purchase::domain::StoreKind::Wechat, sandbox::wechat::TEST_MERCHANT),
        };
        world.fixture.reconfigure(|config| config.settlements = vec![SettlementAccount::new(store, seller, BOOK)]).await;
        world.fixture.stop_background();
        world.http = Listening::start(&world.fixture).await;
        let ann = world.paid("ann").await;
        world.refund(&ann, 100).await;
        let day = world.end_of_day().await;
        assert_eq!(world.look(at(&day, 10, 1)).await, 1);
        let pool = world.fixture.pool().await;
        let reports = async || {
            let sql = "SELECT state, account, period, imported_by FROM store_report";
            sqlx::query_as::<_, (i64, String, String, String)>(sql).fetch_all(&pool).await.unwrap()
        };
        let taken = vec![(2, seller.to_owned(), day.clone(), "purchase".to_owned())];
        assert_eq!(reports().await, taken);
        assert_eq!(world.bills().await, [(2, 2, 1, String::new())]);
        settle_from(&world.fixture, 40).await;
        settle_from(&world.fixture, 80).await;
        let owed = async |account: &str| -world.fixture.balance(&format!("house/{account}/CNY")).await;
        // Six thousandths of 4.98 are 3 fen, of 1.00 one that is given back.
        assert_eq!((owed("processor_receivable").await, owed("bank_cash").await, owed("processor_fee").await), (0, 396, 2));
        sqlx::query("UPDATE store_bill SET state = 1, next_attempt_at_ms = 0").execute(&pool).await.unwrap();
        assert_eq!(world.look(at(&day, 20, 1)).await, 0);
        assert_eq!(reports().await, taken);
        world.fixture.bed.verify().await;
    }
}

#[tokio::test]
async fn a_crash_between_any_two_steps_of_a_bill_loses_and_doubles_nothing() {
    for mut world in [World::on(Storage::postgres(), Wallet::Alipay).await, World::sqlite(Wallet::Wechat).await] {
        world.fixture.stop_background();
        let (mut polls, mut ended, mut refunded) = (1, false, 0);
        let ann = world.paid("ann").await;
        let mut now = None;
        while !ended {
            world.refund(&ann, 7).await;
            refunded += 7;
            let now = *now.get_or_insert(at(&world.end_of_day().await, 11, 1));
            ended = Dying::after(polls, world.fixture.service.look_for_lost(now)).await;
            let pool = world.fixture.pool().await;
            sqlx::query("UPDATE store_bill SET state = 1, next_attempt_at_ms = 0").execute(&pool).await.unwrap();
            world.look(now).await;
            settle_from(&world.fixture, 40).await;
            assert_eq!(world.fixture.balance("house/processor_receivable/CNY").await, -(498 - refunded), "dropped after {polls} polls");
            sqlx::query("UPDATE store_bill SET state = 1, next_attempt_at_ms = 0").execute(&pool).await.unwrap();
            polls += 1 + polls / 4;
        }
        ties(&world.fixture, &["ann"]).await;
        assert!(polls > 5, "it waits more often than {polls} times");
    }
}

#[tokio::test]
async fn a_refund_that_was_on_its_way_in_the_bill_keeps_it_open_until_the_wallet_says_how_it_ended() {
    let mut world = World::sqlite(Wallet::Wechat).await;
    world.fixture.reconfigure(|config| config.refunds = crate::refunding::options()).await;
    world.fixture.stop_background();
    world.http = Listening::start(&world.fixture).await;
    world.command(json!({"command": "refunds_become", "outcome": "pending"})).await;
    let ann = world.paid("ann").await;
    crate::lots::catch_up(&world.fixture).await;
    let purchase_id = world.fixture.get_checkout("ann", &ann.checkout_id).await.unwrap().purchase_id;
    world.fixture.refund("ann", &purchase_id, crate::refunding::money("CNY", 249)).await.unwrap();
    world.fixture.service.sweep(SystemTime::now()).await.unwrap();
    // A bill says for ever how it was that day.
    world.command(json!({"command": "bill", "fault": "on_their_way", "times": 9})).await;
    let day = world.end_of_day().await;
    assert_eq!(world.look(at(&day, 10, 1)).await, 0);
    let bills = world.bills().await;
    assert_eq!((bills[0].0, bills[0].3.starts_with("1 refunds in it were on their way")), (1, true), "{bills:?}");
    // A day later the wallet says that it is paid back, in no report and in no other bill.
    world.act("refund_settled", &ann).await;
    assert_eq!(world.look(at(&day, 9, 2)).await, 0, "it rests for a day");
    assert_eq!(world.look(at(&day, 11, 2)).await, 1);
    assert_eq!(world.bills().await[0].0, 2);
    settle_from(&world.fixture, 60).await;
    assert_eq!(world.fixture.coins("ann").await, 35);
    assert_eq!(world.say(&world.events().await.pop().unwrap()).await, world.taken());
    settle_from(&world.fixture, 70).await;
    assert_eq!(world.fixture.balance("house/processor_receivable/CNY").await, -(498 - 249));
}

#[tokio::test]
async fn what_is_withdrawn_is_paid_and_the_rest_stays_at_the_wallet_for_later_days() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let mut world = World::on(storage, Wallet::Wechat).await;
        let account = SettlementAccount::new(purchase::domain::StoreKind::Wechat, sandbox::wechat::TEST_MERCHANT, BOOK);
        let account = SettlementAccount { fund_flow_from: "2020-01-01".to_owned(), ..account };
        world.fixture.reconfigure(|config| config.settlements = vec![account]).await;
        world.fixture.stop_background();
        world.http = Listening::start(&world.fixture).await;
        world.paid("ann").await;
        world.paid("bob").await;
        assert_eq!(world.try_command(&json!({"command": "withdraw", "amount": 0})).await, 409);
        world.command(json!({"command": "withdraw", "amount": 500})).await;
        let day = world.end_of_day().await;
        let owed = async |account: &str| -world.fixture.balance(&format!("house/{account}/CNY")).await;
        let sums = async || (owed("processor_receivable").await, owed("bank_cash").await, owed("processor_fee").await);
        // Its bill is there and its fund flow bill is not what its sums say: nothing is settled by half.
        world.command(json!({"command": "bill", "fault": "funds_altered", "day": day, "times": 2})).await;
        let pool = world.fixture.pool().await;
        assert_eq!(world.look(at(&day, 10, 1)).await, 0);
        settle_from(&world.fixture, 40).await;
        assert_eq!((sums().await, world.bills().await[0].0), ((996, 0, 0), 1));
        sqlx::query("UPDATE store_bill SET next_attempt_at_ms = 0").execute(&pool).await.unwrap();
        assert_eq!(world.look(at(&day, 12, 1)).await, 0);
        assert_eq!(world.bills().await, [(2, 2, 0, String::new())]);
        for hour in [60, 80] {
            settle_from(&world.fixture, hour).await;
        }
        // Six thousandths of 4.98 are 3 fen, twice; 5.00 went to the bank.
        assert_eq!(sums().await, (996 - 6 - 500, 500, 6));
        let left = async || {
            let sql =
                "SELECT state, paid_minor_units, carried_in_minor_units, carried_out_minor_units FROM store_settlement ORDER BY period";
            sqlx::query_as::<_, (i64, i64, i64, i64)>(sql).fetch_all(&pool).await.unwrap()
        };
        assert_eq!(left().await, [(2, 500, 0, 490)]);
        // The first was compared at a time that has not come yet.
        sqlx::query("UPDATE store_settlement SET created_at_ms = 0").execute(&pool).await.unwrap();
        // A later day on which nothing is paid, and 1.00 of what was left is withdrawn.
        let next = day.parse::<jiff::civil::Date>().unwrap().tomorrow().unwrap();
        let file = format!(
            "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号\n\
             `{next} 11:00:00,`9,`f1,`充值/提现,`提现,`支出,`1.00,`3.90,`boss,`,`w1\n\
             资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\n`1.0,`0.0,`0.00,`1.0,`1.00\n"
        );
        let message = api::purchase::ImportStoreReportRequest {
            format: api::purchase::StoreReportFormat::WechatFundFlow.into(),
            account: sandbox::wechat::TEST_MERCHANT.to_owned(),
            period: next.to_string(),
            report_part: "fund_flow".to_owned(),
            sha256: hex::encode(<sha2::Sha256 as sha2::Digest>::digest(file.as_bytes())),
            size_bytes: i64::try_from(file.len()).unwrap(),
            content: file.into_bytes(),
            ..Default::default()
        };
        let request = world.fixture.with_role("fay", Role::Finance, BOOK, message);
        world.fixture.client().import_store_report(request).await.unwrap();
        for hour in [100, 120] {
            settle_from(&world.fixture, hour).await;
        }
        assert_eq!(left().await, [(2, 500, 0, 490), (2, 100, 490, 390)]);
        assert_eq!(sums().await, (390, 600, 6));
        world.fixture.bed.verify().await;
    }
}
