//! Distributes the tables over a Citus cluster: the rows of a book are together on one node, and different books on different nodes.
//!
//! Citus can enforce a unique constraint only if it includes the distribution column. A table with another constraint is not distributed: small ones are
//! replicated to every node, the others stay on the coordinator.
use crate::OperationFault;
use db::{Database, Engine};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _, PgConnection};

/// Where a table is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TablePlacement {
    /// Distributed by book, with a book's rows on the same node as that book's rows of the table `beside`.
    Spread {
        /// The table to colocate with; the first table of a group names itself.
        beside: &'static str,
    },
    /// Replicated to every node.
    Everywhere,
    /// Only on the coordinator, for this reason.
    Coordinator(&'static str),
}

use TablePlacement::{Coordinator, Everywhere, Spread};

const LEDGER: TablePlacement = Spread { beside: "ledger.\"commit\"" };
/// Services identify a book by its name, the ledger by its number, so their rows can't be colocated.
const SERVICES: TablePlacement = Spread { beside: "payout.payout" };
const ACTS: TablePlacement = Coordinator("joined to support.act");
const STRUCTURE: TablePlacement = Coordinator("one structure, which is read whole");
/// Treasury's own movements of money.
const MOVEMENTS: TablePlacement = Coordinator("one book's, decided one after the other");
const STATEMENTS: TablePlacement = Coordinator("all of one book, the treasury's, and joined to each other");
const OURS: TablePlacement = Coordinator("says which migrations have run");

