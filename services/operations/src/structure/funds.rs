//! Money moved between leaves, what entities owe each other, and what the bank books divided: asked of a running treasury service, as text and JSON.
use super::{StructureCaller, told};
use crate::{OperationFault, staff_call};
use api::treasury::{
    AccrueInterestRequest, AccrueInterestResponse, AllocateChargesRequest, AllocateChargesResponse, Allocation, FundsMove,
    GetForecastRequest, InterEntityPosition, ListAllocationsRequest, ListMovesRequest, ListPositionsRequest, MoveFundsRequest,
    MoveFundsResponse, RailForecast,
};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Rows that are asked for at once: the most that the service gives.
const PAGE_SIZE: i32 = 200;

impl StructureCaller<'_> {
    /// Moves money.
    pub async fn move_funds(&self, request: MoveFundsRequest) -> Result<MoveFundsResponse, OperationFault> {
        let request = MoveFundsRequest { book: self.book.to_owned(), ..request };
        Ok(self.client().move_funds(staff_call::request(request, self.token, self.reason)?).await.map_err(told)?.into_inner())
    }

    /// The newest moves: one page of them.
    pub async fn moves(&self) -> Result<Vec<FundsMove>, OperationFault> {
        let request = ListMovesRequest { book: self.book.to_owned(), page_size: PAGE_SIZE, page_token: String::new() };
        Ok(self.client().list_moves(staff_call::request(request, self.token, self.reason)?).await.map_err(told)?.into_inner().funds_moves)
    }

    /// All positions, at the end of a day or, if it is empty, now.
    pub async fn positions(&self, on_date: &str) -> Result<Vec<InterEntityPosition>, OperationFault> {
        let (mut positions, mut page_token) = (Vec::new(), String::new());
        loop {
            let (book, on_date) = (self.book.to_owned(), on_date.to_owned());
            let request = ListPositionsRequest { book, on_date, page_size: PAGE_SIZE, page_token };
            let page =
                self.client().list_positions(staff_call::request(request, self.token, self.reason)?).await.map_err(told)?.into_inner();
            positions.extend(page.positions);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(positions);
            }
        }
    }

    /// Books the interest of a position.
    pub async fn accrue_interest(&self, request: AccrueInterestRequest) -> Result<AccrueInterestResponse, OperationFault> {
        let request = AccrueInterestRequest { book: self.book.to_owned(), ..request };
        Ok(self.client().accrue_interest(staff_call::request(request, self.token, self.reason)?).await.map_err(told)?.into_inner())
    }

    /// Divides what the bank booked.
    pub async fn allocate(&self, request: AllocateChargesRequest) -> Result<AllocateChargesResponse, OperationFault> {
        let request = AllocateChargesRequest { book: self.book.to_owned(), ..request };
        Ok(self.client().allocate_charges(staff_call::request(request, self.token, self.reason)?).await.map_err(told)?.into_inner())
    }

    /// Whether accounts have enough until they can be funded.
    pub async fn forecasts(&self) -> Result<Vec<RailForecast>, OperationFault> {
        let request = staff_call::request(GetForecastRequest { book: self.book.to_owned() }, self.token, self.reason)?;
        Ok(self.client().get_forecast(request).await.map_err(told)?.into_inner().forecasts)
    }

    /// The newest allocations: one page of them.
    pub async fn allocations(&self) -> Result<Vec<Allocation>, OperationFault> {
        let request = ListAllocationsRequest { book: self.book.to_owned(), page_size: PAGE_SIZE, page_token: String::new() };
        let request = staff_call::request(request, self.token, self.reason)?;
        Ok(self.client().list_allocations(request).await.map_err(told)?.into_inner().allocations)
    }
}

/// Moves as lines.
#[must_use]
pub fn moves_text(moves: &[FundsMove]) -> String {
    let mut text = String::new();
    for one in moves {
        let FundsMove {
            request_id,
            from_leaf,
            to_leaf,
            minor_units,
            currency_code,
            lent_minor_units: lent,
            repaid_minor_units: repaid,
            ..
        } = one;
        let loan = if *lent > 0 { format!(", {lent} of it lent") } else { String::new() };
        let back = if *repaid > 0 { format!(", {repaid} of it repaid") } else { String::new() };
        let refused = if one.refused { ", REFUSED" } else { "" };
        let _ = writeln!(text, "{request_id}  {from_leaf} to {to_leaf}: {minor_units} minor units of {currency_code}{loan}{back}{refused}");
    }
    text
}

/// Moves as JSON.
#[must_use]
pub fn moves_json(moves: &[FundsMove]) -> Value {
    let one = |one: &FundsMove| {
        json!({
            "request_id": one.request_id, "from_leaf": one.from_leaf, "to_leaf": one.to_leaf, "currency_code": one.currency_code,
            "minor_units": one.minor_units, "lent_minor_units": one.lent_minor_units, "repaid_minor_units": one.repaid_minor_units,
            "posting_id": one.posting_id, "moved_by": one.moved_by, "refused": one.refused,
        })
    };
    Value::Array(moves.iter().map(one).collect())
}

/// Positions as lines.
#[must_use]
pub fn positions_text(positions: &[InterEntityPosition]) -> String {
    let mut text = String::new();
    for one in positions {
        let InterEntityPosition { lender, borrower, currency_code, minor_units, limit_minor_units, .. } = one;
        let ages = [one.to_30_days_minor_units, one.to_60_days_minor_units, one.to_90_days_minor_units, one.over_90_days_minor_units];
        let [to_30, to_60, to_90, over] = ages;
        let by_age = format!("to 30 days {to_30}, to 60 {to_60}, to 90 {to_90}, over {over}");
        let _ = writeln!(
            text,
            "{borrower} owes {lender} {minor_units} of at most {limit_minor_units} minor units of {currency_code}: {by_age}"
        );
    }
    text
}

