//! Charts: a series of steps as bars, drawn by the server, with the same values as a table.
//!
//! The drawing is a hundred units high and as wide as the page; its texts are beside it, so that they stay readable at every width.
use super::{
    amounts::{amount, count},
    times::TimeView,
};
use api::monitor::{FigureSeries, FigureStep};
use money::text::shown;
use rpc::wire::{moment, timestamp_ms};
use std::{collections::BTreeMap, fmt::Write as _};

/// The size of a drawing.
const WIDTH: i64 = 900;
const HEIGHT: i64 = 100;
/// Steps up to which each has a bar of its own, with a text when it is pointed at.
const BARS_MAX: i64 = 100;

/// The steps of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChartSteps {
    pub(crate) step: FigureStep,
    /// Seconds of a step.
    pub(crate) step_s: i64,
    /// Beginning of the first step, and the end of the last, in Unix seconds.
    pub(crate) range: (i64, i64),
}

/// A bar, or all of them: its outline, and what it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BarView {
    pub(crate) outline: String,
    pub(crate) title: String,
}

/// A step that has a value, in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StepValue {
    pub(crate) time: TimeView,
    pub(crate) value: String,
}

/// A kind of postings, and its sum over all steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KindSum {
    pub(crate) kind: String,
    pub(crate) value: String,
}

/// A chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChartView {
    /// For `id`s.
    pub(crate) name: &'static str,
    pub(crate) title: String,
    /// The sum over all steps, with its unit.
    pub(crate) sum: String,
    /// The largest value, with its unit.
    pub(crate) largest: String,
    pub(crate) from: TimeView,
    pub(crate) until: TimeView,
    pub(crate) bars: Vec<BarView>,
    pub(crate) steps: Vec<StepValue>,
    pub(crate) kinds: Vec<KindSum>,
}

impl ChartView {
    /// The chart of these series together. `unit`: that of the amounts; empty for numbers of postings.
    pub(crate) fn new(name: &'static str, title: String, unit: &str, steps: ChartSteps, series: &[FigureSeries]) -> Self {
        let value = |number: i128| {
            let number = i64::try_from(number).unwrap_or(i64::MAX);
            if unit.is_empty() { count(number) } else { amount(unit, number) }
        };
        let mut values: BTreeMap<i64, i128> = BTreeMap::new();
        let mut kinds: BTreeMap<&str, i128> = BTreeMap::new();
        for one in series.iter().filter(|one| one.unit == unit) {
            for point in &one.points {
                let second = point.time.as_ref().map_or(0, |time| time.seconds);
                *values.entry(second).or_default() += i128::from(point.value);
                *kinds.entry(&one.kind).or_default() += i128::from(point.value);
            }
        }
        let of_time = |second: i64| moment(&timestamp_ms(second.saturating_mul(1_000))).map(TimeView::at).unwrap_or_default();
        let steps_shown: Vec<StepValue> =
            values.iter().map(|(second, number)| StepValue { time: of_time(*second), value: value(*number) }).collect();
        Self {
            name,
            title,
            sum: value(values.values().sum()),
            largest: value(values.values().copied().max().unwrap_or(0)),
            from: of_time(steps.range.0),
            until: of_time(steps.range.1),
            bars: bars(steps, &values, &steps_shown),
            kinds: kinds.into_iter().map(|(kind, number)| KindSum { kind: shown(kind).into_owned(), value: value(number) }).collect(),
            steps: steps_shown,
        }
    }
}

