//! Which crate may depend on which, all in one table. Every crate of the workspace has a row, so a new one is refused until somebody adds its row.

/// A crate's row.
#[derive(Debug, Clone, Copy)]
pub struct CrateRow {
    /// Its folder from the top of the repository; the folder's name is the crate's.
    pub folder: &'static str,
    /// Crates of the workspace that it may depend on.
    pub may: &'static [&'static [&'static str]],
    /// Crates that only its tests may depend on.
    pub tests_may: &'static [&'static str],
}

const fn row(folder: &'static str, may: &'static [&'static [&'static str]], tests_may: &'static [&'static str]) -> CrateRow {
    CrateRow { folder, may, tests_may }
}

/// Dependencies of a service that moves money by postings.
const CLIENT: &[&str] = &["ledger_client", "chart", "api", "rpc", "identity", "db", "settings", "telemetry", "money"];
/// Additional dependencies of its tests: other services in the same process.
const CLIENT_TESTS: &[&str] = &["testbed", "pgtest", "sandbox"];
/// The services whose `tables` auditors and operators read.
const WITH_TABLES: &[&str] = &["purchase", "earnings", "payout", "support", "gift", "treasury"];
/// The ledger's pure half.
const BOOKS: &[&str] = &["books", "chart"];
/// Dependencies of a client of the services.
const CALLER: &[&str] = &["api", "rpc", "identity", "money"];

