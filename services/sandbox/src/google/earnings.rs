//! The earnings report of a month: a line for each order and type, packed in an archive, with what goes wrong on command.

use super::{Error, SandboxGooglePlay, shop::SoldProduct};
use crate::report::{archive, decimal, exchanged};
use serde::{Deserialize, Serialize};

/// What a report is to say. Amounts are in hundredths, rates in ten-thousandths.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EarningsOrder {
    /// The app.
    pub package_name: String,
    /// The price of one piece, tax included, and the tax in it.
    pub price: i64,
    pub tax: i64,
    /// The store's fee on a piece.
    pub fee: i64,
    /// The currency of the prices; dollars if empty.
    pub currency: String,
    /// The currency in which the seller is paid, and the rate to it; as the prices if empty.
    pub merchant_currency: String,
    pub rate: i64,
    /// Tax withheld from the month.
    pub withheld: i64,
    /// Held back of the month; below nothing is released.
    pub reserve: i64,
    /// Orders that are left out.
    pub left_out: Vec<String>,
    /// Orders whose charge an earlier month reported: only what was refunded of them is reported.
    pub charged_before: Vec<String>,
    /// A charge of this much for an order that was never made; nothing if 0.
    pub strange: i64,
}

const HEADER: &str = "Description,Transaction Date,Transaction Time,Tax Type,Transaction Type,Refund Type,Product Title,Product id,Product Type,Sku Id,Hardware,Buyer Country,Buyer State,Buyer Postal Code,Buyer Currency,Amount (Buyer Currency),Currency Conversion Rate,Merchant Currency,Amount (Merchant Currency)\n";

impl EarningsOrder {
    fn line(&self, kind: &str, order: &str, sku: &str, amount: i64) -> String {
        let currency = if self.currency.is_empty() { "USD" } else { &self.currency };
        let (merchant, rate) =
            if self.merchant_currency.is_empty() { (currency, 10_000) } else { (self.merchant_currency.as_str(), self.rate) };
        let day = money::time::utc_day(jiff::Timestamp::now());
        format!(
            "{order},\"{}\",12:00:00 PM PST,,{kind},,\"Coins, many\",{},inapp,{sku},,US,CA,94043,{currency},{},{}.{:04},{merchant},{}\n",
            day.strftime("%b %-d, %Y"),
            self.package_name,
            decimal(amount),
            rate / 10_000,
            rate % 10_000,
            decimal(exchanged(amount, rate)),
        )
    }

    fn sold(&self, sold: &SoldProduct) -> String {
        let (order, sku) = (sold.order_id.as_deref().unwrap_or_default(), sold.sale.product_id.as_str());
        let is_known = self.charged_before.iter().any(|known| known == order);
        let (pieces, refunded) = (if is_known { 0 } else { i64::from(sold.sale.quantity) }, i64::from(sold.refunded));
        let mut lines = String::new();
        for (kind, amount) in [
            ("Charge", pieces * self.price),
            ("Tax", -pieces * self.tax),
            ("Google fee", -pieces * self.fee),
            ("Charge refund", -refunded * self.price),
            ("Tax refund", refunded * self.tax),
            ("Google fee refund", refunded * self.fee),
        ] {
            if amount != 0 {
                lines.push_str(&self.line(kind, order, sku, amount));
            }
        }
        lines
    }
}

impl SandboxGooglePlay {
    /// The report of everything that an app has sold, in an archive.
    pub async fn earnings(&self, asked: &EarningsOrder) -> Result<Vec<u8>, Error> {
        let sql = "SELECT sold FROM google_purchase WHERE package_name = $1 ORDER BY purchase_token";
        let all: Vec<String> = sqlx::query_scalar(sql).bind(asked.package_name.as_str()).fetch_all(&self.shared.pool).await?;
        let mut report = HEADER.to_owned();
        for sold in &all {
            let sold: SoldProduct = serde_json::from_str(sold)?;
            if sold.order_id.as_ref().is_some_and(|order| !asked.left_out.contains(order)) {
                report.push_str(&asked.sold(&sold));
            }
        }
        for (kind, amount) in [("Withholding Tax", -asked.withheld), ("Reserve", -asked.reserve)] {
            if amount != 0 {
                report.push_str(&asked.line(kind, "", "", amount));
            }
        }
        if asked.strange != 0 {
            report.push_str(&asked.line("Charge", "GPA.0000-0000-0000-00000", "coins.unknown", asked.strange));
        }
        Ok(archive("PlayApps.csv", report.as_bytes()))
    }
}

impl SandboxGooglePlay {
    /// Every order so far, the oldest first.
    pub async fn orders(&self) -> Result<Vec<String>, Error> {
        let all: Vec<String> = sqlx::query_scalar("SELECT sold FROM google_purchase").fetch_all(&self.shared.pool).await?;
        let sold = all.iter().map(|sold| serde_json::from_str::<SoldProduct>(sold)).collect::<Result<Vec<_>, _>>()?;
        let mut sold: Vec<(Option<i64>, String)> =
            sold.into_iter().filter_map(|sold| Some((sold.completed_at_ms, sold.order_id?))).collect();
        sold.sort();
        Ok(sold.into_iter().map(|(_, order)| order).collect())
    }
}
