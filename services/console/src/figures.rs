//! The charts of a book, as a part of pages: what their address asks for, and the monitor's figures for it.
use crate::{
    filters::Filters,
    live::kinds,
    parts::Console,
    view::{
        charts::{ChartSteps, ChartView},
        times::TimeView,
    },
    visitor::Visitor,
};
use api::monitor::{FigureMeasure, FigureSeries, FigureStep, GetFiguresRequest, GetFiguresResponse, LedgerContact};
use money::{text::shown, time::now_ms};
use rpc::wire::{timestamp_ms, unix_ms};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tonic::{Code, Status};

pub(crate) const GET_FIGURES: &str = "largesse.monitor.v1.MonitorService/GetFigures";

/// Times by the word in the address; the first is the usual one. Seconds of a step, and how many steps.
const SPANS: [(&str, &str, FigureStep, i64, i64); 3] = [
    ("minutes", "15 minutes, by minute", FigureStep::Minute, 60, 15),
    ("seconds", "15 minutes, by second", FigureStep::Second, 1, 900),
    ("hours", "A day, by hour (UTC)", FigureStep::Hour, 3_600, 24),
];

/// The unit that is shown where nothing else is asked for: what most postings are of.
const USUAL_UNIT: &str = "COIN";

/// A time or unit that can be chosen.
pub(crate) struct FigureChoice {
    pub(crate) word: String,
    pub(crate) label: String,
    pub(crate) chosen: bool,
}

/// What the address asks for.
pub(crate) struct AskedFigures {
    book: String,
    /// Kinds of postings, separated by commas. Empty: all.
    pub(crate) posting: String,
    pub(crate) unit: String,
    span: &'static str,
    steps: ChartSteps,
}

/// The charts, or why there are none.
#[derive(Default)]
pub(crate) struct FiguresPart {
    pub(crate) failure: String,
    pub(crate) charts: Vec<ChartView>,
    pub(crate) spans: Vec<FigureChoice>,
    pub(crate) units: Vec<FigureChoice>,
    /// Of earlier steps nothing, or only a part, is known; empty if all are complete.
    pub(crate) complete_from: TimeView,
    /// The last posting that is counted.
    pub(crate) last: TimeView,
    /// Since when the ledger does not answer.
    pub(crate) lost: TimeView,
    /// Where a stream continues the charts.
    pub(crate) cursor: String,
}

/// The call for the head of a book's chain, and its message: the figures of the second that has begun.
pub(crate) fn head(book: &str) -> (GetFiguresRequest, Value) {
    let second = now_ms().div_euclid(1_000);
    let steps = ChartSteps { step: FigureStep::Second, step_s: 1, range: (second, second + 1) };
    let asked = AskedFigures { book: book.to_owned(), posting: String::new(), unit: String::new(), span: SPANS[1].0, steps };
    (asked.request(FigureMeasure::Postings), asked.message())
}

impl AskedFigures {
    /// Fails for a time that is none.
    pub(crate) fn read(book: &str, filters: &Filters) -> Option<Self> {
        let asked = if filters.get("span").is_empty() { SPANS[0].0 } else { filters.get("span") };
        let (span, _, step, step_s, number) = SPANS.into_iter().find(|(word, ..)| *word == asked)?;
        // With the step that is not over yet.
        let until = now_ms().div_euclid(step_s * 1_000).saturating_add(1).saturating_mul(step_s);
        let steps = ChartSteps { step, step_s, range: (until - number * step_s, until) };
        let (posting, unit) = (filters.get("posting").to_owned(), filters.get("unit").to_owned());
        Some(Self { book: book.to_owned(), posting, unit, span, steps })
    }

    pub(crate) fn kinds(&self) -> Vec<String> {
        kinds(&self.posting)
    }

