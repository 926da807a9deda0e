//! `largesse status`: does everything answer, and is the money where it should be?
use api::monitor::{CheckOutcome, GetHealthOfMoneyRequest, GetHealthOfMoneyResponse, monitor_service_client::MonitorServiceClient};
use clap::Args;
use rpc::{Tls, Transport, tls};
use runtime::command::CommandResult;
use serde::Serialize;
use std::{path::PathBuf, process::ExitCode, time::Duration};
use tonic::Request;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

/// Told after the options.
const EXPLANATION: &str = "\
Asks every process named by --url which services it has and whether they serve, and the one that has the monitor what it found. Exit code 0: all serve and
the money is where it should be; 1: something does not or is not; 2: the command line can't be used; 3: a process could not be asked.

  largesse status --url http://127.0.0.1:7070 --token-file auditor.token";

/// How long a process may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// The exit code when a process could not be asked.
const UNREACHABLE: u8 = 3;
/// What a process is asked for.
const MONITOR: &str = "largesse.monitor.v1.MonitorService";

/// Options of `largesse status`.
#[derive(Debug, Args)]
#[command(after_long_help = EXPLANATION)]
pub struct StatusArguments {
    /// Where a process answers gRPC; repeat for each.
    #[arg(long = "url", default_value = "http://127.0.0.1:7070", value_name = "URL")]
    pub urls: Vec<String>,
    /// Token of a member of staff or a service; without one only whether services serve is told.
    #[arg(long, env = "LARGESSE_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Certificates to check https:// addresses with, PEM; the system's when not given.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Prints JSON instead of lines.
    #[arg(long)]
    pub json: bool,
}

/// A process as it answered.
#[derive(Debug, Serialize)]
struct ProcessStatus {
    url: String,
    /// Services with whether they serve; nothing where it could not be asked.
    services: Vec<(String, bool)>,
    /// Why it could not be asked.
    fault: Option<String>,
}

/// Everything that was found.
#[derive(Debug, Serialize)]
struct StatusFound {
    processes: Vec<ProcessStatus>,
    /// Whether the money is where it should be; nothing where nobody could say.
    green: Option<bool>,
    /// What is wrong or not known, with its book.
    checks: Vec<(String, String, String)>,
    books: Vec<(String, i64, i64)>,
    /// Why nobody could say.
    money_unknown: Option<String>,
}

/// Asks and tells.
pub async fn run(arguments: StatusArguments) -> CommandResult {
    let tls = Tls::load(tls::Config { peer_ca: arguments.ca.clone().unwrap_or_default(), ..tls::Config::default() })?;
    let token = match &arguments.token_file {
        Some(file) => Some(std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?.trim().to_owned()),
        None => None,
    };
    let mut found = StatusFound { processes: Vec::new(), green: None, checks: Vec::new(), books: Vec::new(), money_unknown: None };
    for url in &arguments.urls {
        let transport = rpc::connect_with(url, &tls)?;
        let process = ask(url, &transport).await;
        let has_monitor = process.services.iter().any(|(name, _)| name == MONITOR);
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
    let mut services = Vec::new();
    let mut health = HealthClient::new(transport.clone());
    let known = identity::Service::ALL.into_iter().filter_map(identity::Service::grpc_name);
    for name in known {
        let mut request = Request::new(HealthCheckRequest { service: name.to_owned() });
        request.set_timeout(ANSWER_MAX);
        match health.check(request).await {
            Ok(answer) => services.push((name.to_owned(), answer.into_inner().status() == ServingStatus::Serving)),
            // It does not run there.
            Err(status) if status.code() == tonic::Code::NotFound => {}
            Err(status) => return ProcessStatus { url: url.to_owned(), services: Vec::new(), fault: Some(status.message().to_owned()) },
        }
    }
    ProcessStatus { url: url.to_owned(), services, fault: None }
}

async fn money(transport: &Transport, token: Option<&str>) -> Result<GetHealthOfMoneyResponse, String> {
    let token = token.ok_or("a token is needed to ask the monitor: --token-file")?;
    let mut request = Request::new(GetHealthOfMoneyRequest::default());
    request.set_timeout(ANSWER_MAX);
    let value = format!("Bearer {token}").parse().map_err(|_| "the token is not of the form of one")?;
    request.metadata_mut().insert("authorization", value);
    let answer = MonitorServiceClient::new(transport.clone()).get_health_of_money(request).await;
    answer.map(tonic::Response::into_inner).map_err(|status| status.message().to_owned())
}

impl StatusFound {
    fn note(&mut self, health: &GetHealthOfMoneyResponse) {
        self.green = Some(health.green);
        let books = health.books.iter().map(|book| (book.book.as_str(), &book.checks));
        for (book, checks) in books.chain([("", &health.checks)]) {
            for check in checks {
                let word = match check.outcome() {
                    CheckOutcome::Held | CheckOutcome::NotCompared => continue,
                    CheckOutcome::Failed => "FAILED",
                    CheckOutcome::Pending | CheckOutcome::Unspecified => "pending",
                };
                self.checks.push((book.to_owned(), check.name.clone(), format!("{word}: {}", check.detail)));
            }
        }
        self.books = health.books.iter().map(|book| (book.book.clone(), book.checked_seq, book.events_behind)).collect();
    }

    fn tell(&self) {
        for process in &self.processes {
            if let Some(fault) = &process.fault {
                println!("{}: could not be asked: {fault}", process.url);
            }
            for (name, serves) in &process.services {
                println!("{:<40} {:<12} {}", name, if *serves { "serving" } else { "NOT SERVING" }, process.url);
            }
        }
        for (book, seq, behind) in &self.books {
            println!("book {book}: checked up to event {seq}, {behind} behind");
        }
        for (book, check, what) in &self.checks {
            println!("{}{check} {what}", if book.is_empty() { String::new() } else { format!("book {book}: ") });
        }
        match (self.green, &self.money_unknown) {
            (Some(true), _) => println!("the money is where it should be: green"),
            (Some(false), _) => println!("the money is NOT known to be where it should be: RED"),
            (None, why) => println!("whether the money is where it should be is not known: {}", why.as_deref().unwrap_or_default()),
        }
    }

    fn code(&self) -> ExitCode {
        if self.processes.iter().any(|process| process.fault.is_some()) {
            return ExitCode::from(UNREACHABLE);
        }
        let all_serve = self.processes.iter().flat_map(|process| &process.services).all(|(_, serves)| *serves);
        // What nobody could say is not green.
        if all_serve && self.green == Some(true) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
