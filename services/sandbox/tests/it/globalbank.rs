//! The pretend bank with a JSON interface, called as a payer calls it: with the crate that a payer uses.

use crate::town::on_both;
use accounts::{AddressField, AddressKind, AddressRules, PayoutAddress, holder::HolderName};
use bankapi::{
    ApiEvidence, ApiPayment, ApiPaymentType, ApiRules, ApiStatus, ErrorVerdict, InitiationAnswer, QueryAnswer, RsaSigningKey,
    SentApiPayment,
    oauth::{AssertionTerms, assertion, read_token, token_form},
    payment::{ApiAgentId, ApiCreditor, ApiDebtor, ApiDebtorAccount},
    read_initiation, read_query,
};
use db::Database;
use iso20022::camt053::Statement;
use jiff::{Timestamp, tz::TimeZone};
use money::{Currency, Money};
use reqwest::{Client, StatusCode};
use sandbox::globalbank::{self, API_BEHAVIOURS, Config, SandboxClient, SandboxGlobalBank, TEST_CLIENT_KEY, own_account};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

mod pushed;

const FUNDING: i64 = 100_000;
struct Town {
    bank: SandboxGlobalBank,
    client: Client,
    shutdown: CancellationToken,
    authorization: Option<String>,
}

fn usd(minor_units: i64) -> Money {
    Money::try_new(Currency::try_new("USD").unwrap(), minor_units).unwrap()
}

fn options() -> Config {
    Config {
        funding: vec![usd(FUNDING)],
        late_answer: Duration::from_secs(2),
        callback_retry: Duration::from_millis(20),
        ..Config::default()
    }
}

impl Town {
    async fn open(database: &Database, config: Config) -> Town {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shutdown = CancellationToken::new();
        let bank = globalbank::start(listener, database, config, shutdown.clone()).await.unwrap();
        Town { bank, client: http_client::local().build().unwrap(), shutdown, authorization: None }
    }

    async fn close(self) {
        self.shutdown.cancel();
        drop(self.client);
        self.bank.stopped().await.unwrap();
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.bank.url())).timeout(Duration::from_secs(5));
        match &self.authorization {
            Some(value) => request.header("authorization", value),
            None => request,
        }
    }

    async fn send(&self, body: &Value, key: Option<&str>) -> Result<(u16, Vec<u8>), reqwest::Error> {
        let mut request = self.request(reqwest::Method::POST, "/payments").body(body.to_string());
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let answer = request.send().await?;
        Ok((answer.status().as_u16(), answer.bytes().await?.to_vec()))
    }

    async fn pay(&self, payment: &ApiPayment, key: Option<&str>) -> InitiationAnswer {
        let (status, body) = self.send(&payment.body(&ApiRules::default()).unwrap(), key).await.unwrap();
        read_initiation(status, &body)
    }

    async fn get(&self, path: &str) -> (u16, Vec<u8>) {
        let answer = self.request(reqwest::Method::GET, path).send().await.unwrap();
        (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
    }

    async fn ask(&self, payment: &ApiPayment) -> QueryAnswer {
        let path = format!("/payments?endToEndId={}&paymentType={}&view=FULL", payment.end_to_end_id, payment.payment_type.word());
        let (status, body) = self.get(&path).await;
        read_query(status, &body)
    }

    async fn status(&self, payment: &ApiPayment) -> ApiStatus {
        match self.ask(payment).await {
            QueryAnswer::Found(mut found) if found.len() == 1 => found.remove(0),
            other => panic!("{other:?}"),
        }
    }

    async fn evidence(&self, payment: &ApiPayment) -> ApiEvidence {
        self.status(payment).await.evidence(&sent(payment))
    }

    async fn scenario(&self, body: Value) -> StatusCode {
        self.request(reqwest::Method::POST, "/scenarios").body(body.to_string()).send().await.unwrap().status()
    }

    async fn statement(&self) -> Statement {
        let (_, body) = self.get("/statements/USD").await;
        let statement = Statement::read(&body).unwrap();
        assert!(statement.adds_up());
        statement
    }

    /// Signed minor units booked under an id, in order.
    async fn booked(&self, id: &str) -> Vec<i128> {
        let entries = self.statement().await.entries;
        entries
            .iter()
            .filter(|entry| entry.end_to_end_id.as_deref() == Some(id))
            .map(|entry| entry.direction.signed(entry.amount))
            .collect()
    }
}

fn sent(payment: &ApiPayment) -> SentApiPayment<'_> {
    SentApiPayment { end_to_end_id: &payment.end_to_end_id, payment_type: payment.payment_type, amount: payment.amount }
}

