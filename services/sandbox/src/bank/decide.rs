//! What becomes of a transfer that arrives: whether it is refused at once, which behaviour it gets, and its execution.

use super::{
    CLOCK_SKEW_MAX, Config,
    behaviour::Behaviour,
    books::{
        self, BankEntry, BankEntryKind, Booking, BookingResult, KeptPayment,
        events::{DueEvent, set_due},
    },
    clock::moment,
    own_accounts::own_account_id,
    rails::BankRail,
    scenario::{ANY_ACCOUNT, behaviour_of},
};
use iso20022::{
    pain001::{AccountId, CreditTransfer, ExecutionTime, Initiation, PaymentInstruction, TransferAmount},
    rail::RailTable,
};
use money::{Currency, Money};
use sqlx::AnyConnection;
use std::{sync::LazyLock, time::Duration};

static RAIL_CODES: LazyLock<RailTable> = LazyLock::new(RailTable::default);

/// One transfer in its message.
pub struct ReceivedTransfer<'a> {
    pub message: &'a Initiation,
    pub payment: &'a PaymentInstruction,
    pub transfer: &'a CreditTransfer,
    /// Whether the transfers of the payment are booked as one entry.
    pub is_batched: bool,
}

impl ReceivedTransfer<'_> {
    /// The receiver's name.
    pub fn holder(&self) -> &str {
        self.transfer.creditor.name.as_deref().unwrap_or_default()
    }

    /// The payment as it is stored on arrival.
    pub fn payment(&self, now_ms: i64) -> KeptPayment {
        let money = self.transfer.amount.money();
        let account = self.transfer.creditor.account.as_ref().map_or("", AccountId::number);
        KeptPayment {
            end_to_end_id: self.transfer.end_to_end_id.clone(),
            message_id: self.message.message_id.clone(),
            payment_id: self.payment.payment_id.clone(),
            currency: money.currency().code().to_owned(),
            minor_units: money.minor_units(),
            creditor_account: account.to_owned(),
            ultimate_debtor: self.transfer.ultimate_debtor.clone().unwrap_or_default(),
            status: "RCVD".to_owned(),
            reason: String::new(),
            words: String::new(),
            received_at_ms: now_ms,
            decided_at_ms: 0,
            rail: RAIL_CODES.rail(&self.payment.payment_type).unwrap_or_default().to_owned(),
            behaviour: String::new(),
            returned: 0,
            returns: 0,
        }
    }

    /// The checks that the bank makes before anything else.
    pub fn refusal(&self, config: &Config, now_ms: i64) -> Option<(&'static str, &'static str)> {
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
    /// The amount.
    pub fn money(&self) -> Option<Money> {
        Money::try_new(Currency::try_new(&self.currency).ok()?, self.minor_units).ok()
    }

    /// Rejects it.
    pub fn reject(&mut self, reason: &str, words: &str, now_ms: i64) {
        self.status = "RJCT".to_owned();
        self.reason = reason.to_owned();
        self.words = words.to_owned();
        self.decided_at_ms = now_ms;
    }
}

/// The first answer if it is the same instruction; another instruction under a used EndToEndId is rejected as a duplicate and changes nothing.
pub fn first_answer(first: KeptPayment, mut now: KeptPayment) -> KeptPayment {
    if first.same_instruction(&now) {
        return first;
    }
    let now_ms = now.received_at_ms;
    now.reject("AM05", "another payment has this EndToEndId", now_ms);
    now
}

/// The behaviour of a payment, as [`Behaviour::parse`] reads it: by a scenario for it, for its account or for any account, else by the receiver's name, else by
/// its account.
pub async fn chosen(tx: &mut AnyConnection, payment: &KeptPayment, holder: &str) -> Result<String, sqlx::Error> {
    for (target, value) in [("end_to_end_id", &*payment.end_to_end_id), ("account", &payment.creditor_account), ("account", ANY_ACCOUNT)] {
        if let Some(text) = books::take_scenario(tx, target, value).await?.filter(|text| Behaviour::parse(text).is_some()) {
            return Ok(text);
        }
    }
    Ok(behaviour_of(&payment.creditor_account, holder))
}

