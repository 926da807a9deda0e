//! Moves and positions: protobuf to domain and back.
use crate::{
    domain::{moves::AskedMove, node::is_id, terms::Pair},
    movements::posting_id,
    moves::{Accrual, KeptInterest, Position},
    store::{MovementRow, MovementState, MovementTransfer},
    treasury::Treasury,
};
use api::treasury::{
    AccrueInterestRequest, AccrueInterestResponse, FundsMove, InterEntityPosition, InterestRun, ListPositionsRequest, MoveFundsRequest,
};
use chart::{Account, Purpose};
use jiff::civil::Date;
use money::{AMOUNT_MAX, Currency, RequestId};
use rpc::{Violations, page::PageSizes};
use tonic::Status;

/// Rows of a page: a screen, and what fits into an answer.
const PAGES: PageSizes = PageSizes { default: 50, max: 200 };
/// What an id of a leaf or legal entity must be.
const ID_FORM: &str = "must have 1 to 32 of the characters a to z, 0 to 9 and -";

/// What a request to move money asks for.
pub fn asked(request: &MoveFundsRequest) -> Result<(RequestId, AskedMove), Status> {
    let mut wrong = Violations::default();
    let request_id = wrong.take(RequestId::parse(&request.request_id).map_err(|error| rpc::malformed("request_id", &error.must())));
    for (field, id) in [("from_leaf", &request.from_leaf), ("to_leaf", &request.to_leaf)] {
        wrong.take(id_form(field, id));
    }
    if !(1..=AMOUNT_MAX).contains(&request.minor_units) {
        wrong.add(rpc::malformed("minor_units", &format!("must be 1 to {AMOUNT_MAX}")));
    }
    let currency = wrong.take(currency(&request.currency_code));
    let (Some(request_id), Some(currency)) = (request_id, currency) else { return Err(wrong.into_status()) };
    wrong.check()?;
    let (from, to, amount) = (request.from_leaf.clone(), request.to_leaf.clone(), request.minor_units);
    Ok((request_id, AskedMove { from, to, amount, currency }))
}

/// The day and the page's size of a list of positions.
pub fn positions(request: &ListPositionsRequest) -> Result<(Option<Date>, usize), Status> {
    let mut wrong = Violations::default();
    let on = Some(&request.on_date).filter(|text| !text.is_empty()).map(|text| wrong.take(date("on_date", text)));
    let size = wrong.take(page_size(request.page_size));
    wrong.check()?;
    Ok((on.flatten(), size.unwrap_or_default()))
}

/// The pair and the last day of a request to book interest.
pub fn accrual(request: &AccrueInterestRequest) -> Result<(Pair, Date), Status> {
    let mut wrong = Violations::default();
    for (field, id) in [("lender", &request.lender), ("borrower", &request.borrower)] {
        wrong.take(id_form(field, id));
    }
    if request.lender == request.borrower {
        wrong.add(rpc::malformed("borrower", "must be another legal entity than the lender"));
    }
    let (currency, until) = (wrong.take(currency(&request.currency_code)), wrong.take(date("until_date", &request.until_date)));
    let (Some(currency), Some(until)) = (currency, until) else { return Err(wrong.into_status()) };
    wrong.check()?;
    Ok((Pair { lender: request.lender.clone(), borrower: request.borrower.clone(), currency }, until))
}

/// The size of a page of these lists.
pub fn page_size(asked: i32) -> Result<usize, Status> {
    PAGES.read(asked).map_err(|error| rpc::malformed("page_size", &error.to_string()))
}

pub(super) fn id_form(field: &'static str, id: &str) -> Result<(), Status> {
    if is_id(id) { Ok(()) } else { Err(rpc::malformed(field, ID_FORM)) }
}

fn currency(code: &str) -> Result<Currency, Status> {
    Currency::try_new(code).map_err(|error| rpc::malformed("currency_code", &error.must()))
}

pub(super) fn date(field: &'static str, text: &str) -> Result<Date, Status> {
    let read = text.parse::<Date>().ok().filter(|_| text.len() == "2026-11-27".len());
    read.ok_or_else(|| rpc::malformed(field, "must be a day such as 2026-11-27"))
}

/// A move as it was recorded.
pub fn funds_move(treasury: &Treasury, row: &MovementRow) -> FundsMove {
    let movement = &row.movement;
    let between = |debit: Purpose| {
        let is = |transfer: &&MovementTransfer| Account::parse(&transfer.debit).and_then(|account| account.purpose()) == Some(debit);
        movement.transfers.iter().find(is)
    };
    let leaf =
        |name: &str| Account::parse(name).and_then(|account| account.bank_account()).map(|id| id.as_str().to_owned()).unwrap_or_default();
    let amount = |transfer: Option<&MovementTransfer>| transfer.map_or(0, |transfer| transfer.minor_units);
    let moved = between(Purpose::VirtualAccount);
    FundsMove {
        request_id: movement.request_key.split('/').nth(1).unwrap_or_default().to_owned(),
        from_leaf: moved.map(|moved| leaf(&moved.debit)).unwrap_or_default(),
        to_leaf: moved.map(|moved| leaf(&moved.credit)).unwrap_or_default(),
        currency_code: moved.map(|moved| moved.currency.to_string()).unwrap_or_default(),
        minor_units: amount(moved),
        lent_minor_units: amount(between(Purpose::DueFrom)),
        repaid_minor_units: amount(between(Purpose::DueTo)),
        posting_id: posting_id(treasury, row).hyphenated().to_string(),
        move_time: Some(money::time::from_unix_ms(movement.decided_at_ms).into()),
        moved_by: movement.decided_by.clone(),
        refused: row.state == MovementState::Refused,
    }
}

/// A position.
pub fn position(position: &Position) -> InterEntityPosition {
    let [to_30, to_60, to_90, over_90] = position.aged.ages;
    InterEntityPosition {
        lender: position.pair.lender.clone(),
        borrower: position.pair.borrower.clone(),
        currency_code: position.pair.currency.to_string(),
        minor_units: position.aged.owed,
        to_30_days_minor_units: to_30,
        to_60_days_minor_units: to_60,
        to_90_days_minor_units: to_90,
        over_90_days_minor_units: over_90,
        limit_minor_units: position.agreement.map_or(0, |agreement| agreement.limit),
        rate_millionths: position.agreement.map_or(0, |agreement| agreement.rate),
        accrued_until_date: position.accrued_until.map(|day| day.to_string()).unwrap_or_default(),
    }
}

/// Interest that was booked, with the calculation that was kept.
pub fn accrued(treasury: &Treasury, accrual: &Accrual) -> AccrueInterestResponse {
    let movement = &accrual.row.movement;
    let kept: KeptInterest = serde_json::from_str(&movement.calculation).unwrap_or_else(|_| KeptInterest::default());
    AccrueInterestResponse {
        from_date: kept.from,
        until_date: kept.until,
        interest_minor_units: movement.transfers.iter().map(|transfer| transfer.minor_units).sum(),
        runs: kept.runs.into_iter().map(|(from, days, balance, rate, year_days)| run(from, days, balance, rate, year_days)).collect(),
        posting_id: posting_id(treasury, &accrual.row).hyphenated().to_string(),
        replayed: accrual.replayed,
    }
}

/// Days in a row as they were kept.
pub(super) fn run(from_date: String, days: i64, balance_minor_units: i64, rate_millionths: i64, year_days: i64) -> InterestRun {
    InterestRun { from_date, days, balance_minor_units, rate_millionths, year_days }
}
