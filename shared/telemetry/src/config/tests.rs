//! Unit tests of `config`.
use super::*;
use settings::{Error, Layers};

fn read(pairs: &[(&str, &str)]) -> Result<Config, Error> {
    let mut layers = Layers::new::<Config>("T");
    layers.environment(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())), &ALIASES.into());
    layers.read()
}

#[test]
fn nothing_set_means_human_logs_and_nothing_sent() {
    let config = read(&[]).unwrap();
    assert_eq!(config.log_format, LogFormat::Human);
    assert_eq!(config.otlp_endpoint, "");
    assert_eq!(config.log_filter, DEFAULT_FILTER);
    assert!(config.metrics && !config.sends(Signal::Traces));
}

#[test]
fn the_names_that_other_programs_use_are_heard() {
    let config = read(&[("RUST_LOG", "debug"), ("OTEL_TRACES_SAMPLER_ARG", "0.25"), ("LARGESSE_LOG_FORMAT", "json")]).unwrap();
    assert_eq!((config.log_filter.as_str(), config.sample_ratio, config.log_format), ("debug", 0.25, LogFormat::Json));
}

#[test]
fn a_value_without_meaning_is_refused_by_name() {
    for (name, value) in [
        ("LARGESSE_LOG_FORMAT", "xml"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
        ("OTEL_TRACES_SAMPLER_ARG", "NaN"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "999"),
    ] {
        assert!(read(&[(name, value)]).err().unwrap().to_string().contains(name));
    }
}

#[test]
fn what_is_sent_can_be_chosen() {
    let pairs = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317"), ("OTEL_METRIC_EXPORT_INTERVAL", "60000")];
    let config = read(&pairs).unwrap();
    assert!(config.sends(Signal::Traces) && config.sends(Signal::Metrics) && config.sends(Signal::Logs));
    let only = Config { otlp_signals: vec![Signal::Metrics], ..config };
    assert!(only.sends(Signal::Metrics) && !only.sends(Signal::Traces) && !only.sends(Signal::Logs));
}
