//! The demo's results, as `--json` prints them. Every number was queried: over RPC, from the bank, or from the stores.
pub mod stores;

use money::{Currency, Money};
use runtime::command::UntypedError;
use serde::Serialize;
use std::{collections::BTreeMap, fmt};
use stores::StoresSummary;

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SummaryAmount {
    /// ISO 4217 code.
    pub currency: String,
    /// Whole minor units; below zero where the other side owes.
    pub minor_units: i64,
    /// The same in whole units.
    pub decimal: String,
}

impl SummaryAmount {
    /// Refuses an unknown currency.
    pub fn try_new(currency: &str, minor_units: i64) -> Result<Self, UntypedError> {
        let money = Money::try_new(Currency::try_new(currency)?, minor_units.checked_abs().ok_or("an amount too large")?)?;
        let sign = if minor_units < 0 { "-" } else { "" };
        let digits = usize::try_from(money.currency().minor_digits())?;
        Ok(Self { currency: currency.to_owned(), minor_units, decimal: format!("{sign}{:.digits$}", money.to_decimal()) })
    }

    /// One amount per currency.
    pub fn list(sums: BTreeMap<String, i64>) -> Result<Vec<Self>, UntypedError> {
        sums.into_iter().map(|(currency, minor_units)| Self::try_new(&currency, minor_units)).collect()
    }

    /// The amount in whole units with commas, without the currency.
    #[must_use]
    pub fn plain(&self) -> String {
        let (whole, fraction) = self.decimal.split_once('.').unwrap_or((&self.decimal, ""));
        let whole = whole.parse::<i64>().map_or_else(|_| whole.to_owned(), grouped);
        if fraction.is_empty() { whole } else { format!("{whole}.{fraction}") }
    }
}

impl fmt::Display for SummaryAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.plain(), self.currency)
    }
}

/// A number with commas between thousands.
#[must_use]
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// Coins bought.
#[derive(Debug, Serialize)]
pub struct BuySummary {
    pub buyers: usize,
    pub purchases: usize,
    pub gross: Vec<SummaryAmount>,
    /// What the store keeps of it.
    pub commission: Vec<SummaryAmount>,
    pub coins: i64,
    /// The reason with which a receipt was refused that somebody else had redeemed.
    pub replayed_receipt_refused: String,
    pub store_settlement: Vec<SummaryAmount>,
    pub treasury_funding: SummaryAmount,
}

/// Amounts of single charges, in coins.
#[derive(Debug, Serialize)]
pub struct CostSummary {
    pub median: i64,
    pub p90: i64,
    pub p95: i64,
    pub p99: i64,
    pub max: i64,
}

/// How concentrated coins are, here and in the dataset.
#[derive(Debug, Serialize)]
pub struct ConcentrationSummary {
    pub top1_percent: f64,
    pub top10_percent: f64,
    pub gini: f64,
    pub dataset_top1_percent: f64,
    pub dataset_top10_percent: f64,
    pub dataset_gini: f64,
}

/// The crash of the ledger's process with calls in flight.
#[derive(Debug, Serialize)]
pub struct CrashSummary {
    pub process_id: u32,
    pub unanswered: usize,
    pub had_been_committed: usize,
    pub had_not_been_committed: usize,
    /// Coins charged by all of them together, each once.
    pub coins: i64,
    /// Time from the new process's start until the services answered again.
    pub restart_ms: u64,
}

/// Gifts sent.
#[derive(Debug, Serialize)]
pub struct GiftSummary {
    pub gifts: usize,
    pub streaks: usize,
    pub calls: usize,
    pub rooms: u32,
    pub senders: usize,
    pub creators: usize,
    pub postings: usize,
    pub coins: i64,
    pub cost: CostSummary,
    pub top_creator_percent: f64,
    pub top_creators: ConcentrationSummary,
    pub top_senders: ConcentrationSummary,
    pub calls_at_once: usize,
    pub latency_p50_ms: f64,
    pub latency_p99_ms: f64,
    pub crash: CrashSummary,
}

/// One conversion.
#[derive(Debug, Clone, Serialize)]
pub struct CashSummary {
    pub creator: String,
    pub diamonds: i64,
    pub rate: String,
    pub rate_date: String,
    pub gross: SummaryAmount,
    pub withholding: SummaryAmount,
    pub fee: SummaryAmount,
    pub net: SummaryAmount,
    pub posting_id: String,
}

