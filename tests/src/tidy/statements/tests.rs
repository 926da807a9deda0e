//! Unit tests that each rule finds a planted violation, and ignores what only resembles one.
use super::*;

const NONE: [usize; 0] = [];

fn of(file: &str, text: &str) -> Vec<usize> {
    check_statements(file, text).into_iter().map(|violation| violation.line).collect()
}

#[test]
fn only_db_begins_a_transaction() {
    let file = "services/gift/src/store.rs";
    for text in [
        "let tx = self.pool.begin().await?;",
        "let tx = pool.begin().await?;",
        "let tx = self.store.pool\n    .begin()\n    .await?;",
        "let tx = self.pool().begin().await?;",
        "let tx = connection.begin().await?;",
        "let tx = self.pool.begin_with(\"BEGIN IMMEDIATE\").await?;",
        "let tx = Transaction::begin(connection, None).await?;",
        "let tx = sqlx::Acquire::begin(&pool).await?;",
        "let tx = <Pool<Any>>::begin(&pool).await?;",
        "let tx = AnyPool::begin_with(&pool, \"BEGIN\").await?;",
    ] {
        assert_eq!(of(file, text).len(), 1, "{text}");
        assert_eq!(of("services/gift/src/store/tests.rs", text), NONE, "{text}");
    }
    assert_eq!(of(file, "//! M.\nlet tx = self.store.pool\n    .begin()\n    .await?;"), [3]);
    for text in [
        "let tx = self.store.begin().await?;",
        "let tx = self.begin().await?;",
        "let tx = self.store()\n    .begin().await?;",
        "let tx = db::begin(&self.pool).await?;",
        "let tx = db::begin_with(&self.pool, \"BEGIN\").await?;",
        "requests::begin(&mut tx, key, fields, now).await?;",
        "Self::begin(options).boxed()",
        "// pool.begin()",
    ] {
        assert_eq!(of(file, text), NONE, "{text}");
    }
    assert_eq!(of(BEGINNER, "Transaction::begin(connection, None)"), NONE);
}

#[test]
fn spread_tables_take_no_insert_from_a_select() {
    let select = "let sql = \"INSERT INTO \\\"commit\\\" (a) SELECT \\\n    MAX(a) FROM t\";";
    let values = "let sql = \"INSERT INTO t (a) VALUES ($1)\";\nlet sql = \"SELECT a FROM t\";";
    for file in ["services/payout/src/store/messages.rs", "services/support/src/store.rs", "shared/books/src/store/postgres.rs"] {
        assert_eq!(of(file, select), [1], "{file}");
        assert_eq!(of(file, values), NONE, "{file}");
    }
    for file in [COMMIT, "services/sandbox/src/bank/books.rs", "shared/books/src/store/sqlite.rs"] {
        assert_eq!(of(file, select), NONE, "{file}");
    }
}
