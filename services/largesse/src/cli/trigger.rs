//! `largesse trigger`: has the pretend banks and stores of a running sandbox do something, by name.
use clap::{
    Args,
    builder::{PossibleValue, TypedValueParser},
    error::ErrorKind,
};
use runtime::command::{self, CommandResult};
use scenarios::{SandboxAddresses, Scenario, ScenarioCall, ScenarioTerms, all, client, find, send};
use std::{ffi::OsStr, process::ExitCode};

/// Printed after the options.
const EXPLANATION: &str = "\
A scenario without --payout and --account is about the next payment that reaches the bank, whoever is paid; --times makes it the next few. With --account it is
about all payments to that account, until another scenario names the account (payout.settled ends it). A payout or purchase of another book than a TEST book never
reaches a pretend bank or store, and an address that is not on this machine is refused.

  largesse trigger --list
  largesse trigger payout.rejected --code AC04
  largesse trigger payout.returned --payout 019b135e-ad7e-7000-a7ec-b42b96d50000
  largesse trigger purchase.refunded --store apple --transaction 20123456789 --percent 50
  largesse trigger webhooks.late --store stripe";

/// Options of `largesse trigger`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_long_help = EXPLANATION)]
pub struct TriggerArguments {
    /// The scenario, such as `payout.returned`.
    #[arg(value_name = "SCENARIO", value_parser = ScenarioName, hide_possible_values = true, required_unless_present = "list")]
    pub scenario: Option<String>,
    /// Lists all scenarios, what each does and what it takes.
    #[arg(long, conflicts_with = "scenario")]
    pub list: bool,
    /// The payout's id, or the EndToEndId of one of its attempts.
    #[arg(long, value_name = "ID")]
    pub payout: Option<String>,
    /// Number of the account that is paid.
    #[arg(long, value_name = "NUMBER")]
    pub account: Option<String>,
    /// Name of whom the JSON bank pays.
    #[arg(long, value_name = "NAME")]
    pub holder: Option<String>,
    /// The store: apple, google, stripe, alipay or wechat.
    #[arg(long, value_name = "STORE")]
    pub store: Option<String>,
    /// The purchase's `transaction_id`; before it is paid the order: Stripe's session, or the checkout's id.
    #[arg(long, value_name = "ID")]
    pub transaction: Option<String>,
    /// A reason code, such as AC04.
    #[arg(long, value_name = "CODE")]
    pub code: Option<String>,
    /// An amount in minor units of the currency.
    #[arg(long, value_name = "NUMBER")]
    pub minor_units: Option<u64>,
    /// What the returning bank keeps, in minor units.
    #[arg(long, value_name = "NUMBER")]
    pub charge: Option<u64>,
    /// A delay in milliseconds.
    #[arg(long, value_name = "MS")]
    pub delay_ms: Option<u64>,
    /// For how many payments, requests or reports.
    #[arg(long, value_name = "NUMBER")]
    pub times: Option<u32>,
    /// How many packages are paid back.
    #[arg(long, value_name = "NUMBER")]
    pub quantity: Option<u32>,
    /// How much of the price is paid back.
    #[arg(long, value_name = "PERCENT")]
    pub percent: Option<u32>,
    /// How many days pass.
    #[arg(long, value_name = "NUMBER")]
    pub days: Option<u32>,
    /// The currency of our account at the bank.
    #[arg(long, value_name = "CODE")]
    pub currency: Option<String>,
    /// Address of the pretend bank.
    #[arg(long, default_value = "http://127.0.0.1:7072", value_name = "URL")]
    pub bank: String,
    /// Address of the pretend stores.
    #[arg(long, default_value = "http://127.0.0.1:7073", value_name = "URL")]
    pub stores: String,
    /// Address of the installation's HTTP listener, where the pretend stores report.
    #[arg(long, default_value = "http://127.0.0.1:7071", value_name = "URL")]
    pub webhooks: String,
}

/// Takes any text. Shells complete it to the names of scenarios.
#[derive(Clone)]
struct ScenarioName;

impl TypedValueParser for ScenarioName {
    type Value = String;

    fn parse_ref(&self, _: &clap::Command, _: Option<&clap::Arg>, value: &OsStr) -> Result<String, clap::Error> {
        value.to_str().map(str::to_owned).ok_or_else(|| clap::Error::raw(ErrorKind::InvalidUtf8, "SCENARIO is not UTF-8\n"))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(all().map(|scenario| PossibleValue::new(scenario.name))))
    }
}

/// Lists the scenarios, or has one happen. Exit code 2 if nothing could be sent as it is.
pub fn run(arguments: &TriggerArguments) -> ExitCode {
    if arguments.list {
        for scenario in all() {
            println!("{}", described(scenario));
        }
        return ExitCode::SUCCESS;
    }
    match asked(arguments) {
        Ok((scenario, calls)) => command::run("largesse trigger", trigger(scenario, calls)),
        Err(why) => command::misused(&why),
    }
}

/// A scenario in two lines, with the options that it takes.
fn described(scenario: &Scenario) -> String {
    let Scenario { name, effect, takes, .. } = scenario;
    format!("{name:<32}  --{}\n    {effect}.", takes.join(", --"))
}

/// The scenario, and the requests that make it happen.
fn asked(arguments: &TriggerArguments) -> Result<(&'static Scenario, Vec<ScenarioCall>), String> {
    let addresses = SandboxAddresses::try_new(&arguments.bank, &arguments.stores, &arguments.webhooks)?;
    let scenario = find(arguments.scenario.as_deref().unwrap_or_default())?;
    let calls = scenario.calls(&arguments.terms(), &addresses)?;
    Ok((scenario, calls))
}

async fn trigger(scenario: &Scenario, calls: Vec<ScenarioCall>) -> CommandResult {
    let client = client()?;
    for call in &calls {
        send(&client, call).await?;
    }
    println!("{}: {}", scenario.name, scenario.effect);
    Ok(ExitCode::SUCCESS)
}

impl TriggerArguments {
    fn terms(&self) -> ScenarioTerms {
        ScenarioTerms {
            payout: self.payout.clone(),
            account: self.account.clone(),
            holder: self.holder.clone(),
            store: self.store.clone(),
            transaction: self.transaction.clone(),
            code: self.code.clone(),
            minor_units: self.minor_units,
            charge: self.charge,
            delay_ms: self.delay_ms,
            times: self.times,
            quantity: self.quantity,
            percent: self.percent,
            days: self.days,
            currency: self.currency.clone(),
        }
    }
}
