//! The finance detail report and the payment summary of a fiscal month, from what this process sold and refunded, with what goes wrong on command.

use std::collections::BTreeMap;

use super::{Store, StorePurchase};
use crate::report::{decimal, exchanged};
use serde::{Deserialize, Serialize};

/// Most sales that are remembered for reports.
const REMEMBERED_MAX: usize = 100_000;

/// What was sold (1) or refunded (-1).
pub(super) type Remembered = (StorePurchase, i64);

/// What reports are to say. Amounts are in hundredths, rates in ten-thousandths.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FinanceOrder {
    /// Our share of one piece.
    pub share: i64,
    /// How many pieces are left out.
    pub left_out: i64,
    /// How many are there of a product that was never sold.
    pub strange: i64,
    /// Tax withheld from the month, and any other sum that is taken.
    pub withheld: i64,
    pub adjusted: i64,
    /// The currency of the bank account and the rate to it; as the sales if empty.
    pub bank_currency: String,
    pub rate: i64,
}

/// A month's two reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinanceReports {
    /// The finance detail report.
    pub detail: String,
    /// The payment summary.
    pub summary: String,
}

const DETAIL: &str = "Start Date\tEnd Date\tUPC\tISRC/ISBN\tVendor Identifier\tQuantity\tPartner Share\tExtended Partner Share\tPartner Share Currency\tSales or Return\tApple Identifier\tTitle\tCountry Of Sale\tPromo Code\tCustomer Price\tCustomer Currency\r\n";
const SUMMARY: &str = "Region (Currency),Units Sold,Earned,Pre-Tax Subtotal,Input Tax,Adjustments,Withholding Tax,Total Owed,Exchange Rate,Proceeds,Bank Account Currency\n";

impl Store {
    /// Remembers a sale (1) or its refund (-1) for reports.
    pub(super) fn remember(&self, purchase: &StorePurchase, sign: i64) {
        let mut sales = self.sales.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if sales.len() < REMEMBERED_MAX {
            sales.push((purchase.clone(), sign));
        }
    }

    /// Both reports of everything that was sold and refunded so far, by sales in one currency.
    pub fn finance(&self, asked: &FinanceOrder) -> FinanceReports {
        let sales = self.sales.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let currency = sales.first().map_or_else(|| "USD".to_owned(), |(purchase, _)| purchase.currency.clone());
        let mut sums: BTreeMap<(String, bool), (i64, i64)> = BTreeMap::new();
        for (purchase, sign) in &sales {
            let sum = sums.entry((purchase.product_id.clone(), *sign < 0)).or_default();
            *sum = (sum.0 + sign * i64::from(purchase.quantity), purchase.price / 10);
        }
        if let Some((sold, _)) = sums.iter_mut().find(|((_, is_refund), _)| !is_refund).map(|(_, sum)| (&mut sum.0, ())) {
            *sold -= asked.left_out;
        }
        if asked.strange != 0 {
            sums.insert(("coins.unknown".to_owned(), false), (asked.strange, 99));
        }
        let today = money::time::utc_day(jiff::Timestamp::now());
        let (first, last) = (today.first_of_month(), today.last_of_month());
        let (mut detail, mut rows, mut earned, mut units) = (DETAIL.to_owned(), 0, 0, 0);
        for ((product_id, is_refund), (quantity, price)) in sums.iter().filter(|(_, (quantity, _))| *quantity != 0) {
            let (word, amount) = (if *is_refund { "R" } else { "S" }, quantity * asked.share);
            let (from, until) = (first.strftime("%m/%d/%Y"), last.strftime("%m/%d/%Y"));
            let (share, amount_text, price) = (decimal(asked.share), decimal(amount), decimal(*price));
            detail.push_str(&format!(
                "{from}\t{until}\t\t\t{product_id}\t{quantity}\t{share}\t{amount_text}\t{currency}\t{word}\t1\tCoins\tUS\t\t{price}\t{currency}\r\n"
            ));
            (rows, earned, units) = (rows + 1, earned + amount, units + quantity);
        }
        detail.push_str(&format!("Total_Rows\t{rows}\r\nTotal_Amount\t{}\r\nTotal_Units\t{units}\r\n", decimal(earned)));
        let owed = earned - asked.withheld - asked.adjusted;
        let (bank, rate) =
            if asked.bank_currency.is_empty() { (currency.as_str(), 10_000) } else { (asked.bank_currency.as_str(), asked.rate) };
        // Nothing is taken from a bank account: less than nothing stays.
        let proceeds = decimal(exchanged(owed, rate).max(0));
        let summary = format!(
            "Payments and Financial Reports,\"({})\"\n\n{SUMMARY}Americas ({currency}),{units},{},{},0.00,{},{},{},{}.{:04},{proceeds},{bank}\nTotal,{proceeds}\n",
            first.strftime("%B, %Y"),
            decimal(earned),
            decimal(earned),
            decimal(-asked.adjusted),
            decimal(-asked.withheld),
            decimal(owed),
            rate / 10_000,
            rate % 10_000,
        );
        FinanceReports { detail, summary }
    }
}