fn payment(id: &str, payment_type: ApiPaymentType, name: &str, minor_units: i64) -> ApiPayment {
    let wallet = |wallet| {
        let fields = [(AddressField::Wallet, wallet), (AddressField::AliasType, "email"), (AddressField::Alias, "ana@example.com")];
        PayoutAddress::parse(AddressKind::Wallet, &fields, &AddressRules::default()).unwrap()
    };
    let account = || {
        let fields = [
            (AddressField::RoutingNumber, "021000021"),
            (AddressField::AccountNumber, "4400005678"),
            (AddressField::AccountType, "checking"),
        ];
        PayoutAddress::parse(AddressKind::UsAccount, &fields, &AddressRules::default()).unwrap()
    };
    let address = match payment_type {
        ApiPaymentType::Paypal => wallet("paypal"),
        ApiPaymentType::Venmo => wallet("venmo"),
        _ => account(),
    };
    ApiPayment {
        payment_type,
        end_to_end_id: id.to_owned(),
        execution_date: TimeZone::UTC.to_datetime(Timestamp::now()).date(),
        amount: usd(minor_units),
        debtor: ApiDebtor {
            name: "Largesse".to_owned(),
            account_number: own_account(usd(0).currency()).number().to_owned(),
            account_type: ApiDebtorAccount::Demand,
            agent: (ApiAgentId::RoutingNumber, "021000021".to_owned()),
            company_id: Some("1234567890".to_owned()),
        },
        ultimate_debtor: None,
        creditor: ApiCreditor { name: HolderName::parse(name).unwrap(), address, postal: None, tax_id: None, is_company: false },
        remittance: None,
        same_day: false,
    }
}

fn rtp(id: &str, name: &str, minor_units: i64) -> ApiPayment {
    payment(id, ApiPaymentType::Rtp, name, minor_units)
}

fn is_first(answer: &InitiationAnswer) -> bool {
    matches!(answer, InitiationAnswer::Taken { duplicate: false, .. })
}

fn verdict(answer: InitiationAnswer) -> ErrorVerdict {
    match answer {
        InitiationAnswer::Failed(failure) => failure.verdict,
        taken @ InitiationAnswer::Taken { .. } => panic!("{taken:?}"),
    }
}