/// Every table with its place. `book` is the first column of the keys of all distributed tables.
pub const PLAN: [(&str, TablePlacement); 160] = [
    ("ledger.\"commit\"", LEDGER),
    ("ledger.event", LEDGER),
    ("ledger.transfer", LEDGER),
    ("ledger.refusal", LEDGER),
    ("ledger.guard", LEDGER),
    ("ledger.hold", LEDGER),
    ("ledger.account", LEDGER),
    ("ledger.checkpoint", LEDGER),
    ("ledger.debit_limit", LEDGER),
    ("ledger.account_log", LEDGER),
    ("ledger.book", Everywhere),
    ("ledger.lease", Coordinator("one row that processes compete for")),
    ("ledger.installation", Coordinator("one row")),
    ("ledger.migration", OURS),
    ("ledger.program_format", OURS),
    ("payout.payout", SERVICES),
    ("payout.payout_step", SERVICES),
    ("payout.bank_message", SERVICES),
    ("payout.payout_attempt", SERVICES),
    ("payout.sent_payee", SERVICES),
    ("payout.payout_review", SERVICES),
    ("payout.screening_clearance", SERVICES),
    ("payout.blocked_payout", SERVICES),
    ("payout.creator_tier", SERVICES),
    ("payout.payout_policy", SERVICES),
    ("payout.payout_reservation", SERVICES),
    ("payout.payout_release", SERVICES),
    ("payout.payout_leaf_hold", SERVICES),
    ("payout.payout_run", SERVICES),
    ("payout.payout_run_item", SERVICES),
    ("payout.standing_order", SERVICES),
    ("payout.standing_moment", SERVICES),
    ("payout.beneficiary", SERVICES),
    ("payout.request", SERVICES),
    ("payout.unexpected_debit", SERVICES),
    ("payout.booked_debit", SERVICES),
    ("payout.payout_resolution", SERVICES),
    ("payout.statement_read", Coordinator("one row for each of our accounts")),
    ("payout.account_statement", Coordinator("one row for each of our accounts")),
    ("payout.reference_counter", Coordinator("one row for each of our accounts")),
    ("payout.screened_list", Coordinator("one row for each list")),
    ("payout.payout_return", Coordinator("found by what a bank says, which names no book")),
    ("payout.payout_recall", Coordinator("found by what a bank says, which names no book")),
    ("payout.ach_file", Coordinator("a file has payments of any book")),
    ("payout.ach_file_finding", Coordinator("a file has payments of any book")),
    ("payout.own_transfer", Coordinator("a transfer is of the company's own accounts")),
    ("payout.unexplained_debit", Coordinator("a debit is of payments of any book")),
    ("payout.unexplained_debit_payout", Coordinator("a debit is of payments of any book")),
    ("payout.ach_entry", Coordinator("found by what a bank says, which names no book")),
    ("payout.ach_change", Coordinator("found by what a bank says, which names no book")),
    ("payout.bank_inbox", Coordinator("a bank's callback names no book")),
    ("payout.shared_message", Coordinator("a message has payments of any book")),
    ("payout.key_check", Coordinator("one row")),
    ("payout.migration", OURS),
    ("payout.program_format", OURS),
    ("earnings.quote", SERVICES),
    ("earnings.request", SERVICES),
    ("earnings.migration", OURS),
    ("earnings.program_format", OURS),
    ("purchase.wallet", SERVICES),
    ("purchase.erased_token", SERVICES),
    ("purchase.refused_receipt", SERVICES),
    ("purchase.request", SERVICES),
    ("purchase.purchase", Coordinator("a store's transaction is redeemed once in all books together")),
    ("purchase.store_event", Coordinator("a store's notification is kept once in all books together")),
    ("purchase.coin_lot", SERVICES),
    ("purchase.lot_holding", SERVICES),
    ("purchase.lot_spend", SERVICES),
    ("purchase.lot_day", SERVICES),
    ("purchase.lot_cursor", SERVICES),
    ("purchase.lot_breakage", SERVICES),
    ("purchase.revenue_posting", SERVICES),
    ("purchase.refund_fact", Coordinator("what a store says of a transaction is kept once in all books together")),
    ("purchase.refund", SERVICES),
    ("purchase.dispute_step", SERVICES),
    ("purchase.refund_order", SERVICES),
    ("purchase.coin_hold", SERVICES),
    ("purchase.viewer_debt", SERVICES),
    ("purchase.debt_settlement", SERVICES),
    ("purchase.wallet_change", SERVICES),
    ("purchase.wallet_posting", SERVICES),
    ("purchase.store_report", SERVICES),
    ("purchase.store_report_part", SERVICES),
    ("purchase.store_report_line", SERVICES),
    ("purchase.store_report_payout", SERVICES),
    ("purchase.store_bill", SERVICES),
    ("purchase.store_settlement", SERVICES),
    ("purchase.settled_part", SERVICES),
    ("purchase.settlement_difference", SERVICES),
    ("purchase.settlement_posting", SERVICES),
    ("purchase.store_outbox", SERVICES),
    ("purchase.receipt_token", Coordinator("a store's token is one purchase in all books together")),
    ("purchase.store_order", SERVICES),
    ("purchase.price_sheet", SERVICES),
    ("purchase.spending_profile", SERVICES),
    ("purchase.spending_limit", SERVICES),
    ("purchase.spending", SERVICES),
    ("purchase.store_question", Coordinator("a store's question is kept once in all books together")),
    ("purchase.store_sweep", Coordinator("one row for each app and list")),
    ("purchase.refund_consent", SERVICES),
    ("purchase.app_download", SERVICES),
    ("purchase.download_consent", SERVICES),
    ("purchase.migration", OURS),
    ("purchase.program_format", OURS),
    ("gift.catalogue", Coordinator("one price list for all books")),
    ("gift.catalogue_served", Coordinator("a row for each catalogue")),
    ("gift.migration", OURS),
    ("gift.program_format", OURS),
    ("treasury.structure_revision", STRUCTURE),
    ("treasury.physical_account", STRUCTURE),
    ("treasury.node", STRUCTURE),
    ("treasury.node_parent", STRUCTURE),
    ("treasury.leaf_state", STRUCTURE),
    ("treasury.virtual_number", STRUCTURE),
    ("treasury.closing", STRUCTURE),
    ("treasury.closing_account", STRUCTURE),
    ("treasury.closing_position", STRUCTURE),
    ("treasury.leaf_claim", STRUCTURE),
    ("treasury.accounting_book", Coordinator("one row for each book")),
    ("treasury.accounting_line", Coordinator("sums of days, a few for each account")),
    ("treasury.accounting_period", Coordinator("a few rows a month")),
    ("treasury.accounting_balance", Coordinator("a few rows a month")),
    ("treasury.movement", MOVEMENTS),
    ("treasury.movement_transfer", MOVEMENTS),
    ("treasury.funds_reservation", MOVEMENTS),
    ("treasury.sweep", MOVEMENTS),
    ("treasury.bank_file", STATEMENTS),
    ("treasury.bank_file_part", STATEMENTS),
    ("treasury.bank_statement", STATEMENTS),
    ("treasury.account_series", STATEMENTS),
    ("treasury.expected_item", STATEMENTS),
    ("treasury.bank_entry", STATEMENTS),
    ("treasury.entry_booking", STATEMENTS),
    ("treasury.bank_case", STATEMENTS),
    ("treasury.case_adjustment", STATEMENTS),
    ("treasury.closed_day", STATEMENTS),
    ("treasury.statement_members", STATEMENTS),
    ("treasury.statement", STATEMENTS),
    ("treasury.import_run", STRUCTURE),
    ("treasury.old_account", STRUCTURE),
    ("treasury.old_account_move", STRUCTURE),
    ("treasury.receipt", STRUCTURE),
    ("treasury.expected_receipt", STRUCTURE),
    ("treasury.migration", OURS),
    ("treasury.program_format", OURS),
    ("support.proposal", SERVICES),
    ("support.request", SERVICES),
    ("support.act", Coordinator("one chain over all books")),
    ("support.act_user", ACTS),
    ("support.act_account", ACTS),
    ("support.act_proposal", ACTS),
    ("support.proposal_user", ACTS),
    ("support.migration", OURS),
    ("support.program_format", OURS),
    ("monitor.figure_cursor", SERVICES),
    ("monitor.figure_hour", SERVICES),
    ("monitor.person_link", SERVICES),
    ("monitor.person_link_change", SERVICES),
    ("monitor.migration", OURS),
    ("monitor.program_format", OURS),
];

