//! The same of a bank that speaks the JSON of a payment API. It is asked by end-to-end id, its "not found" proves nothing, what it completed over ACH may come
//! back, and its callbacks, in every shape, true or forged, twice or late, are only a reason to ask. A payment that never arrived is ended by people who know that.
use super::*;
use crate::{
    banks::{
        api::{
            evidence::{of_initiation, of_query},
            news,
        },
        connector::CallbackNews,
    },
    domain::{api_rail::payment_type, resolution::ResolvedOutcome},
};
use serde_json::{Value, json};

/// True answers after which people end what stays unknown.
const PATIENCE: usize = 100;

/// What the bank has of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ApiFate {
    /// It arrives at that time; or never.
    OnItsWay(Option<i64>),
    /// Another one with its key was there before.
    Repeated,
    Open,
    Executed,
    /// Executed, and sent back by the payee's bank.
    CameBack,
    Rejected,
}

struct ApiBooks {
    rail: &'static str,
    frauds: bool,
    /// It recognizes requests by their idempotency key; else it pays each.
    knows_keys: bool,
    requests: Vec<ApiFate>,
}

impl ApiBooks {
    fn has_it(&self) -> bool {
        self.requests.iter().any(|fate| !matches!(fate, ApiFate::OnItsWay(_) | ApiFate::Repeated))
    }

    fn executed(&self) -> usize {
        self.requests.iter().filter(|fate| matches!(fate, ApiFate::Executed | ApiFate::CameBack)).count()
    }

    fn may_execute(&self) -> bool {
        let may = |fate: &ApiFate| matches!(fate, ApiFate::OnItsWay(Some(_)) | ApiFate::Open | ApiFate::Executed | ApiFate::CameBack);
        self.requests.iter().any(may)
    }

    fn books(&self) -> BankBooks {
        let (executed, may_execute) = (self.executed(), self.may_execute());
        BankBooks { executed, may_execute, frauds: self.frauds, all: format!("{} {:?}", self.rail, self.requests) }
    }

    fn go_on(&mut self, now_ms: i64, dice: &mut Dice, truth: bool) {
        for at in 0..self.requests.len() {
            let fate = self.requests[at];
            self.requests[at] = match fate {
                ApiFate::OnItsWay(Some(arrives)) if arrives <= now_ms => {
                    if self.knows_keys && self.has_it() {
                        ApiFate::Repeated
                    } else {
                        dice.of(&[ApiFate::Open, ApiFate::Open, ApiFate::Executed, ApiFate::Rejected])
                    }
                }
                ApiFate::Open if truth || dice.percent(20) => dice.of(&[ApiFate::Executed, ApiFate::Rejected]),
                ApiFate::Executed if payment_type(self.rail) == payment_type("us-ach") && dice.percent(10) => ApiFate::CameBack,
                _ => fate,
            };
        }
    }

    /// The document of a payment with this status.
    fn one(&self, payout: &Payout, status: &str, sub_status: &str) -> Value {
        let mut payment = json!({
            "paymentIdentifiers": {"endToEndId": payout.end_to_end_id()},
            "paymentId": "P1",
            "paymentStatus": status,
            "paymentType": payment_type(self.rail).unwrap().word(),
            "value": {"currency": "USD", "amount": "5.00"},
        });
        if !sub_status.is_empty() {
            payment["paymentSubStatus"] = json!(sub_status);
        }
        if status == "REJECTED" || status == "RETURNED" {
            payment["exceptions"] =
                json!([{"code": "11500", "message": "no", "additionalContext": [{"type": "ISO20022", "code": "AC04"}]}]);
        }
        payment
    }

    /// The payment as it is; none: it has none.
    fn true_status(&self, payout: &Payout) -> Option<Value> {
        let fate = self.requests.iter().find(|fate| !matches!(fate, ApiFate::OnItsWay(_) | ApiFate::Repeated))?;
        Some(match fate {
            ApiFate::Executed if self.rail == "us-ach" => self.one(payout, "COMPLETED", "COMPLETED_BY_JPM"),
            ApiFate::Executed => self.one(payout, "COMPLETED", "DELIVERED_TO_RECIPIENT"),
            ApiFate::CameBack => self.one(payout, "RETURNED", "RETURNED"),
            ApiFate::Rejected => self.one(payout, "REJECTED", "REJECTED_BY_JPM"),
            ApiFate::Open | ApiFate::OnItsWay(_) | ApiFate::Repeated => self.one(payout, "PROCESSING", "PENDING_COMPLIANCE_REVIEW"),
        })
    }

    fn truth(&self, payout: &Payout) -> BankAnswer {
        match self.true_status(payout) {
            Some(status) => self.asked(payout, 200, &json!({"payments": [status]}).to_string()),
            None => self.asked(payout, 404, &error("10001")),
        }
    }

