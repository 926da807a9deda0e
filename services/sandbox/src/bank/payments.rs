//! The bank's decisions: accept a payment, execute it once, and repeat the first answer.

use super::{
    Behaviour, CLOCK_SKEW_MAX, Config,
    books::{self, BankBooks, Booking, BookingResult, KeptPayment},
    own_accounts::own_account_id,
    rails::{BankRail, day_of},
    scenario::BankScenario,
};
use iso20022::{
    ReasonCode, TransactionStatus,
    camt053::{Direction, Statement, StatementBalance, StatementEntry},
    pain001::{AccountId, Initiation, MESSAGE_NAME, PaymentInstruction, TransferAmount},
    pain002::{ADDITIONAL_CHARS_MAX, PaymentReport, StatusReason, StatusReport, TransactionReport},
    rail::{ExecutionTime, RailTable},
};
use jiff::{Timestamp, civil::Date};
use money::{Currency, Money};
use sqlx::AnyConnection;
use std::{
    sync::LazyLock,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

static RAIL_CODES: LazyLock<RailTable> = LazyLock::new(RailTable::default);

/// The current Unix time in milliseconds.
pub fn now_ms() -> i64 {
    let age = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |age| age.as_millis());
    i64::try_from(age).unwrap_or(i64::MAX)
}

fn moment(at_ms: i64) -> Timestamp {
    Timestamp::from_millisecond(at_ms).unwrap_or_default()
}

/// The date in the time zone of the currency's rail; for other currencies, in UTC.
fn day(currency: Currency, at_ms: i64) -> Date {
    day_of(currency, moment(at_ms))
}

/// What the peer receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// The answer, at once.
    Now,
    /// The answer, after this delay.
    After(Duration),
    /// No answer; the connection is cut.
    Cut,
    /// No answer; the connection stays open.
    Never,
    /// Bytes that are no answer.
    Garbage,
}

/// The result of a transfer: the payment's current state (`None` if it was lost), and how it is answered.
struct TakenTransfer {
    payment: Option<KeptPayment>,
    delivery: Delivery,
}

/// Accepts payments and answers queries about them.
#[derive(Debug, Clone)]
pub struct PaymentDesk {
    books: BankBooks,
    config: Config,
}

impl PaymentDesk {
    pub fn new(books: BankBooks, config: Config) -> Self {
        Self { books, config }
    }

    pub fn finality_window(&self) -> Duration {
        self.config.finality_window
    }

    /// Accepts every transfer of a message, each in a transaction of its own, durable before the answer.
    pub async fn pay(&self, message: &Initiation, now_ms: i64) -> Result<(StatusReport, Delivery), sqlx::Error> {
        if let Err(error) = message.check_totals() {
            let code = if matches!(error, iso20022::Error::Total { element: "NbOfTxs" }) { "AM18" } else { "AM10" };
            return Ok((group_rejected(&message.message_id, code, &error.to_string(), now_ms), Delivery::Now));
        }
        let mut delivery = Delivery::Now;
        let mut reports = Vec::new();
        for payment in &message.payments {
            let mut transactions = Vec::new();
            for transfer in &payment.transfers {
                let instruction = ReceivedTransfer { message, payment, transfer };
                let taken = self.take(&instruction, now_ms).await?;
                if taken.delivery != Delivery::Now {
                    delivery = taken.delivery;
                }
                transactions.extend(taken.payment.as_ref().map(report_of));
            }
            let original_payment_id = payment.payment_id.clone();
            reports.push(PaymentReport { original_payment_id, status: None, reasons: Vec::new(), transactions });
        }
        Ok((report(&message.message_id, reports, now_ms), delivery))
    }

