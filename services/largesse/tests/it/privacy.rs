//! Personal data: listed completely, exported in full, erased permanently, and the journal unchanged.
use crate::options;
use demo::{
    installation::{Installation, authorised, explained},
    shop::Shop,
};
use identity::Role;
use identity::Service;
use money::BookName;
use operations::privacy::PERSONAL;
use runtime::{Runtime, tables};
use sqlx::{ConnectOptions as _, Connection as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    collections::BTreeSet,
    path::Path,
    process::{Command, Output},
};
use uuid::Uuid;

/// Text columns without personal data: names of things, states, numbers as texts, digests, internal ids.
const OTHERS: &str = "book act_id issuer role rpc outcome salt text_digest hash proposal_id proposed_by decided_by decision_reason result \
    owner name mode region id body fields key zone purchase_id request_id store environment bundle_id product_id currency posting_id quote_id rate \
    rate_date rate_card_version accept_request_id accept_user_named subject beneficiary_id country rail payout_id phase state step_key bank_status \
    reason_code hold_posting_id submit_posting_id final_posting_id traceparent direction kind checksum told standings version reason facts session \
    key_check.sealed stated_price refusal_id refused_receipt.message sendings digest statement_id request_hash proposal_hash \
    installation_id identities payee_check bank entity bank_account reference rails_tried bearer end_to_end_id review_id finding review_hash list \
    entry_digest subject_digest edition cleared_by report_due licence_number licence_date licence_by unblocked_by unblock_posting_id tier set_by \
    threshold_id approved_by after_book after_id bank_reference code value_date return_id recall_id message_id answer_code repaid_by bank_inbox.note \
    cause reserve_key release_key run_id above_currency collected_to problem lines_hash order_id amount_kind rhythm time_of_day time_zone \
    file_name sha256 modifier created_on company_id booked_by trace return_code correction_code ach_change.why \
    plan_hash file_hash effective_date account_id branch account_number number_root added_date node_id level funds_class uses standard from_date parent_id \
    form until_date fee_bearer fee_key fee_posting_id \
    format day closed_through item_key direction books_state short_reference payment_ids final_date settlement descriptor_text closed_as closed_day \
    since_date entry_key result items debit credit case_id class entry_keys postings proposed_item resolution adjustment_id transfers timing \
    message_ids shared_message.payouts closing.account closing_account.account \
    commit_hash accounting_date accounting_line.account accounting_balance.account unit event_date first_date last_date balances_hash \
    leaf_id statement_date cost_source mandates imported_date cash_account cash_entity booked_on \
    leaf_entity allocation old_account expected_id old_account_move.request_id expected_receipt.source expected_receipt.receipt_id \
    movement.request_key movement.asked movement.posting_key movement.calculation \
    movement_transfer.debit_account movement_transfer.credit_account leaf_claim.app_book members_hash members content_hash \
    app reservation_id leaf_id account_entity hold_key intent_id settled_by sweep_id rule_id business_day from_account from_account_entity from_leaf \
    to_account to_account_entity to_leaf return_day returns_id sweep.request_key event_id subtype store_event.note debit_id on_behalf_of duty last_error receipt_token.note \
    merchant market channel price_sheet.version price_sheet.content spending_id period month over_limit store_order.note planned_day to_bank to_bank_account own_transfer.evidence bank_evidence back_on \
     store_report.account store_report.period store_report.part first_day last_day imported_by amount proceeds_currency proceeds happened_on arrives_on \
     store_bill.account store_bill.note lot_breakage.source pay_method end_asked_by end_agreed_by \
     settlement_id store_settlement.account store_settlement.period store_settlement.note carried_from differences_hash proposed_hash approved_hash \
     expected reported settlement_difference.note arrives_by settlement_posting.note \
     fact_id refund_fact.note refund.note dispute_step.note coin_hold.note end_posting_id restores money_posting_id refund_id change_id refund_order.note question_key delivery \
     preference store_question.note terms set_by page_token after_purchase_id linked_by changed_by";

async fn connect(dir: &Path, service: Service) -> SqliteConnection {
    SqliteConnectOptions::new().filename(dir.join(format!("{service}.db"))).connect().await.unwrap()
}