/// All crates, each after those that it may depend on.
pub const CRATES: &[CrateRow] = &[
    row("shared/money", &[], &[]),
    row("shared/api", &[], &[]),
    row("shared/settings", &[], &[]),
    row("shared/pgtest", &[], &[]),
    row("shared/chart", &[&["money"]], &[]),
    row("shared/accounts", &[&["money"]], &[]),
    row("shared/accounting", &[&["chart", "money", "settings"]], &[]),
    row("shared/iso20022", &[&["accounts", "money"]], &[]),
    row("shared/bankfiles", &[&["iso20022", "money"]], &[]),
    row("shared/matching", &[&["bankfiles", "iso20022", "money"]], &[]),
    row("shared/rails", &[&["accounts", "money", "settings"]], &[]),
    row("shared/reconciliation", &[&["bankfiles", "matching", "iso20022", "rails", "money"]], &[]),
    row("shared/bankapi", &[&["accounts", "money"]], &[]),
    row("shared/screening", &[&["settings"]], &[]),
    row("shared/storereports", &[&["money"]], &[]),
    // Before identity, which fetches issuers' keys with it.
    row("shared/http_client", &[], &[]),
    // The pretend counterparts are told over HTTP.
    row("shared/scenarios", &[&["http_client"]], &[]),
    row("shared/identity", &[&["money", "http_client"]], &[]),
    row("shared/db", &[&["money"]], &["pgtest"]),
    // Its tests read its options as a program does.
    row("shared/telemetry", &[], &["settings"]),
    row("shared/books", &[&["money", "chart", "db"]], &["pgtest"]),
    // It records which users a staff request concerns, and a request may name an account. Its tests read spans from the testbed's collector.
    row("shared/rpc", &[&["api", "chart", "identity", "money", "telemetry"]], &["testbed"]),
    row("shared/ledger_client", &[&["api", "rpc", "chart", "money"]], &[]),
    row("services/ledger", &[&["books", "chart", "api", "rpc", "identity", "db", "settings", "telemetry", "money"]], &["pgtest"]),
    row("services/gift", &[CLIENT], CLIENT_TESTS),
    // Stores call it and are called; their signed tokens are the same as banks'.
    row("services/purchase", &[CLIENT, &["bankapi", "http_client", "storereports"]], CLIENT_TESTS),
    row("services/earnings", &[CLIENT], CLIENT_TESTS),
    row(
        "services/payout",
        &[CLIENT, &["iso20022", "accounts", "bankapi", "bankfiles", "matching", "rails", "screening", "http_client"]],
        // Its payouts reserve with treasury.
        &["testbed", "pgtest", "sandbox", "treasury"],
    ),
    row("services/support", &[CLIENT], CLIENT_TESTS),
    row(
        "services/treasury",
        &[CLIENT, &["accounting", "accounts", "bankfiles", "http_client", "iso20022", "matching", "rails", "reconciliation"]],
        CLIENT_TESTS,
    ),
    // Its banks read what a payer sends with the same crates that a payer writes it with, and one of them calls the payer back.
    row(
        "services/sandbox",
        &[&["accounts", "iso20022", "bankapi", "bankfiles", "rails", "http_client", "db", "telemetry", "money"]],
        // Whatever its counterparts can be told has a name.
        &["pgtest", "scenarios"],
    ),
    // It audits, so it reads tables and asks no service about money; `tables_only` enforces that. It follows the ledger's journals to show payments.
    row("services/monitor", &[BOOKS, CALLER, WITH_TABLES, &["accounting", "db", "ledger_client", "telemetry"]], &["testbed", "pgtest"]),
    // Its pages call services as any client does, and read no table.
    row("services/console", &[CALLER, &["chart", "http_client", "scenarios", "telemetry"]], &[]),
    row(
        "services/runtime",
        &[BOOKS, CLIENT, WITH_TABLES, &["console", "ledger", "monitor", "sandbox", "scenarios"]],
        &["testbed", "pgtest", "http_client"],
    ),
    // It calls a service only for imports, which the ledger must accept.
    row("services/operations", &[BOOKS, CALLER, WITH_TABLES, &["accounting", "db", "ledger_client", "monitor"]], &["testbed", "pgtest"]),
    // It calls services as apps do, and proves their books as `verify` does.
    row("services/demo", &[BOOKS, CALLER, &["db", "runtime", "operations", "monitor", "sandbox", "iso20022", "http_client"]], &[]),
    row(
        "services/largesse",
        &[
            CALLER,
            &[
                "runtime",
                "operations",
                "demo",
                "monitor",
                "accounting",
                "db",
                "settings",
                "telemetry",
                "rails",
                "bankfiles",
                "matching",
                "reconciliation",
                "accounts",
                "scenarios",
                "screening",
            ],
        ],
        &["books", "chart", "ledger", "pgtest"],
    ),
    row("tests/testbed", &[CALLER, BOOKS, &["ledger", "ledger_client", "sandbox", "http_client", "pgtest", "telemetry", "db"]], &[]),
    // It makes the postings of gifts itself, to measure the ledger without the gift service; and it measures the cost of telemetry with the testbed's
    // collector. It reads the pretend bank's statements.
    row("tests/bench", &[BOOKS, CALLER, &["runtime", "demo", "gift", "ledger", "db", "testbed", "iso20022", "http_client"]], &["pgtest"]),
    row(
        "tests",
        &[
            BOOKS,
            CLIENT,
            WITH_TABLES,
            &[
                "gift",
                "ledger",
                "monitor",
                "sandbox",
                "iso20022",
                "bankapi",
                "bankfiles",
                "matching",
                "rails",
                "accounting",
                "accounts",
                "screening",
                "storereports",
                "runtime",
                "operations",
                "demo",
                "testbed",
                "bench",
                "pgtest",
                "http_client",
            ],
        ],
        &[],
    ),
];

impl CrateRow {
    /// The crate's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.folder.rsplit('/').next().unwrap_or(self.folder)
    }

    /// Whether the crate, or only its tests, may depend on another of the workspace.
    #[must_use]
    pub fn allows(&self, other: &str, in_tests: bool) -> bool {
        self.may.iter().any(|some| some.contains(&other)) || (in_tests && self.tests_may.contains(&other))
    }
}

/// The row of the crate in a folder.
#[must_use]
pub fn row_of(folder: &str) -> Option<&'static CrateRow> {
    CRATES.iter().find(|row| row.folder == folder)
}

/// Whether this is the name of a crate of the workspace.
#[must_use]
pub fn is_ours(name: &str) -> bool {
    CRATES.iter().any(|row| row.name() == name)
}