/// Removes the coordinator's own rows of a table once its nodes have them; Citus 10 and later.
const FORGET: &str = "truncate_local_data_after_distributing_table";

/// What was done with a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedTable {
    /// Schema and name.
    pub table: &'static str,
    /// What was done, as shown to people.
    pub told: String,
}

/// Fails without the Citus extension.
pub async fn check(database: &Database) -> Result<(), OperationFault> {
    connect(database).await?.close().await?;
    Ok(())
}

async fn connect(database: &Database) -> Result<PgConnection, OperationFault> {
    if database.engine() != Engine::Postgres {
        return Err("Citus is an extension of PostgreSQL; this database is not one".into());
    }
    let options = database.postgres_options("ledger")?.ok_or("not a PostgreSQL server")?;
    let mut connection = options.connect().await?;
    let there: Option<i32> =
        sqlx::query_scalar("SELECT 1 FROM pg_extension WHERE extname = 'citus'").fetch_optional(&mut connection).await?;
    if there.is_none() {
        return Err("the extension citus is not in this database: CREATE EXTENSION citus, and add the nodes".into());
    }
    Ok(connection)
}

/// Moves every table to its place; repeating it changes nothing. The tables must exist. One transaction: all or nothing.
pub async fn distribute(database: &Database) -> Result<Vec<PlacedTable>, OperationFault> {
    let mut connection = connect(database).await?;
    // A failure drops the connection, and the server rolls back.
    connection.execute("BEGIN").await?;
    let mut done = Vec::new();
    for (table, place) in PLAN {
        done.push(PlacedTable { table, told: put(&mut connection, table, place).await? });
    }
    connection.execute("COMMIT").await?;
    connection.close().await?;
    Ok(done)
}

async fn put(connection: &mut PgConnection, table: &'static str, place: TablePlacement) -> Result<String, OperationFault> {
    let (sql, told) = match place {
        Coordinator(why) => return Ok(format!("stays on the coordinator: {why}")),
        Everywhere => (format!("SELECT create_reference_table('{table}')::text"), "on every node".to_owned()),
        Spread { beside } => {
            let beside = if beside == table { "none" } else { beside };
            let sql = format!("SELECT create_distributed_table('{table}', 'book', colocate_with => '{beside}')::text");
            (sql, "spread by book".to_owned())
        }
    };
    let known = "SELECT 1 FROM pg_dist_partition WHERE logicalrelid = $1::regclass";
    let known: Option<i32> = sqlx::query_scalar(known).bind(table).fetch_optional(&mut *connection).await?;
    if known.is_some() {
        return Ok(format!("{told}, already"));
    }
    let failed = |error: sqlx::Error| format!("{table}: {error}");
    sqlx::query(AssertSqlSafe(sql)).execute(&mut *connection).await.map_err(failed)?;
    // Its old rows would stay on the coordinator, hidden, and use space there.
    let sql = format!("SELECT {FORGET}('{table}')::text");
    if sqlx::query_scalar("SELECT to_regproc($1) IS NOT NULL").bind(FORGET).fetch_one(&mut *connection).await? {
        sqlx::query(AssertSqlSafe(sql)).execute(connection).await.map_err(failed)?;
    }
    Ok(told)
}
