//! `largesse call`: any RPC of a running installation, by name and with JSON.
use clap::{
    Args,
    builder::{PossibleValue, TypedValueParser},
    error::ErrorKind,
};
use identity::access::TABLE;
use money::text::shown_lines;
use operations::call::{self, CallTerms, CallableMethods};
use rpc::{Tls, Transport, tls};
use runtime::command::{self, CommandResult, UntypedError};
use std::{
    ffi::OsStr,
    io::Read as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};
use tonic::Status;

/// Bytes of JSON from the standard input: some thousand batches.
const INPUT_BYTES_MAX: u64 = 256 << 20;

/// Printed after the options.
const EXPLANATION: &str = "\
METHOD is an RPC with or without its service: GetAccount, LedgerService/GetAccount or largesse.ledger.v1.LedgerService/GetAccount. JSON is its request; `-` reads it from
the standard input, and for an RPC that takes a stream it may be several objects one after the other. Wrong JSON sends nothing and says what is wrong where.

A request that may have an id and has none gets a new one, which is printed to standard error: repeat the call with it to learn an unknown outcome. The answer is
printed as JSON; answers of a stream one a line, as they come. A refusal is printed with its reason, facts, wrong fields and when to retry, and
exits with 1.

  largesse call --list refund
  largesse call --describe GetWallet
  largesse token --data-dir data --sub sue --role support --book demo > sue.token
  largesse call GetWallet '{\"book\": \"demo\", \"user_id\": \"ann\"}' --token-file sue.token --reason 'ticket 4711, coins missing'";

/// Options of `largesse call`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_long_help = EXPLANATION)]
pub struct CallArguments {
    /// The RPC; with --list, a part of names.
    #[arg(value_name = "METHOD", value_parser = MethodName, hide_possible_values = true)]
    pub method: Option<String>,
    /// The request as JSON; `-` reads it from the standard input.
    #[arg(value_name = "JSON", default_value = "{}", hide_default_value = true, conflicts_with_all = ["list", "describe"])]
    pub request: String,
    /// Lists RPCs with the roles that may call them, all or those whose names contain METHOD.
    #[arg(long, conflicts_with = "describe")]
    pub list: bool,
    /// Describes METHOD: who may call it, and every field of its request and answer.
    #[arg(long, requires = "method")]
    pub describe: bool,
    /// gRPC address of a process with the service.
    #[arg(long, default_value = "http://127.0.0.1:7070", value_name = "URL")]
    pub url: String,
    /// File with the caller's token.
    #[arg(long, env = "LARGESSE_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// The reason, for the audit log, which staff must give for most calls; 8 to 500 bytes.
    #[arg(long, value_name = "TEXT", value_parser = super::reason)]
    pub reason: Option<String>,
    /// How many seconds the answer may take. A stream may take any time.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub timeout: u64,
    /// Prints the answer in one line.
    #[arg(long)]
    pub compact: bool,
    /// CA certificates (PEM) to verify https:// addresses with; by default those of the system.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

/// Takes any text. Shells complete it to the names of RPCs.
#[derive(Clone)]
struct MethodName;

impl TypedValueParser for MethodName {
    type Value = String;

    fn parse_ref(&self, _: &clap::Command, _: Option<&clap::Arg>, value: &OsStr) -> Result<String, clap::Error> {
        value.to_str().map(str::to_owned).ok_or_else(|| clap::Error::raw(ErrorKind::InvalidUtf8, "METHOD is not UTF-8\n"))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let names = TABLE.iter().filter_map(|row| row.path.strip_prefix("/largesse.")?.split('.').nth(2));
        Some(Box::new(names.map(PossibleValue::new)))
    }
}

/// Calls, lists or describes. Exit code 2 if nothing could be sent as it is.
pub fn run(arguments: CallArguments) -> ExitCode {
    let methods = match CallableMethods::known() {
        Ok(methods) => methods,
        Err(error) => return command::finish(Err(error)),
    };
    let name = arguments.method.clone().unwrap_or_default();
    if arguments.list {
        for line in call::listed(&methods, &name) {
            println!("{line}");
        }
        return ExitCode::SUCCESS;
    }
    let method = match methods.find(&name) {
        Ok(method) => method,
        Err(why) => return command::misused(&why),
    };
    if arguments.describe {
        print!("{}", call::description(method));
        return ExitCode::SUCCESS;
    }
    if arguments.token_file.is_none() && call::needs_token(method) {
        let why = format!("{} needs a token: --token-file or LARGESSE_TOKEN_FILE; `largesse token` prints one", method.name());
        return command::misused(&why);
    }
    let requests = match text(&arguments.request).map_err(|error| error.to_string()).and_then(|json| call::requests(method, &json)) {
        Ok(requests) => requests,
        Err(why) => return command::misused(&why),
    };
    command::run("largesse call", send(method.clone(), requests, arguments))
}

/// The text of the argument, or of the standard input.
fn text(argument: &str) -> Result<String, UntypedError> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let mut text = String::new();
    std::io::stdin().lock().take(INPUT_BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > INPUT_BYTES_MAX {
        return Err(format!("the standard input has more than {} MiB; nothing was sent", INPUT_BYTES_MAX >> 20).into());
    }
    Ok(text)
}

async fn send(method: call::MethodDescriptor, mut requests: Vec<call::DynamicMessage>, arguments: CallArguments) -> CommandResult {
    let token = arguments.token_file.as_deref().map(read_token).transpose()?;
    let transport = match connected(&arguments.url, arguments.ca.as_deref()) {
        Ok(transport) => transport,
        Err(error @ (rpc::Error::Address { .. } | rpc::Error::Peer { .. })) => return Ok(command::misused(&format!("--url {error}"))),
        Err(error) => return Err(error.into()),
    };
    for id in requests.iter_mut().filter_map(call::give_id) {
        eprintln!("request_id {id}");
    }
    let answered = answer(transport, &method, requests, &arguments, token.as_deref()).await;
    match answered {
        Err(error) if error.is::<Status>() => {
            let lines = error.downcast_ref::<Status>().map(call::refusal).unwrap_or_default();
            eprintln!("largesse: {}", shown_lines(&lines.join("\n")));
            Ok(ExitCode::FAILURE)
        }
        answered => answered.map(|()| ExitCode::SUCCESS),
    }
}

/// Sends the requests, and prints the answers as they come.
async fn answer(
    transport: Transport,
    method: &call::MethodDescriptor,
    requests: Vec<call::DynamicMessage>,
    arguments: &CallArguments,
    token: Option<&str>,
) -> Result<(), UntypedError> {
    let terms = CallTerms { token, reason: arguments.reason.as_deref(), timeout: Duration::from_secs(arguments.timeout) };
    let mut answers = call::call(transport, method, requests, terms).await?;
    let in_one_line = arguments.compact || method.is_server_streaming();
    while let Some(answer) = answers.message().await? {
        println!("{}", call::json(&answer, in_one_line)?);
    }
    Ok(())
}

fn connected(url: &str, ca: Option<&Path>) -> Result<Transport, rpc::Error> {
    let tls = Tls::load(tls::Config { peer_ca: ca.map(Path::to_owned).unwrap_or_default(), ..tls::Config::default() })?;
    rpc::connect_with(url, &tls)
}

fn read_token(file: &Path) -> Result<String, UntypedError> {
    let token = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(token.trim().to_owned())
}
