//! `largesse report`: sums of payouts, beside e-wallets; fees and commissions; coins of owners who are no longer active.
use super::staff_service::CallerArguments;
use accounting::fees::fees_csv;
use api::payout::{GetPayoutReportRequest, ReportDimension};
use api::purchase::GetEscheatReportRequest;
use clap::{Args, Subcommand, ValueEnum};
use jiff::{Timestamp, civil::Date};
use money::BookName;
use operations::{accounting::AccountingCaller, escheat_report, fee_report, payout_report};
use runtime::command::{self, CommandResult};
use std::process::ExitCode;

/// Whose token reports take.
const TOKEN: &str = "File with the token of a member of staff or a service";

/// Printed after the options.
const EXPLANATION: &str = "\
Asks a running payout service for the sums of a book's payouts that were requested from --from until before --until: number, amount, cost, time from request to
account (p50 and p99), the share that was instant, rejections by code, returns, and those of unknown outcome now. Beside them stands what the dated figures of
e-wallets give for the same payouts, at low, typical and high cost: all cost on both sides, how many times faster, and from which amount a bank payout costs a
tenth. The token is one of the roles finance, auditor or admin; the audit log records the call with its reason.

  largesse report payouts --book app-us --from 2026-11-01 --until 2026-12-01 --by rail,day --token-file fay.token --reason 'costs of November'
  largesse report payouts --book app-us --from 2026-11-01 --until 2026-12-01 --csv --token-file fay.token --reason 'costs of November' > payouts.csv";

/// The same of `largesse report escheat`.
const ESCHEAT_EXPLANATION: &str = "\
Asks a running purchase service for the coins that were not spent and the revenue deferred for them, by entity, market, currency and how many whole years their owner
was not active, at the end of a day. Beside each line stands after how many years such coins are dormant in the market, by the rule in force on that day
(purchase.wallet_rules), and where it is laid down. Nothing is posted by it. The token is one of the roles finance, auditor or admin.

  largesse report escheat --book app-us --day 2026-12-31 --csv --token-file fay.token --reason 'unclaimed property of 2026' > unclaimed.csv";

/// The same of `largesse report fees`.
const FEES_EXPLANATION: &str = "\
Asks a running treasury service for the accounting days of a period, and sums what was booked in the accounts of fees and commissions, by account, kind of
posting and currency: commissions of stores, fees of processors, disputes, returns, payouts and recalls, fees that creators pay; and apart from these, because
they are no cost of the period, commissions that are prepaid, bank fees that are accrued, input tax, and tax withheld. `net` is debits less credits: positive for a
cost, negative for income. Differences of settlements are no fees and are not in it. Days are accounting days in UTC, as `largesse accounting journal` has them;
the status `open` says that more may follow. The token is one of the roles finance, auditor or admin; the audit log records the call of each day.

  largesse report fees --book app-us --from 2026-11-01 --until 2026-12-01 --csv --token-file fay.token --reason 'fees of November' > fees.csv";

/// Options of `largesse report`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_long_help = EXPLANATION)]
pub struct ReportArguments {
    #[command(subcommand)]
    pub task: ReportTask,
}

/// What to report on.
#[derive(Debug, Subcommand)]
pub enum ReportTask {
    /// Payouts of a period.
    #[command(after_long_help = EXPLANATION)]
    Payouts(Box<PayoutReportArguments>),
    /// Coins and deferred revenue by market and years without activity of their owners.
    #[command(after_long_help = ESCHEAT_EXPLANATION)]
    Escheat(Box<EscheatReportArguments>),
    /// Fees and commissions of a period, by account and kind.
    #[command(after_long_help = FEES_EXPLANATION)]
    Fees(Box<FeeReportArguments>),
}

/// What lines are divided by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DividedBy {
    /// The rail of the last attempt.
    Rail,
    /// Our bank.
    Bank,
    /// The receiving account's country.
    Country,
    /// The day of the request, in UTC.
    Day,
}

/// Options of `largesse report payouts`.
#[derive(Debug, Args)]
#[command(mut_arg("url", |url| url.help("gRPC address of a process with the payout service")))]
#[command(mut_arg("token_file", |file| file.help(TOKEN)))]
pub struct PayoutReportArguments {
    /// The book.
    #[arg(long, value_name = "BOOK", value_parser = super::book)]
    pub book: BookName,
    /// First moment: a day such as 2026-11-01 (its beginning in UTC), or a time such as 2026-11-01T08:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = super::moment)]
    pub from: Timestamp,
    /// First moment after the period, in the same form; at most 400 days later.
    #[arg(long, value_name = "TIME", value_parser = super::moment)]
    pub until: Timestamp,
    /// What lines are divided by, besides the currency.
    #[arg(long, value_delimiter = ',')]
    pub by: Vec<DividedBy>,
    /// Within how many milliseconds of the request a payout's money must be in the account to count as instant.
    #[arg(long, value_name = "MS", default_value_t = 20_000, value_parser = clap::value_parser!(i64).range(1..=86_400_000))]
    pub instant_ms: i64,
    /// Prints the lines as CSV, safe to open in a spreadsheet.
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// With --csv: prints the comparison with wallets instead of the lines.
    #[arg(long, requires = "csv")]
    pub wallets: bool,
    /// Prints JSON instead of lines.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub caller: CallerArguments,
}

