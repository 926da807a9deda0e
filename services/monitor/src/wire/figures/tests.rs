//! Unit tests of how large figures may be.
use super::*;

fn series(kinds: usize, points: i64) -> GetFiguresResponse {
    let points: Vec<FigurePoint> =
        (0..points).map(|step| FigurePoint { time: Some(of_second(1_764_000_000 + step)), value: i64::MAX }).collect();
    let series =
        (0..kinds).map(|kind| FigureSeries { kind: format!("of.loyalty.program.{kind}"), unit: "COIN".to_owned(), points: points.clone() });
    GetFiguresResponse { series: series.collect(), ..GetFiguresResponse::default() }
}

#[test]
fn figures_that_are_too_many_are_refused_and_say_how_many() {
    let whole = fitting(series(50, STEPS_MAX)).unwrap();
    assert_eq!(whole.series.len(), 50);
    let refused = Status::from(fitting(series(200, STEPS_MAX)).unwrap_err());
    assert_eq!(rpc::reason(&refused).as_deref(), Some("FIGURES_TOO_LARGE"));
    assert!(rpc::facts(&refused)["bytes"].parse::<usize>().unwrap() > ANSWER_BYTES_MAX);
}
