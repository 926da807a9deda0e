//! The daily bills of Alipay and WeChat Pay: fetched once each is ready, imported for the settlement, and compared with what was reported. A refund that nothing
//! reported becomes an event, as its notification would have; a payment has the wallet asked about its order, or becomes an event where that has ended.

use std::collections::HashMap;
use std::time::SystemTime;

use jiff::ToSpan as _;
use jiff::civil::Date;
use money::time::unix_ms;
use money::{Currency, Money};
use sha2::{Digest as _, Sha256};
use storereports::{BillRefundStanding, BillTrade, DailyBill, ReportFormat};

use crate::domain::event::StoreEvent;
use crate::error::Error;
use crate::meters;
use crate::orders::order::{Order, OrderState};
use crate::purchases::Purchases;
use crate::refunds::fact::{CUMULATIVE, FactStatus, RefundFact};
use crate::retry::put_off_ms;
use crate::settlements::report::{PART_BYTES, ReportPart};
use crate::settlements::settlement::SettlementKey;
use crate::store::SERVICE;
use crate::store::bills::{BillEnd, OpenBill, ReadBill, SaidRefund};
use crate::stores::billing::{BilledAccount, BillingAccount, KEPT_DAYS, LaterStanding, NoBill, day_at, time_of};
use crate::stores::wallet;

/// Bills of one account that are read in one look; each is a call, a download and an import.
const BILLS_MAX: i64 = 10;
/// How long a bill with refunds on their way rests before it is looked at again, in milliseconds.
const ON_THEIR_WAY_MS: i64 = 86_400_000;
const HOUR_MS: i64 = 3_600_000;

/// Which of a day's reports the fund flow bill is.
const FUND_FLOW: &str = "fund_flow";

/// A bill as it is imported.
#[derive(Clone, Copy)]
struct BillFile<'a> {
    /// Which of the day's reports it is; empty: the bill of the trades.
    part: &'static str,
    format: ReportFormat,
    bytes: &'a [u8],
    sha256: &'a str,
}

/// What a bill has that is not here.
#[derive(Debug, Default)]
struct ComparedBill {
    /// Payments and refunds that nothing had reported.
    found: i64,
    /// Refunds that may still be paid back, or of which the wallet has to say first whether a sum has them.
    on_their_way: usize,
}

impl Purchases {
    /// Reads the bills that are due; returns how much they have that nothing had reported.
    pub(super) async fn look_at_bills(&self, now: SystemTime) -> Result<usize, Error> {
        let mut found = 0_i64;
        if !self.bills.fetch {
            return Ok(0);
        }
        for account in self.stores.billing_accounts() {
            if let Err(error) = self.look_at_account(account, &mut found, now).await {
                let why = error.of_row("store_bill")?;
                tracing::warn!(account = account.billed().account, why, "the bills of an account can't be read; going on with others");
            }
        }
        Ok(usize::try_from(found).unwrap_or(usize::MAX))
    }

    async fn look_at_account(&self, account: &dyn BillingAccount, found: &mut i64, now: SystemTime) -> Result<(), Error> {
        let of = account.billed();
        if self.ledger.book(&of.book).await? != Some(account.of_kind()) {
            return Ok(());
        }
        self.expect_bills(&of, unix_ms(now)).await?;
        for bill in self.store.due_bills(&of, unix_ms(now), BILLS_MAX).await? {
            match self.read_bill(account, &bill, now).await {
                Ok(of_bill) => *found += of_bill,
                Err(error) => {
                    let again_ms = unix_ms(now).saturating_add(put_off_ms(bill.tries));
                    self.store.put_off_bill(&bill, &error.of_row("store_bill")?, again_ms, false).await?;
                }
            }
        }
        Ok(())
    }

    /// Notes the days whose bills the wallet should have by now.
    async fn expect_bills(&self, of: &BilledAccount, now_ms: i64) -> Result<(), Error> {
        let today = day_at(now_ms);
        let first = match self.store.last_bill(of, today).await? {
            Some(last) => last.saturating_add(1.day()),
            None => self.bills.first_day().unwrap_or_else(|| today.saturating_sub(1.day())),
        };
        let mut day = first.max(today.saturating_sub(KEPT_DAYS.days()));
        while day < today && now_ms >= self.ready_ms(of, day) {
            self.store.expect_bill(of, day, now_ms, now_ms).await?;
            day = day.saturating_add(1.day());
        }
        Ok(())
    }