#[tokio::test]
async fn every_column_with_a_text_is_listed_or_is_nobodys() {
    let dir = tempfile::tempdir().unwrap();
    let database = db::Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap();
    let others: BTreeSet<&str> = OTHERS.split_whitespace().collect();
    let mut listed: BTreeSet<(Service, &str)> = PERSONAL.iter().map(|personal| (personal.service, personal.column)).collect();
    for service in
        [Service::Ledger, Service::Support, Service::Purchase, Service::Earnings, Service::Payout, Service::Treasury, Service::Monitor]
    {
        tables::migrate(service, &database).await.unwrap();
        let mut connection = connect(dir.path(), service).await;
        let columns = "SELECT tables.name, columns.name, columns.type FROM sqlite_master tables, pragma_table_info(tables.name) columns
            WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%' AND tables.name <> 'migration'";
        for row in sqlx::query(columns).fetch_all(&mut connection).await.unwrap() {
            let (table, column, kind): (String, String, String) = (row.get(0), row.get(1), row.get(2));
            let name = format!("{table}.{column}");
            let found = listed.iter().find(|(of, known)| *of == service && *known == name).copied();
            if let Some(found) = found {
                listed.remove(&found);
            } else if ["TEXT", "BLOB"].contains(&kind.as_str()) {
                assert!(
                    others.contains(column.as_str()) || others.contains(name.as_str()),
                    "{service}: {name} is neither listed as personal nor as free of personal data"
                );
            }
        }
        connection.close().await.unwrap();
    }
    assert!(listed.is_empty(), "listed and not there: {listed:?}");
}

fn largesse(dir: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
    command.arg("privacy").arg("--set").arg(format!("data_dir={}", dir.display())).args(arguments);
    command.env_remove("RUST_LOG").output().unwrap()
}

/// An installation with a purchase, a bank account, a staff action that read data, and a settled payout.
async fn lived_in(dir: &Path) -> Runtime {
    let fixture = Runtime::start(options(dir)).await.unwrap();
    let installation = Installation::inside(&fixture, BookName::try_new("demo").unwrap()).unwrap();
    Shop::open(&installation).await.unwrap().buy("u1", 500).await.unwrap();
    let creator = installation.token("u1", Role::Creator).unwrap();
    let account =
        api::payout::AbaAccount { routing_number: "021000021".into(), account_number: "99887766554".into(), ..Default::default() };
    let create = api::payout::CreateBeneficiaryRequest {
        request_id: Uuid::now_v7().to_string(),
        holder_name: "Marker Person".into(),
        account: Some(api::payout::create_beneficiary_request::Account::Aba(account)),
        ..Default::default()
    };
    installation.payout().create_beneficiary(authorised(create, &creator).unwrap()).await.unwrap();
    let staff = installation.token("sue", Role::Support).unwrap();
    let look = api::purchase::GetWalletRequest { user_id: "u1".into(), ..Default::default() };
    installation.purchase().get_wallet(explained(look, &staff, "ticket of Marker Person").unwrap()).await.unwrap();
    let app = installation.token("app", Role::Service).unwrap();
    let link = api::monitor::LinkPersonRequest { user_id: "u1".into(), person_id: "marker-key-of-person".into(), ..Default::default() };
    installation.monitor().link_person(authorised(link, &app).unwrap()).await.unwrap();
    fixture
}

async fn head(dir: &Path) -> (i64, Vec<u8>) {
    let mut connection = connect(dir, Service::Ledger).await;
    let row =
        sqlx::query("SELECT commit_no, hash FROM \"commit\" ORDER BY commit_no DESC LIMIT 1").fetch_one(&mut connection).await.unwrap();
    (row.get(0), row.get(1))
}

const WHOSE: [&str; 8] = ["--book", "demo", "--user", "u1", "--by", "ann", "--reason", "asked for in letter 17"];