    /// The fields of the address, without the book.
    pub(crate) fn fields(&self) -> [(&'static str, &str); 3] {
        [("posting", &self.posting), ("unit", &self.unit), ("span", if self.span == SPANS[0].0 { "" } else { self.span })]
    }

    fn request(&self, measure: FigureMeasure) -> GetFiguresRequest {
        let (from, to) = self.steps.range;
        let time = |second: i64| Some(timestamp_ms(second.saturating_mul(1_000)));
        GetFiguresRequest {
            book: self.book.clone(),
            measure: measure.into(),
            from: time(from),
            to: time(to),
            step: self.steps.step.into(),
            kinds: self.kinds(),
        }
    }

    /// The call's message.
    pub(crate) fn message(&self) -> Value {
        let (from, to) = self.steps.range;
        let time = |second: i64| money::time::rfc3339_ms(second.saturating_mul(1_000));
        json!({"book": self.book, "measure": FigureMeasure::Moved.as_str_name(), "step": self.steps.step.as_str_name(),
            "from": time(from), "to": time(to), "kinds": self.kinds()})
    }

    /// Asks the monitor. What the address got wrong, and a session that has ended, is an error; without figures the rest of a page is still worth showing.
    pub(crate) async fn load(&self, console: &Console, visitor: &Visitor) -> Result<FiguresPart, Status> {
        let (mut one, mut other) = (console.monitor_client(), console.monitor_client());
        let (postings, moved) = tokio::join!(
            one.get_figures(visitor.request(self.request(FigureMeasure::Postings))),
            other.get_figures(visitor.request(self.request(FigureMeasure::Moved))),
        );
        match (postings, moved) {
            (Ok(postings), Ok(moved)) => Ok(self.part(&postings.into_inner(), &moved.into_inner())),
            (Err(status), _) | (_, Err(status))
                if matches!(status.code(), Code::InvalidArgument | Code::Unauthenticated | Code::NotFound) =>
            {
                Err(status)
            }
            (Err(status), _) | (_, Err(status)) => {
                let (failure, unit) = (crate::answer::in_words(&status), self.unit(&BTreeSet::new()).to_owned());
                let units = vec![FigureChoice { label: shown(&unit).into_owned(), word: unit, chosen: true }];
                Ok(FiguresPart { failure, spans: self.spans(), units, ..FiguresPart::default() })
            }
        }
    }

    fn spans(&self) -> Vec<FigureChoice> {
        let choice = |(word, label, ..): (&'static str, &str, _, _, _)| FigureChoice {
            word: word.to_owned(),
            label: label.to_owned(),
            chosen: word == self.span,
        };
        SPANS.into_iter().map(choice).collect()
    }

    /// The unit of the second chart: the one asked for, or the usual one if anything moved in it or in none.
    fn unit<'a>(&'a self, units: &BTreeSet<&'a str>) -> &'a str {
        match units.first() {
            _ if !self.unit.is_empty() => &self.unit,
            Some(first) if !units.contains(USUAL_UNIT) => first,
            Some(_) | None => USUAL_UNIT,
        }
    }

    fn part(&self, postings: &GetFiguresResponse, moved: &GetFiguresResponse) -> FiguresPart {
        let units: BTreeSet<&str> = moved.series.iter().map(|series| &*series.unit).collect();
        let unit = self.unit(&units);
        let choosable: BTreeSet<&str> = units.iter().copied().chain([unit, USUAL_UNIT]).collect();
        let chart = |name, title, unit: &str, series: &[FigureSeries]| ChartView::new(name, title, unit, self.steps, series);
        let choice = |word: &str| FigureChoice { word: word.to_owned(), label: shown(word).into_owned(), chosen: word == unit };
        let complete = postings.complete_from_time.filter(|time| unix_ms(time) > self.steps.range.0.saturating_mul(1_000));
        FiguresPart {
            failure: String::new(),
            charts: vec![
                chart("postings", "Number of postings".to_owned(), "", &postings.series),
                chart("moved", format!("Amount moved, in {}", shown(unit)), unit, &moved.series),
            ],
            spans: self.spans(),
            units: choosable.into_iter().map(choice).collect(),
            complete_from: TimeView::of(complete.as_ref()),
            last: TimeView::of(postings.last_commit_time.as_ref()),
            lost: match postings.ledger() {
                LedgerContact::Lost => TimeView::of(postings.ledger_lost_time.as_ref()),
                LedgerContact::Live | LedgerContact::Unspecified => TimeView::default(),
            },
            cursor: postings.cursor.clone(),
        }
    }
}
