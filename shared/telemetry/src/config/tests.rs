//! Unit tests of `config`.
use super::*;
use settings::{Error, Layers};

fn read(pairs: &[(&str, &str)]) -> Result<Config, Error> {
    let mut layers = Layers::new::<Config>("T");
    layers.environment(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())), &ALIASES);
    layers.read()
}

#[test]
fn nothing_set_means_human_logs_and_no_spans() {
    let config = read(&[]).unwrap();
    assert_eq!(config.log_format, LogFormat::Human);
    assert_eq!(config.otlp_endpoint, "");
    assert_eq!(config.log_filter, DEFAULT_FILTER);
}

#[test]
fn the_names_that_other_programs_use_are_heard() {
    let config = read(&[("RUST_LOG", "debug"), ("OTEL_TRACES_SAMPLER_ARG", "0.25"), ("LARGESSE_LOG_FORMAT", "json")]).unwrap();
    assert_eq!((config.log_filter.as_str(), config.sample_ratio, config.log_format), ("debug", 0.25, LogFormat::Json));
}

#[test]
fn a_value_without_meaning_is_refused_by_name() {
    for (name, value) in [("LARGESSE_LOG_FORMAT", "xml"), ("OTEL_TRACES_SAMPLER_ARG", "2"), ("OTEL_TRACES_SAMPLER_ARG", "NaN")] {
        assert!(read(&[(name, value)]).err().unwrap().to_string().contains(name));
    }
}