/// Positions as JSON.
#[must_use]
pub fn positions_json(positions: &[InterEntityPosition]) -> Value {
    let one = |one: &InterEntityPosition| {
        json!({
            "lender": one.lender, "borrower": one.borrower, "currency_code": one.currency_code, "minor_units": one.minor_units,
            "to_30_days_minor_units": one.to_30_days_minor_units, "to_60_days_minor_units": one.to_60_days_minor_units,
            "to_90_days_minor_units": one.to_90_days_minor_units, "over_90_days_minor_units": one.over_90_days_minor_units,
            "limit_minor_units": one.limit_minor_units, "rate_millionths": one.rate_millionths,
            "accrued_until_date": one.accrued_until_date,
        })
    };
    Value::Array(positions.iter().map(one).collect())
}

/// Interest with its days as lines.
#[must_use]
pub fn interest_text(interest: &AccrueInterestResponse) -> String {
    let AccrueInterestResponse { from_date, until_date, interest_minor_units, posting_id, .. } = interest;
    let mut text = format!("{interest_minor_units} minor units of interest from {from_date} to {until_date}, posting {posting_id}\n");
    for run in &interest.runs {
        let (days, year) = (run.days, run.year_days);
        let _ = writeln!(
            text,
            "  {} days from {}: {} at {} millionths / {year}",
            days, run.from_date, run.balance_minor_units, run.rate_millionths
        );
    }
    text
}

/// Interest as JSON.
#[must_use]
pub fn interest_json(interest: &AccrueInterestResponse) -> Value {
    json!({
        "from_date": interest.from_date, "until_date": interest.until_date, "interest_minor_units": interest.interest_minor_units,
        "posting_id": interest.posting_id, "replayed": interest.replayed,
    })
}

/// A moment as people and programs read it; empty for one that was not sent.
pub(super) fn moment(at: Option<&prost_types::Timestamp>) -> String {
    at.and_then(rpc::wire::moment).map(|at| at.to_string()).unwrap_or_default()
}

/// Forecasts as lines.
#[must_use]
pub fn forecasts_text(forecasts: &[RailForecast]) -> String {
    let mut text = String::new();
    for one in forecasts {
        let RailForecast {
            physical_account,
            rail,
            available_minor_units: available,
            held_minor_units: held,
            forecast_short_minor_units: short,
            ..
        } = one;
        let next = moment(one.next_funding_time.as_ref());
        let (expected, coming) = (one.expected_minor_units, one.coming_minor_units);
        let inflow = if expected + coming > 0 { format!(", {expected} expected, {coming} coming") } else { String::new() };
        let missing = if *short > 0 { format!(", SHORT BY {short}") } else { String::new() };
        let _ = writeln!(
            text,
            "{physical_account}  {rail}: {available} minor units available, {held} held{inflow}; next funding until {next}{missing}"
        );
    }
    text
}

/// Forecasts as JSON.
#[must_use]
pub fn forecasts_json(forecasts: &[RailForecast]) -> Value {
    let one = |one: &RailForecast| {
        json!({
            "physical_account": one.physical_account, "rail": one.rail, "cash_minor_units": one.cash_minor_units,
            "in_transit_minor_units": one.in_transit_minor_units, "held_minor_units": one.held_minor_units,
            "expected_minor_units": one.expected_minor_units, "available_minor_units": one.available_minor_units,
            "minimum_minor_units": one.minimum_minor_units, "short_minor_units": one.short_minor_units,
            "sweepable_minor_units": one.sweepable_minor_units, "next_funding_time": moment(one.next_funding_time.as_ref()),
            "following_funding_time": moment(one.following_funding_time.as_ref()), "coming_minor_units": one.coming_minor_units,
            "forecast_minor_units": one.forecast_minor_units, "forecast_short_minor_units": one.forecast_short_minor_units,
        })
    };
    Value::Array(forecasts.iter().map(one).collect())
}

/// Allocations with their shares as lines.
#[must_use]
pub fn allocations_text(allocations: &[Allocation]) -> String {
    let mut text = String::new();
    for one in allocations {
        let Allocation { physical_account, kind, from_date, until_date, minor_units, basis, .. } = one;
        let _ = writeln!(text, "{physical_account}  {kind} of {from_date} to {until_date}: {minor_units} minor units by {basis}");
        for share in &one.shares {
            let _ = writeln!(text, "  {}: {} (weight {})", share.leaf, share.minor_units, share.weight);
        }
        if one.residue_minor_units != 0 {
            let _ = writeln!(text, "  {}: {} (the difference)", one.residue_leaf, one.residue_minor_units);
        }
    }
    text
}

/// Allocations as JSON.
#[must_use]
pub fn allocations_json(allocations: &[Allocation]) -> Value {
    let one = |one: &Allocation| {
        let share =
            |share: &api::treasury::AllocationShare| json!({"leaf": share.leaf, "weight": share.weight, "minor_units": share.minor_units});
        json!({
            "physical_account": one.physical_account, "kind": one.kind, "from_date": one.from_date, "until_date": one.until_date,
            "sequence": one.sequence, "minor_units": one.minor_units, "basis": one.basis, "residue_leaf": one.residue_leaf,
            "residue_minor_units": one.residue_minor_units, "shares": one.shares.iter().map(share).collect::<Vec<_>>(),
            "posting_id": one.posting_id,
        })
    };
    Value::Array(allocations.iter().map(one).collect())
}
