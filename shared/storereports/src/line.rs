//! A report and its lines, in the same terms for every store.

use jiff::civil::Date;
use money::Currency;
use rust_decimal::Decimal;

/// A format of reports, as it was known on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportFormat {
    /// The App Store's finance detail report of a fiscal month and a region: tab-separated, sums by product and country.
    AppleDetail,
    /// The App Store's payment summary of a fiscal month: comma-separated, a row for each currency.
    AppleSummary,
    /// Google Play's earnings report of a month: comma-separated, perhaps in an archive; a line for each order and type.
    GoogleEarnings,
    /// Stripe's balance transactions of a payout, with their sources expanded: JSON.
    StripePayout,
    /// Alipay's bill of a day: comma-separated in GBK or UTF-8, perhaps in an archive.
    AlipayBill,
    /// WeChat Pay's bill of a day: comma-separated, a backtick before each value.
    WechatBill,
    /// WeChat Pay's fund flow bill of a day: what moved on our account there, in the same form.
    WechatFundFlow,
}

impl ReportFormat {
    /// All formats.
    pub const ALL: [Self; 7] = [
        Self::AppleDetail,
        Self::AppleSummary,
        Self::GoogleEarnings,
        Self::StripePayout,
        Self::AlipayBill,
        Self::WechatBill,
        Self::WechatFundFlow,
    ];

    /// Its name, with the month as of which its columns and words are known. Stored, so never changed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AppleDetail => "apple.finance_detail.2026-11",
            Self::AppleSummary => "apple.payment_summary.2026-11",
            Self::GoogleEarnings => "google.earnings.2026-11",
            Self::StripePayout => "stripe.payout_transactions.2026-11",
            Self::AlipayBill => "alipay.trade_bill.2026-11",
            Self::WechatBill => "wechat.trade_bill.2026-11",
            Self::WechatFundFlow => "wechat.fund_flow_bill.2026-11",
        }
    }

    /// The format of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportLineKind {
    /// Something was sold.
    Sale,
    /// Something was paid back to a buyer, or, above zero, was not after all.
    Refund,
    /// The store's commission, or the processor's fee; above zero where it is given back.
    Fee,
    /// Tax on that fee, which we can reclaim.
    FeeTax,
    /// Tax on sales that the store remits.
    Tax,
    /// A coupon of ours that the buyer used.
    Coupon,
    /// Tax that is withheld from what the store pays.
    Withholding,
    /// What the store keeps back for a while; above zero where it is released.
    Reserve,
    /// Anything else that the store adds or takes.
    Adjustment,
}

impl ReportLineKind {
    /// All kinds.
    pub const ALL: [Self; 9] =
        [Self::Sale, Self::Refund, Self::Fee, Self::FeeTax, Self::Tax, Self::Coupon, Self::Withholding, Self::Reserve, Self::Adjustment];

    /// The spelling in tables. Stored, so never changed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Refund => "refund",
            Self::Fee => "fee",
            Self::FeeTax => "fee_tax",
            Self::Tax => "tax",
            Self::Coupon => "coupon",
            Self::Withholding => "withholding",
            Self::Reserve => "reserve",
            Self::Adjustment => "adjustment",
        }
    }

    /// The kind of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A line of a report, or a part of one that stands for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportLine {
    /// The line, from 1; of JSON the transaction.
    pub line_no: u64,
    /// What it is about.
    pub kind: ReportLineKind,
    /// The store's id of the sale, as its receipts have it; empty where it is about none, or about several.
    pub transaction_id: String,
    /// The product; empty where the line names none.
    pub product_id: String,
    /// ISO 3166 alpha-2 code of the buyer's country; empty where the line names none.
    pub market: String,
    /// Pieces; less than zero where they were given back.
    pub quantity: i64,
    /// What it adds to what is paid to us, in the currency of the sale: less than zero where it takes.
    pub amount: Decimal,
    /// The currency of the sale.
    pub currency: Currency,
    /// The same in the currency in which the store pays.
    pub proceeds: Decimal,
    /// The currency in which the store pays.
    pub proceeds_currency: Currency,
    /// The day on which it happened, as the store counts days; the first of a period that the line is about.
    pub happened_on: Date,
}

impl ReportLine {
    /// A line about one payment, of a report that names neither product nor market, in the currency in which the store pays too: a sale is one piece, a refund is
    /// one that was given back, and whatever else the payment cost is none.
    pub(crate) fn of_payment(
        line_no: u64,
        kind: ReportLineKind,
        transaction_id: String,
        amount: Decimal,
        currency: Currency,
        happened_on: Date,
    ) -> Self {
        let quantity = match kind {
            ReportLineKind::Sale => 1,
            ReportLineKind::Refund => -1,
            _ => 0,
        };
        Self {
            line_no,
            kind,
            transaction_id,
            product_id: String::new(),
            market: String::new(),
            quantity,
            amount,
            currency,
            proceeds: amount,
            proceeds_currency: currency,
            happened_on,
        }
    }
}

/// How far a payment to us is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayoutStanding {
    /// Made, and on its way to the bank.
    OnItsWay,
    /// At the bank.
    Paid,
    /// It came back, or was called off.
    Failed,
}

/// What a store says that it pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedPayout {
    /// The currency of the sales that it pays for.
    pub currency: Currency,
    /// What it pays for, in that currency.
    pub amount: Decimal,
    /// The currency in which it pays.
    pub proceeds_currency: Currency,
    /// What it pays.
    pub proceeds: Decimal,
    /// The rate from the first to the second currency that it states; `None`: it states none.
    pub rate: Option<Decimal>,
    /// How far it is.
    pub standing: PayoutStanding,
    /// When it should arrive, where the store says so.
    pub arrives_on: Option<Date>,
}

/// What a report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreReport {
    /// Its format.
    pub format: ReportFormat,
    /// The period that it names itself, such as a payout's id; empty: it names none.
    pub period: String,
    /// Its first day, where it names one or has a line.
    pub first_day: Option<Date>,
    /// Its last day.
    pub last_day: Option<Date>,
    /// Its lines, in their order.
    pub lines: Vec<ReportLine>,
    /// What the store says that it pays for them.
    pub payouts: Vec<StatedPayout>,
}

impl StoreReport {
    /// A report of these lines, over the days on which they happened.
    pub(crate) fn of(format: ReportFormat, lines: Vec<ReportLine>) -> Self {
        let days = || lines.iter().map(|line| line.happened_on);
        let (first_day, last_day) = (days().min(), days().max());
        Self { format, period: String::new(), first_day, last_day, lines, payouts: Vec::new() }
    }
}
