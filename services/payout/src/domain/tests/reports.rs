//! Over all sequences of reports: money goes back only when every sending is proved not executed.
use super::*;
use crate::domain::evidence::{SentPayment, evidence};
use iso20022::{
    ReasonCode,
    pain001::TransferAmount,
    pain002::{PaymentReport, StatusReason, StatusReport, TransactionReport},
};
use jiff::Timestamp;

/// The content of a test's report.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sketch {
    /// `OrgnlMsgId`.
    pub message_id: String,
    /// `GrpSts`.
    pub group: Option<&'static str>,
    /// Payments: `PmtInfSts`, and the statuses of transfers with this payment's id.
    pub payments: Vec<(Option<&'static str>, Vec<Option<&'static str>>)>,
    /// Codes of reasons of the first transfer, or of the group where there is none.
    pub reasons: Vec<&'static str>,
    /// The amount that the report repeats, in minor units.
    pub amount: Option<i64>,
}

impl Sketch {
    /// One transfer with one status.
    pub fn plain(message_id: String, status: &'static str, reasons: &[&'static str]) -> Self {
        Self { message_id, payments: vec![(None, vec![Some(status)])], reasons: reasons.to_vec(), ..Self::default() }
    }

    pub fn report(&self, id: &str) -> StatusReport {
        let status = |code: Option<&str>| code.map(TransactionStatus::from_code);
        let why = |code: &&str| StatusReason { reason: Some(ReasonCode::from_code(code)), additional: Vec::new() };
        let mut reasons: Vec<StatusReason> = self.reasons.iter().map(why).collect();
        let usd = |minor_units| Money::try_new(Currency::try_new("USD").unwrap(), minor_units).unwrap();
        let mut transfer = |code: &Option<&'static str>| TransactionReport {
            end_to_end_id: Some(id.to_owned()),
            status: status(*code),
            reasons: std::mem::take(&mut reasons),
            accepted: None,
            bank_reference: None,
            instructed_amount: self.amount.map(usd).map(TransferAmount::Instructed),
            settled_amount: None,
        };
        let payments = self.payments.iter().map(|(of_all, own)| PaymentReport {
            original_payment_id: "P".to_owned(),
            status: status(*of_all),
            reasons: Vec::new(),
            transactions: own.iter().map(&mut transfer).collect(),
        });
        let payments = payments.collect();
        StatusReport {
            message_id: "R".to_owned(),
            created: Timestamp::UNIX_EPOCH,
            original_message_id: self.message_id.clone(),
            original_message_name: "pain.001.001.09".to_owned(),
            group_status: status(self.group),
            group_reasons: reasons,
            payments,
        }
    }

    /// Whether every status in it rejects this sending, and the amount, if repeated, is this payment's.
    fn refuses(&self, message_id: &str) -> bool {
        let own = |(of_all, own): &(Option<&'static str>, Vec<Option<&'static str>>)| {
            of_all.iter().chain(own.iter().flatten()).copied().collect::<Vec<_>>()
        };
        let statuses: Vec<&str> = self.group.into_iter().chain(self.payments.iter().flat_map(own)).collect();
        let repeated = self.amount.filter(|_| self.payments.iter().any(|(_, own)| !own.is_empty()));
        self.message_id == message_id
            && !statuses.is_empty()
            && statuses.iter().all(|code| *code == "RJCT")
            && repeated.is_none_or(|amount| amount == 500)
    }
}

const CODES: [&str; 9] = ["ACTC", "ACSP", "PDNG", "ACSC", "RJCT", "CANC", "BLCK", "PART", "ZZZZ"];

fn any_status() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![2 => Just(None), 3 => Just(Some("RJCT")), 2 => prop::sample::select(CODES.to_vec()).prop_map(Some)]
}

fn any_sketch() -> impl Strategy<Value = Sketch> {
    let id = payout(PayoutPhase::Held).end_to_end_id();
    let message_id = prop_oneof![5 => (1..5_i64).prop_map(move |send| format!("{id}-{send}")), 1 => Just("NOTPROVIDED".to_owned()), 1 => Just("X-1".to_owned())];
    let payments = prop::collection::vec((any_status(), prop::collection::vec(any_status(), 0..3)), 0..3);
    let reasons = prop::collection::vec(prop::sample::select(vec!["AC04", "AM05", "DU04", "TM01"]), 0..3);
    let amount = prop_oneof![4 => Just(None), 1 => Just(Some(500)), 1 => Just(Some(499))];
    (message_id, any_status(), payments, reasons, amount).prop_map(|(message_id, group, payments, reasons, amount)| Sketch {
        message_id,
        group: group.filter(|_| payments.len() % 2 == 0),
        payments,
        reasons,
        amount,
    })
}

#[derive(Debug, Clone)]
enum Heard {
    Report(Sketch),
    NotFound,
    Lost,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn money_goes_back_only_when_every_sending_is_proved_not_executed(
        answers in prop::collection::vec(
            prop_oneof![4 => any_sketch().prop_map(Heard::Report), 2 => Just(Heard::NotFound), 1 => Just(Heard::Lost)],
            1..40,
        ),
    ) {
        let mut now = Payout { sends: 0, sendings: Sendings::default(), ..payout(PayoutPhase::Intent) };
        let id = now.end_to_end_id();
        let (mut at, mut named) = (1_000, false);
        // By sending: reported as never received; and rejected, by a report that says nothing else.
        let (mut absent, mut refused): (Vec<bool>, Vec<bool>) = (Vec::new(), Vec::new());
        for heard in answers {
            if now.phase == PayoutPhase::Intent {
                prop_assert!(absent.iter().all(|absent| *absent) && !named, "sent again a payment that may have arrived");
                now = now.begin_sending(at, at);
                absent.push(false);
                refused.push(false);
            }
            at += 10_000;
            let answer = match heard {
                Heard::Report(sketch) => {
                    let said = evidence(&sketch.report(&id), SentPayment { end_to_end_id: &id, rail: "us-rtp", sends: now.sends, shared: now.shared.ids(), amount: now.amount });
                    named |= said.is_some();
                    for (refused, send) in refused.iter_mut().zip(1_i64..) {
                        *refused |= sketch.refuses(&now.message_id(send)) || (now.sends == 1 && sketch.refuses("NOTPROVIDED"));
                    }
                    said.map_or(BankAnswer::Lost(String::new()), BankAnswer::Named)
                }
                Heard::NotFound => {
                    *absent.last_mut().unwrap() |= !named;
                    BankAnswer::NotFound { window_ms: 0 }
                }
                Heard::Lost => BankAnswer::Lost("cut".to_owned()),
            };
            now = answered(now, answer, at);
            if now.phase == PayoutPhase::Returning {
                let proved = absent.iter().zip(&refused).all(|(absent, refused)| *absent || *refused);
                prop_assert!(proved, "{} {absent:?} {refused:?}", now.sendings.letters());
            }
            if matches!(now.phase, PayoutPhase::Returning | PayoutPhase::Settling) {
                return Ok(());
            }
        }
    }
}
