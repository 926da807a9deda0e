//! Amounts as texts.

/// Minor units as whole units with a separator: `-12.30`. Currencies without minor units have no separator.
#[must_use]
pub fn text(minor_units: i64, digits: u32, separator: char) -> String {
    let sign = if minor_units < 0 { "-" } else { "" };
    let unit = 10_u64.pow(digits);
    let (whole, part) = (minor_units.unsigned_abs() / unit, minor_units.unsigned_abs() % unit);
    if digits == 0 {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}{separator}{part:0width$}", width = digits as usize)
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn minor_units_have_their_digits() {
        for (minor, digits, wanted) in [
            (0, 2, "0.00"),
            (-5, 2, "-0.05"),
            (1_230, 2, "12.30"),
            (1_230, 0, "1230"),
            (-1_230, 3, "-1.230"),
            (i64::MIN, 0, "-9223372036854775808"),
        ] {
            assert_eq!(text(minor, digits, '.'), wanted);
        }
        assert_eq!(text(1_230, 2, ','), "12,30");
    }
}
