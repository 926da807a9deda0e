//! `largesse treasury sweep`: money that rules move between physical accounts.
use super::ServiceArguments;
use api::treasury::SweepState;
use clap::{Args, Subcommand, ValueEnum};
use operations::{
    OperationFault,
    structure::{self, StructureCaller},
};
use serde_json::Value;
use uuid::Uuid;

/// Printed after the options.
const EXPLANATION: &str = "\
The rules are rows of [[treasury.sweeps]] in the settings. The service runs them by itself every minute; `run` does the same now. What a rule moves is set aside on
its account and listed as PLANNED. The payout service tells the bank, where it has both accounts at banks that it can tell: then it is INSTRUCTING until the bank has
answered. Of any other say `mark ID sent` first, from when on the payout service leaves it to you; then transfer it with the end-to-end id that `list --json` prints.
Debit and credit are recognised in the banks' statements by that id; `mark ID debited` and `mark ID credited` say so where no statement comes. `mark ID cancelled`
gives back what was not sent. Of one that is INSTRUCTING only the bank's own words say that it was sent: `mark ID sent --evidence REFERENCE`.
Exit codes: 0 done; 1 refused or failed; 2 the command line is invalid. Each of these can be repeated: what was booked is not booked again.";

/// Options of `largesse treasury sweep`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_long_help = EXPLANATION)]
pub struct SweepArguments {
    #[command(subcommand)]
    pub task: SweepTask,
}

/// What to do about sweeps.
#[derive(Debug, Subcommand)]
pub enum SweepTask {
    /// Prints what the rules would move now.
    Plan {
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Runs the rules: once for each rule and day.
    Run {
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Prints the newest sweeps.
    List {
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Says how far a sweep is at the bank, and books it.
    Mark {
        /// Its id.
        #[arg(value_name = "ID")]
        sweep: Uuid,
        /// What happened.
        #[arg(value_name = "STATE")]
        state: StateWord,
        /// What shows it, such as the bank's reference: at most 140 characters. Without it what was given before stays.
        #[arg(long, value_name = "TEXT", default_value = "")]
        evidence: String,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
}

/// What happened to a sweep.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum StateWord {
    /// The bank was instructed.
    Sent,
    /// The giving account was debited.
    Debited,
    /// The receiving account was credited.
    Credited,
    /// The bank was not instructed, or refused.
    Cancelled,
}

impl StateWord {
    const fn message(self) -> SweepState {
        match self {
            Self::Sent => SweepState::Sent,
            Self::Debited => SweepState::Debited,
            Self::Credited => SweepState::Credited,
            Self::Cancelled => SweepState::Cancelled,
        }
    }
}

impl SweepTask {
    /// The running service that the task asks.
    pub fn service(&self) -> &ServiceArguments {
        match self {
            Self::Plan { service } | Self::Run { service } | Self::List { service } | Self::Mark { service, .. } => service,
        }
    }

    /// Does it, as JSON and text.
    pub async fn run(&self, caller: &StructureCaller<'_>) -> Result<(Value, String), OperationFault> {
        let (outcomes, sweeps) = match self {
            Self::Plan { .. } => (Some(caller.plan_sweeps().await?), Vec::new()),
            Self::Run { .. } => (Some(caller.run_sweeps().await?), Vec::new()),
            Self::List { .. } => (None, caller.sweeps().await?),
            Self::Mark { sweep, state, evidence, .. } => (None, caller.mark_sweep(&sweep.to_string(), state.message(), evidence).await?),
        };
        Ok(match outcomes {
            Some(outcomes) => (structure::outcomes_json(&outcomes), structure::outcomes_text(&outcomes)),
            None => (structure::sweeps_json(&sweeps), structure::sweeps_text(&sweeps)),
        })
    }
}
