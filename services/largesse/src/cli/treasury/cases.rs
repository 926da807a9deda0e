//! `largesse treasury case|assign|explain|adjust|approve`: what people decide of cases.
use super::ServiceArguments;
use api::treasury::{AdjustmentKind, AdjustmentTransfer, ProposeAdjustmentRequest};
use clap::Subcommand;
use operations::{
    OperationFault,
    structure::{self, StructureCaller},
};
use serde_json::Value;
use uuid::Uuid;

/// What to do with a case.
#[derive(Debug, Subcommand)]
pub enum CasesTask {
    /// Prints a case, and what was proposed for it last.
    Case {
        /// The case, as `cases` prints it.
        #[arg(value_name = "CASE")]
        case: String,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Makes a member of staff responsible for a case.
    Assign {
        /// The case.
        #[arg(value_name = "CASE")]
        case: String,
        /// Who: the subject of their token; without it, nobody.
        #[arg(long, value_name = "SUBJECT", default_value = "")]
        to: String,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Explains a case about a file or a statement as a whole: the reason is the explanation. A file that is wrong is left out from then on.
    Explain {
        /// The case.
        #[arg(value_name = "CASE")]
        case: String,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Proposes a transfer that resolves a case about entries. Nothing is posted before somebody else approves it.
    Adjust {
        /// The case.
        #[arg(value_name = "CASE")]
        case: String,
        /// How much, in minor units.
        #[arg(value_name = "MINOR_UNITS")]
        minor_units: i64,
        /// The leaf that is debited: it has less afterwards. Without it, the money at the bank, which becomes more.
        #[arg(long, value_name = "LEAF", default_value = "", required_unless_present = "credit")]
        debit: String,
        /// The leaf that is credited: it has more afterwards. Without it, the money at the bank, which becomes less.
        #[arg(long, value_name = "LEAF", default_value = "")]
        credit: String,
        /// The debited leaf bears a loss.
        #[arg(long)]
        write_off: bool,
        /// The id of the proposal: repeating it proposes nothing again. A new one unless given.
        #[arg(long, value_name = "UUID")]
        adjustment_id: Option<Uuid>,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Approves what another member of staff proposed, and posts it.
    Approve {
        /// The proposal, as `adjust` printed it.
        #[arg(value_name = "ADJUSTMENT")]
        adjustment_id: Uuid,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
}

impl CasesTask {
    /// The running service that the task asks.
    pub fn service(&self) -> &ServiceArguments {
        match self {
            Self::Case { service, .. }
            | Self::Assign { service, .. }
            | Self::Explain { service, .. }
            | Self::Adjust { service, .. }
            | Self::Approve { service, .. } => service,
        }
    }

    /// Does it, as JSON and text.
    pub async fn run(&self, caller: &StructureCaller<'_>) -> Result<(Value, String), OperationFault> {
        let (found, adjustment) = match self {
            Self::Case { case, .. } => {
                let answer = caller.case(case).await?;
                (answer.found.unwrap_or_default(), answer.adjustment)
            }
            Self::Assign { case, to, .. } => (caller.assign(case, to).await?, None),
            Self::Explain { case, .. } => (caller.explain(case).await?, None),
            Self::Adjust { case, minor_units, debit, credit, write_off, adjustment_id, .. } => {
                let transfer =
                    AdjustmentTransfer { debit_leaf: debit.clone(), credit_leaf: credit.clone(), amount_minor_units: *minor_units };
                let request = ProposeAdjustmentRequest {
                    book: String::new(),
                    adjustment_id: adjustment_id.unwrap_or_else(Uuid::now_v7).to_string(),
                    case_id: case.clone(),
                    kind: if *write_off { AdjustmentKind::WriteOff } else { AdjustmentKind::Adjustment }.into(),
                    transfers: vec![transfer],
                };
                let proposed = caller.propose(request).await?;
                (caller.case(case).await?.found.unwrap_or_default(), Some(proposed))
            }
            Self::Approve { adjustment_id, .. } => {
                let approved = caller.approve(&adjustment_id.to_string()).await?;
                (approved.found.unwrap_or_default(), approved.adjustment)
            }
        };
        Ok((structure::case_json(&found, adjustment.as_ref()), structure::case_text(&found, adjustment.as_ref())))
    }
}