    async fn take(&self, instruction: &ReceivedTransfer<'_>, now_ms: i64) -> Result<TakenTransfer, sqlx::Error> {
        let end_to_end_id = &instruction.transfer.end_to_end_id;
        let mut tx = self.books.begin().await?;
        let mut payment = instruction.payment(now_ms);
        if let Some(first) = books::payment(&mut tx, end_to_end_id).await? {
            if first.same_instruction(&payment) {
                // The first answer applies to this message too, and queries refer to the latest message.
                books::set_message(&mut tx, &payment).await?;
                tx.commit().await?;
            }
            return Ok(TakenTransfer { payment: Some(first_answer(first, payment)), delivery: Delivery::Now });
        }
        let behaviour = behaviour(&mut tx, &payment).await?;
        let lost = match behaviour {
            Behaviour::Silent => Some(Delivery::Never),
            Behaviour::Lose => Some(Delivery::Cut),
            Behaviour::LoseOnce if books::lose(&mut tx, end_to_end_id).await? => Some(Delivery::Cut),
            _ => None,
        };
        if let Some(delivery) = lost {
            tx.commit().await?;
            return Ok(TakenTransfer { payment: None, delivery });
        }
        if !books::insert_payment(&mut tx, &payment).await? {
            // PostgreSQL: a concurrent transaction with the same EndToEndId committed meanwhile; its answer counts.
            let first = books::payment(&mut tx, end_to_end_id).await?;
            return Ok(TakenTransfer { payment: first.map(|first| first_answer(first, payment)), delivery: Delivery::Now });
        }
        match instruction.refusal(&self.config, now_ms) {
            Some((reason, words)) => payment.reject(reason, words, now_ms),
            None => decide(&mut tx, &mut payment, &behaviour, now_ms).await?,
        }
        books::set_status(&mut tx, &payment, "RCVD").await?;
        tx.commit().await?;
        let delivery = match behaviour {
            Behaviour::Cut => Delivery::Cut,
            Behaviour::Late(delay_ms) => Delivery::After(delay_ms.map_or(self.config.late_answer, Duration::from_millis)),
            Behaviour::SilentExecuted => Delivery::Never,
            Behaviour::Garbage => Delivery::Garbage,
            _ => Delivery::Now,
        };
        Ok(TakenTransfer { payment: Some(payment), delivery })
    }

    /// Reports a payment's status; one that settles later settles now. `None`: there is no such payment.
    pub async fn ask(&self, end_to_end_id: &str, now_ms: i64) -> Result<Option<StatusReport>, sqlx::Error> {
        let mut tx = self.books.begin().await?;
        let Some(mut payment) = books::payment(&mut tx, end_to_end_id).await? else { return Ok(None) };
        if payment.status == "ACSP" {
            payment = self.move_on(tx, payment, &Behaviour::Settle, now_ms).await?;
        }
        let transactions = vec![report_of(&payment)];
        let original_payment_id = payment.payment_id.clone();
        let reports = vec![PaymentReport { original_payment_id, status: None, reasons: Vec::new(), transactions }];
        Ok(Some(report(&payment.message_id, reports, now_ms)))
    }

    /// A report that names the payment and no status.
    pub fn not_found(end_to_end_id: &str, now_ms: i64) -> StatusReport {
        let reason = StatusReason { reason: Some(ReasonCode::from_code("AG09")), additional: vec!["no such payment here".to_owned()] };
        let transaction = TransactionReport {
            end_to_end_id: Some(end_to_end_id.to_owned()),
            status: None,
            reasons: vec![reason],
            accepted: None,
            bank_reference: None,
            instructed_amount: None,
            settled_amount: None,
        };
        let original_payment_id = "NOTPROVIDED".to_owned();
        let payment = PaymentReport { original_payment_id, status: None, reasons: Vec::new(), transactions: vec![transaction] };
        report("NOTPROVIDED", vec![payment], now_ms)
    }

    /// Stores a scenario. One that settles or rejects a waiting payment does so at once.
    pub async fn set_scenario(&self, scenario: &BankScenario, now_ms: i64) -> Result<(), sqlx::Error> {
        self.books.set_scenario(scenario).await?;
        let Some(behaviour @ (Behaviour::Settle | Behaviour::Reject(_))) = Behaviour::parse(&scenario.behaviour) else { return Ok(()) };
        if scenario.target != "end_to_end_id" {
            return Ok(());
        }
        let mut tx = self.books.begin().await?;
        if let Some(payment) = books::payment(&mut tx, &scenario.value).await? {
            self.move_on(tx, payment, &behaviour, now_ms).await?;
        }
        Ok(())
    }

    async fn move_on(
        &self,
        mut tx: sqlx::Transaction<'static, sqlx::Any>,
        mut payment: KeptPayment,
        behaviour: &Behaviour,
        now_ms: i64,
    ) -> Result<KeptPayment, sqlx::Error> {
        let from = payment.status.clone();
        if !matches!(from.as_str(), "ACSP" | "PDNG") {
            return Ok(payment);
        }
        decide(&mut tx, &mut payment, behaviour, now_ms).await?;
        if books::set_status(&mut tx, &payment, &from).await? {
            tx.commit().await?;
            return Ok(payment);
        }
        // Another transaction changed it first; our booking is rolled back.
        tx.rollback().await?;
        let mut tx = self.books.begin().await?;
        Ok(books::payment(&mut tx, &payment.end_to_end_id).await?.unwrap_or(payment))
    }

    /// Deposits money from elsewhere. False: no such account. Repeating a reference changes nothing.
    pub async fn deposit(&self, amount: Money, reference: &str, now_ms: i64) -> Result<bool, sqlx::Error> {
        let mut tx = self.books.begin().await?;
        let reference = format!("deposit {reference}");
        let currency = amount.currency();
        let booking =
            Booking { currency: currency.code(), minor_units: amount.minor_units(), reference: &reference, end_to_end_id: "", now_ms };
        let booked = books::book(&mut tx, booking).await?;
        tx.commit().await?;
        Ok(booked != BookingResult::Refused)
    }

