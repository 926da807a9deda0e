//! Commands to the bank that no real bank takes: deposits, scenarios, returns and mistakes.

use super::{BankFailure, BankRoutes};
use crate::bank::{
    books::read_account,
    clock::now_ms,
    faults::{FaultResult, StatementFault},
    returns::{GivenBack, ReturnResult},
    scenario,
};
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use money::{Currency, Money};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DepositRequest {
    currency: String,
    minor_units: i64,
    reference: String,
}

pub(super) async fn deposit(State(bank): State<BankRoutes>, Json(deposit): Json<DepositRequest>) -> Result<StatusCode, BankFailure> {
    let currency = Currency::try_new(&deposit.currency).map_err(|_| BankFailure::Request("currency must be an ISO 4217 code"))?;
    let amount = Money::try_new(currency, deposit.minor_units).map_err(|_| BankFailure::Request("minor_units must be 0 to 2^53"))?;
    let fits = (1..=200).contains(&deposit.reference.len()) && !deposit.reference.chars().any(char::is_control);
    if !fits || deposit.reference.trim() != deposit.reference {
        return Err(BankFailure::Request("reference must be 1 to 200 printable bytes without blank ends"));
    }
    let known = bank.desk.deposit(amount, &deposit.reference, now_ms()).await?;
    if known {
        return Ok(StatusCode::NO_CONTENT);
    }
    match read_account(bank.desk.books(), currency, None).await? {
        Some(_) => Err(BankFailure::Request("the account can't show more than 2^53 minor units")),
        None => Err(BankFailure::NotFound),
    }
}

pub(super) async fn set_scenario(
    State(bank): State<BankRoutes>,
    Json(request): Json<scenario::ScenarioRequest>,
) -> Result<StatusCode, BankFailure> {
    let scenario = request.decode().ok_or(BankFailure::Request("one of end_to_end_id and account, and a known behaviour"))?;
    bank.desk.set_scenario(&scenario, now_ms()).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReturnRequest {
    code: String,
    minor_units: Option<i64>,
    charge: Option<i64>,
}

pub(super) async fn give_back(
    State(bank): State<BankRoutes>,
    Path(end_to_end_id): Path<String>,
    Json(request): Json<ReturnRequest>,
) -> Result<StatusCode, BankFailure> {
    let is_code = (1..=4).contains(&request.code.len()) && request.code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_code {
        return Err(BankFailure::Request("code must be a reason code of one to four letters and digits"));
    }
    let charge = request.charge.unwrap_or(0);
    if charge < 0 || request.minor_units.is_some_and(|amount| amount <= 0) {
        return Err(BankFailure::Request("minor_units must be above zero, and charge not below it"));
    }
    let back = GivenBack { code: &request.code, minor_units: request.minor_units, charge, as_new: None };
    match bank.desk.return_payment(&end_to_end_id, back, now_ms()).await? {
        ReturnResult::Done(_) => Ok(StatusCode::NO_CONTENT),
        ReturnResult::NotFound => Err(BankFailure::Unknown("no such payment; / lists what there is\n")),
        ReturnResult::TooMuch => Err(BankFailure::Conflict("not executed, or less of it is left; nothing was booked")),
    }
}

pub(super) async fn make_fault(
    State(bank): State<BankRoutes>,
    Path(code): Path<String>,
    Json(fault): Json<StatementFault>,
) -> Result<StatusCode, BankFailure> {
    let currency = Currency::try_new(&code).map_err(|_| BankFailure::NotFound)?;
    match bank.desk.make_fault(currency, &fault, now_ms()).await? {
        FaultResult::Done => Ok(StatusCode::NO_CONTENT),
        FaultResult::NotFound => Err(BankFailure::Unknown("no such booked payment; / lists what there is\n")),
        FaultResult::Refused => Err(BankFailure::Request("an amount above zero that the account can show; nothing was booked")),
    }
}
