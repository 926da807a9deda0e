//! Unit tests of the purchase service's options.
use super::*;

#[test]
fn options_that_mean_nothing_are_refused_by_name() {
    assert!(Config::default().check().is_ok());
    type Change = fn(&mut Config);
    let cases: [(&str, Change); 9] = [
        ("store_commission_basis_points", |config| config.store_commission_basis_points = 10_001),
        ("included_tax_basis_points", |config| config.included_tax_basis_points = 10_001),
        ("sweep_interval_s", |config| config.sweep_interval = Duration::ZERO),
        ("sweep_interval_s", |config| config.sweep_interval = Duration::MAX),
        ("sweep_after_s", |config| config.sweep_after = Duration::MAX),
        ("sweep_batch_max", |config| config.sweep_batch_max = 0),
        ("refusal_retention_s", |config| config.refusal_retention = Duration::ZERO),
        ("refused_receipt_retention_s", |config| config.refused_receipt_retention = Duration::ZERO),
        ("refused_receipt_retention_s", |config| config.refused_receipt_retention = Duration::MAX),
    ];
    for (option, change) in cases {
        let mut config = Config::default();
        change(&mut config);
        assert_eq!(config.check().unwrap_err().option, option);
    }
}