#[tokio::test(flavor = "multi_thread")]
async fn a_users_data_is_shown_whole_and_erased_and_the_journal_stays_what_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = lived_in(dir.path()).await;
    let before = head(dir.path()).await;
    let shown = largesse(dir.path(), &[&["export"], &WHOSE[..]].concat());
    assert!(shown.status.success(), "{shown:?}");
    let whole: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!(whole["beneficiaries"][0]["holder_name"], "Marker Person");
    assert_eq!(whole["beneficiaries"][0]["account_number"], "99887766554");
    assert_eq!(whole["person_links"][0]["person_id"], "marker-key-of-person");
    assert!(whole["app_account_token"].is_string() && !whole["purchases"].as_array().unwrap().is_empty());
    let coins = whole["entries"].as_array().unwrap().iter().any(|entry| entry["credit_account"] == "viewer/u1/coins");
    assert!(coins, "{}", whole["entries"]);

    let erased = largesse(dir.path(), &[&["erase"], &WHOSE[..]].concat());
    assert!(erased.status.success(), "{erased:?}");
    let counts: serde_json::Value = serde_json::from_slice(&erased.stdout).unwrap();
    assert_eq!((&counts["payout"]["beneficiaries"], &counts["wallets"]), (&1.into(), &1.into()));
    assert!(counts["acts"].as_u64().unwrap() >= 2, "{counts}");
    assert_eq!(counts["person_links"], 2, "the link and its history");
    let again = largesse(dir.path(), &[&["erase"], &WHOSE[..]].concat());
    let counts: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
    assert_eq!((&counts["payout"]["beneficiaries"], &counts["wallets"]), (&0.into(), &0.into()));
    assert_eq!(head(dir.path()).await, before, "the journal was touched");
    fixture.shutdown().await;
    // No file contains personal data any more, and everything still verifies.
    let mut tables = 0;
    for path in std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        // The write-ahead log beside a table's file is removed with its last reader, which may happen just now.
        let Ok(bytes) = std::fs::read(&path) else { continue };
        tables += usize::from(path.extension().is_some_and(|end| end == "db"));
        for marker in ["Marker Person", "99887766554", "marker-key-of-person"] {
            assert!(!bytes.windows(marker.len()).any(|window| window == marker.as_bytes()), "{marker} in {path:?}");
        }
    }
    assert!(tables >= 5, "{tables} services' tables were read");
    let verify = Command::new(env!("CARGO_BIN_EXE_largesse"))
        .args(["verify", "--database"])
        .arg(format!("sqlite:{}", dir.path().display()))
        .output();
    let verify = verify.unwrap();
    assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stdout));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_shown_or_erased_without_a_reason_a_record_or_a_book() {
    let dir = tempfile::tempdir().unwrap();
    let without = largesse(dir.path(), &[&["erase"], &WHOSE[..]].concat());
    assert_eq!(without.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&without.stderr).contains("no audit log"), "{without:?}");
    let fixture = lived_in(dir.path()).await;
    for (at, value) in [(7, "short"), (3, "not a key!"), (1, "NOT A BOOK")] {
        let mut whose = WHOSE;
        whose[at] = value;
        assert_eq!(largesse(dir.path(), &[&["erase"], &whose[..]].concat()).status.code(), Some(2), "{value}");
    }
    // A typo in the user's name must not look like a completed operation.
    let mut nobody = WHOSE;
    nobody[3] = "nosuchuser";
    for deed in ["export", "erase"] {
        let nothing = largesse(dir.path(), &[&[deed], &nobody[..]].concat());
        let told = String::from_utf8_lossy(&nothing.stderr);
        assert!(nothing.status.code() == Some(1) && told.contains("nothing is known of user nosuchuser"), "{deed}: {told}");
    }
    let mut elsewhere = WHOSE;
    elsewhere[1] = "other";
    let nothing = largesse(dir.path(), &[&["export"], &elsewhere[..]].concat());
    assert_eq!(nothing.status.code(), Some(1));
    fixture.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_installations_heads_are_not_written_into() {
    let (own, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for dir in [own.path(), other.path()] {
        lived_in(dir).await.shutdown().await;
    }
    let done = largesse(own.path(), &[&["export"], &WHOSE[..]].concat());
    assert!(done.status.success(), "{done:?}");
    let heads = || std::fs::read_to_string(own.path().join("heads/_acts.heads")).unwrap();
    let before = heads();
    // The database of one installation, with the heads of the other by default.
    let database = format!("sqlite:{}", other.path().display());
    let mixed = || largesse(own.path(), &[&["--database", &database, "erase"], &WHOSE[..]].concat());
    let refused = mixed();
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(1) && why.contains("nothing was done") && why.contains("installation"), "{why}");
    assert_eq!(heads(), before);
    // Also refused when the heads contain no lines to compare.
    std::fs::write(own.path().join("heads/_acts.heads"), "").unwrap();
    let refused = mixed();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("heads there are of installation"), "{refused:?}");
    assert_eq!(heads(), "");
    // Also refused for heads of earlier versions, which have no id, because their lines are not in this database.
    std::fs::remove_file(own.path().join("heads/_installation")).unwrap();
    std::fs::write(own.path().join("heads/_acts.heads"), before).unwrap();
    let refused = mixed();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is of no line in"), "{refused:?}");
}