/// How a payment is executed.
#[derive(Debug, Clone, Copy)]
pub struct Execution {
    pub is_batched: bool,
    /// After how many milliseconds a return comes by itself.
    pub later_ms: i64,
    pub now_ms: i64,
}

/// Executes a payment, or rejects it with a reason; adds what was booked to `entries`.
pub async fn decide(
    tx: &mut AnyConnection,
    payment: &mut KeptPayment,
    behaviour: &Behaviour,
    execution: Execution,
    entries: &mut Vec<(Currency, BankEntry)>,
) -> Result<(), sqlx::Error> {
    let now_ms = execution.now_ms;
    match behaviour {
        Behaviour::SettleLater => payment.status = "ACSP".to_owned(),
        Behaviour::Pending => payment.status = "PDNG".to_owned(),
        Behaviour::Reject(reason) => payment.reject(reason.code(), reason.words(), now_ms),
        Behaviour::RejectExecuted(reason) => {
            execute(tx, payment, execution, entries).await?;
            payment.reject(reason.code(), reason.words(), now_ms);
        }
        Behaviour::Return(planned) => {
            execute(tx, payment, execution, entries).await?;
            let after_ms = planned.after_ms.map_or(execution.later_ms, |after_ms| i64::try_from(after_ms).unwrap_or(i64::MAX));
            if payment.status == "ACSC" {
                set_due(tx, DueEvent::Return, &payment.end_to_end_id, now_ms.saturating_add(after_ms)).await?;
            }
        }
        Behaviour::Fee(minor_units) => {
            execute(tx, payment, execution, entries).await?;
            if payment.status == "ACSC" {
                let reference = format!("fee for {}", payment.end_to_end_id);
                let (currency, minor_units) = (payment.currency.as_str(), -minor_units);
                let booking =
                    Booking { currency, minor_units, reference: &reference, now_ms, kind: BankEntryKind::Fee, ..Booking::default() };
                book_entry(tx, booking, entries).await?;
            }
        }
        Behaviour::Settle
        | Behaviour::Cut
        | Behaviour::Late(_)
        | Behaviour::Silent
        | Behaviour::SilentExecuted
        | Behaviour::Lose
        | Behaviour::LoseOnce
        | Behaviour::Garbage
        | Behaviour::Unreported
        | Behaviour::Recalled(_)
        | Behaviour::Callback(_) => execute(tx, payment, execution, entries).await?,
    }
    Ok(())
}

async fn execute(
    tx: &mut AnyConnection,
    payment: &mut KeptPayment,
    execution: Execution,
    entries: &mut Vec<(Currency, BankEntry)>,
) -> Result<(), sqlx::Error> {
    let booking = Booking {
        currency: &payment.currency,
        minor_units: -payment.minor_units,
        reference: &payment.end_to_end_id,
        end_to_end_id: &payment.end_to_end_id,
        now_ms: execution.now_ms,
        kind: BankEntryKind::Payment,
        message_id: &payment.message_id,
        payment_id: &payment.payment_id,
        ultimate_debtor: &payment.ultimate_debtor,
        is_batched: execution.is_batched,
        ..Booking::default()
    };
    if book_entry(tx, booking, entries).await? {
        payment.status = "ACSC".to_owned();
        payment.decided_at_ms = execution.now_ms;
    } else {
        payment.reject("AM04", "not enough on the paying account", execution.now_ms);
    }
    Ok(())
}

/// Books an entry; false if the account refuses it.
async fn book_entry(tx: &mut AnyConnection, booking: Booking<'_>, entries: &mut Vec<(Currency, BankEntry)>) -> Result<bool, sqlx::Error> {
    match books::book(tx, booking).await? {
        BookingResult::Done(entry) => {
            entries.extend(Currency::try_new(booking.currency).ok().map(|currency| (currency, *entry)));
            Ok(true)
        }
        BookingResult::Before => Ok(true),
        BookingResult::Refused => Ok(false),
    }
}
