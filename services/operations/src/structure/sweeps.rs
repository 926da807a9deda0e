//! Money between physical accounts: asked of a running treasury service, as text and JSON.
use super::{StructureCaller, funds::moment, told};
use crate::{OperationFault, staff_call};
use api::treasury::{
    ListSweepsRequest, MarkSweepRequest, PlanSweepsRequest, RunSweepsRequest, Sweep, SweepDecision, SweepOutcome, SweepState,
};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Rows that are asked for at once: the most that the service gives.
const PAGE_SIZE: i32 = 200;

impl StructureCaller<'_> {
    /// What a run would do now.
    pub async fn plan_sweeps(&self) -> Result<Vec<SweepOutcome>, OperationFault> {
        let request = staff_call::request(PlanSweepsRequest { book: self.book.to_owned() }, self.token, self.reason)?;
        Ok(self.client().plan_sweeps(request).await.map_err(told)?.into_inner().outcomes)
    }

    /// Runs the rules.
    pub async fn run_sweeps(&self) -> Result<Vec<SweepOutcome>, OperationFault> {
        let request = staff_call::request(RunSweepsRequest { book: self.book.to_owned() }, self.token, self.reason)?;
        Ok(self.client().run_sweeps(request).await.map_err(told)?.into_inner().outcomes)
    }

    /// Says how far a sweep is at the bank, and what shows it; nothing, if that is empty.
    pub async fn mark_sweep(&self, sweep_id: &str, state: SweepState, evidence: &str) -> Result<Vec<Sweep>, OperationFault> {
        let [book, sweep_id, evidence] = [self.book, sweep_id, evidence].map(str::to_owned);
        let request = MarkSweepRequest { book, sweep_id, state: state.into(), evidence };
        let request = staff_call::request(request, self.token, self.reason)?;
        Ok(self.client().mark_sweep(request).await.map_err(told)?.into_inner().sweep.into_iter().collect())
    }

    /// The newest sweeps: one page of them.
    pub async fn sweeps(&self) -> Result<Vec<Sweep>, OperationFault> {
        let request = ListSweepsRequest { book: self.book.to_owned(), page_size: PAGE_SIZE, page_token: String::new() };
        let request = staff_call::request(request, self.token, self.reason)?;
        Ok(self.client().list_sweeps(request).await.map_err(told)?.into_inner().sweeps)
    }
}

fn state(sweep: &Sweep) -> &'static str {
    sweep.state().as_str_name().trim_start_matches("SWEEP_STATE_")
}

fn decision(outcome: &SweepOutcome) -> &'static str {
    outcome.decision().as_str_name().trim_start_matches("SWEEP_DECISION_")
}

/// Sweeps as lines.
#[must_use]
pub fn sweeps_text(sweeps: &[Sweep]) -> String {
    let mut text = String::new();
    for one in sweeps {
        let Sweep { sweep_id, rule, business_date, from_account, from_leaf, to_account, to_leaf, currency_code, minor_units, .. } = one;
        let back = if one.returns_sweep_id.is_empty() { String::new() } else { format!(", takes back {}", one.returns_sweep_id) };
        let shown = if one.evidence.is_empty() { String::new() } else { format!(" ({})", one.evidence) };
        let goes = if one.return_date.is_empty() { String::new() } else { format!(", goes back on {}", one.return_date) };
        let _ = writeln!(
            text,
            "{sweep_id}  {business_date} {rule}: {minor_units} minor units of {currency_code} from {from_leaf} ({from_account}) to {to_leaf} ({to_account}), {}{shown}{goes}{back}",
            state(one)
        );
    }
    text
}

/// Sweeps as JSON.
#[must_use]
pub fn sweeps_json(sweeps: &[Sweep]) -> Value {
    let one = |one: &Sweep| {
        json!({
            "sweep_id": one.sweep_id, "rule": one.rule, "business_date": one.business_date, "from_account": one.from_account,
            "from_leaf": one.from_leaf, "to_account": one.to_account, "to_leaf": one.to_leaf, "currency_code": one.currency_code,
            "minor_units": one.minor_units, "state": state(one), "end_to_end_id": one.end_to_end_id, "return_date": one.return_date,
            "returns_sweep_id": one.returns_sweep_id, "plan_time": moment(one.plan_time.as_ref()), "planned_by": one.planned_by, "evidence": one.evidence,
        })
    };
    Value::Array(sweeps.iter().map(one).collect())
}

/// What a run did as lines.
#[must_use]
pub fn outcomes_text(outcomes: &[SweepOutcome]) -> String {
    let mut text = String::new();
    for one in outcomes {
        let about = if one.returns_sweep_id.is_empty() { String::new() } else { format!(" back of {}", one.returns_sweep_id) };
        let what = match (one.decision(), &one.sweep) {
            (SweepDecision::Refused, _) => format!("{}: {}", one.forbidden_by, one.why),
            (SweepDecision::Swept | SweepDecision::Done, Some(sweep)) => {
                let short = if one.short_minor_units > 0 { format!(", {} short", one.short_minor_units) } else { String::new() };
                format!("{} minor units from {} to {}{short}  {}", sweep.minor_units, sweep.from_leaf, sweep.to_leaf, sweep.sweep_id)
            }
            _ => format!("until {}", moment(one.next_time.as_ref())),
        };
        let _ = writeln!(text, "{}{about}  {}  {what}", one.rule, decision(one));
    }
    text
}

/// What a run did as JSON.
#[must_use]
pub fn outcomes_json(outcomes: &[SweepOutcome]) -> Value {
    let one = |one: &SweepOutcome| {
        json!({
            "rule": one.rule, "returns_sweep_id": one.returns_sweep_id, "decision": decision(one),
            "sweep": one.sweep.as_ref().map(|sweep| sweeps_json(std::slice::from_ref(sweep))[0].clone()),
            "short_minor_units": one.short_minor_units, "forbidden_by": one.forbidden_by, "why": one.why,
            "next_time": moment(one.next_time.as_ref()),
        })
    };
    Value::Array(outcomes.iter().map(one).collect())
}