/// Options of `largesse report escheat`.
#[derive(Debug, Args)]
#[command(mut_arg("url", |url| url.help("gRPC address of a process with the purchase service")))]
#[command(mut_arg("token_file", |file| file.help(TOKEN)))]
pub struct EscheatReportArguments {
    /// The book.
    #[arg(long, value_name = "BOOK", value_parser = super::book)]
    pub book: BookName,
    /// The day (UTC) at whose end the sums are; by default today, up to now.
    #[arg(long, value_name = "DAY")]
    pub day: Option<Date>,
    /// Prints the lines as CSV, safe to open in a spreadsheet.
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// Prints JSON; this is also the default.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub caller: CallerArguments,
}

/// Options of `largesse report fees`.
#[derive(Debug, Args)]
#[command(mut_arg("url", |url| url.help("gRPC address of a process with the treasury service")))]
#[command(mut_arg("token_file", |file| file.help(TOKEN)))]
pub struct FeeReportArguments {
    /// The book.
    #[arg(long, value_name = "BOOK", value_parser = super::book)]
    pub book: BookName,
    /// The legal entity.
    #[arg(long, value_name = "ID", default_value = "main")]
    pub entity: String,
    /// First accounting day (UTC).
    #[arg(long, value_name = "DAY")]
    pub from: Date,
    /// First accounting day after the period; at most 400 days later.
    #[arg(long, value_name = "DAY")]
    pub until: Date,
    /// Prints the lines as CSV, safe to open in a spreadsheet.
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// Prints JSON instead of lines.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub caller: CallerArguments,
}

/// Asks for a report and prints it.
pub async fn run(arguments: ReportArguments) -> CommandResult {
    match arguments.task {
        ReportTask::Payouts(arguments) => payouts(*arguments).await,
        ReportTask::Escheat(arguments) => escheat(*arguments).await,
        ReportTask::Fees(arguments) => fees(*arguments).await,
    }
}

async fn fees(arguments: FeeReportArguments) -> CommandResult {
    if !fee_report::is_period(arguments.from, arguments.until) {
        return Ok(command::misused(&format!("--until must be 1 to {} days after --from", fee_report::DAYS_MAX)));
    }
    let (transport, token) = match arguments.caller.connect()? {
        Ok(connected) => connected,
        Err(code) => return Ok(code),
    };
    let (book, entity) = (arguments.book.as_str(), arguments.entity.as_str());
    let caller = AccountingCaller { transport, token: &token, reason: &arguments.caller.reason, book, entity };
    let (period, fees) = fee_report::ask(&caller, arguments.from, arguments.until).await?;
    if arguments.csv {
        print!("{}", fees_csv(&period, &fees)?);
    } else if arguments.json {
        println!("{}", serde_json::to_string_pretty(&fee_report::json(&period, &fees))?);
    } else {
        print!("{}", fee_report::lines(&period, &fees));
    }
    Ok(ExitCode::SUCCESS)
}

async fn escheat(arguments: EscheatReportArguments) -> CommandResult {
    let (transport, token) = match arguments.caller.connect()? {
        Ok(connected) => connected,
        Err(code) => return Ok(code),
    };
    let day = arguments.day.map(|day| day.to_string()).unwrap_or_default();
    let request = GetEscheatReportRequest { book: arguments.book.to_string(), day };
    let report = escheat_report::ask(transport, &token, &arguments.caller.reason, request).await?;
    if arguments.csv {
        print!("{}", escheat_report::csv(&report)?);
    } else {
        println!("{}", serde_json::to_string_pretty(&escheat_report::json(&report))?);
    }
    Ok(ExitCode::SUCCESS)
}

async fn payouts(arguments: PayoutReportArguments) -> CommandResult {
    let (transport, token) = match arguments.caller.connect()? {
        Ok(connected) => connected,
        Err(code) => return Ok(code),
    };
    let at = |moment: Timestamp| Some(rpc::wire::timestamp(moment));
    let request = GetPayoutReportRequest {
        book: arguments.book.to_string(),
        created_from: at(arguments.from),
        created_until: at(arguments.until),
        by: arguments.by.iter().map(|by| dimension(*by).into()).collect(),
        instant_ms_max: arguments.instant_ms,
    };
    let report = payout_report::ask(transport, &token, &arguments.caller.reason, request).await?;
    match (arguments.csv, arguments.wallets, arguments.json) {
        (true, true, _) => print!("{}", payout_report::wallets_csv(&report)?),
        (true, false, _) => print!("{}", payout_report::lines_csv(&report)?),
        (false, _, true) => println!("{}", serde_json::to_string_pretty(&payout_report::json(&report))?),
        (false, _, false) => print!("{}", payout_report::lines(&report)),
    }
    Ok(ExitCode::SUCCESS)
}

fn dimension(by: DividedBy) -> ReportDimension {
    match by {
        DividedBy::Rail => ReportDimension::Rail,
        DividedBy::Bank => ReportDimension::Bank,
        DividedBy::Country => ReportDimension::Country,
        DividedBy::Day => ReportDimension::Day,
    }
}