/// The bars of the values; one outline for all of them if there are many steps.
fn bars(steps: ChartSteps, values: &BTreeMap<i64, i128>, shown: &[StepValue]) -> Vec<BarView> {
    let number = ((steps.range.1 - steps.range.0) / steps.step_s).max(1);
    let largest = values.values().copied().max().unwrap_or(0).max(1);
    let outline = |second: i64, value: i128| {
        let at = (second - steps.range.0) / steps.step_s;
        let (left, right) = (at * WIDTH / number, (at + 1) * WIDTH / number);
        // What is there is seen, however small it is.
        let height = i64::try_from(value.max(0) * i128::from(HEIGHT) / largest).unwrap_or(HEIGHT).max(1);
        // A gap between bars that are wide enough for one.
        let gap = i64::from(right - left > 4) * 2;
        format!("M{left} {HEIGHT}v-{height}H{}V{HEIGHT}z", right - gap)
    };
    let inside = |second: &i64| (steps.range.0..steps.range.1).contains(second);
    let drawn = values.iter().zip(shown).filter(|((second, _), _)| inside(second));
    if number <= BARS_MAX {
        let title = |step: &StepValue| format!("{}: {}", step.time.text, step.value);
        return drawn.map(|((second, value), step)| BarView { outline: outline(*second, *value), title: title(step) }).collect();
    }
    let mut all = String::new();
    for ((second, value), _) in drawn {
        let _ = write!(all, "{}", outline(*second, *value));
    }
    if all.is_empty() { Vec::new() } else { vec![BarView { outline: all, title: String::new() }] }
}

#[cfg(test)]
mod tests {
    //! Unit tests of charts.
    use super::*;
    use api::monitor::FigurePoint;

    fn series(kind: &str, unit: &str, points: &[(i64, i64)]) -> FigureSeries {
        let point = |(second, value): &(i64, i64)| FigurePoint { time: Some(timestamp_ms(second * 1_000)), value: *value };
        FigureSeries { kind: kind.to_owned(), unit: unit.to_owned(), points: points.iter().map(point).collect() }
    }

    #[test]
    fn kinds_are_added_up_by_step_and_other_units_are_left_out() {
        let steps = ChartSteps { step: FigureStep::Minute, step_s: 60, range: (0, 900) };
        let all = [
            series("gift", "COIN", &[(0, 30), (840, 10)]),
            series("purchase.apple", "COIN", &[(840, 90)]),
            series("payout", "USD", &[(840, 7)]),
        ];
        let chart = ChartView::new("moved", "Moved".to_owned(), "COIN", steps, &all);
        assert_eq!((chart.sum.as_str(), chart.largest.as_str()), ("130 COIN", "100 COIN"));
        let kinds: Vec<_> = chart.kinds.iter().map(|kind| (&*kind.kind, &*kind.value)).collect();
        assert_eq!(kinds, [("gift", "40 COIN"), ("purchase.apple", "90 COIN")]);
        let shown: Vec<_> = chart.steps.iter().map(|step| (&*step.time.text, &*step.value)).collect();
        assert_eq!(shown, [("1970-01-01 00:00:00", "30 COIN"), ("1970-01-01 00:14:00", "100 COIN")]);
        let outlines: Vec<_> = chart.bars.iter().map(|bar| &*bar.outline).collect();
        assert_eq!(outlines, ["M0 100v-30H58V100z", "M840 100v-100H898V100z"]);
        assert_eq!(chart.bars[1].title, "1970-01-01 00:14:00: 100 COIN");
    }

    #[test]
    fn many_steps_are_one_outline_and_extreme_values_are_drawn() {
        let steps = ChartSteps { step: FigureStep::Second, step_s: 1, range: (0, 900) };
        let extreme = [series("a", "COIN", &[(0, i64::MAX), (1, 1), (5_000, 1)]), series("b", "COIN", &[(0, i64::MAX), (2, -5)])];
        let chart = ChartView::new("moved", String::new(), "COIN", steps, &extreme);
        let [bar] = chart.bars.as_slice() else { panic!("{:?}", chart.bars) };
        assert_eq!(bar.outline, "M0 100v-100H1V100zM1 100v-1H2V100zM2 100v-1H3V100z");
        assert_eq!(chart.largest, "9,223,372,036,854,775,807 COIN");
        let none = ChartView::new("moved", String::new(), "COIN", steps, &[]);
        assert!(none.bars.is_empty() && none.sum == "0 COIN");
    }
}