    fn subject<'a>(&self, payout: &Payout, id: &'a str) -> SentPayment<'a> {
        SentPayment { end_to_end_id: id, rail: self.rail, sends: payout.sends, shared: &[], amount: payout.amount }
    }

    fn asked(&self, payout: &Payout, status: u16, body: &str) -> BankAnswer {
        let id = payout.end_to_end_id();
        of_query(status, body.as_bytes(), self.subject(payout, &id))
    }

    /// An answer to a query: anything but an unambiguous false one.
    fn lie(&self, payout: &Payout, dice: &mut Dice) -> BankAnswer {
        let rejected = self.one(payout, "REJECTED", "REJECTED");
        if self.frauds && dice.percent(50) {
            return self.asked(payout, 200, &json!({"payments": [rejected]}).to_string());
        }
        let with = |pointer: &str, to: Value| {
            let mut other = rejected.clone();
            *other.pointer_mut(pointer).unwrap() = to;
            json!({"payments": [other]}).to_string()
        };
        let all = |payments: Vec<Value>| json!({"payments": payments}).to_string();
        let whole = all(vec![rejected.clone()]);
        let (status, body) = match dice.roll(16) {
            0 => return BankAnswer::Lost("cut".to_owned()),
            1 => (200, with("/value/amount", json!(dice.of(&["5.01", "500", "-5.00", "0"])))),
            2 => (200, with("/paymentIdentifiers/endToEndId", json!("X"))),
            3 => (200, with("/value", Value::Null)),
            4 => (200, with("/value/currency", json!("EUR"))),
            5 => (200, with("/paymentType", json!("ZELLE"))),
            6 => (200, all(vec![rejected, self.one(payout, "CANCELED", "CANCELED")])),
            7 => (200, all(vec![self.one(payout, "REJECTED", dice.of(&["SCHEDULED", "DELIVERED_TO_RECIPIENT", "NEW_WORD"]))])),
            8 => (200, whole[..whole.len() / 2].to_owned() + dice.of(&["", "REJECTED"])),
            9 => (200, format!("garbage {}", payout.end_to_end_id())),
            10 => (dice.of(&[400, 403, 429, 500, 503]), error(dice.of(&["10101", "11500", "12500", "13000", "10106"]))),
            11 => (404, error("10101")),
            12 => {
                let sub = dice.of(&["", "PENDING_COMPLIANCE_REVIEW", "SCHEDULED", "PENDING_FUNDING_REVIEW"]);
                (200, all(vec![self.one(payout, dice.of(&["PROCESSING", "RECEIVED", "HOLD"]), sub)]))
            }
            13 if self.rail == "us-rtp" => (200, all(vec![self.one(payout, "COMPLETED", dice.of(&["", "SENT_TO_CLEARING"]))])),
            14 => {
                let mut completed = self.one(payout, "COMPLETED", "");
                completed["exceptions"] = json!([{"code": "11500", "message": "no"}]);
                (200, all(vec![completed]))
            }
            _ => return self.truth(payout),
        };
        self.asked(payout, status, &body)
    }

    /// A request, and the answer to it: what it says that it did not take, or that it refuses, is true of this request.
    fn take(&mut self, payout: &Payout, now_ms: i64, dice: &mut Dice) -> BankAnswer {
        let id = payout.end_to_end_id();
        let said = |status: u16, body: &str| of_initiation(status, body.as_bytes(), self.subject(payout, &id));
        let (fate, answer) = match dice.roll(20) {
            0..=2 => {
                let (status, code) = dice.of(&[(503, "12500"), (429, "12500"), (401, ""), (403, "14000"), (400, "11002")]);
                (ApiFate::OnItsWay(None), said(status, &error(code)))
            }
            3 | 4 => (ApiFate::OnItsWay(None), said(400, &error(dice.of(&["10101", "11501"])))),
            5 | 6 => (ApiFate::OnItsWay(None), BankAnswer::Lost("cut".to_owned())),
            7 | 8 => (ApiFate::OnItsWay(Some(now_ms + dice.ms(200_000))), BankAnswer::Lost("cut".to_owned())),
            _ => {
                let taken = json!({"endToEndId": id, "paymentId": "P1", "duplicateRequest": dice.percent(30)}).to_string();
                let answer = match dice.roll(9) {
                    0 => said(202, &taken[..taken.len() / 2]),
                    1 => said(202, &taken.replace(&id, "X")),
                    2 => said(dice.of(&[500, 502, 302, 204]), &error("10101")),
                    3 => said(400, &error(dice.of(&["10106", "10107", "12001", "99999"]))),
                    4 => BankAnswer::Lost("cut".to_owned()),
                    _ => said(dice.of(&[200, 201, 202]), &taken),
                };
                (ApiFate::OnItsWay(Some(now_ms)), answer)
            }
        };
        self.requests.push(fate);
        answer
    }
}

