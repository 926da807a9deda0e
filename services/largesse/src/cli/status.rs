//! `largesse status`: whether every process answers, and whether the money is where it should be.
use api::monitor::{
    BookHealth, CheckOutcome, GetHealthOfMoneyRequest, GetHealthOfMoneyResponse, monitor_service_client::MonitorServiceClient,
};
use clap::Args;
use money::text::shown;
use rpc::{Tls, Transport, health::WRITER, tls};
use runtime::command::{self, CommandResult};
use serde::Serialize;
use std::{path::PathBuf, process::ExitCode, time::Duration};
use tonic::Request;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

/// Printed after the options.
const EXPLANATION: &str = "\
Asks every process named by --url which services it has and whether they serve, and asks the process with the monitor for the results of the audit. A ledger
process that is on standby is reported as such; this is not a failure if the writer is named by another --url. Exit code 0: all services serve and the audit
passes; 1: a service does not serve, or the audit does not pass; 2: the command line is invalid; 3: a process did not answer; 4: all services serve, but the
audit's result is unknown, because there is no --token-file, the token was refused, or no process has the monitor.

  largesse status --url http://127.0.0.1:7070 --token-file auditor.token";

/// How long a process may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// The exit code when a process did not answer.
const UNREACHABLE: u8 = 3;
/// The exit code when everything serves but the monitor gave no answer.
const MONEY_UNKNOWN: u8 = 4;
/// The gRPC name of the monitor.
const MONITOR: &str = "largesse.monitor.v1.MonitorService";

/// Options of `largesse status`.
#[derive(Debug, Args)]
#[command(after_long_help = EXPLANATION)]
pub struct StatusArguments {
    /// gRPC address of a process; repeat the option for each process.
    #[arg(long = "url", default_value = "http://127.0.0.1:7070", value_name = "URL")]
    pub urls: Vec<String>,
    /// File with the token of a member of staff or a service. Without a token, the command reports only whether services serve.
    #[arg(long, env = "LARGESSE_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// CA certificates (PEM) to verify https:// addresses with; by default those of the system.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Prints JSON instead of lines.
    #[arg(long)]
    pub json: bool,
}

/// The answer of a process.
#[derive(Debug, Default, Serialize)]
struct ProcessStatus {
    url: String,
    /// Empty if the process did not answer.
    services: Vec<ServiceStatus>,
    /// Whether it has the ledger but does not write the books.
    standby: bool,
    /// Why it did not answer.
    fault: Option<String>,
}

#[derive(Debug, Serialize)]
struct ServiceStatus {
    name: String,
    serving: bool,
}

/// A check that failed or is pending.
#[derive(Debug, Serialize)]
struct CheckStatus {
    /// Empty for a check of the whole installation.
    book: String,
    check: String,
    /// `FAILED` or `pending`.
    outcome: &'static str,
    detail: String,
}

#[derive(Debug, Serialize)]
struct BookStatus {
    book: String,
    checked_seq: i64,
    events_behind: i64,
}

/// The complete status.
#[derive(Debug, Default, Serialize)]
struct StatusFound {
    processes: Vec<ProcessStatus>,
    /// Whether the audit passes; `None` where that is unknown.
    green: Option<bool>,
    /// Checks that failed or are pending.
    checks: Vec<CheckStatus>,
    books: Vec<BookStatus>,
    /// Why the audit's result is unknown.
    money_unknown: Option<String>,
}

/// Queries the processes and prints the status.
pub async fn run(arguments: StatusArguments) -> CommandResult {
    let tls = Tls::load(tls::Config { peer_ca: arguments.ca.clone().unwrap_or_default(), ..tls::Config::default() })?;
    let token = match &arguments.token_file {
        Some(file) => Some(std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?.trim().to_owned()),
        None => None,
    };
    let mut found = StatusFound::default();
    for url in &arguments.urls {
        let transport = match rpc::connect_with(url, &tls) {
            Ok(transport) => transport,
            Err(error @ (rpc::Error::Address { .. } | rpc::Error::Peer { .. })) => {
                command::finish(Err(format!("--url {error}").into()));
                return Ok(ExitCode::from(command::USAGE));
            }
            Err(error) => return Err(error.into()),
        };
        let process = ask(url, &transport).await;
        let has_monitor = process.services.iter().any(|service| service.name == MONITOR);
        found.processes.push(process);
        if has_monitor && found.green.is_none() {
            match money(&transport, token.as_deref()).await {
                Ok(health) => found.note(&health),
                Err(why) => found.money_unknown = Some(why),
            }
        }
    }
    if found.green.is_none() && found.money_unknown.is_none() {
        found.money_unknown = Some("none of these processes has the monitor".to_owned());
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&found)?);
    } else {
        found.tell();
    }
    Ok(found.code())
}