#[tokio::test]
async fn a_key_executes_once_and_its_duplicates_get_the_first_answer() {
    on_both(async |database| {
        let town = Town::open(&database, options()).await;
        let ana = rtp("A", "Ana", 500);
        let InitiationAnswer::Taken { payment_id, duplicate: false, .. } = town.pay(&ana, Some("K")).await else { panic!() };
        for _ in 0..2 {
            let InitiationAnswer::Taken { payment_id: again, duplicate, .. } = town.pay(&ana, Some("K")).await else { panic!() };
            assert_eq!((&again, duplicate), (&payment_id, true));
        }
        assert_eq!(town.evidence(&ana).await, ApiEvidence::Settled);
        assert_eq!(town.booked("A").await, [-500]);
        // The key of another body is an incident, and moves nothing.
        assert_eq!(verdict(town.pay(&rtp("A", "Ana", 501), Some("K")).await), ErrorVerdict::KeyReused);
        assert_eq!(town.booked("A").await, [-500]);
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_forgotten_key_and_a_missing_one_execute_again() {
    on_both(async |database| {
        let town = Town::open(&database, Config { key_retention: Duration::ZERO, ..options() }).await;
        for _ in 0..2 {
            assert!(is_first(&town.pay(&rtp("A", "Ana", 500), Some("K")).await));
            assert!(is_first(&town.pay(&rtp("B", "Ana", 70), None).await));
        }
        assert_eq!((town.booked("A").await, town.booked("B").await), (vec![-500, -500], vec![-70, -70]));
        let QueryAnswer::Found(found) = town.ask(&rtp("A", "Ana", 500)).await else { panic!() };
        assert_eq!(found.len(), 2);
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_key_in_flight_is_refused_until_the_answer_is_out() {
    on_both(async |database| {
        let town = Town::open(&database, options()).await;
        let late = rtp("A", "Sandbox late:1500", 5);
        let body = late.body(&ApiRules::default()).unwrap();
        let send = |key| town.send(&body, Some(key));
        let answers = futures::future::join_all((0..6).map(|_| send("K"))).await;
        let answers: Vec<_> =
            answers.into_iter().map(|answer| answer.unwrap()).map(|(status, body)| read_initiation(status, &body)).collect();
        assert_eq!(answers.iter().filter(|answer| is_first(answer)).count(), 1);
        let concurrent = answers.into_iter().filter(|answer| !is_first(answer)).map(verdict);
        assert!(concurrent.into_iter().all(|verdict| verdict == ErrorVerdict::Concurrent));
        let InitiationAnswer::Taken { duplicate, .. } = town.pay(&late, Some("K")).await else { panic!() };
        assert_eq!((duplicate, town.booked("A").await), (true, vec![-5]));
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn lost_answers_are_found_by_asking_for_id_and_type() {
    on_both(async |database| {
        let town = Town::open(&database, options()).await;
        let [cut, lost, silent] = ["cut", "lose", "silent"].map(|name| rtp(name, &format!("Sandbox {name}"), 5));
        for gone in [&cut, &lost] {
            assert!(town.send(&gone.body(&ApiRules::default()).unwrap(), Some(&gone.end_to_end_id)).await.is_err());
        }
        let executed = rtp("executed", "Sandbox silent_executed", 5);
        for silent in [&silent, &executed] {
            assert!(town.send(&silent.body(&ApiRules::default()).unwrap(), None).await.unwrap_err().is_timeout());
        }
        let garbage = rtp("garbage", "Sandbox garbage", 5);
        assert_eq!(verdict(town.pay(&garbage, Some("K2")).await), ErrorVerdict::Unknown);
        assert!(is_first(&town.pay(&rtp("late", "Sandbox late", 5), Some("K3")).await));
        for there in [&cut, &executed, &garbage, &rtp("late", "Sandbox late", 5)] {
            assert_eq!(town.evidence(there).await, ApiEvidence::Settled, "{}", there.end_to_end_id);
            assert_eq!(town.booked(&there.end_to_end_id).await, [-5]);
        }
        for not_there in [&lost, &silent] {
            assert_eq!(town.ask(not_there).await, QueryAnswer::NotFound);
            assert!(town.booked(&not_there.end_to_end_id).await.is_empty());
        }
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn refusals_and_rejections_move_nothing() {
    on_both(async |database| {
        let town = Town::open(&database, options()).await;
        assert_eq!(verdict(town.pay(&rtp("A", "Sandbox refuse:10101", 5), None).await), ErrorVerdict::Refused);
        assert_eq!(verdict(town.pay(&rtp("B", "Sandbox refuse:12995", 5), None).await), ErrorVerdict::LaterSameKey);
        let rejected = rtp("C", "Sandbox reject:AC04", 5);
        assert!(is_first(&town.pay(&rejected, None).await));
        let ApiEvidence::Rejected(reasons) = town.evidence(&rejected).await else { panic!() };
        assert_eq!(reasons[0].standard_codes, [("ISO20022".to_owned(), "AC04".to_owned())]);
        let own = rtp("D", "Sandbox reject:11500", 5);
        town.pay(&own, None).await;
        assert!(matches!(town.evidence(&own).await, ApiEvidence::Rejected(reasons) if reasons[0].code.as_deref() == Some("11500")));
        assert!(town.statement().await.entries.is_empty());
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_payment_without_funds_waits_for_them() {
    on_both(async |database| {
        let town = Town::open(&database, options()).await;
        let large = rtp("A", "Ana", FUNDING + 1);
        assert!(is_first(&town.pay(&large, None).await));
        let found = town.evidence(&large).await;
        assert_eq!(found, ApiEvidence::NeedsUs(bankapi::ApiCase::Funding));
        assert!(town.statement().await.entries.is_empty());
        assert_eq!(town.scenario(json!({"end_to_end_id": "A", "behaviour": "cancel"})).await, StatusCode::NO_CONTENT);
        assert_eq!(town.evidence(&large).await, ApiEvidence::Cancelled);
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn reviews_wait_for_a_scenario_and_settle_later_for_a_query() {
    on_both(async |database| {
        let town = Town::open(&database, options()).await;
        let (review, pending, later) =
            (rtp("A", "Sandbox compliance_review", 5), rtp("B", "Sandbox pending", 6), rtp("C", "Sandbox settle_later", 7));
        for waiting in [&review, &pending, &later] {
            assert!(is_first(&town.pay(waiting, None).await));
        }
        assert!(town.statement().await.entries.is_empty());
        assert_eq!(town.evidence(&review).await, ApiEvidence::NeedsUs(bankapi::ApiCase::ComplianceReview));
        assert_eq!(town.evidence(&pending).await, ApiEvidence::Pending);
        assert_eq!(town.evidence(&later).await, ApiEvidence::Settled);
        town.scenario(json!({"end_to_end_id": "A", "behaviour": "settle"})).await;
        town.scenario(json!({"end_to_end_id": "B", "behaviour": "reject:11501"})).await;
        assert_eq!(town.evidence(&review).await, ApiEvidence::Settled);
        assert!(matches!(town.evidence(&pending).await, ApiEvidence::Rejected(_)));
        // Nothing is decided twice.
        town.scenario(json!({"end_to_end_id": "A", "behaviour": "reject:11501"})).await;
        assert_eq!(town.evidence(&review).await, ApiEvidence::Settled);
        assert_eq!((town.booked("A").await, town.booked("B").await, town.booked("C").await), (vec![-5], vec![], vec![-7]));
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_ach_payment_completes_and_comes_back_only_after_that() {
    on_both(async |database| {
        let town = Town::open(&database, options()).await;
        let ach = payment("A", ApiPaymentType::Ach, "Sandbox return:R03", 500);
        let InitiationAnswer::Taken { payment_id, .. } = town.pay(&ach, None).await else { panic!() };
        // By the bank's own id it is not found, which proves nothing.
        assert_eq!(town.get(&format!("/payments/{payment_id}")).await.0, 404);
        assert_eq!(town.evidence(&ach).await, ApiEvidence::SettledReturnable);
        let ApiEvidence::Returned(reasons) = town.evidence(&ach).await else { panic!() };
        assert_eq!(reasons[0].standard_codes, [("CLEARING_NACHA".to_owned(), "R03".to_owned())]);
        assert_eq!(town.booked("A").await, [-500, 500]);
        // An instant payment never comes back by itself.
        let instant = rtp("B", "Sandbox return:R03", 5);
        town.pay(&instant, None).await;
        assert_eq!((town.evidence(&instant).await, town.evidence(&instant).await), (ApiEvidence::Settled, ApiEvidence::Settled));
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn wallets_are_paid_and_found_by_the_banks_id() {
    on_both(async |database| {
        let town = Town::open(&database, options()).await;
        for (id, kind) in [("A", ApiPaymentType::Paypal), ("B", ApiPaymentType::Venmo)] {
            let wallet = payment(id, kind, "Ana", 250);
            let InitiationAnswer::Taken { payment_id, .. } = town.pay(&wallet, Some(id)).await else { panic!() };
            for path in [format!("/payments/{payment_id}"), format!("/payments/{payment_id}/status")] {
                let (status, body) = town.get(&path).await;
                let QueryAnswer::Found(found) = read_query(status, &body) else { panic!() };
                assert_eq!(found[0].evidence(&sent(&wallet)), ApiEvidence::Settled);
            }
            assert_eq!(town.status(&wallet).await.money(), Some(Ok(usd(250))));
            assert_eq!(town.booked(id).await, [-250]);
        }
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_first_payment_can_be_called_a_duplicate() {
    on_both(async |database| {
        let town = Town::open(&database, options()).await;
        let answer = town.pay(&rtp("A", "Sandbox duplicate_request", 5), Some("K")).await;
        assert!(matches!(answer, InitiationAnswer::Taken { duplicate: true, .. }));
        assert_eq!(town.booked("A").await, [-5]);
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn scenarios_count_down_and_outrank_names() {
    on_both(async |database| {
        let town = Town::open(&database, options()).await;
        town.scenario(json!({"holder": "Ana", "behaviour": "refuse:10104", "times": 1})).await;
        town.scenario(json!({"end_to_end_id": "B", "behaviour": "settle"})).await;
        assert_eq!(verdict(town.pay(&rtp("A", "Ana", 5), None).await), ErrorVerdict::Refused);
        assert!(is_first(&town.pay(&rtp("A", "Ana", 5), None).await));
        town.pay(&rtp("B", "Sandbox reject:11500", 5), None).await;
        assert_eq!(town.evidence(&rtp("B", "x", 5)).await, ApiEvidence::Settled);
        for wrong in [
            json!({}),
            json!({"holder": "x", "behaviour": "dance"}),
            json!([]),
            json!({"holder": "x", "end_to_end_id": "y", "behaviour": "cut"}),
        ] {
            assert_eq!(town.scenario(wrong).await, StatusCode::BAD_REQUEST);
        }
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_token_is_given_once_per_assertion_and_everything_else_is_closed() {
    on_both(async |database| {
        let config = Config { clients: vec![SandboxClient::of_test_key("largesse", "KID")], ..options() };
        let mut town = Town::open(&database, config).await;
        assert_eq!(verdict(town.pay(&rtp("A", "Ana", 5), None).await), ErrorVerdict::Operations);
        let key = RsaSigningKey::from_pem(TEST_CLIENT_KEY.as_bytes()).unwrap();
        let url = town.bank.token_url();
        let form = |token_url: &str, kid: &str, jti: &str| {
            let issued_at = Timestamp::now().as_second();
            let terms = AssertionTerms { client_id: "largesse", token_url, kid, issued_at, seconds: 300, jti };
            token_form("largesse", &assertion(&terms, &key).unwrap(), "resource")
        };
        let ask = async |town: &Town, form: String| {
            let answer = town.request(reqwest::Method::POST, "/oauth2/token").body(form).send().await.unwrap();
            (answer.status().as_u16(), answer.bytes().await.unwrap())
        };
        let good = form(&url, "KID", "J1");
        let (status, body) = ask(&town, good.clone()).await;
        let token = read_token(status, &body).unwrap();
        assert_eq!(token.expires_in_seconds, Some(900));
        for refused in [good, form("http://other/token", "KID", "J2"), form(&url, "OTHER", "J3"), String::new(), "x".repeat(20_000)] {
            let (status, body) = ask(&town, refused).await;
            assert!(read_token(status, &body).is_err());
        }
        for path in ["/payments?endToEndId=A", "/payments/A", "/statements/USD"] {
            assert_eq!(town.get(path).await.0, 401, "{path}");
        }
        town.authorization = Some("Bearer forged".to_owned());
        assert_eq!(town.get("/statements/USD").await.0, 401);
        town.authorization = Some(token.authorization());
        assert!(is_first(&town.pay(&rtp("A", "Ana", 5), None).await));
        assert_eq!(town.booked("A").await, [-5]);
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn hostile_requests_are_refused_and_move_nothing() {
    on_both(async |database| {
        let town = Town::open(&database, options()).await;
        let good = rtp("A", "Ana", 5).body(&ApiRules::default()).unwrap();
        for body in [json!(null), json!([]), json!({}), json!("x"), json!({"payments": good})] {
            let (status, answer) = town.send(&body, None).await.unwrap();
            assert_eq!((status, verdict(read_initiation(status, &answer))), (400, ErrorVerdict::Refused), "{body}");
        }
        for key in ["", &"k".repeat(37), "a b"] {
            let (status, _) = town.send(&good, Some(key)).await.unwrap();
            assert_eq!(status, 400, "{key}");
        }
        let large = vec![b' '; bankapi::json::DOCUMENT_BYTES_MAX + 1];
        let answer = town.request(reqwest::Method::POST, "/payments").body(large).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
        for (path, expected) in [
            ("/payments", 400),
            ("/payments?endToEndId=", 400),
            ("/payments?endToEndId=x&view=ALL", 400),
            ("/payments?endToEndId=a%00b", 400),
            ("/payments?endToEndId=nobody", 404),
            ("/payments/nobody", 404),
            ("/payments/a%00b", 404),
            ("/payments/nobody/status", 404),
            ("/statements/XXXX", 404),
            ("/statements/JPY", 404),
            ("/elsewhere", 404),
        ] {
            assert_eq!(town.get(path).await.0, expected, "{path}");
        }
        for body in
            ["", "{}", r#"{"url":"ftp://x/"}"#, r#"{"url":"http://x/","copies":0}"#, r#"{"url":"http://x/","copies":9}"#, r#"{"url":"x"}"#]
        {
            let answer = town.request(reqwest::Method::PUT, "/callback").body(body).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{body}");
        }
        assert!(town.statement().await.entries.is_empty());
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn the_page_lists_every_behaviour_and_a_restart_keeps_the_books() {
    on_both(async |database| {
        let town = Town::open(&database, options()).await;
        let page = String::from_utf8(town.get("/").await.1).unwrap();
        for name in API_BEHAVIOURS {
            assert!(page.contains(name), "{name}");
        }
        town.pay(&rtp("A", "Ana", 5), Some("K")).await;
        town.close().await;
        let town = Town::open(&database, options()).await;
        assert!(matches!(town.pay(&rtp("A", "Ana", 5), Some("K")).await, InitiationAnswer::Taken { duplicate: true, .. }));
        assert_eq!((town.booked("A").await, town.statement().await.closing.signed_minor_units()), (vec![-5], i128::from(FUNDING - 5)));
        town.close().await;
    })
    .await;
}
