//! Unit tests that the rule finds statements that a cluster refused, and ignores those that it carried out.
use super::*;

fn found(statement: &str) -> usize {
    let is_spread = |table: &str| match table {
        "refund" | "settled_part" | "wallet_change" | "wallet_posting" => Some(true),
        "purchase" | "refund_fact" => Some(false),
        _ => None,
    };
    check_correlations("services/purchase/src/store.rs", &format!("//! M.\nlet sql = \"{statement}\";"), &is_spread).len()
}

#[test]
fn rows_that_are_kept_apart_are_not_compared_in_a_subquery() {
    for statement in [
        "SELECT * FROM purchase p WHERE book = $1 AND EXISTS (SELECT 1 FROM refund r WHERE r.book = p.book)",
        "SELECT * FROM purchase WHERE NOT EXISTS (SELECT 1 FROM refund WHERE refund.book = purchase.book)",
        "SELECT * FROM refund AS r WHERE NOT EXISTS (SELECT 1 FROM purchase p WHERE r.book = p.book)",
        "SELECT (SELECT COUNT(*) FROM refund r WHERE r.book = p.book) FROM purchase p",
        "UPDATE refund SET state = 1 WHERE book = $1 AND EXISTS\\n (SELECT 1 FROM purchase p WHERE p.book = refund.book)",
        "DELETE FROM purchase p WHERE (book = $1 OR EXISTS (SELECT 1 FROM refund r WHERE (r.book=p.book)))",
        "(state = 1 OR EXISTS (SELECT 1 FROM refund_fact f WHERE f.book = wallet_change.book))",
    ] {
        assert_eq!(found(statement), 1, "{statement}");
    }
    for statement in [
        "SELECT * FROM purchase p LEFT JOIN refund r ON r.book = p.book WHERE p.book = $1",
        "SELECT * FROM refund r WHERE EXISTS (SELECT 1 FROM settled_part s WHERE s.book = r.book)",
        "SELECT * FROM purchase p WHERE EXISTS (SELECT 1 FROM refund_fact f WHERE f.book = p.book)",
        "UPDATE refund SET state = 1 WHERE purchase_id IN (SELECT purchase_id FROM purchase p WHERE p.book = $1)",
        "UPDATE refund SET state = 1 WHERE book = $1 AND EXISTS (SELECT 1 FROM refund_fact f WHERE f.store = $2)",
        "UPDATE refund SET state = purchase.state FROM purchase WHERE refund.book = purchase.book",
        "(state = 1 OR EXISTS (SELECT 1 FROM wallet_posting p WHERE p.book = wallet_change.book))",
    ] {
        assert_eq!(found(statement), 0, "{statement}");
    }
}

#[test]
fn comments_are_no_statements() {
    let text = "// (SELECT (SELECT 1 FROM refund r WHERE r.book = p.book) FROM purchase p)\n";
    assert!(check_correlations("services/purchase/src/store.rs", text, &|table| Some(table == "refund")).is_empty());
}
