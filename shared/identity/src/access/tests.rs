//! Unit tests of `access`.
use super::*;
use std::collections::HashSet;

#[test]
fn no_rpc_has_two_rows() {
    let paths: HashSet<_> = TABLE.iter().map(|row| row.path).collect();
    assert_eq!(paths.len(), TABLE.len());
}

#[test]
fn users_never_reach_the_ledger() {
    for row in TABLE.iter().filter(|row| row.path.contains("LedgerService")) {
        assert_eq!(row.reach(Viewer), None, "{}", row.path);
        assert_eq!(row.reach(Creator), None, "{}", row.path);
    }
}

#[test]
fn users_act_on_their_own_only() {
    for row in TABLE.iter() {
        for role in [Viewer, Creator] {
            assert_ne!(row.reach(role), Some(Reach::OnBehalf), "{}", row.path);
        }
    }
}

#[test]
fn auditors_change_nothing() {
    let changing = ["Create", "Open", "Set", "Post", "Void", "Reverse", "Send", "Redeem", "Accept", "Request"];
    for row in TABLE.iter() {
        let method = row.path.rsplit('/').next().unwrap();
        if changing.iter().any(|verb| method.starts_with(verb)) {
            assert_eq!(row.reach(Auditor), None, "{}", row.path);
        }
    }
}

#[test]
fn only_what_services_send_to_services_may_be_large() {
    let large: Vec<(&str, usize)> =
        TABLE.iter().filter(|row| row.bytes_max > 64 * 1024).map(|row| (row.path, row.bytes_max >> 10)).collect();
    let expected = [
        ("/largesse.ledger.v1.LedgerService/PostBatch", 16 << 10),
        ("/largesse.ledger.v1.LedgerService/ImportBatch", 16 << 10),
        ("/largesse.purchase.v1.PurchaseService/ImportStoreReport", 256),
        ("/largesse.purchase.v1.PurchaseService/LoadPriceSheet", 256),
        ("/largesse.payout.v1.PayoutService/CreatePayoutRun", 16 << 10),
        ("/largesse.treasury.v1.TreasuryService/PlanStructure", 256),
        ("/largesse.treasury.v1.TreasuryService/ApplyStructure", 256),
        ("/largesse.treasury.v1.TreasuryService/ImportStatement", 256),
        ("/largesse.treasury.v1.TreasuryService/ImportStatementStream", 1088),
        ("/largesse.treasury.v1.TreasuryService/PlanMigration", 256),
        ("/largesse.treasury.v1.TreasuryService/ApplyMigration", 256),
        ("/largesse.support.v1.SupportService/RecordAct", 384),
    ];
    assert_eq!(large, expected);
    for row in TABLE.iter().filter(|row| row.bytes_max > 64 * 1024) {
        // Only services and staff may send large messages.
        assert_eq!((row.reach(Viewer), row.reach(Creator)), (None, None), "{}", row.path);
    }
}

#[test]
fn who_decides_second_or_for_ever_has_signed_in_lately() {
    let decides = |path: &str| {
        let method = path.rsplit('/').next().unwrap();
        ["Approve", "Decide", "Resolve", "Unblock"].iter().any(|verb| method.starts_with(verb)) || method == "AcceptStoreDifferences"
    };
    let alone = |path: &str| {
        let method = path.rsplit('/').next().unwrap();
        (method.starts_with("Close") && path.contains("/largesse.")) || ["RefundPurchase", "MoveFunds"].contains(&method)
    };
    for row in TABLE.iter() {
        assert_eq!(row.approval, decides(row.path), "{}", row.path);
        assert_eq!(row.step_up, decides(row.path) || alone(row.path), "{}", row.path);
        assert!(row.reason || !row.step_up, "{}: whoever decides says why", row.path);
    }
}