    /// From when on the wallet has the bill of a day.
    fn ready_ms(&self, of: &BilledAccount, day: Date) -> i64 {
        time_of(day.saturating_add(1.day()), self.bills.ready_at(of.store, day))
    }

    /// Reads one bill; returns how much it has that nothing had reported.
    async fn read_bill(&self, account: &dyn BillingAccount, bill: &OpenBill, now: SystemTime) -> Result<i64, Error> {
        let now_ms = unix_ms(now);
        // First: a process that is lost here reads it again later and not at once, so that one bill can't hold up the others.
        let again_ms = now_ms.saturating_add(put_off_ms(bill.tries));
        self.store.put_off_bill(bill, "it is being read", again_ms, true).await?;
        let bytes = match account.bill(bill.day, now).await {
            Ok(bytes) => bytes,
            Err(no_bill) => {
                // On a day without payments there may be withdrawals.
                let moved = if no_bill == NoBill::Absent { self.import_fund_flow(account, bill, false, now).await? } else { Ok(()) };
                match moved {
                    Ok(()) => self.without_bill(bill, &no_bill, now_ms, again_ms).await?,
                    Err(why) => self.store.put_off_bill(bill, &why, again_ms, false).await?,
                }
                return Ok(0);
            }
        };
        let (bytes, read) = trades(account, bytes).await;
        let strange = match &read {
            Ok(read) => account.strange(read, bill.day).or_else(|| unnamed(&read.trades)),
            Err(why) => Some(why.clone()),
        };
        if let Some(why) = strange {
            tracing::error!(account = bill.of.account, day = %bill.day, why, "what a wallet gives as the bill of a day is refused");
            self.store.put_off_bill(bill, &why, again_ms, false).await?;
            return Ok(0);
        }
        let trades = read.map(|read| read.trades).unwrap_or_default();
        let compared = self.compare_bill(account, &trades, now).await?;
        let sha256 = hex::encode(Sha256::digest(&bytes));
        // One without lines says nothing that could be settled.
        let file = BillFile { part: "", format: account.format(), bytes: &bytes, sha256: &sha256 };
        let note = if trades.is_empty() { String::new() } else { self.import_bill(account, bill, file, now).await? };
        let moved = self.import_fund_flow(account, bill, !trades.is_empty(), now).await?;
        let waits = match (compared.on_their_way, moved) {
            (0, Ok(())) => None,
            (0, Err(why)) => Some((why, again_ms)),
            (count, _) => {
                let why = format!("{count} refunds in it were on their way, and the wallet does not say yet how they ended");
                Some((why, now_ms.saturating_add(ON_THEIR_WAY_MS)))
            }
        };
        if let Some((why, next_ms)) = waits {
            self.store.found_in_bill(bill, compared.found).await?;
            self.store.put_off_bill(bill, &why, next_ms, false).await?;
            return Ok(compared.found);
        }
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let read = ReadBill { sha256, size_bytes: count(bytes.len()), trades: count(trades.len()), found: compared.found };
        self.store.end_bill(bill, BillEnd::Read, &note, &read, now_ms).await?;
        Ok(compared.found)
    }

    /// The wallet gave no bill of a day: that is a fact some time after it should be there, and otherwise it is asked again.
    async fn without_bill(&self, bill: &OpenBill, no_bill: &NoBill, now_ms: i64, again_ms: i64) -> Result<(), Error> {
        let none = ReadBill::default();
        let absent_from_ms = self.ready_ms(&bill.of, bill.day) + i64::from(self.bills.absent_after_hours) * HOUR_MS;
        let is_kept = bill.day >= day_at(now_ms).saturating_sub(KEPT_DAYS.days());
        match no_bill {
            NoBill::Absent if now_ms >= absent_from_ms => {
                self.store.end_bill(bill, BillEnd::Absent, "the wallet has none of that day", &none, now_ms).await?;
            }
            NoBill::Absent => self.store.put_off_bill(bill, "the wallet has none of that day yet", again_ms, false).await?,
            NoBill::Later(why) if is_kept => {
                tracing::warn!(account = bill.of.account, day = %bill.day, why, "a wallet's bill can't be fetched yet");
                self.store.put_off_bill(bill, why, again_ms, false).await?;
            }
            NoBill::Later(why) => {
                tracing::error!(account = bill.of.account, day = %bill.day, why, "a wallet's bill was never read, and is no longer kept there");
                self.store.end_bill(bill, BillEnd::Gone, why, &none, now_ms).await?;
            }
        }
        Ok(())
    }

