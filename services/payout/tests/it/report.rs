//! Reports of payouts.

use crate::world::{BOOK, Running, World, aba, iban, on_both, payout_request};
use api::payout::{GetPayoutReportRequest, GetPayoutReportResponse, GetPayoutRequest, PayoutReportLine, PayoutState, ReportDimension};
use identity::Role;
use prost_types::Timestamp;
use serde_json::json;
use std::time::SystemTime;
use tonic::{Code, Status};

/// Everything requested within an hour of now, in one line per currency.
fn around_now() -> GetPayoutReportRequest {
    let now = i64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let at = |seconds| Some(Timestamp { seconds, nanos: 0 });
    GetPayoutReportRequest {
        book: BOOK.into(),
        created_from: at(now - 3_600),
        created_until: at(now + 3_600),
        by: Vec::new(),
        instant_ms_max: 60_000,
    }
}

async fn report(world: &World, running: &Running, request: GetPayoutReportRequest) -> Result<GetPayoutReportResponse, Status> {
    running.client().get_payout_report(world.bed.by("fay", Role::Finance, request)).await.map(tonic::Response::into_inner)
}

/// Count, amount, paid, paid amount, instant, returned, unknown.
fn sums(line: &PayoutReportLine) -> [i64; 7] {
    [
        line.payouts,
        line.amount_minor_units,
        line.paid_payouts,
        line.paid_minor_units,
        line.instant_payouts,
        line.returned_payouts,
        line.unknown_payouts,
    ]
}

