//! Transfers between our own bank accounts, which treasury's sweeps ask for: this service has the banks.
//!
//! A sweep is kept for this service at treasury, then the transfer is recorded, and whoever wrote it sends its only message. From then on the bank alone knows:
//! an unknown outcome is asked for and never sent again. Treasury marks the sweep by what the bank says: sent once it has the transfer, cancelled once it is beyond
//! doubt that it never executes it, even if it had accepted it before.

use crate::{
    banks::{
        Bank, PayingAccount,
        connector::{PaymentOrder, UnwritableOrder},
    },
    domain::{
        BankAnswer,
        own_transfer::{OwnAccountName, OwnTransfer, OwnTransferState},
        payee::PayeeDetails,
    },
    drive::now_ms,
    error::Error,
    meters,
    payouts::Payouts,
};
use api::treasury::{
    InstructSweepRequest, ListSweepInstructionsRequest, MarkSweepRequest, Sweep, SweepInstruction, SweepState,
    treasury_service_client::TreasuryServiceClient,
};
use chart::BookKind;
use jiff::{Timestamp, tz::TimeZone};
use money::{
    BookName, Currency, Money,
    time::{millis, moment_ms},
};
use rails::RouteRequest;
use rpc::Transport;
use std::time::Instant;
use uuid::Uuid;

/// The text beside the amount.
const REMITTANCE: &str = "Transfer between own accounts";
/// `ExternalPurpose1Code`: a payment within one company.
const PURPOSE: &str = "INTC";

/// Both accounts of a sweep that this service has, and the rail between them.
struct OwnRoute<'a> {
    book: BookName,
    sweep_id: Uuid,
    amount: Money,
    from: (&'a Bank, &'a PayingAccount),
    to: (&'a Bank, &'a PayingAccount),
    rail: String,
}

impl Payouts {
    /// Sends what treasury's sweeps ask for, and asks what became of what was sent. Without treasury there is nothing to do.
    pub async fn send_own_transfers(&self) -> Result<bool, Error> {
        let Some(mut treasury) = self.treasury.opened() else { return Ok(false) };
        let listed = match treasury.list_sweep_instructions(ListSweepInstructionsRequest::default()).await {
            Ok(answer) => answer.into_inner(),
            Err(status) => {
                tracing::warn!(%status, "treasury does not say which transfers between our accounts it wants; asking again");
                return Ok(false);
            }
        };
        let Ok(book) = BookName::try_new(&listed.book) else { return Ok(false) };
        let Some(kind) = self.ledger.book(&book).await? else { return Ok(false) };
        for instruction in &listed.instructions {
            if let Err(error) = self.own_transfer(&mut treasury, &book, kind, instruction).await {
                tracing::error!(sweep = ?instruction.sweep.as_ref().map(|sweep| &sweep.sweep_id), %error, "a transfer between our accounts failed; trying again");
            }
        }
        Ok(false)
    }

    /// Brings the transfer of one sweep on.
    async fn own_transfer(
        &self,
        treasury: &mut TreasuryServiceClient<Transport>,
        book: &BookName,
        kind: BookKind,
        instruction: &SweepInstruction,
    ) -> Result<(), Error> {
        let Some(sweep) = &instruction.sweep else { return Ok(()) };
        let Ok(sweep_id) = Uuid::try_parse(&sweep.sweep_id) else { return Ok(()) };
        let row = match self.store.own_transfer(sweep_id).await? {
            Some(row) => Some(self.asked_for(row).await?),
            // Staff have instructed the bank.
            None if sweep.state() == SweepState::Sent => None,
            None => match self.own_route(book, kind, sweep_id, sweep, &instruction.entity) {
                Some(route) => self.send_own(treasury, &route).await?,
                // Staff instruct the bank.
                None => None,
            },
        };
        if let Some(row) = row {
            self.mark_at_treasury(treasury, sweep, &row).await;
        }
        Ok(())
    }

