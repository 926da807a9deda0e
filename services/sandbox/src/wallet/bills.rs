//! What a wallet's bill of a day has in it, and what goes wrong with bills on command.

use super::{
    Desk,
    commands::{TRADE, WalletCommand},
    now_ms,
    refund::{RefundState, WalletRefund},
    trade::{NothingDone, Trade, beijing, new_number},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Faults of bills: there is none; it is being made; its amounts are not those of its sums; it is cut off; it unpacks to more than anybody reads; it is longer than
/// that; it is of another day or seller; each line is there twice; its hash is another one's; its address is elsewhere;
/// its refunds are on their way (WeChat Pay); its first refund is in another bill;
/// the amounts of the fund flow bill of the day are not those of its sums (WeChat Pay).
pub const BILL_FAULTS: [&str; 14] = [
    "absent",
    "late",
    "altered",
    "cut",
    "bomb",
    "huge",
    "another_day",
    "another_seller",
    "doubled",
    "wrong_hash",
    "elsewhere",
    "on_their_way",
    "another_bill",
    "funds_altered",
];
/// Under which names it is stored which faults bills have, and up to which day there are bills before that day is over.
const WITHDRAWAL: &str = "withdrawal";
const BILL_FAULT: &str = "bill_fault";
const CLOSED: &str = "closed_day";
/// Seconds of a day.
const DAY_MS: i64 = 86_400_000;

/// A payment of a day, or a refund of one.
#[derive(Debug, Clone)]
pub struct BilledTrade {
    /// What was paid.
    pub trade: Trade,
    /// Of a refund.
    pub refund: Option<WalletRefund>,
}

impl BilledTrade {
    /// When it happened, in Unix milliseconds.
    pub fn at_ms(&self) -> i64 {
        self.refund.as_ref().map_or(self.trade.paid_at_ms, |refund| refund.at_ms)
    }

    /// How much, in hundredths.
    pub fn fen(&self) -> i64 {
        self.refund.as_ref().map_or(self.trade.fen, |refund| refund.fen)
    }

    /// What the wallet keeps of it: six thousandths, rounded; given back with a refund.
    pub fn fee_fen(&self) -> i64 {
        let fee = (self.fen() * 6 + 500) / 1_000;
        if self.refund.is_some() { -fee } else { fee }
    }
}

/// Money that went from the account at the wallet to the seller's bank.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Withdrawal {
    /// The wallet's number of it.
    pub id: String,
    /// In hundredths.
    pub fen: i64,
    /// When, in Unix milliseconds.
    pub at_ms: i64,
}

/// A bill that is made on command.
#[derive(Debug, Clone, Default)]
pub struct OrderedBill {
    /// The day: `2026-11-28`.
    pub day: String,
    /// What is wrong with it; empty: nothing.
    pub fault: String,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct BillFault {
    fault: String,
    day: String,
    times: u32,
}

impl OrderedBill {
    /// The token by which it can be downloaded.
    pub fn token(&self) -> String {
        format!("{}_{}", self.day, self.fault)
    }

    /// The bill of a token.
    pub fn of_token(token: &str) -> Self {
        let (day, fault) = token.split_once('_').unwrap_or((token, ""));
        Self { day: day.to_owned(), fault: fault.to_owned() }
    }

    /// The day that stands in it.
    pub fn stated_day(&self) -> String {
        let is_other = self.fault == "another_day";
        if is_other { "2026-01-01".to_owned() } else { self.day.clone() }
    }

    /// A time of it as it stands in it.
    pub fn stated_time(&self, at_ms: i64) -> String {
        format!("{} {}", self.stated_day(), beijing(at_ms, "%H:%M:%S"))
    }