/// An answer with an error of the bank's.
fn error(code: &str) -> String {
    json!({"title": "no", "httpStatus": 400, "context": [{"code": code, "message": "words"}]}).to_string()
}

/// A callback in one of its shapes, saying anything; what is heeded of it is that the payment is to be asked for.
fn called(books: &ApiBooks, payout: Payout, now_ms: i64, dice: &mut Dice) -> Payout {
    let status = dice.of(&["REJECTED", "COMPLETED", "RETURNED", "PENDING", "CANCELED", "NEW_WORD"]);
    let said = books.one(&payout, status, "");
    let body = match dice.roll(3) {
        0 => json!({"specversion": "1.0", "id": "E1", "type": "t", "source": "s", "data": {"payments": [said]}}),
        1 => {
            let mut event = said;
            event["eventId"] = json!("E1");
            json!({"events": [event]})
        }
        _ => json!({"callbacks": [{"endToEndId": payout.end_to_end_id(), "firmRootId": "P1", "paymentStatus": status}]}),
    };
    let news = news::read(body.to_string().as_bytes()).unwrap();
    let id = payout.end_to_end_id();
    assert_eq!(news, [if status == "RETURNED" { CallbackNews::Returned(id) } else { CallbackNews::Payment(id) }], "{body}");
    match payout.phase {
        PayoutPhase::Accepted | PayoutPhase::Unknown => stored(Payout { due_at_ms: payout.due_at_ms.min(now_ms), ..payout }),
        _ => payout,
    }
}

/// One payout's life. An error says what went wrong.
fn history(seed: u64, frauds: bool) -> Result<PayoutPhase, String> {
    let mut dice = Dice(seed);
    let rail = dice.of(&["us-rtp", "us-ach", "us-fedwire", "ewallet-paypal"]);
    let mut books = ApiBooks { rail, frauds, knows_keys: dice.percent(50), requests: Vec::new() };
    let lies = usize::try_from(dice.roll(40)).unwrap();
    let mut payout = stored(Payout { sends: 0, sendings: Sendings::default(), first_sent_at_ms: 0, ..payout(PayoutPhase::Intent) });
    let mut now_ms = 1_000;
    for step in 0..lies + TRUE_STEPS_MAX {
        let truth = step >= lies;
        if dice.percent(10) {
            payout = called(&books, payout, now_ms, &mut dice);
        }
        now_ms = now_ms.max(payout.due_at_ms);
        books.go_on(now_ms, &mut dice, truth);
        let began_ms = now_ms;
        let answer = match payout.phase {
            PayoutPhase::Intent => {
                if books.may_execute() {
                    return Err(format!("sent again what may be executed: {:?}", books.requests));
                }
                payout = stored(payout.begin_sending(now_ms, now_ms + TIME_OUT_MS + LEASE_MS));
                let answer = books.take(&payout, now_ms, &mut dice);
                now_ms += dice.ms(2_000);
                books.go_on(now_ms, &mut dice, truth);
                answer
            }
            PayoutPhase::Sent => BankAnswer::Lost("its sender died".to_owned()),
            // Whoever is sure that it was not executed, and never will be, ends what nobody else can: what the bank does not have, and what it rejects after it has said,
            // falsely, that an earlier request had arrived.
            PayoutPhase::Unknown if truth && !books.may_execute() && (!books.has_it() || step > lies + PATIENCE) => {
                payout = stored(payout.resolved(ResolvedOutcome::NotExecuted, now_ms));
                continue;
            }
            PayoutPhase::Accepted | PayoutPhase::Unknown => {
                now_ms += dice.ms(500);
                if truth { books.truth(&payout) } else { books.lie(&payout, &mut dice) }
            }
            _ => return ended(&payout, &books.books()),
        };
        if dice.percent(8) {
            // A crash: the answer is lost, and the payout is due again after its lease.
            payout = stored(Payout { due_at_ms: payout.due_at_ms.max(now_ms + LEASE_MS), ..payout });
            continue;
        }
        payout = stored(judge(payout, answer, began_ms, now_ms, &patient(), TIME_OUT_MS).0);
        if books.executed() > 1 {
            return Err(format!("paid twice: {:?}", books.requests));
        }
    }
    Err(format!("no end: {:?} {} {rail} {:?}", payout.phase, payout.sendings.letters(), books.requests))
}

#[test]
fn no_lie_of_an_api_bank_gives_back_what_it_paid_or_pays_twice_and_its_truth_ends_every_payout() {
    // Each of its answers is read as JSON, which takes ten times as long.
    run_all(HISTORIES / 10, history);
}

#[test]
fn an_api_banks_statement_shows_what_no_answer_could_tell_from_the_truth() {
    run_frauds(history);
}
