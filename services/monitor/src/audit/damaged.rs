//! Rows that can't be read are a problem of the data. An unreachable database, by contrast, says nothing about the rows.
use super::ReadFault;
use crate::health::CheckResult;
use payout::tables::PayoutRowsError;
use purchase::tables::PurchaseRowsError;
use treasury::tables::TreasuryRowsError;

/// The problem, where what could not be read is a row with a value that no program of ours writes.
pub(super) fn row(fault: &ReadFault) -> Option<String> {
    let of_payouts = |fault: &ReadFault| fault.downcast_ref::<PayoutRowsError>().and_then(PayoutRowsError::damage);
    let of_purchases = |fault: &ReadFault| fault.downcast_ref::<PurchaseRowsError>().and_then(PurchaseRowsError::damage);
    let of_treasury = |fault: &ReadFault| fault.downcast_ref::<TreasuryRowsError>().and_then(TreasuryRowsError::damage);
    let of_others = |fault: &ReadFault| fault.downcast_ref::<sqlx::Error>().and_then(db::damaged_value);
    let problem = of_payouts(fault).or_else(|| of_purchases(fault)).or_else(|| of_treasury(fault)).or_else(|| of_others(fault))?;
    Some(format!("a row can't be read: {problem}"))
}

/// A check that met such a row has failed.
pub(super) fn failed(result: Result<CheckResult, ReadFault>) -> Result<CheckResult, ReadFault> {
    result.or_else(|fault| row(&fault).map(CheckResult::Failed).ok_or(fault))
}