    /// Its text with what is wrong with it.
    pub fn with_fault(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        match self.fault.as_str() {
            "cut" => bytes.truncate(bytes.len() * 2 / 3),
            "huge" => bytes.resize(17 << 20, b' '),
            _ => {}
        }
        bytes
    }
}

impl Desk {
    /// Sets what is wrong with the next bills, or ends the present day for bills.
    pub(super) async fn command_bills(&self, command: &WalletCommand) -> Result<Result<Value, NothingDone>, sqlx::Error> {
        if command.command == "close_day" {
            let today = beijing(now_ms(), "%Y-%m-%d");
            self.store.set(CLOSED, &today).await?;
            return Ok(Ok(json!({ "day": today })));
        }
        if command.command == "withdraw" {
            let Some(fen) = command.amount.filter(|fen| *fen > 0) else { return Ok(Err("an amount above zero")) };
            let withdrawal = Withdrawal { id: new_number(), fen, at_ms: now_ms() };
            self.store.put(WITHDRAWAL, &json!(withdrawal)).await?;
            return Ok(Ok(json!(withdrawal)));
        }
        if !BILL_FAULTS.contains(&command.fault.as_str()) {
            return Ok(Err("no such fault of bills"));
        }
        let fault = json!(BillFault { fault: command.fault.clone(), day: command.day.clone(), times: command.times });
        self.store.set(BILL_FAULT, &fault.to_string()).await?;
        Ok(Ok(fault))
    }

    /// The bill of a day with the fault that it is to have, which uses up one of its times; `None`: there is none, or not yet.
    pub(crate) async fn ordered_bill(&self, day: &str) -> Result<Option<OrderedBill>, sqlx::Error> {
        let set = self.store.setting(BILL_FAULT).await?.and_then(|text| serde_json::from_str::<BillFault>(&text).ok()).unwrap_or_default();
        let applies = set.times > 0 && (set.day.is_empty() || set.day == day);
        if applies {
            self.store.set(BILL_FAULT, &json!(BillFault { times: set.times - 1, ..set.clone() }).to_string()).await?;
        }
        let closed = self.store.setting(CLOSED).await?.unwrap_or_default();
        let yesterday = beijing(now_ms() - DAY_MS, "%Y-%m-%d");
        let is_over = day <= yesterday.as_str() || day <= closed.as_str();
        let is_day = day.parse::<jiff::civil::Date>().is_ok() && day.len() == 10;
        let bill = OrderedBill { day: day.to_owned(), fault: if applies { set.fault } else { String::new() } };
        let is_there = is_over && is_day && bill.fault != "absent" && !self.billed(&bill).await?.is_empty();
        Ok(is_there.then_some(bill))
    }

    /// What was withdrawn on a day, the oldest first.
    pub(crate) async fn withdrawn(&self, bill: &OrderedBill) -> Result<Vec<Withdrawal>, sqlx::Error> {
        let all = self.store.all(WITHDRAWAL).await?.into_iter().filter_map(|one| serde_json::from_value::<Withdrawal>(one).ok());
        let mut found: Vec<Withdrawal> = all.filter(|one| beijing(one.at_ms, "%Y-%m-%d") == bill.day).collect();
        found.sort_by_key(|one| one.at_ms);
        Ok(found)
    }

    /// Everything that was paid and refunded on a day, the oldest first.
    pub(crate) async fn billed(&self, bill: &OrderedBill) -> Result<Vec<BilledTrade>, sqlx::Error> {
        let is_of_day = |at_ms: i64| at_ms > 0 && beijing(at_ms, "%Y-%m-%d") == bill.day;
        let trades = self.store.all(TRADE).await?.into_iter().filter_map(|trade| serde_json::from_value::<Trade>(trade).ok());
        let trades: Vec<Trade> = trades.collect();
        let paid = trades.iter().filter(|trade| is_of_day(trade.paid_at_ms));
        let mut billed: Vec<BilledTrade> = paid.map(|trade| BilledTrade { trade: trade.clone(), refund: None }).collect();
        for refund in self.refunds().await? {
            let of = trades.iter().find(|trade| trade.id == refund.trade);
            if let Some(trade) = of.filter(|_| is_of_day(refund.at_ms) && refund.state != RefundState::Closed) {
                billed.push(BilledTrade { trade: trade.clone(), refund: Some(refund) });
            }
        }
        billed.sort_by_key(BilledTrade::at_ms);
        if bill.fault == "another_bill"
            && let Some(first) = billed.iter().position(|trade| trade.refund.is_some())
        {
            billed.remove(first);
        }
        if bill.fault == "doubled" {
            billed = billed.iter().flat_map(|trade| [trade.clone(), trade.clone()]).collect();
        }
        Ok(billed)
    }
}
