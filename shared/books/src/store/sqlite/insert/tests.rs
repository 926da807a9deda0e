//! Every size fits the rows it is for.
use super::*;

#[test]
fn every_number_of_rows_fits_its_size_and_no_statement_has_too_many_parameters() {
    let insert = Insert::new("t", "a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q", "");
    assert!(insert.rows_max() * 17 < PARAMETERS_MAX, "and one for the book");
    for rows in 1..=SIZES[SIZES.len() - 1] {
        assert!((rows..2 * rows.max(2)).contains(&size_for(rows)), "{rows}");
    }
    assert_eq!(size_for(0), 0);
    assert_eq!(insert.sql(2).matches('?').count(), 1 + 2 * 17);
}
