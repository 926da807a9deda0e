//! A parser of Prometheus' text format.
use std::collections::{BTreeMap, BTreeSet};

/// One time series at one moment.
#[derive(Debug)]
struct Series {
    labels: BTreeMap<String, String>,
    value: f64,
}

/// Everything that was scraped, by name.
#[derive(Debug, Default)]
pub struct Exported(BTreeMap<String, Vec<Series>>);

impl Exported {
    /// Adds the series of a process's answer.
    pub fn read(&mut self, text: &str) {
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').map_or((series, ""), |(name, rest)| (name, rest.strip_suffix('}').unwrap()));
            let value = value.parse().unwrap();
            self.0.entry(name.to_owned()).or_default().push(Series { labels: pairs(labels), value });
        }
    }

    /// The sum of the series with these labels.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let all = self.0.get(name).map_or(&[][..], Vec::as_slice);
        let with = |series: &&Series| labels.iter().all(|(label, value)| series.labels.get(*label).is_some_and(|found| found == value));
        all.iter().filter(with).map(|series| series.value).sum()
    }

    /// Whether there is a metric of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The values of a metric's label.
    pub fn values(&self, name: &str, label: &str) -> BTreeSet<&str> {
        let all = self.0.get(name).into_iter().flatten();
        all.filter_map(|series| series.labels.get(label)).map(String::as_str).collect()
    }
}

/// Parses labels, whose values here contain neither quotes nor commas.
fn pairs(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split("\",").filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once("=\"").unwrap();
            (name.to_owned(), value.trim_end_matches('"').to_owned())
        })
        .collect()
}
