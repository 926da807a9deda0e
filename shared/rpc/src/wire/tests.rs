//! Moments before 1970 too.
use super::*;

#[test]
fn fractions_of_a_second_point_forward() {
    let parts = |time: Timestamp| (time.seconds, time.nanos);
    assert_eq!(parts(timestamp_ms(1_700_000_000_005)), (1_700_000_000, 5_000_000));
    assert_eq!(parts(timestamp_ms(-1)), (-1, 999_000_000));
    assert_eq!(parts(timestamp_us(1_000_001)), (1, 1_000));
    assert_eq!(parts(timestamp_us(-1)), (-1, 999_999_000));
}
