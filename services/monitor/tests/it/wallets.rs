//! What closures and merges of wallets posted is as their rows say, and never without a row; damage in either is named by both audits.
use crate::{
    done::request,
    planted::{damaged, problems},
    posted::{Planted, change, post},
};
use api::ledger::BookMode;
use chart::{PostingKind, id::PlannedAttempt};
use money::BookName;
use testbed::{Testbed, TestbedOptions, both};
use uuid::Uuid;

const BOOK: &str = "demo";
const CLOSURE: &str = "01936f5e-7c3b-7000-9000-a1b2c3d4e501";
const MERGE: &str = "01936f5e-7c3b-7000-9000-a1b2c3d4e502";
const PARTS: [&str; 2] = ["of the closure or merge", "by no closure and no merge"];

/// A change that was posted, with its rows: who gets everything where it is a merge.
async fn emptied(bed: &Testbed, change_id: &str, user: &str, into: &str, moved: Vec<(String, String, i64)>) -> String {
    let kind = if into.is_empty() { PostingKind::WalletForfeited } else { PostingKind::WalletMerged };
    let planned_at_ms = money::time::unix_ms(std::time::SystemTime::now());
    let planned = PlannedAttempt { number: 1, attempt: 0, planned_at_ms };
    let id = chart::id::wallet_change(&BookName::try_new(BOOK).unwrap(), change_id.parse().unwrap(), kind, planned);
    let sum = |part: &str| moved.iter().filter(|(debit, ..)| debit.ends_with(part)).map(|(.., amount)| amount).sum::<i64>();
    let (coins, debt) = (sum("/coins"), sum("/debt"));
    let fields = vec![("change_id", change_id.to_owned()), ("posting_no", "1".to_owned()), ("user_id", user.to_owned())];
    let posting = post(bed, Planted { book: BOOK, kind: kind.name(), id, moved, fields, guards: Vec::new() }).await;
    let number = if into.is_empty() { 1 } else { 2 };
    let sent = match into {
        "" => format!(r#"{{"user_id":"{user}"}}"#),
        into => format!(r#"{{"into_user_id":"{into}","user_id":"{user}"}}"#),
    };
    for sql in [
        format!(
            "INSERT INTO wallet_change (book, change_id, kind, user_id, into_user_id, asked_by, request_id, state, decided_by, note, created_at_ms, decided_at_ms,
                 ended_at_ms, tries, next_attempt_at_ms)
             VALUES ('{BOOK}', '{change_id}', {number}, '{user}', '{into}', 'sue', '{change_id}', 5, 'tom', '', 1, 2, 3, 0, 0)"
        ),
        format!(
            "INSERT INTO wallet_posting (book, change_id, posting_no, coins, debt_coins, debt_change_no, into_debt_change_no, attempt, planned_at_ms, state, posting_id)
             VALUES ('{BOOK}', '{change_id}', 1, {coins}, {debt}, 0, 0, 0, {planned_at_ms}, 2, '{}')",
            posting.posting_id
        ),
        request(&bed.database, ("sue", if into.is_empty() { "CloseWallet" } else { "MergeWallets" }, change_id), change_id, &sent),
        request(&bed.database, ("tom", "ApproveWalletChange", change_id), change_id, "{}"),
    ] {
        assert_eq!(change(&bed.database, "purchase", &sql).await, 1);
    }
    posting.posting_id
}

#[tokio::test(flavor = "multi_thread")]
async fn what_empties_a_wallet_is_compared_with_the_journal_in_both_directions() {
    for storage in both() {
        let bed = Testbed::on(storage, TestbedOptions { books: &[(BOOK, BookMode::Test)], recorded: false }).await;
        drop(purchase::tables::Store::open(&bed.database).await.unwrap());
        let named = |debit: &str, credit: &str, amount: i64| (debit.to_owned(), credit.to_owned(), amount);
        for user in ["ann", "bob"] {
            let given = vec![named("house/coins/issued", &format!("viewer/{user}/coins"), 70)];
            post(&bed, Planted { book: BOOK, kind: "test", id: Uuid::now_v7(), moved: given, fields: Vec::new(), guards: Vec::new() })
                .await;
        }
        let first = emptied(&bed, CLOSURE, "ann", "", vec![named("viewer/ann/coins", "house/coins/issued", 70)]).await;
        let both = vec![named("viewer/bob/coins", "viewer/cleo/coins", 70), named("viewer/cleo/debt", "viewer/bob/debt", 3)];
        let second = emptied(&bed, MERGE, "bob", "cleo", both).await;
        let found = async || problems(&bed, (BOOK, "purchases"), &PARTS).await;
        assert_eq!(found().await, [const { Vec::<String>::new() }; 2]);
        for (table, sql, said) in [
            ("wallet_posting", "UPDATE wallet_posting SET coins = 71", "says wallet."),
            ("wallet_posting", "UPDATE wallet_posting SET debt_coins = 4", "says wallet.merged of"),
            ("wallet_posting", "UPDATE wallet_posting SET posting_id = ''", "names no posting of its own"),
            ("wallet_change", "UPDATE wallet_change SET user_id = 'thief'", "of the wallet of thief"),
            ("wallet_change", "UPDATE wallet_change SET into_user_id = 'thief' WHERE kind = 2", "says wallet.merged of"),
            ("wallet_posting", "DELETE FROM wallet_posting", "by no closure and no merge"),
            ("wallet_change", "DELETE FROM wallet_change WHERE kind = 1", "empties a wallet by no closure and no merge"),
        ] {
            for found in damaged(&bed.database, ("purchase", table, sql), &found).await {
                assert!(found.iter().any(|problem| problem.contains(said)), "{sql}: {found:#?}");
            }
        }
        assert_eq!(found().await, [const { Vec::<String>::new() }; 2]);
        assert_ne!(first, second);
        // Coins that nobody decided to take.
        let moved = vec![named("viewer/cleo/coins", "house/coins/issued", 1)];
        let fields = vec![("change_id", CLOSURE.to_owned()), ("posting_no", "2".to_owned()), ("user_id", "cleo".to_owned())];
        let id = Uuid::now_v7();
        let forged = post(&bed, Planted { book: BOOK, kind: "wallet.forfeited", id, moved, fields, guards: Vec::new() }).await.posting_id;
        for found in found().await {
            let said = format!("posting {forged}, empties a wallet by no closure and no merge");
            assert!(found.iter().any(|problem| problem.contains(&said)), "{found:#?}");
        }
    }
}