    /// The account's statement. `None`: no such account.
    pub async fn statement(&self, currency: Currency, now_ms: i64) -> Result<Option<Statement>, sqlx::Error> {
        let Some(state) = self.books.account(currency).await? else { return Ok(None) };
        let shown: i64 = state.entries.iter().map(|entry| entry.minor_units).sum();
        let balance = |minor_units: i64, date: Date| {
            let (amount, direction) = signed(currency, minor_units);
            StatementBalance { amount, direction, date }
        };
        Ok(Some(Statement {
            message_id: format!("S-{}-{now_ms}", currency.code()),
            created: moment(now_ms),
            statement_id: format!("{}-{now_ms}", currency.code()),
            account: own_account_id(currency),
            currency,
            // Equal to the account's opening balance unless old entries are left out.
            opening: balance(state.balance - shown, day(currency, state.opened_at_ms)),
            closing: balance(state.balance, day(currency, now_ms)),
            entries: state.entries.iter().map(|entry| entry_of(currency, entry)).collect(),
        }))
    }
}

/// One transfer in its message.
struct ReceivedTransfer<'a> {
    message: &'a Initiation,
    payment: &'a PaymentInstruction,
    transfer: &'a iso20022::pain001::CreditTransfer,
}

impl ReceivedTransfer<'_> {
    fn payment(&self, now_ms: i64) -> KeptPayment {
        let money = self.transfer.amount.money();
        let account = self.transfer.creditor.account.as_ref().map_or("", AccountId::number);
        KeptPayment {
            end_to_end_id: self.transfer.end_to_end_id.clone(),
            message_id: self.message.message_id.clone(),
            payment_id: self.payment.payment_id.clone(),
            currency: money.currency().code().to_owned(),
            minor_units: money.minor_units(),
            creditor_account: account.to_owned(),
            status: "RCVD".to_owned(),
            reason: String::new(),
            words: String::new(),
            received_at_ms: now_ms,
            decided_at_ms: 0,
        }
    }

    /// The checks that the bank makes before anything else.
    fn refusal(&self, config: &Config, now_ms: i64) -> Option<(&'static str, &'static str)> {
        let age_ms = now_ms - self.message.created.as_millisecond();
        let ms = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        let money = self.transfer.amount.money();
        let own = own_account_id(money.currency());
        if age_ms > ms(config.finality_window) || age_ms < -ms(CLOCK_SKEW_MAX) {
            Some(("TM01", "the message is older than the finality window, or from the future"))
        } else if self.payment.debtor.account.as_ref().map(AccountId::number) != Some(own.number()) {
            Some(("AC02", "the paying account is not yours, or not in this currency"))
        } else if self.transfer.creditor.account.is_none() {
            Some(("AC03", "no receiving account"))
        } else if !matches!(self.transfer.amount, TransferAmount::Instructed(_)) || money.minor_units() == 0 {
            Some(("AM12", "the amount must be instructed and above zero"))
        } else {
            self.refusal_of_rail(money.currency(), now_ms)
        }
    }

    /// The checks of the rail that the payment asks for.
    fn refusal_of_rail(&self, currency: Currency, now_ms: i64) -> Option<(&'static str, &'static str)> {
        let Some(rail) = RAIL_CODES.rail(&self.payment.payment_type).and_then(BankRail::of) else {
            return Some(("FF03", "no rail has this payment type"));
        };
        if rail.currency != currency.code() {
            Some(("AM03", "the rail does not pay this currency"))
        } else if !rail.reaches(&self.transfer.creditor) {
            Some(("AC14", "the rail does not reach such an account"))
        } else if rail.is_instant && matches!(self.payment.execution, ExecutionTime::Day(asked) if asked > rail.day(moment(now_ms))) {
            Some(("DT04", "the execution date is in the future, which an instant payment does not allow"))
        } else {
            None
        }
    }
}

impl KeptPayment {
    fn money(&self) -> Option<Money> {
        Money::try_new(Currency::try_new(&self.currency).ok()?, self.minor_units).ok()
    }

    fn reject(&mut self, reason: &str, words: &str, now_ms: i64) {
        self.status = "RJCT".to_owned();
        self.reason = reason.to_owned();
        self.words = words.to_owned();
        self.decided_at_ms = now_ms;
    }
}