    /// The two accounts and the rail of a sweep; `None`: they are not both ours to instruct, or no rail takes the transfer now.
    fn own_route(&self, book: &BookName, kind: BookKind, sweep_id: Uuid, sweep: &Sweep, entity: &str) -> Option<OwnRoute<'_>> {
        let currency = Currency::try_new(&sweep.currency_code).ok()?;
        let amount = Money::try_new(currency, sweep.minor_units).ok()?;
        let from = self.banks.own_account(kind, entity, &sweep.from_account, currency)?;
        let to = self.banks.own_account(kind, entity, &sweep.to_account, currency)?;
        let payee = own_payee(to.0, to.1);
        let (fields, participants, at) = (payee.field_names(), payee.participants(), Timestamp::now());
        let country = payee.country().unwrap_or_default();
        let request = RouteRequest { kind: payee.kind(), country, amount, at, fields: &fields, participants: &participants };
        let chosen = self.banks.own_rail(from.0, &request)?;
        if chosen.expectation.starts > at {
            return None;
        }
        Some(OwnRoute { book: book.clone(), sweep_id, amount, from, to, rail: chosen.rail })
    }

    /// Sends the only message of a transfer; `None`: another process does, or nothing was sent.
    async fn send_own(&self, treasury: &mut TreasuryServiceClient<Transport>, route: &OwnRoute<'_>) -> Result<Option<OwnTransfer>, Error> {
        let (bank, time_out) = (route.from.0, route.from.0.time_out(&route.rail));
        if let Err(why) = bank.connector.ready().await {
            tracing::error!(sweep = %route.sweep_id, bank = bank.name, why, "nothing can be sent to the bank now, and nothing was; trying again");
            return Ok(None);
        }
        let sent_at_ms = now_ms();
        let name = |(bank, account): (&Bank, &PayingAccount)| OwnAccountName { bank: bank.name.clone(), bank_account: account.id.clone() };
        let row = OwnTransfer {
            sweep_id: route.sweep_id,
            book: route.book.clone(),
            from: name(route.from),
            to: name(route.to),
            rail: route.rail.clone(),
            amount: route.amount,
            state: OwnTransferState::Sent,
            seen: false,
            sent_at_ms,
            ask_at_ms: sent_at_ms.saturating_add(millis(time_out)).saturating_add(millis(self.config.lease)),
            evidence: String::new(),
        };
        let message = match self.own_message(&row, route) {
            Ok(message) => message,
            Err(error) => {
                tracing::warn!(sweep = %route.sweep_id, bank = bank.name, %error, "the bank takes no such transfer; instruct it by hand");
                return Ok(None);
            }
        };
        let request = InstructSweepRequest { book: route.book.to_string(), sweep_id: route.sweep_id.to_string() };
        if let Err(status) = treasury.instruct_sweep(request).await {
            tracing::warn!(sweep = %route.sweep_id, %status, "treasury does not let the bank be instructed, and it was not; asking again");
            return Ok(None);
        }
        if !self.store.begin_own_transfer(&row).await? {
            return Ok(None);
        }
        let (end_to_end_id, sending) = (row.end_to_end_id(), Instant::now());
        let answered = bank.connector.send(row.subject(&end_to_end_id), message, time_out);
        let received = rpc::trace::in_span("bank.send", answered).await;
        meters::answered("send", &received, sending.elapsed());
        self.keep_answer(row, &received.answer, sent_at_ms).await.map(Some)
    }

    /// What the bank says of a transfer that was sent, if its outcome is not known and no process may still wait for it.
    async fn asked_for(&self, row: OwnTransfer) -> Result<OwnTransfer, Error> {
        let asked_at_ms = now_ms();
        if !row.state.is_open() || asked_at_ms < row.ask_at_ms {
            return Ok(row);
        }
        let Some(bank) = self.banks.all().iter().find(|bank| bank.name == row.from.bank) else {
            tracing::error!(sweep = %row.sweep_id, bank = row.from.bank, "the bank of a transfer is not configured any more, so nobody asks what became of it");
            return Ok(row);
        };
        let (end_to_end_id, asking) = (row.end_to_end_id(), Instant::now());
        let received = bank.connector.ask(row.subject(&end_to_end_id)).await;
        meters::answered("ask", &received, asking.elapsed());
        self.keep_answer(row, &received.answer, asked_at_ms).await
    }

    async fn keep_answer(&self, row: OwnTransfer, answer: &BankAnswer, asked_at_ms: i64) -> Result<OwnTransfer, Error> {
        let after = row.clone().answered(answer, asked_at_ms, self.policy.clock_skew_ms);
        if after == row || self.store.keep_own_transfer(&row, &after).await? {
            return Ok(after);
        }
        // Another process had an answer too.
        Ok(self.store.own_transfer(row.sweep_id).await?.unwrap_or(row))
    }

    /// Brings treasury to what the bank has said. An error is only logged: the next round does it again.
    async fn mark_at_treasury(&self, treasury: &mut TreasuryServiceClient<Transport>, sweep: &Sweep, row: &OwnTransfer) {
        let state = match row.state {
            OwnTransferState::Sent => return,
            OwnTransferState::Accepted | OwnTransferState::Settled => SweepState::Sent,
            OwnTransferState::Refused => SweepState::Cancelled,
        };
        if (sweep.state(), &sweep.evidence) == (state, &row.evidence) {
            return;
        }
        let evidence = row.evidence.clone();
        let request = MarkSweepRequest { book: row.book.to_string(), sweep_id: row.sweep_id.to_string(), state: state.into(), evidence };
        if let Err(status) = treasury.mark_sweep(request).await {
            tracing::warn!(sweep = %row.sweep_id, %status, "treasury has not noted what the bank said of a sweep; trying again");
        }
    }

    fn own_message(&self, row: &OwnTransfer, route: &OwnRoute<'_>) -> Result<String, UnwritableOrder> {
        let created = moment_ms(row.sent_at_ms);
        let record = self.banks.facts().book.record_at(&row.rail, created);
        let (end_to_end_id, payee) = (row.end_to_end_id(), own_payee(route.to.0, route.to.1));
        let order = PaymentOrder {
            message_id: row.message_id(),
            end_to_end_id: &end_to_end_id,
            reference: "",
            uetr: row.uetr(),
            amount: row.amount,
            rail: &row.rail,
            zone: record.map_or(TimeZone::UTC, |record| record.zone.clone()),
            created,
            debtor_name: &route.from.0.debtor_name,
            debtor: &route.from.1.address,
            on_behalf_of: None,
            payee: &payee,
            remittance: REMITTANCE,
        };
        route.from.0.connector.own_transfer(&order)
    }
}

/// One of our accounts, as the one that is paid.
fn own_payee(bank: &Bank, account: &PayingAccount) -> PayeeDetails {
    PayeeDetails {
        holder_name: bank.debtor_name.clone(),
        address: account.address.clone(),
        postal: None,
        tax_id: None,
        holder_name_kana: None,
        is_company: true,
        purpose_code: Some(PURPOSE.to_owned()),
    }
}
