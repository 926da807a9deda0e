//! `largesse settlements`: stores' reports, imported and settled by a running purchase service.
use super::staff_service::CallerArguments;
use api::purchase::StoreReportFormat;
use clap::{Args, Subcommand};
use money::BookName;
use operations::store_reports::{self, ReportFile, SettlementCaller};
use runtime::command::CommandResult;
use std::{path::PathBuf, process::ExitCode};

/// Printed after the options.
const EXPLANATION: &str = "\
A store's report is compared with the sales and refunds of its period; what the store owes us is settled, and each difference has a name. Importing a report again
changes nothing; a corrected one counts in place of the one before, and what differs is posted. Accounts are in the configuration (`purchase.settlements`).

  largesse settlements import --format google-earnings --account ours --period 2026-11 earnings.zip ...
  largesse settlements import --format apple-detail --account 85000000 --period 2026-11 --part US 85000000_1126_US.txt ...
  largesse settlements import --format apple-summary --account 85000000 --period 2026-11 summary.csv ...

Of Stripe the report is the list of `GET /v1/balance_transactions?payout=PAYOUT&expand[]=data.source` with all its pages in one list, and its period is the payout's id.
What the reports do not explain is settled by two people: `accept` with the differences that `show` prints, once by each.
Exit codes: 0 done; 1 refused or failed, and nothing was changed; 2 the command line is invalid.";

/// Options of `largesse settlements`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_long_help = EXPLANATION)]
pub struct SettlementsArguments {
    #[command(subcommand)]
    pub task: SettlementsTask,
}

/// What to do with settlements.
#[derive(Debug, Subcommand)]
pub enum SettlementsTask {
    /// Imports a store's report, and settles its period. Repeating it changes nothing.
    Import {
        /// The file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// apple-detail, apple-summary, google-earnings, stripe-payout, alipay-bill, wechat-bill or wechat-fund-flow.
        #[arg(long, value_name = "FORMAT", value_parser = store_reports::format)]
        format: StoreReportFormat,
        /// Our account at the store, as in the configuration.
        #[arg(long, value_name = "ACCOUNT")]
        account: String,
        /// A month such as 2026-11, a day such as 2026-11-28, or the id of a payout.
        #[arg(long, value_name = "PERIOD")]
        period: String,
        /// Which of the period's reports it is, such as the region US.
        #[arg(long, value_name = "PART", default_value = "")]
        part: String,
        #[command(flatten)]
        service: Box<PurchaseServiceArguments>,
    },
    /// Lists settlements, newest first.
    List {
        #[command(flatten)]
        service: Box<PurchaseServiceArguments>,
    },
    /// Shows a settlement, what differs in it, and its postings.
    Show {
        /// The settlement's id.
        #[arg(value_name = "ID")]
        settlement: String,
        #[command(flatten)]
        service: Box<PurchaseServiceArguments>,
    },
    /// Proposes to settle with differences that the reports do not explain, or settles what another person proposed.
    Accept {
        /// The settlement's id.
        #[arg(value_name = "ID")]
        settlement: String,
        /// The differences, as `show` prints them.
        #[arg(long, value_name = "HASH")]
        differences: String,
        #[command(flatten)]
        service: Box<PurchaseServiceArguments>,
    },
}

/// The running service, who asks, and why.
#[derive(Debug, Args)]
#[command(mut_arg("url", |url| url.help("gRPC address of a process with the purchase service")))]
pub struct PurchaseServiceArguments {
    /// The book.
    #[arg(long, value_name = "BOOK", value_parser = super::book)]
    pub book: BookName,
    #[command(flatten)]
    pub caller: CallerArguments,
}

impl SettlementsTask {
    fn service(&self) -> &PurchaseServiceArguments {
        match self {
            Self::Import { service, .. } | Self::List { service } | Self::Show { service, .. } | Self::Accept { service, .. } => service,
        }
    }
}

/// Runs `largesse settlements`.
pub async fn run(arguments: SettlementsArguments) -> CommandResult {
    let task = arguments.task;
    let service = task.service();
    let (transport, token) = match service.caller.connect()? {
        Ok(connected) => connected,
        Err(code) => return Ok(code),
    };
    let caller = SettlementCaller { transport, token: &token, reason: &service.caller.reason, book: service.book.as_str() };
    match &task {
        SettlementsTask::Import { file, format, account, period, part, .. } => {
            let file = ReportFile { path: file, format: *format, account, period, part };
            println!("{}", store_reports::imported_text(&caller.import(file).await?));
        }
        SettlementsTask::List { .. } => {
            for settlement in caller.list().await? {
                println!("{}", store_reports::settlement_text(&settlement));
            }
        }
        SettlementsTask::Show { settlement, .. } => println!("{}", store_reports::settlement_lines(&caller.get(settlement).await?)),
        SettlementsTask::Accept { settlement, differences, .. } => {
            let accepted = caller.accept(settlement, differences).await?;
            let state = accepted.settlement.as_ref().map(store_reports::settlement_text).unwrap_or_default();
            let next = if accepted.approved { "two people have accepted the differences" } else { "another person has to accept the same" };
            println!("{next}\n{state}");
        }
    }
    Ok(ExitCode::SUCCESS)
}
