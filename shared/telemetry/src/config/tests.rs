//! Unit tests of `config`.
use super::*;

fn read(pairs: &[(&str, &str)]) -> Result<Config, Error> {
    let find = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    Config::from_lookup(find)
}

#[test]
fn nothing_set_means_human_logs_and_no_spans() {
    let config = read(&[]).unwrap();
    assert_eq!(config.log_format, LogFormat::Human);
    assert_eq!(config.otlp_endpoint, None);
    assert_eq!(config.log_filter, DEFAULT_FILTER);
}

#[test]
fn a_value_without_meaning_is_refused_by_name() {
    for (name, value) in [("LARGESSE_LOG_FORMAT", "xml"), ("OTEL_TRACES_SAMPLER_ARG", "2"), ("OTEL_TRACES_SAMPLER_ARG", "NaN")] {
        assert!(read(&[(name, value)]).err().unwrap().to_string().contains(name));
    }
}