/// The first answer if it is the same instruction; another instruction under a used EndToEndId is rejected as a duplicate and changes nothing.
fn first_answer(first: KeptPayment, mut now: KeptPayment) -> KeptPayment {
    if first.same_instruction(&now) {
        return first;
    }
    let now_ms = now.received_at_ms;
    now.reject("AM05", "another payment has this EndToEndId", now_ms);
    now
}

async fn behaviour(tx: &mut AnyConnection, payment: &KeptPayment) -> Result<Behaviour, sqlx::Error> {
    for (target, value) in [("end_to_end_id", &payment.end_to_end_id), ("account", &payment.creditor_account)] {
        if let Some(behaviour) = books::take_scenario(tx, target, value).await?.and_then(|text| Behaviour::parse(&text)) {
            return Ok(behaviour);
        }
    }
    Ok(Behaviour::of_account(&payment.creditor_account))
}

/// Executes a payment, or rejects it with a reason.
async fn decide(tx: &mut AnyConnection, payment: &mut KeptPayment, behaviour: &Behaviour, now_ms: i64) -> Result<(), sqlx::Error> {
    match behaviour {
        Behaviour::SettleLater => payment.status = "ACSP".to_owned(),
        Behaviour::Pending => payment.status = "PDNG".to_owned(),
        Behaviour::Reject(reason) => payment.reject(reason.code(), reason.words(), now_ms),
        Behaviour::Settle
        | Behaviour::RejectExecuted(_)
        | Behaviour::Cut
        | Behaviour::Late(_)
        | Behaviour::Silent
        | Behaviour::SilentExecuted
        | Behaviour::Lose
        | Behaviour::LoseOnce
        | Behaviour::Garbage => {
            let booking = Booking {
                currency: &payment.currency,
                minor_units: -payment.minor_units,
                reference: &payment.end_to_end_id,
                end_to_end_id: &payment.end_to_end_id,
                now_ms,
            };
            match books::book(tx, booking).await? {
                BookingResult::Done | BookingResult::Before => {
                    payment.status = "ACSC".to_owned();
                    payment.decided_at_ms = now_ms;
                }
                BookingResult::Refused => payment.reject("AM04", "not enough on the paying account", now_ms),
            }
            if let Behaviour::RejectExecuted(reason) = behaviour {
                payment.reject(reason.code(), reason.words(), now_ms);
            }
        }
    }
    Ok(())
}

fn report(original_message_id: &str, payments: Vec<PaymentReport>, now_ms: i64) -> StatusReport {
    StatusReport {
        message_id: format!("R-{now_ms}"),
        created: moment(now_ms),
        original_message_id: original_message_id.to_owned(),
        original_message_name: MESSAGE_NAME.to_owned(),
        group_status: None,
        group_reasons: Vec::new(),
        payments,
    }
}

/// Refuses a whole message.
pub fn group_rejected(original_message_id: &str, code: &str, words: &str, now_ms: i64) -> StatusReport {
    let words = words.chars().filter(|c| !c.is_control()).take(ADDITIONAL_CHARS_MAX).collect::<String>();
    let mut report = report(original_message_id, Vec::new(), now_ms);
    report.group_status = Some(TransactionStatus::Rjct);
    report.group_reasons = vec![StatusReason { reason: Some(ReasonCode::from_code(code)), additional: vec![words.trim().to_owned()] }];
    report
}

fn report_of(payment: &KeptPayment) -> TransactionReport {
    let reason = (!payment.reason.is_empty())
        .then(|| StatusReason { reason: Some(ReasonCode::from_code(&payment.reason)), additional: vec![payment.words.clone()] });
    TransactionReport {
        end_to_end_id: Some(payment.end_to_end_id.clone()),
        status: Some(TransactionStatus::from_code(&payment.status)),
        reasons: reason.into_iter().collect(),
        accepted: Some(moment(payment.received_at_ms)),
        bank_reference: None,
        instructed_amount: payment.money().map(TransferAmount::Instructed),
        settled_amount: None,
    }
}

fn signed(currency: Currency, minor_units: i64) -> (Money, Direction) {
    let direction = if minor_units < 0 { Direction::Debit } else { Direction::Credit };
    let amount = Money::try_new(currency, minor_units.saturating_abs()).expect("accounts and bookings stay within 2^53");
    (amount, direction)
}

fn entry_of(currency: Currency, entry: &books::BankEntry) -> StatementEntry {
    let (amount, direction) = signed(currency, entry.minor_units);
    let end_to_end_id = (!entry.end_to_end_id.is_empty()).then(|| entry.end_to_end_id.clone());
    StatementEntry {
        reference: Some(entry.entry_no.to_string()),
        amount,
        direction,
        booked: Some(moment(entry.booked_at_ms)),
        additional: end_to_end_id.is_none().then(|| entry.reference.clone()),
        end_to_end_id,
    }
}