/// One payout.
#[derive(Debug, Serialize)]
pub struct PayoutSummary {
    pub what: String,
    pub creator: String,
    pub amount: SummaryAmount,
    /// The rail that paid it, or refused it last.
    pub rail: String,
    /// Rails that refused it before, each with its reason's code.
    pub refused_before: Vec<String>,
    /// What the last code of these means; empty if no rail refused it before.
    pub refused_because: String,
    /// The service's note on the last rail; empty if it was the first.
    pub fallback: String,
    /// The day until which it may come back as a matter of course; empty: it is final.
    pub returnable_until: String,
    pub state: String,
    pub steps: Vec<String>,
    pub bank_status: String,
    pub reason_code: String,
    pub reason: String,
    pub bank_time_ms: i64,
    pub our_time_ms: i64,
    /// Debits with its id in the bank's statement.
    pub booked_at_bank: usize,
    /// What came back after it was paid, with what the returning bank kept.
    pub returned: SummaryAmount,
    pub returns: Vec<ReturnSummary>,
    pub recalls: Vec<RecallSummary>,
    /// The review that held it, if one did.
    pub review: Option<ReviewSummary>,
    /// What is in blocked funds of it.
    pub blocked: SummaryAmount,
    /// What the creator can be paid now.
    pub payable_again: SummaryAmount,
    pub payout_id: String,
    pub end_to_end_id: String,
}

/// Money of a paid payout that came back.
#[derive(Debug, Serialize)]
pub struct ReturnSummary {
    /// What the bank credited.
    pub amount: SummaryAmount,
    /// What the returning bank kept besides.
    pub charge: SummaryAmount,
    /// The part of the charge that we bear; the creator bears the rest.
    pub charge_borne: SummaryAmount,
    pub code: String,
    /// What the code means.
    pub meaning: String,
    /// What the creator is told.
    pub payee_text: String,
}

/// A request for the money of a paid payout.
#[derive(Debug, Serialize)]
pub struct RecallSummary {
    pub code: String,
    /// Its states, the last one included.
    pub steps: Vec<String>,
    /// Whether the money comes as a payment of its own, as on rails without returns.
    pub is_repaid_anew: bool,
}

/// What screening held, and what reviewers decided.
#[derive(Debug, Serialize)]
pub struct ReviewSummary {
    /// The entry that the payee's name resembles.
    pub listed_name: String,
    /// How much, of 1000.
    pub score_thousandths: i32,
    pub is_true_match: bool,
    /// Who decided; two for a true match.
    pub people: Vec<String>,
    /// Why, in the words of whoever decided.
    pub reason: String,
    /// The last day for the report of blocked money; empty: none is blocked.
    pub report_due_date: String,
}

/// One rail's line of the payout report.
#[derive(Debug, Serialize)]
pub struct RailSummary {
    pub rail: String,
    pub payouts: i64,
    pub paid: i64,
    pub paid_amount: SummaryAmount,
    /// What the paid ones are expected to cost.
    pub cost: SummaryAmount,
    /// Time from the request to the account.
    pub account_time_p50_ms: i64,
    pub account_time_p99_ms: i64,
    /// Share of the paid ones, as a decimal fraction; empty: none was paid.
    pub instant_share: String,
    /// Codes of rejections, and how many payouts had each.
    pub rejected: Vec<(String, i64)>,
    pub returned: SummaryAmount,
}

/// The paid payouts of one currency beside an e-wallet, at one level of the dated figures.
#[derive(Debug, Serialize)]
pub struct LevelSummary {
    /// `low`, `typical` or `high`.
    pub level: String,
    /// All cost of the wallet, and of the bank payouts; in whole units.
    pub wallet_total: String,
    pub bank_total: String,
    /// Empty: the bank's side costs nothing.
    pub times_cheaper: String,
    pub wallet_days: String,
    /// Empty: the payouts took no time.
    pub times_faster: String,
    /// The smallest amount of which a payout costs a tenth of what the wallet asks; 0: there is none.
    pub ten_times_from: SummaryAmount,
    /// The largest such amount; 0: there is no upper bound.
    pub ten_times_until: SummaryAmount,
}

/// An e-wallet of the payout report.
#[derive(Debug, Serialize)]
pub struct WalletSummary {
    pub name: String,
    /// Number and sum of the payouts that are compared.
    pub payouts: i64,
    pub amount: SummaryAmount,
    pub levels: Vec<LevelSummary>,
    /// `P`: from the provider; `S`: from others; `K`: not verified.
    pub wallet_confidence: String,
    pub bank_confidence: String,
    /// The day on which the figures were looked up.
    pub as_of: String,
}

/// The payout report.
#[derive(Debug, Serialize)]
pub struct ReportSummary {
    pub rails: Vec<RailSummary>,
    pub wallets: Vec<WalletSummary>,
}

/// Our money at the bank, according to both sides.
#[derive(Debug, Serialize)]
pub struct BankCash {
    /// Which bank, for people.
    pub bank: String,
    pub ledger: SummaryAmount,
    pub statement: SummaryAmount,
    pub statement_entries: usize,
}

