//! Allocations: protobuf to domain and back.
use super::moves::{date, id_form, run};
use crate::{
    allocations::{
        AskedAllocation,
        kept::{KeptAllocation, KeptShare},
    },
    domain::allocation::{AllocationBasis, ChargeKind},
    movements::posting_id,
    store::MovementRow,
    treasury::Treasury,
};
use api::treasury::{AllocateChargesRequest, Allocation, AllocationBasis as BasisMessage, AllocationShare, ChargeKind as KindMessage};
use money::AMOUNT_MAX;
use rpc::Violations;
use tonic::Status;

/// Shares of an allocation that an answer shows, and the runs of all of them together: about a megabyte.
const SHARES_MAX: usize = 1_000;
const RUNS_MAX: usize = 10_000;

/// What a request to divide an amount asks for.
pub fn asked(request: &AllocateChargesRequest) -> Result<AskedAllocation, Status> {
    let mut wrong = Violations::default();
    wrong.take(id_form("physical_account", &request.physical_account));
    if !request.residue_leaf.is_empty() {
        wrong.take(id_form("residue_leaf", &request.residue_leaf));
    }
    if !(1..=AMOUNT_MAX).contains(&request.minor_units) {
        wrong.add(rpc::malformed("minor_units", &format!("must be 1 to {AMOUNT_MAX}")));
    }
    if request.sequence < 0 {
        wrong.add(rpc::malformed("sequence", "must be 0 or more"));
    }
    let (kind, basis) = (wrong.take(kind(request.kind())), wrong.take(basis(request.basis())));
    let (from, until) = (wrong.take(date("from_date", &request.from_date)), wrong.take(date("until_date", &request.until_date)));
    let (Some(kind), Some(basis), Some(from), Some(until)) = (kind, basis, from, until) else { return Err(wrong.into_status()) };
    wrong.check()?;
    let (account, residue_leaf) = (request.physical_account.clone(), request.residue_leaf.clone());
    Ok(AskedAllocation { account, kind, from, until, sequence: request.sequence, amount: request.minor_units, basis, residue_leaf })
}

fn kind(kind: KindMessage) -> Result<ChargeKind, Status> {
    match kind {
        KindMessage::CreditInterest => Ok(ChargeKind::CreditInterest),
        KindMessage::DebitInterest => Ok(ChargeKind::DebitInterest),
        KindMessage::Fees => Ok(ChargeKind::Fees),
        KindMessage::Unspecified => Err(rpc::malformed("kind", "must say what the bank booked")),
    }
}

fn basis(basis: BasisMessage) -> Result<AllocationBasis, Status> {
    match basis {
        BasisMessage::Balances => Ok(AllocationBasis::Balances),
        BasisMessage::Rates => Ok(AllocationBasis::Rates),
        BasisMessage::Flat => Ok(AllocationBasis::Flat),
        BasisMessage::Items => Ok(AllocationBasis::Items),
        BasisMessage::Turnover => Ok(AllocationBasis::Turnover),
        BasisMessage::Unspecified => Err(rpc::malformed("basis", "must say by what the amount is divided")),
    }
}

/// An allocation with the calculation that was kept; empty for a further posting of one.
pub fn allocation(treasury: &Treasury, row: &MovementRow) -> Allocation {
    let kept: KeptAllocation = serde_json::from_str(&row.movement.calculation).unwrap_or_default();
    let (share_count, run_count) = (kept.shares.len(), kept.shares.iter().map(|share| share.runs.len()).sum::<usize>());
    let mut runs_left = RUNS_MAX;
    let share = |share: KeptShare| {
        let runs = share.runs.into_iter().take(runs_left);
        let runs: Vec<_> = runs.map(|(from, days, balance, rate, year_days)| run(from, days, balance, rate, year_days)).collect();
        runs_left -= runs.len();
        AllocationShare { leaf: share.leaf, weight: share.weight, minor_units: share.amount, runs }
    };
    let shares: Vec<AllocationShare> = kept.shares.into_iter().take(SHARES_MAX).map(share).collect();
    let left_out = |all: usize, shown: usize| i64::try_from(all - shown).unwrap_or(i64::MAX);
    Allocation {
        shares_left_out: left_out(share_count, shares.len()),
        runs_left_out: left_out(run_count, shares.iter().map(|share| share.runs.len()).sum()),
        physical_account: kept.account,
        kind: kept.kind,
        from_date: kept.from,
        until_date: kept.until,
        sequence: kept.sequence,
        minor_units: kept.amount,
        basis: kept.basis,
        residue_leaf: kept.residue_leaf,
        residue_minor_units: kept.residue,
        shares,
        posting_id: posting_id(treasury, row).hyphenated().to_string(),
        allocate_time: Some(money::time::from_unix_ms(row.movement.decided_at_ms).into()),
        allocated_by: row.movement.decided_by.clone(),
    }
}
