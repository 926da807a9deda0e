//! Unit tests of `wire::report`.
use super::*;
use prost_types::Timestamp;

fn request() -> pb::GetPayoutReportRequest {
    pb::GetPayoutReportRequest {
        book: "app-us".to_owned(),
        created_from: Some(Timestamp { seconds: 1_764_201_600, nanos: 0 }),
        created_until: Some(Timestamp { seconds: 1_764_288_000, nanos: 0 }),
        by: vec![pb::ReportDimension::Day.into(), pb::ReportDimension::Rail.into()],
        instant_ms_max: 0,
    }
}

fn book() -> Result<BookName, Status> {
    Ok(BookName::try_new("app-us").unwrap())
}

fn fields(request: &pb::GetPayoutReportRequest) -> Vec<String> {
    let status = asked(book(), request).unwrap_err();
    assert_eq!(rpc::reason(&status).as_deref(), Some("MALFORMED"));
    rpc::errors::violations(&status).into_iter().map(|(field, _)| field).collect()
}

#[test]
fn a_period_and_its_dimensions_are_read() {
    let read = asked(book(), &request()).unwrap();
    assert_eq!(read.created, TimeRange { from_ms: 1_764_201_600_000, until_ms: 1_764_288_000_000 });
    assert_eq!(read.by, BTreeSet::from([ReportDimension::Rail, ReportDimension::Day]));
    assert_eq!(read.instant_ms_max, 20_000);
    assert_eq!(asked(book(), &pb::GetPayoutReportRequest { instant_ms_max: 86_400_000, ..request() }).unwrap().instant_ms_max, 86_400_000);
}

#[test]
fn wrong_periods_dimensions_and_times_are_named() {
    let at = |seconds: i64| Some(Timestamp { seconds, nanos: 0 });
    for (request, wrong) in [
        (pb::GetPayoutReportRequest { created_from: None, created_until: None, ..request() }, vec!["created_from", "created_until"]),
        (pb::GetPayoutReportRequest { created_until: at(1_764_201_600), ..request() }, vec!["created_until"]),
        (pb::GetPayoutReportRequest { created_until: at(1_764_201_599), ..request() }, vec!["created_until"]),
        (pb::GetPayoutReportRequest { created_until: at(1_764_201_600 + 400 * 86_400 + 1), ..request() }, vec!["created_until"]),
        (pb::GetPayoutReportRequest { created_from: at(i64::MIN), ..request() }, vec!["created_from"]),
        (pb::GetPayoutReportRequest { created_until: at(i64::MAX), ..request() }, vec!["created_until"]),
        (pb::GetPayoutReportRequest { by: vec![0], ..request() }, vec!["by"]),
        (pb::GetPayoutReportRequest { by: vec![77], ..request() }, vec!["by"]),
        (pb::GetPayoutReportRequest { by: vec![1, 2, 1], ..request() }, vec!["by"]),
        (pb::GetPayoutReportRequest { by: vec![1; 10_000], ..request() }, vec!["by"]),
        (pb::GetPayoutReportRequest { instant_ms_max: -1, ..request() }, vec!["instant_ms_max"]),
        (pb::GetPayoutReportRequest { instant_ms_max: 86_400_001, by: vec![9], ..request() }, vec!["by", "instant_ms_max"]),
    ] {
        assert_eq!(fields(&request), wrong, "{request:?}");
    }
    let longest = pb::GetPayoutReportRequest { created_until: at(1_764_201_600 + 400 * 86_400), ..request() };
    assert!(asked(book(), &longest).is_ok());
}