    /// The account of settlements that takes the bills of an account.
    fn settled_as(&self, account: &dyn BillingAccount, of: &BilledAccount) -> Option<&str> {
        let known: Vec<&str> = self.settlements.accounts_of(&of.book, of.store).collect();
        let named = known.iter().find(|name| **name == account.seller());
        named.or(known.first().filter(|_| known.len() == 1)).copied()
    }

    /// Has the settlement take what moved on the account that day, where it wants to know; or why it can't yet. `has_trades`: the bill of the day has some, so that the
    /// settlement waits for this one even if nothing was withdrawn.
    async fn import_fund_flow(
        &self,
        account: &dyn BillingAccount,
        bill: &OpenBill,
        has_trades: bool,
        now: SystemTime,
    ) -> Result<Result<(), String>, Error> {
        let settled = self.settled_as(account, &bill.of).and_then(|name| self.settlements.account(&bill.of.book, bill.of.store, name));
        if !settled.is_some_and(|settled| settled.has_fund_flow(&bill.day.to_string())) {
            return Ok(Ok(()));
        }
        let (bytes, format) = match account.fund_flow(bill.day).await {
            Ok(found) => found,
            Err(NoBill::Absent) if has_trades => return Ok(Err("the wallet has no fund flow bill of that day yet".to_owned())),
            Err(NoBill::Absent) => return Ok(Ok(())),
            Err(NoBill::Later(why)) => return Ok(Err(why)),
        };
        // Off the threads that serve calls: a large one takes seconds.
        let read = tokio::task::spawn_blocking(move || (storereports::read(format, &bytes), bytes)).await;
        let (read, bytes) = read.expect("reading a bill does not panic");
        let read = match read {
            Ok(read) => read,
            Err(fault) => return Ok(Err(format!("the fund flow bill: {fault}"))),
        };
        if [read.first_day, read.last_day].into_iter().flatten().any(|day| day != bill.day) {
            return Ok(Err("the fund flow bill is of another day".to_owned()));
        }
        if !has_trades && read.lines.is_empty() && read.payouts.is_empty() {
            return Ok(Ok(()));
        }
        let sha256 = hex::encode(Sha256::digest(&bytes));
        let file = BillFile { part: FUND_FLOW, format, bytes: &bytes, sha256: &sha256 };
        let note = self.import_bill(account, bill, file, now).await?;
        Ok(if note.is_empty() { Ok(()) } else { Err(note) })
    }

