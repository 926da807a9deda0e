//! Unit tests of `sets`.
use super::*;

#[test]
fn a_set_is_cut_into_portions_of_few_sizes_that_together_are_the_set() {
    for count in 0..300_usize {
        let set: Vec<usize> = (0..count).collect();
        let cut: Vec<&[usize]> = portions(&set, &PORTIONS).collect();
        assert_eq!(cut.concat(), set);
        assert!(cut.iter().all(|portion| PORTIONS.contains(&portion.len())), "{count}");
        assert!(cut.len() <= count / 64 + 9, "{count} rows take {} statements", cut.len());
    }
}

#[test]
fn every_row_has_parameters_of_its_own() {
    assert_eq!(places(2, 3, true), "($1, $2, $3), ($4, $5, $6)");
    assert_eq!(places(2, 3, false), "(?, ?, ?), (?, ?, ?)");
}

#[test]
fn a_statement_over_one_row_joins_nothing() {
    let update = "UPDATE t SET a = v.column2, b = v.column11 FROM (VALUES {rows}) AS v WHERE t.id = v.column1";
    assert_eq!(written(update, 1, 11, true), "UPDATE t SET a = $2, b = $11  WHERE t.id = $1");
    assert_eq!(
        written(update, 2, 1, false),
        "UPDATE t SET a = v.column2, b = v.column11 FROM (VALUES (?), (?)) AS v WHERE t.id = v.column1"
    );
    let query = "SELECT t.* FROM (VALUES {rows}) AS v CROSS JOIN t WHERE t.id = v.column1";
    assert_eq!(written(query, 1, 1, true), "SELECT t.* FROM t WHERE t.id = $1");
    assert_eq!(written("INSERT INTO t (id) VALUES {rows}", 1, 1, true), "INSERT INTO t (id) VALUES ($1)");
}