/// A group of accounts.
#[derive(Debug, Serialize)]
pub struct SummaryLine {
    pub unit: String,
    pub accounts: String,
    pub count: i64,
    /// In whole coins, whole diamonds or minor units; the same for credits.
    pub debits: i64,
    pub credits: i64,
}

/// One byte changed in a copy.
#[derive(Debug, Serialize)]
pub struct ChangedCopy {
    pub event: i64,
    pub named_event: i64,
    pub problem: String,
    pub original_ok: bool,
}

/// A payout out of the leaf of an app.
#[derive(Debug, Serialize)]
pub struct LeafPayout {
    pub app: String,
    pub leaf: String,
    pub amount: SummaryAmount,
    /// What the leaf had before and after all payouts.
    pub leaf_before: SummaryAmount,
    pub leaf_after: SummaryAmount,
    /// The company of the leaf, which the bank's entry names as ultimate debtor.
    pub on_behalf_of: String,
    pub rail: String,
    pub end_to_end_id: String,
}

/// An exception on the bank's statement, and what two people made of it.
#[derive(Debug, Serialize)]
pub struct AdjustedCase {
    /// One of the 21 classes.
    pub class: String,
    pub amount: SummaryAmount,
    /// What the books had more than the bank because of it, before and after.
    pub difference: SummaryAmount,
    pub difference_after: SummaryAmount,
    pub owner: String,
    pub next_step: String,
    /// What was booked, from one leaf to another one, or to the bank.
    pub adjusted: SummaryAmount,
    pub debit: String,
    pub credit: String,
    pub proposed_by: String,
    pub approved_by: String,
}

/// A day of a bank account that is closed for ever.
#[derive(Debug, Serialize)]
pub struct ClosedDaySummary {
    pub day: String,
    pub format: String,
    pub entries: i64,
    pub cases: Vec<AdjustedCase>,
    /// The bank's closing balance, and that of the books.
    pub bank: SummaryAmount,
    pub books: SummaryAmount,
    /// Differences that have a name and remain.
    pub timing_items: usize,
}

/// Old bank accounts and the structure that replaces them, by the treasury's report.
#[derive(Debug, Serialize)]
pub struct TreasurySummary {
    pub old_accounts: i64,
    pub physical_accounts: i64,
    pub leaves: i64,
    pub moved: SummaryAmount,
    pub monthly_cost_before: SummaryAmount,
    pub monthly_cost_after: SummaryAmount,
    pub cost_source: String,
    /// Receipts on old numbers since.
    pub receipts: i64,
    pub received: SummaryAmount,
    pub quiet_days: i32,
    /// One of each app.
    pub payouts: Vec<LeafPayout>,
    pub closed_day: ClosedDaySummary,
    /// The tree of this run with its balances, a line for each node.
    pub tree: Vec<String>,
    /// The tree as a picture (SVG), a file in the data directory; empty: the directory is removed.
    pub picture: String,
}

/// The results of the proof.
#[derive(Debug, Serialize)]
pub struct ProofSummary {
    pub coins_issued: i64,
    pub coins_spent: i64,
    pub coins_held: i64,
    /// Coins that viewers owe, since they had spent what was paid back.
    pub coins_owed: i64,
    pub bank_cash: Vec<BankCash>,
    /// What payees' banks sent back, by currency.
    pub returned: Vec<SummaryAmount>,
    /// What is in blocked funds, by currency.
    pub blocked: Vec<SummaryAmount>,
    pub trial_balance: Vec<SummaryLine>,
    pub events: i64,
    pub transfers: i64,
    pub head_commit_no: i64,
    pub head_hash: String,
    pub changed_copy: ChangedCopy,
}

/// A process that is left running.
#[derive(Debug, Serialize)]
pub struct SummaryProcess {
    pub process_id: u32,
    pub services: Vec<String>,
}

/// Calls that can be tried afterwards.
#[derive(Debug, Default, Serialize)]
pub struct TrySummary {
    /// Shell lines, in order.
    pub lines: Vec<String>,
    /// Empty without `--keep`.
    pub processes: Vec<SummaryProcess>,
}

/// The results of all parts.
#[derive(Debug, Serialize)]
pub struct StorySummary {
    pub seed: u64,
    pub database: String,
    pub book: String,
    pub split: bool,
    pub seconds: f64,
    /// Expected outcomes that did not happen; empty if all is well.
    pub missing: Vec<String>,
    pub buy: BuySummary,
    pub gift: GiftSummary,
    pub stores: StoresSummary,
    pub cash: Vec<CashSummary>,
    pub pay: Vec<PayoutSummary>,
    pub cost: ReportSummary,
    pub treasury: TreasurySummary,
    pub prove: ProofSummary,
    pub r#try: TrySummary,
}