    /// Has the settlement take a bill, if it has an account for it; returns why it does not.
    async fn import_bill(
        &self,
        account: &dyn BillingAccount,
        bill: &OpenBill,
        BillFile { part, format, bytes, sha256 }: BillFile<'_>,
        now: SystemTime,
    ) -> Result<String, Error> {
        let of = &bill.of;
        let Some(name) = self.settled_as(account, of) else {
            return Ok("no account of purchase.settlements, or none of this number, is for it".to_owned());
        };
        let key = SettlementKey { book: of.book.clone(), store: of.store, account: name.to_owned(), period: bill.day.to_string() };
        for (at, content) in bytes.chunks(PART_BYTES).enumerate() {
            let part = ReportPart {
                key: key.clone(),
                part: part.to_owned(),
                format,
                sha256: sha256.to_owned(),
                size_bytes: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
                offset_bytes: i64::try_from(at * PART_BYTES).unwrap_or(i64::MAX),
                bytes: content.to_vec(),
            };
            match self.import_report(&part, SERVICE, now).await {
                Ok(imported) if imported.replayed => break,
                Ok(_) => {}
                Err(Error::Report(refusal)) => {
                    let why = tonic::Status::from(Error::Report(refusal)).message().to_owned();
                    tracing::error!(account = of.account, day = %bill.day, why, "the settlement does not take a wallet's bill");
                    return Ok(why);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(String::new())
    }

    /// Finds what a bill has and nothing reported.
    async fn compare_bill(&self, account: &dyn BillingAccount, trades: &[BillTrade], now: SystemTime) -> Result<ComparedBill, Error> {
        let of = account.billed();
        let mut ids: Vec<&str> = trades.iter().map(|trade| trade.transaction_id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        let sold = self.store.sold_transactions(&of, &ids).await?;
        let mut said = self.store.said_of(&of, &ids).await?;
        let mut compared = ComparedBill::default();
        // Those that a sum names first: what is left of it is known after them.
        let is_named = |trade: &BillTrade| {
            let known = said.get(&trade.transaction_id);
            known.is_some_and(|known| known.iter().any(|one| one.fact_id == refund_id(trade)))
        };
        let (named, others): (Vec<&BillTrade>, Vec<&BillTrade>) = trades.iter().partition(|trade| is_named(trade));
        for trade in named.into_iter().chain(others) {
            let is_sold = sold.contains(&trade.transaction_id);
            let is_found = match &trade.refund {
                None => !is_sold && self.find_payment(account, trade, now).await?,
                // What no purchase and no order here is of needs no refund here.
                Some(_) if !is_sold && self.ordered(&of, trade).await?.is_none() => false,
                Some(_) => self.find_refund(account, trade, &mut said, &mut compared.on_their_way, now).await?,
            };
            if is_found {
                meters::arrived(of.store, "found", "");
                compared.found += 1;
            }
        }
        Ok(compared)
    }

    /// The order that was paid, if it is one of ours.
    async fn ordered(&self, of: &BilledAccount, trade: &BillTrade) -> Result<Option<Order>, Error> {
        let Some(order_id) = wallet::order_id(&trade.order_no) else { return Ok(None) };
        let order = self.store.order(&of.book, order_id).await?;
        Ok(order.filter(|order| order.store == of.store && order.merchant == of.account))
    }

    /// A payment of which there is no purchase: the wallet is asked about its order, which answers what was paid back of it too. True: it was found.
    async fn find_payment(&self, account: &dyn BillingAccount, trade: &BillTrade, now: SystemTime) -> Result<bool, Error> {
        let Some(order) = self.ordered(&account.billed(), trade).await? else { return Ok(false) };
        match order.state {
            OrderState::Open | OrderState::Processing => {
                self.store.check_order_at(&order, unix_ms(now), false).await?;
                self.order_news.notify_one();
                Ok(true)
            }
            // Paid late, or another payment than the one that was credited: the same as its notification would have said.
            OrderState::Expired | OrderState::Failed | OrderState::Paid => Ok(self.keep_heard(&account.event_of(trade), now).await?.0),
            // A person decides.
            OrderState::Flagged => Ok(false),
        }
    }

    /// A refund: it is kept, unless it is known. True: nothing had reported it.
    async fn find_refund(
        &self,
        account: &dyn BillingAccount,
        trade: &BillTrade,
        said: &mut HashMap<String, Vec<SaidRefund>>,
        on_their_way: &mut usize,
        now: SystemTime,
    ) -> Result<bool, Error> {
        let (id, known) = (refund_id(trade), said.entry(trade.transaction_id.clone()).or_default());
        let of_id = known.iter().position(|one| one.fact_id == id && one.is_granted);
        if of_id.is_some_and(|at| known[at].part > 0) {
            return Ok(false);
        }
        match standing(account, trade).await {
            LaterStanding::PaidBack => {}
            LaterStanding::Failed => return Ok(false),
            LaterStanding::OnItsWay => {
                *on_their_way += 1;
                return Ok(false);
            }
        }
        let event = account.event_of(trade);
        if of_id.is_none() && !self.part_sums(account, &event, known, now).await? {
            *on_their_way += 1;
            return Ok(false);
        }
        let sum = |is_together: bool| -> i64 {
            let counted = known.iter().filter(|one| one.is_granted && (one.fact_id == CUMULATIVE) == is_together);
            counted.fold(0_i64, |sum, one| sum.saturating_add(one.part))
        };
        // By its id; otherwise by what of the sum no other refund accounts for.
        let is_covered = of_id.is_some() || sum(false).saturating_add(trade.amount.minor_units()) <= sum(true);
        let refund = SaidRefund { fact_id: id.to_owned(), part: trade.amount.minor_units(), is_granted: true, is_fact: true };
        match of_id {
            Some(at) => known[at] = refund,
            None => known.push(refund),
        }
        if is_covered {
            // A notification said how much was paid back in all. It is kept one by one as well, so that the next one is not taken for a part of that sum.
            self.keep_part(&event, id, trade.amount, now).await?;
            return Ok(false);
        }
        Ok(self.keep_heard(&event, now).await?.0)
    }

    /// Makes each refund that the sums of a transaction name a fact of its own, with its amount: otherwise one that no sum has would be taken for theirs. False: the
    /// wallet can't say yet how much one of them is.
    async fn part_sums(
        &self,
        account: &dyn BillingAccount,
        event: &StoreEvent,
        known: &mut [SaidRefund],
        now: SystemTime,
    ) -> Result<bool, Error> {
        if !known.iter().any(|one| one.is_granted && one.fact_id == CUMULATIVE) {
            return Ok(true);
        }
        let is_open = |one: &&mut SaidRefund| one.is_granted && one.fact_id != CUMULATIVE && (one.part == 0 || !one.is_fact);
        for one in known.iter_mut().filter(is_open) {
            let amount = match one.part {
                0 => match account.part_of_sum(&event.transaction_id, &one.fact_id, now).await {
                    Ok(amount) => amount,
                    Err(why) => {
                        tracing::warn!(transaction_id = event.transaction_id, why, "a wallet can't be asked how much of a sum a refund is");
                        return Ok(false);
                    }
                },
                part => Currency::try_new(wallet::YUAN).ok().and_then(|yuan| Money::try_new(yuan, part).ok()),
            };
            // What the wallet does not know by this id stays in the sum.
            let Some(amount) = amount else { continue };
            self.keep_part(event, &one.fact_id, amount, now).await?;
            (one.part, one.is_fact) = (amount.minor_units(), true);
        }
        Ok(true)
    }

    async fn keep_part(&self, event: &StoreEvent, id: &str, amount: Money, now: SystemTime) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        crate::store::keep_refund_fact(&mut tx, &fact(event, id, amount), unix_ms(now)).await?;
        Ok(tx.commit().await.map_err(crate::store::Error::from)?)
    }
}

/// How far a refund of a bill is now.
async fn standing(account: &dyn BillingAccount, trade: &BillTrade) -> LaterStanding {
    match trade.refund.as_ref().map(|refund| refund.standing) {
        Some(BillRefundStanding::PaidBack) => LaterStanding::PaidBack,
        Some(BillRefundStanding::Failed) | None => LaterStanding::Failed,
        Some(BillRefundStanding::OnItsWay) => account.standing_of(trade).await.unwrap_or_else(|why| {
            tracing::warn!(transaction_id = trade.transaction_id, why, "a wallet can't be asked about a refund of its bill");
            LaterStanding::OnItsWay
        }),
    }
}

/// One refund that was paid back, as its event would be read.
fn fact(event: &StoreEvent, id: &str, amount: Money) -> RefundFact {
    RefundFact {
        store: event.store,
        environment: event.environment.clone(),
        bundle_id: event.bundle_id.clone(),
        transaction_id: event.transaction_id.clone(),
        fact_id: id.to_owned(),
        book: event.book.clone(),
        part: amount.minor_units(),
        whole: 1,
        currency: amount.currency().code().to_owned(),
        status: FactStatus::Granted,
        order_no: amount.minor_units(),
        said_at_ms: event.signed_at_ms,
        withdrawn: 0,
        fee: 0,
    }
}

/// By which id a refund is known here: the wallet's, or where it has none the one under which it was asked for.
fn refund_id(trade: &BillTrade) -> &str {
    trade.refund.as_ref().map_or("", |refund| if refund.refund_no.is_empty() { &refund.request_no } else { &refund.refund_no })
}

/// What is wrong with a bill that names a refund by no id: two of the same amount could not be told apart.
fn unnamed(trades: &[BillTrade]) -> Option<String> {
    let nameless = trades.iter().find(|trade| trade.refund.is_some() && refund_id(trade).is_empty())?;
    Some(format!("line {} has a refund without an id", nameless.line_no))
}

/// Reads a bill off the threads that serve calls: a large one takes seconds.
async fn trades(account: &dyn BillingAccount, bytes: Vec<u8>) -> (Vec<u8>, Result<DailyBill, String>) {
    let format = account.format();
    let read = tokio::task::spawn_blocking(move || {
        let read = storereports::read_trades(format, &bytes);
        (bytes, read.map_err(|fault| fault.to_string()))
    });
    read.await.expect("reading a bill does not panic")
}