#[tokio::test]
async fn a_report_counts_what_happened_and_compares_it_with_wallets() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        for (user, currency) in [("ana", "USD"), ("bob", "EUR")] {
            world.fund(user, currency).await;
        }
        running.pay("ana", aba("9000000001"), 1_000).await;
        running.pay("ana", aba("9000000001"), 2_500).await;
        running.pay("bob", iban("DE89370400440532013000"), 400).await;
        world.scenario(json!({ "account": "9000000009", "behaviour": "reject", "code": "AC04" })).await;
        let rejected = running.pay("ana", aba("9000000009"), 700).await;
        assert_eq!(rejected.state(), PayoutState::Rejected, "{rejected:?}");

        let all = report(&world, &running, around_now()).await.unwrap();
        let lines: Vec<_> = all.lines.iter().map(|line| (line.currency_code.as_str(), sums(line))).collect();
        assert_eq!(lines, [("EUR", [1, 400, 1, 400, 1, 0, 0]), ("USD", [3, 4_200, 2, 3_500, 2, 0, 0])]);
        assert_eq!(all.totals, all.lines, "without dimensions a line is a total");
        let usd = &all.lines[1];
        assert_eq!((usd.instant_share.as_str(), usd.cost_minor_units), ("1.0000", 100), "two RTP payouts at 0.50");
        assert!(usd.account_time_p50_ms > 0 && usd.account_time_p50_ms <= usd.account_time_p99_ms && usd.account_time_p99_ms < 60_000);
        let rejects: Vec<_> = usd.rejects.iter().map(|reject| (reject.reason_code.as_str(), reject.payouts)).collect();
        assert_eq!(rejects, [("AC04", 1)]);

        let by = [ReportDimension::Rail, ReportDimension::Bank, ReportDimension::Country, ReportDimension::Day].map(i32::from).to_vec();
        let divided = report(&world, &running, GetPayoutReportRequest { by, ..around_now() }).await.unwrap();
        assert!(divided.lines.len() >= 2 && divided.totals == all.totals, "{divided:?}");
        for line in &divided.lines {
            let rail = if line.currency_code == "USD" { ("us-rtp", "US") } else { ("sepa-instant", "DE") };
            assert_eq!((line.rail.as_str(), line.country.as_str(), line.bank.as_str()), (rail.0, rail.1, "first"));
            assert_eq!(line.day.len(), 10);
        }

        // Both wallets' figures are in USD: the payout in EUR is beside none.
        assert_eq!(
            all.wallets.iter().map(|wallet| (wallet.wallet.as_str(), wallet.payouts)).collect::<Vec<_>>(),
            [("paypal-us", 2), ("paypal-cross-border", 2)]
        );
        let typical = &all.wallets[1].levels[1];
        // 2 per cent and 3 per cent of 35.00; two items at 0.50, two checks at 0.20.
        let wallet = [&typical.wallet_fee, &typical.wallet_withdrawal, &typical.wallet_spread, &typical.wallet_total];
        assert_eq!(wallet, ["0.70", "0.00", "1.05", "1.75"]);
        assert_eq!([&typical.bank_items, &typical.bank_returns, &typical.bank_checks], ["1.00", "0.00", "0.40"]);
        assert!(!typical.times_faster.is_empty() && typical.wallet_days == "2");
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_report_is_of_its_book_and_its_period() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        world.fund("ana", "USD").await;
        let account = running.beneficiary("ana", aba("9000000001")).await.unwrap();
        let (paid, _) = running.request("ana", payout_request(&account, "USD", 500)).await.unwrap();
        running.end("ana", &paid.payout_id).await;
        // A payout that the ledger refused never was.
        running.request("ana", payout_request(&account, "USD", 50_000)).await.unwrap();
        running.request("ana", payout_request(&account, "USD", 50_000)).await.unwrap_err();
        let created = paid.create_time.unwrap();
        let bounds = |from: i64, until: i64| {
            let at = |ms: i64| {
                let moment = created.seconds * 1_000 + i64::from(created.nanos) / 1_000_000 + ms;
                Some(rpc::wire::timestamp_ms(moment))
            };
            GetPayoutReportRequest { created_from: at(from), created_until: at(until), ..around_now() }
        };
        let payouts = async |request| report(&world, &running, request).await.unwrap().totals.first().map_or(0, |line| line.payouts);
        assert_eq!(payouts(bounds(0, 1)).await, 1, "from its own millisecond on");
        assert_eq!(payouts(bounds(-10, 0)).await, 0, "before the end");
        assert_eq!(payouts(around_now()).await, 2);
        let live = report(&world, &running, GetPayoutReportRequest { book: "app-live".into(), ..around_now() }).await;
        assert!(live.is_err() || live.unwrap().totals.is_empty());
        let nowhere = report(&world, &running, GetPayoutReportRequest { book: "app-none".into(), ..around_now() }).await;
        assert!(nowhere.is_err());
        let wrong = report(&world, &running, GetPayoutReportRequest { created_until: None, ..around_now() }).await.unwrap_err();
        assert_eq!((wrong.code(), rpc::reason(&wrong).as_deref()), (Code::InvalidArgument, Some("MALFORMED")));
        // Neither creators nor those who help them see what all are paid.
        let refused = running.client().get_payout_report(running.signed("ana", around_now())).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        let refused = running.client().get_payout_report(world.bed.by("sue", Role::Support, around_now())).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_rejected_payout_says_what_the_creator_does_and_only_staff_who_acts_next() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(db::Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap(), 60).await;
    let running = world.start().await;
    world.fund("ana", "USD").await;
    for (account, code) in [("9000000011", "AC01"), ("9000000012", "FR01"), ("9000000013", "QQQQ")] {
        world.scenario(json!({ "account": account, "behaviour": "reject", "code": code })).await;
        let payout = running.pay("ana", aba(account), 300).await;
        assert_eq!((payout.state(), payout.reason_code.as_str()), (PayoutState::Rejected, code));
        let request = GetPayoutRequest { book: BOOK.into(), payout_id: payout.payout_id.clone() };
        let own = running.client().get_payout(running.signed("ana", request.clone())).await.unwrap().into_inner().payout.unwrap();
        let seen = running.client().get_payout(world.bed.by("sue", Role::Support, request)).await.unwrap().into_inner().payout.unwrap();
        assert!(!own.payee_text.is_empty() && own.payee_text == seen.payee_text && own.payee_text == payout.payee_text);
        assert_eq!((own.code_owner.as_str(), own.next_step.as_str()), ("", ""), "what staff do may tell a suspicion");
        let owner = if code == "AC01" { "creator" } else { "operations" };
        assert_eq!(seen.code_owner, owner, "{code}");
        assert!(seen.next_step.ends_with('.'), "{code}");
        assert!(!own.payee_text.to_lowercase().contains("fraud"), "{}", own.payee_text);
    }
    let paid = running.pay("ana", aba("9000000001"), 300).await;
    assert_eq!((paid.state(), paid.payee_text.as_str()), (PayoutState::Settled, ""));
    running.stop().await;
    world.close().await;
}
