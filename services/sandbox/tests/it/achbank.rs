//! The pretend ACH bank, called as a payer calls it: with files that the payer's own builder makes.

use crate::town::on_both;
use bankfiles::nacha::{
    self, AccountKind, AchAccount, AchFile, AchLineEnd,
    build::{AchBatchTerms, AchCredit, AchFileBuilder, AchFileTerms, AchOffset, CreditClass, CreditKind},
};
use db::Database;
use iso20022::camt053::Statement;
use jiff::{Timestamp, Zoned, civil::Date};
use money::{Money, time::from_unix_ms};
use reqwest::{Client, Method, StatusCode};
use sandbox::achbank::{self, ACH_FAULTS, ACH_ROUTING_NUMBER, Config, SandboxAchBank, dollar, own_account};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const FUNDING: i64 = 10_000_000;
/// A Wednesday before a holiday.
const MORNING: &str = "2026-11-25T09:00";

struct Town {
    bank: SandboxAchBank,
    client: Client,
    shutdown: CancellationToken,
}

fn at(text: &str) -> Timestamp {
    format!("{text}[America/New_York]").parse::<Zoned>().unwrap().timestamp()
}

impl Town {
    async fn open(database: &Database) -> Town {
        let now_ms = at(MORNING).as_millisecond();
        let funding = Money::try_new(dollar(), FUNDING).unwrap();
        let config = Config { funding, clock: Arc::new(move || from_unix_ms(now_ms)), ..Config::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shutdown = CancellationToken::new();
        let bank = achbank::start(listener, database, config, shutdown.clone()).await.unwrap();
        Town { bank, client: http_client::local().build().unwrap(), shutdown }
    }

    async fn close(self) {
        self.shutdown.cancel();
        drop(self.client);
        self.bank.stopped().await.unwrap();
    }

    async fn call(&self, method: Method, path: &str, body: impl Into<reqwest::Body>) -> Result<(u16, Vec<u8>), reqwest::Error> {
        let request = self.client.request(method, format!("{}{path}", self.bank.url())).timeout(Duration::from_secs(5));
        let answer = request.body(body).send().await?;
        Ok((answer.status().as_u16(), answer.bytes().await?.to_vec()))
    }

    async fn put(&self, name: &str, bytes: &[u8]) -> u16 {
        self.call(Method::PUT, &format!("/files/{name}"), bytes.to_vec()).await.unwrap().0
    }

    async fn acknowledgement(&self, name: &str) -> Option<Value> {
        let (status, body) = self.call(Method::GET, &format!("/files/{name}/acknowledgement"), "").await.unwrap();
        (status == 200).then(|| serde_json::from_slice(&body).unwrap())
    }

    async fn post(&self, path: &str, body: Value) -> u16 {
        self.call(Method::POST, path, body.to_string()).await.unwrap().0
    }

    async fn clock(&self, text: &str) {
        assert_eq!(self.post("/clock", json!({"now": at(text).to_string()})).await, 204, "{text}");
    }

    async fn statement(&self) -> Statement {
        let (_, body) = self.call(Method::GET, "/statements/USD", "").await.unwrap();
        let statement = Statement::read(&body).unwrap();
        assert!(statement.adds_up());
        statement
    }

    /// Signed cents booked, in order.
    async fn booked(&self) -> Vec<i128> {
        self.statement().await.entries.iter().map(|entry| entry.direction.signed(entry.amount)).collect()
    }

    /// Name and content of the oldest unconfirmed file of answers.
    async fn mail(&self) -> Option<(String, AchFile)> {
        let answer = self.client.get(format!("{}/returns", self.bank.url())).send().await.unwrap();
        if answer.status() == StatusCode::NO_CONTENT {
            return None;
        }
        let name = answer.headers()["file-name"].to_str().unwrap().to_owned();
        Some((name, nacha::read(&answer.bytes().await.unwrap()).unwrap()))
    }

    async fn confirm(&self, name: &str) -> u16 {
        self.call(Method::DELETE, &format!("/returns/{name}"), "").await.unwrap().0
    }
}

fn credit(name: &str, cents: i64) -> AchCredit {
    AchCredit {
        account: AchAccount { routing_number: "021000021".into(), account_number: "0044-1A".into(), kind: AccountKind::Checking },
        kind: if cents == 0 { CreditKind::Prenote } else { CreditKind::Payment { cents } },
        identification: format!("REF{cents}"),
        name: name.into(),
        discretionary: String::new(),
        information: None,
    }
}

/// A file of one batch per list, each effective on a day.
fn file(modifier: char, effective: &str, batches: &[&[AchCredit]]) -> Vec<u8> {
    let own = AchAccount {
        routing_number: ACH_ROUTING_NUMBER.into(),
        account_number: own_account().number().into(),
        kind: AccountKind::Checking,
    };
    let terms = AchFileTerms {
        destination: ACH_ROUTING_NUMBER.into(),
        origin: "1234567890".into(),
        destination_name: "BANK".into(),
        origin_name: "LARGESSE".into(),
        reference: String::new(),
        created: "2026-11-25T09:00".parse().unwrap(),
        modifier,
        line_end: AchLineEnd::Lf,
        odfi: ACH_ROUTING_NUMBER.into(),
        first_sequence: 1,
    };
    let mut builder = AchFileBuilder::try_new(&terms).unwrap();
    for (credits, balanced) in batches.iter().zip([false, true, false, true]) {
        let offset = AchOffset { account: own.clone(), name: "LARGESSE".into(), identification: String::new() };
        let terms = AchBatchTerms {
            class: CreditClass::Ppd,
            company_name: "LARGESSE".into(),
            discretionary: String::new(),
            company_id: "1234567890".into(),
            description: "PAYOUT".into(),
            descriptive_date: String::new(),
            effective: effective.parse::<Date>().unwrap(),
            offset: balanced.then_some(offset),
        };
        builder.add_batch(&terms, credits).unwrap();
    }
    nacha::write(&builder.build().unwrap()).unwrap()
}

#[tokio::test]
async fn a_file_is_debited_once_per_batch_when_its_window_settles() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        let bytes = file('A', "2026-11-25", &[&[credit("Ana", 500), credit("Bo", 70)], &[credit("Cy", 30)]]);
        assert_eq!(town.put("one.ach", &bytes).await, 202);
        let acknowledgement = town.acknowledgement("one.ach").await.unwrap();
        assert_eq!((&acknowledgement["status"], &acknowledgement["credit_cents"]), (&json!("accepted"), &json!(600)));
        let settles = json!([{"at": at("2026-11-25T13:00").to_string(), "entries": 2, "credit_cents": 570}]);
        assert_eq!(acknowledgement["batches"][0]["settles"], settles);
        town.clock("2026-11-25T12:59").await;
        assert!(town.booked().await.is_empty());
        town.clock("2026-11-25T13:00").await;
        // The same bytes again, under any name, move nothing.
        for name in ["one.ach", "again.ach"] {
            assert_eq!(town.put(name, &bytes).await, 202);
        }
        assert_eq!(town.booked().await, [-570, -30]);
        assert!(town.statement().await.entries.iter().all(|entry| entry.end_to_end_id.is_none()));
        // Nothing comes back, and nothing is ever confirmed.
        town.clock("2026-12-31T13:00").await;
        assert!(town.mail().await.is_none());
        assert_eq!(town.booked().await, [-570, -30]);
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn details_of_a_batch_come_on_request_and_fit_its_sum() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        town.put("one.ach", &file('A', "2026-11-25", &[&[credit("Ana", 500), credit("Bo", 70)]])).await;
        town.clock("2026-11-25T13:00").await;
        let (_, detailed) = town.call(Method::GET, "/statements/USD?details=true", "").await.unwrap();
        let text = String::from_utf8(detailed.clone()).unwrap();
        assert_eq!(text.matches("<TxDtls>").count(), 2);
        assert!(text.contains("<AcctSvcrRef>021000020000001</AcctSvcrRef><EndToEndId>REF500</EndToEndId>"), "{text}");
        assert!(Statement::read(&detailed).unwrap().adds_up());
        let read = iso20022::report::AccountReports::read(&detailed).unwrap();
        assert_eq!((read.reports.len(), read.findings()), (1, Vec::new()));
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_return_brings_the_whole_amount_back_with_the_original_trace_number() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        let credits = [credit("Ana", 500), credit("Sandbox return:R03", 70), credit("SANDBOX RETURN R23/3", 9)];
        town.put("one.ach", &file('A', "2026-11-25", &[&credits])).await;
        town.clock("2026-11-27T08:29").await;
        assert!(town.mail().await.is_none());
        assert_eq!(town.booked().await, [-579]);
        // The day after is a holiday.
        town.clock("2026-11-27T08:30").await;
        let (name, returned) = town.mail().await.unwrap();
        let entry = &returned.batches[0].entries[0];
        let answer = entry.returned().unwrap();
        assert_eq!((answer.code.as_str(), answer.original_trace.as_str(), entry.amount_cents), ("R03", "021000020000002", 70));
        assert_eq!(returned.header.destination.trim(), "1234567890");
        assert_eq!((town.booked().await, returned.batches.len()), (vec![-579, 70], 1));
        // The same file until it is confirmed.
        assert_eq!(town.mail().await.unwrap().0, name);
        assert_eq!((town.confirm(&name).await, town.confirm(&name).await), (204, 404));
        assert!(town.mail().await.is_none());
        // Late, when the payer has long taken it for final.
        town.clock("2026-12-01T08:30").await;
        let (_, late) = town.mail().await.unwrap();
        assert_eq!(late.batches[0].entries[0].returned().unwrap().code, "R23");
        assert_eq!(town.booked().await, [-579, 70, 9]);
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_notification_of_change_moves_no_money() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        let credits = [credit("Sandbox noc:C01", 70), credit("Sandbox noc:C05", 30), credit("Sandbox return:R02", 5)];
        town.put("one.ach", &file('A', "2026-11-25", &[&credits])).await;
        town.clock("2026-11-30T09:00").await;
        let mut seen = Vec::new();
        while let Some((name, answers)) = town.mail().await {
            for entry in answers.batches.iter().flat_map(|batch| &batch.entries) {
                let change = entry.change().map(|answer| (answer.code.clone(), answer.account_change().unwrap()));
                seen.push((entry.amount_cents, change.map(|(code, change)| (code, change.account_number, change.kind))));
            }
            assert_eq!(town.confirm(&name).await, 204);
        }
        let corrected = [
            (0, Some(("C01".to_owned(), Some("7700001234".to_owned()), None))),
            (0, Some(("C05".to_owned(), None, Some(AccountKind::Savings)))),
            (5, None),
        ];
        assert_eq!(seen, corrected);
        assert_eq!(town.booked().await, [-105, 5]);
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_file_that_does_not_add_up_is_refused_whole() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        let good = String::from_utf8(file('A', "2026-11-25", &[&[credit("Ana", 500), credit("Bo", 70)]])).unwrap();
        let lines: Vec<&str> = good.lines().collect();
        let with = |at: usize, from: usize, text: &str| {
            let mut changed: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            changed[at].replace_range(from..from + text.len(), text);
            changed.join("\n").into_bytes()
        };
        // Entry hash, totals, counts; the amount of an entry; cut off; twice in one file.
        let broken = [
            with(4, 10, "0000000001"),
            with(4, 32, "000000000571"),
            with(4, 4, "000003"),
            with(5, 1, "000002"),
            with(5, 43, "000000000571"),
            with(2, 29, "0000000501"),
            good.as_bytes()[..good.len() / 2].to_vec(),
            format!("{good}{good}").into_bytes(),
            Vec::new(),
            b"\xff\xfe\x00".to_vec(),
            b"<html>".to_vec(),
        ];
        for (index, bytes) in broken.iter().enumerate() {
            let name = format!("bad-{index}.ach");
            assert_eq!(town.put(&name, bytes).await, 202);
            let answer = town.acknowledgement(&name).await.unwrap();
            assert_eq!(answer["status"], "rejected", "{index}");
            assert!(!answer["problems"].as_array().unwrap().is_empty());
        }
        town.clock("2026-12-31T09:00").await;
        assert!(town.booked().await.is_empty());
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn files_against_the_rules_of_the_bank_are_refused_with_their_problems() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        let good = file('A', "2026-11-25", &[&[credit("Ana", 500)]]);
        assert_eq!(town.put("good.ach", &good).await, 202);
        let read = nacha::read(&good).unwrap();
        let changed = |change: fn(&mut AchFile)| {
            let mut file = read.clone();
            change(&mut file);
            nacha::write(&file).unwrap()
        };
        let cases = [
            ("modifier", file('A', "2026-11-25", &[&[credit("Ana", 501)]]), "modifier"),
            ("bank", changed(|file| file.header.destination = " 021000089".into()), "another bank"),
            ("class", changed(|file| file.batches[0].header.sec = "WEB".into()), "neither PPD nor CCD"),
            ("funds", file('B', "2026-11-25", &[&[credit("Ana", FUNDING - 499)]]), "more than the account has"),
            (
                "debit",
                {
                    let mut file = nacha::read(&file('C', "2026-11-25", &[&[credit("Ana", 5)], &[credit("Bo", 6)]])).unwrap();
                    file.batches[1].entries[1].account_number = "999".into();
                    nacha::write(&file).unwrap()
                },
                "debits an account",
            ),
            ("past", changed(|file| file.batches[0].header.effective_date = "261332".into()), "no date"),
        ];
        for (name, bytes, expected) in cases {
            assert_eq!(town.put(name, &bytes).await, 202);
            let answer = town.acknowledgement(name).await.unwrap();
            let problems = answer["problems"].to_string();
            assert!(answer["status"] == "rejected" && problems.contains(expected), "{name}: {answer}");
        }
        // Other bytes under a known name are refused before anything else.
        assert_eq!(town.put("good.ach", b"other").await, 409);
        town.clock("2026-12-31T09:00").await;
        assert_eq!(town.booked().await, [-500]);
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_lost_upload_is_told_by_the_acknowledgement() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        let bytes = file('A', "2026-11-25", &[&[credit("Ana", 500)]]);
        let lose = async |name: &str, behaviour: &str| {
            assert_eq!(town.post("/scenarios", json!({"file": name, "behaviour": behaviour, "times": 1})).await, 204);
            town.call(Method::PUT, &format!("/files/{name}"), bytes.clone()).await.unwrap_err()
        };
        lose("one.ach", "cut_before_storing").await;
        assert!(town.acknowledgement("one.ach").await.is_none());
        lose("one.ach", "cut_after_storing").await;
        assert_eq!(town.acknowledgement("one.ach").await.unwrap()["status"], "accepted");
        // Sent again all the same, it is the same file.
        assert_eq!(town.put("one.ach", &bytes).await, 202);
        town.clock("2026-11-27T09:00").await;
        assert_eq!(town.booked().await, [-500]);
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn acknowledgements_can_be_late_or_of_another_file_and_returns_come_twice() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        let scenario = async |name: &str, behaviour: &str| town.post("/scenarios", json!({"file": name, "behaviour": behaviour})).await;
        scenario("late", "acknowledge_late:3600").await;
        scenario("hash", "acknowledge_other_hash").await;
        scenario("twice", "returns_twice").await;
        scenario("refused", "refuse").await;
        for (name, modifier) in [("late", 'A'), ("hash", 'B'), ("twice", 'C'), ("refused", 'D')] {
            let bytes = file(modifier, "2026-11-25", &[&[credit("Sandbox return:R04", 5)]]);
            assert_eq!(town.put(name, &bytes).await, 202);
        }
        assert!(town.acknowledgement("late").await.is_none());
        town.clock("2026-11-25T10:00").await;
        assert_eq!(town.acknowledgement("late").await.unwrap()["status"], "accepted");
        assert_eq!(town.acknowledgement("hash").await.unwrap()["sha256"], json!("0".repeat(64)));
        assert_eq!(town.acknowledgement("refused").await.unwrap()["status"], "rejected");
        town.clock("2026-11-27T09:00").await;
        let (first, content) = town.mail().await.unwrap();
        assert_eq!(town.confirm(&first).await, 204);
        let (second, again) = town.mail().await.unwrap();
        assert_eq!((first, content), (second.clone(), again));
        assert_eq!(town.confirm(&second).await, 204);
        assert!(town.mail().await.is_none());
        assert_eq!(town.booked().await, [-5, -5, -5, 5, 5, 5]);
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn the_clock_goes_forward_only_and_survives_a_restart() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        town.put("one.ach", &file('A', "2026-11-27", &[&[credit("Ana", 500)]])).await;
        town.clock("2026-11-26T09:00").await;
        for (body, expected) in [
            (json!({"now": at("2026-11-26T08:59").to_string()}), 409),
            (json!({"now": "2126-01-01T00:00:00Z"}), 409),
            (json!({"now": "yesterday"}), 400),
            (json!({}), 400),
            (json!({"advance_seconds": -1}), 400),
            (json!({"advance_seconds": 1, "now": at(MORNING).to_string()}), 400),
            (json!([]), 400),
        ] {
            assert_eq!(town.post("/clock", body.clone()).await, expected, "{body}");
        }
        town.close().await;
        let town = Town::open(&database).await;
        assert_eq!(town.post("/clock", json!({"advance_seconds": 86_400})).await, 204);
        let (_, now) = town.call(Method::GET, "/clock", "").await.unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&now).unwrap(), json!({"now": at("2026-11-27T09:00").to_string()}));
        assert_eq!(town.booked().await, [-500]);
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn hostile_requests_are_refused_and_the_page_lists_every_fault() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        let long = "x".repeat(101);
        for name in ["a%2Fb", "%00", "a%20b", "..%2Fx", long.as_str(), "%C3%A4"] {
            assert_eq!(town.put(name, b"x").await, 400, "{name}");
            assert!(town.acknowledgement(name).await.is_none());
            assert_eq!(town.confirm(name).await, 404);
        }
        let large = vec![b'9'; nacha::FILE_BYTES_MAX + 1];
        // The bank may stop reading before all of it is sent.
        let refused = town.call(Method::PUT, "/files/large", large).await;
        assert!(refused.is_err() || refused.is_ok_and(|(status, _)| status == 413));
        for body in [
            json!({}),
            json!({"file": "x", "behaviour": "dance"}),
            json!({"file": "", "behaviour": "take"}),
            json!({"file": "a b", "behaviour": "take"}),
        ] {
            assert_eq!(town.post("/scenarios", body).await, 400);
        }
        assert_eq!(town.call(Method::GET, "/statements/EUR", "").await.unwrap().0, 404);
        assert_eq!(town.call(Method::GET, "/statements/USD?details=perhaps", "").await.unwrap().0, 400);
        let page = String::from_utf8(town.call(Method::GET, "/", "").await.unwrap().1).unwrap();
        assert!(ACH_FAULTS.iter().all(|name| page.contains(name)));
        assert!(town.booked().await.is_empty());
        town.close().await;
    })
    .await;
}

#[tokio::test]
async fn uploads_at_once_are_stored_once() {
    on_both(async |database| {
        let town = Town::open(&database).await;
        let bytes = file('A', "2026-11-25", &[&[credit("Ana", 500)]]);
        let puts = (0..8).map(|index| {
            let (town, bytes) = (&town, &bytes);
            async move { town.put(if index % 2 == 0 { "one.ach" } else { "two.ach" }, bytes).await }
        });
        assert!(futures::future::join_all(puts).await.into_iter().all(|status| status == 202));
        town.clock("2026-11-27T09:00").await;
        assert_eq!(town.booked().await, [-500]);
        town.close().await;
    })
    .await;
}