async fn ask(url: &str, transport: &Transport) -> ProcessStatus {
    let mut process = ProcessStatus { url: url.to_owned(), ..ProcessStatus::default() };
    let mut health = HealthClient::new(transport.clone());
    let known = identity::Service::ALL.into_iter().filter_map(identity::Service::grpc_name);
    for name in known.chain([WRITER]) {
        let mut request = Request::new(HealthCheckRequest { service: name.to_owned() });
        request.set_timeout(ANSWER_MAX);
        match health.check(request).await {
            Ok(answer) => {
                let serving = answer.into_inner().status() == ServingStatus::Serving;
                if name == WRITER {
                    process.standby = !serving;
                } else {
                    process.services.push(ServiceStatus { name: name.to_owned(), serving });
                }
            }
            // That service does not run there.
            Err(status) if status.code() == tonic::Code::NotFound => {}
            Err(status) => {
                return ProcessStatus { url: url.to_owned(), fault: Some(status.message().to_owned()), ..ProcessStatus::default() };
            }
        }
    }
    process
}

async fn money(transport: &Transport, token: Option<&str>) -> Result<GetHealthOfMoneyResponse, String> {
    let token = token.ok_or("the monitor needs a token: --token-file")?;
    let mut request = Request::new(GetHealthOfMoneyRequest::default());
    request.set_timeout(ANSWER_MAX);
    let value = format!("Bearer {token}").parse().map_err(|_| "the token is malformed")?;
    request.metadata_mut().insert("authorization", value);
    let answer = MonitorServiceClient::new(transport.clone()).get_health_of_money(request).await;
    answer.map(tonic::Response::into_inner).map_err(|status| status.message().to_owned())
}

impl StatusFound {
    fn note(&mut self, health: &GetHealthOfMoneyResponse) {
        self.green = Some(health.healthy);
        let books = health.books.iter().map(|book| (book.book.as_str(), &book.checks));
        for (book, checks) in books.chain([("", &health.checks)]) {
            for check in checks {
                let word = match check.outcome() {
                    CheckOutcome::Passed | CheckOutcome::NotCompared => continue,
                    CheckOutcome::Failed => "FAILED",
                    CheckOutcome::Pending | CheckOutcome::Unspecified => "pending",
                };
                let (book, check, detail) = (book.to_owned(), check.name.clone(), check.detail.clone());
                self.checks.push(CheckStatus { book, check, outcome: word, detail });
            }
        }
        let book =
            |book: &BookHealth| BookStatus { book: book.book.clone(), checked_seq: book.checked_seq, events_behind: book.events_behind };
        self.books = health.books.iter().map(book).collect();
    }

    fn tell(&self) {
        for process in &self.processes {
            if let Some(fault) = &process.fault {
                println!("{}: did not answer: {}", process.url, shown(fault));
            }
            if process.standby {
                println!("{}: stands by: another process writes the books, and what needs them is refused here", process.url);
            }
            for ServiceStatus { name, serving } in &process.services {
                let word = match serving {
                    true => "serving",
                    false if process.standby => "STANDING BY",
                    false => "NOT SERVING",
                };
                println!("{name:<40} {word:<12} {}", process.url);
            }
        }
        for BookStatus { book, checked_seq, events_behind } in &self.books {
            println!("book {}: checked up to event {checked_seq}, {events_behind} behind", shown(book));
        }
        for CheckStatus { book, check, outcome, detail } in &self.checks {
            let (check, detail) = (shown(check), shown(detail));
            println!("{}{check} {outcome}: {detail}", if book.is_empty() { String::new() } else { format!("book {}: ", shown(book)) });
        }
        match (self.green, &self.money_unknown) {
            (Some(true), _) => println!("the audit passes"),
            (Some(false), _) => println!("the audit does NOT pass: a check failed or is pending"),
            (None, why) => println!("the audit's result is unknown: {}", shown(why.as_deref().unwrap_or_default())),
        }
    }

    fn code(&self) -> ExitCode {
        if self.processes.iter().any(|process| process.fault.is_some()) {
            return ExitCode::from(UNREACHABLE);
        }
        let all_serve = self.processes.iter().flat_map(|process| &process.services).all(|service| self.serves(service));
        match self.green {
            Some(true) if all_serve => ExitCode::SUCCESS,
            // An unknown result is neither a pass nor a failure.
            None if all_serve => ExitCode::from(MONEY_UNKNOWN),
            Some(_) | None => ExitCode::FAILURE,
        }
    }

    /// Whether the service serves, or stands by for one of the same name that does.
    fn serves(&self, service: &ServiceStatus) -> bool {
        let others = self.processes.iter().flat_map(|process| &process.services).filter(|other| other.name == service.name);
        let standby = self.processes.iter().filter(|process| process.standby);
        let stands_by = standby.flat_map(|process| &process.services).any(|other| std::ptr::eq(other, service));
        service.serving || (stands_by && others.into_iter().any(|other| other.serving))
    }
}

#[cfg(test)]
mod tests;
