//! A sale is one posting; zero amounts are left out.

use super::*;
use crate::domain::{PurchaseState, ReceiptValue, SoldAs, StoreKind};
use crate::refunds::step::{CoinPlan, RefundMoney, StepState};
use crate::settlements::settlement::SettledAmounts;
use crate::wallet_changes::change::WalletAct;
use money::{BookName, Coins, Currency, Money, UserKey};
use uuid::Uuid;

fn bought(price: i64, tax: i64, commission: i64) -> Purchase {
    let usd = |minor| Money::try_new(Currency::try_new("USD").unwrap(), minor).unwrap();
    Purchase {
        book: BookName::try_new("demo").unwrap(),
        purchase_id: Uuid::from_u128(0x0189_0a5d_ac96_774b_bcce_b302_099a_8057),
        user: UserKey::try_new("ann").unwrap(),
        request_id: Uuid::from_u128(7),
        state: PurchaseState::Verified,
        store: StoreKind::Apple,
        environment: "Sandbox".to_owned(),
        bundle_id: "com.example".to_owned(),
        transaction_id: "1000".to_owned(),
        product_id: "coins.70".to_owned(),
        quantity: 1,
        value: ReceiptValue { coins: Coins::try_new(70).unwrap(), price: usd(price), tax: usd(tax), commission: usd(commission) },
        purchased_at_ms: 1_700_000_000_123,
        created_at_ms: 1_700_000_000_456,
        attempt: 0,
        attempt_at_ms: 0,
        tries: 0,
        blocked_by: String::new(),
        waits_since_ms: 0,
        stated_price: String::new(),
        sold: SoldAs::default(),
    }
}

#[test]
fn a_sale_issues_coins_and_defers_the_revenue() {
    let purchase = bought(1_100, 100, 300);
    let post = sale(&purchase).for_book(&purchase.book);
    let moved: Vec<_> = post.transfers.iter().map(|t| (t.debit_account.as_str(), t.credit_account.as_str(), t.amount)).collect();
    let expected = [
        ("house/coins/issued", "viewer/ann/coins", 70),
        ("house/store_receivable/USD", "house/deferred_revenue/USD", 700),
        ("house/prepaid_commission/USD", "house/deferred_revenue/USD", 300),
    ];
    assert_eq!(moved, expected);
    assert_eq!((post.kind.as_str(), post.effective_time.unwrap().nanos), ("purchase.apple", 123_000_000));
    let names: Vec<&str> = post.request_fields.iter().map(|field| field.name.as_str()).collect();
    let kept = ["purchase_id", "user_id", "environment", "transaction_id", "product_id", "quantity", "tax_minor_units"];
    assert_eq!(names, kept, "compared on a retry, also by the next release");
}

#[test]
fn of_a_sale_through_a_processor_the_price_is_owed_to_us_and_the_tax_by_us() {
    let purchase = Purchase { store: StoreKind::Stripe, ..bought(1_100, 100, 0) };
    for (post, wallet) in [(sale(&purchase), "viewer/ann/coins"), (suspended_sale(&purchase), "house/coins/suspense")] {
        let post = post.for_book(&purchase.book);
        let moved: Vec<_> = post.transfers.iter().map(|t| (t.debit_account.as_str(), t.credit_account.as_str(), t.amount)).collect();
        let expected = [
            ("house/coins/issued", wallet, 70),
            ("house/processor_receivable/USD", "house/deferred_revenue/USD", 1_000),
            ("house/processor_receivable/USD", "house/tax_payable/USD", 100),
        ];
        assert_eq!((moved.as_slice(), post.kind.as_str()), (&expected[..], "purchase.web"));
    }
}

#[test]
fn a_sale_to_a_closed_wallet_is_the_same_but_for_where_the_coins_go() {
    let purchase = bought(1_100, 100, 300);
    let (mut to_wallet, mut to_suspense) = (sale(&purchase).in_batch(), suspended_sale(&purchase).in_batch());
    assert_eq!(to_suspense.transfers[0].credit_account, "house/coins/suspense");
    to_wallet.transfers.remove(0);
    to_suspense.transfers.remove(0);
    assert_eq!(to_wallet, to_suspense);
}

#[test]
fn a_purchase_that_waits_is_counted_until_its_sale() {
    let waits = Purchase { waits_since_ms: 1_700_000_000_500, ..bought(1_100, 100, 300) };
    let keys = |draft: PostingDraft| draft.in_batch().guards.into_iter().map(|guard| guard.key).collect::<Vec<_>>();
    let counted = [format!("receipt/{}", waits.purchase_id), "in_flight/viewer/ann/coins".to_owned()];
    assert_eq!(keys(waiting(&waits)), counted);
    assert_eq!((keys(sale(&waits)), keys(suspended_sale(&waits))), (counted.to_vec(), counted.to_vec()));
    assert_eq!(keys(sale(&bought(1_100, 100, 300))), Vec::<String>::new(), "one that never waited costs nothing more");
}

#[test]
fn another_entity_sells_into_accounts_of_its_own() {
    let sold = SoldAs { entity: "acme-jp".to_owned(), ..SoldAs::default() };
    let post = sale(&Purchase { sold, ..bought(1_100, 100, 300) }).in_batch();
    let accounts: Vec<_> = post.transfers[1..].iter().map(|t| (t.debit_account.as_str(), t.credit_account.as_str())).collect();
    let expected = [
        ("house/acme-jp/store_receivable/USD", "house/acme-jp/deferred_revenue/USD"),
        ("house/acme-jp/prepaid_commission/USD", "house/acme-jp/deferred_revenue/USD"),
    ];
    assert_eq!(accounts, expected);
}

#[test]
fn what_costs_nothing_is_issued_without_money() {
    assert_eq!(sale(&bought(0, 0, 0)).in_batch().transfers.len(), 1);
}

#[test]
fn another_attempt_has_another_id_and_asks_for_the_same() {
    let first = bought(1_100, 100, 300);
    let later = Purchase { attempt: 1, attempt_at_ms: 1_700_900_000_000, ..first.clone() };
    let (first, later) = (sale(&first).in_batch(), sale(&later).in_batch());
    assert_ne!(first.request_id, later.request_id);
    assert_eq!((first.transfers, first.request_fields), (later.transfers, later.request_fields));
}

#[test]
fn a_price_in_an_unknown_currency_goes_along() {
    let flagged = Purchase { stated_price: "19.900 XQQ".to_owned(), ..bought(1_100, 100, 300) };
    let post = sale(&flagged).in_batch();
    let last = post.request_fields.last().unwrap();
    assert_eq!((last.name.as_str(), last.value.as_str()), ("stated_price", "19.900 XQQ"));
    assert_eq!(post.transfers, sale(&bought(1_100, 100, 300)).in_batch().transfers);
}

fn earning(revenue: i64, commission: i64) -> RevenuePosting {
    let usd = Currency::try_new("USD").unwrap();
    RevenuePosting {
        book: BookName::try_new("demo").unwrap(),
        day: "2026-11-27".parse().unwrap(),
        entity: "acme-us".to_owned(),
        edition: 1,
        revenue: SignedMoney::try_new(usd, revenue).unwrap(),
        breakage: SignedMoney::try_new(usd, 0).unwrap(),
        commission: SignedMoney::try_new(usd, commission).unwrap(),
        attempt: 0,
        planned_at_ms: 1_795_827_700_000,
    }
}

#[test]
fn a_days_revenue_is_posted_at_its_end_and_back_where_it_was_too_much() {
    let moved = |revenue: &RevenuePosting| -> Vec<(String, String, i64)> {
        let post = earned(revenue).in_batch();
        post.transfers.into_iter().map(|t| (t.debit_account, t.credit_account, t.amount)).collect()
    };
    let account = |purpose: &str| format!("house/acme-us/{purpose}/USD");
    let there = [(account("deferred_revenue"), account("revenue"), 50), (account("commission_expense"), account("prepaid_commission"), 15)];
    assert_eq!(moved(&earning(50, 15)), there);
    assert_eq!(moved(&earning(-50, -15)), there.map(|(debit, credit, amount)| (credit, debit, amount)));
    let post = earned(&earning(50, 0)).in_batch();
    assert_eq!((post.transfers.len(), post.effective_time.unwrap().seconds), (1, 1_795_823_999), "the day's last second");
}

#[test]
fn another_attempt_or_edition_of_a_day_has_another_id() {
    let first = earning(50, 15);
    let ids = [first.clone(), RevenuePosting { edition: 2, ..first.clone() }, RevenuePosting { attempt: 1, ..first.clone() }];
    let ids: std::collections::BTreeSet<String> = ids.iter().map(|one| earned(one).in_batch().request_id).collect();
    assert_eq!(ids.len(), 3);
    assert!(ids.contains(&earned(&first).in_batch().request_id));
}

/// A step that moves so many coins of wallet and debt, and this money.
fn step(is_back: bool, (wallet, debt): (i64, i64), money: RefundMoney) -> RefundStep {
    RefundStep {
        book: BookName::try_new("demo").unwrap(),
        purchase_id: Uuid::from_u128(0x0189_0a5d_ac96_774b_bcce_b302_099a_8057),
        step_no: 2,
        user: UserKey::try_new("ann").unwrap(),
        is_back,
        coins: wallet + debt,
        currency: Currency::try_new("USD").unwrap(),
        amount: 0,
        coins_total: 0,
        amount_total: 0,
        disputed_total: 0,
        state: StepState::Coins,
        tries: 0,
        created_at_ms: 1_795_827_700_000,
        hold_no: 0,
        held: 0,
        plan: CoinPlan { planned_at_ms: 1_795_827_700_001, wallet, debt, debt_change_no: 4, ..CoinPlan::default() },
        restores: "posting-1".to_owned(),
        posting_id: String::new(),
        seq: 0,
        money_attempt: 0,
        money_planned_at_ms: 1_795_827_700_002,
        money,
        money_posting_id: String::new(),
    }
}

fn moved(draft: PostingDraft) -> Vec<(String, String, i64)> {
    draft.in_batch().transfers.into_iter().map(|t| (t.debit_account, t.credit_account, t.amount)).collect()
}

fn rows(rows: &[(&str, &str, i64)]) -> Vec<(String, String, i64)> {
    rows.iter().map(|(debit, credit, amount)| ((*debit).to_owned(), (*credit).to_owned(), *amount)).collect()
}

#[test]
fn a_refund_takes_coins_and_makes_debt_once_and_from_the_debt_it_was_planned_by() {
    let purchase = bought(1_100, 100, 300);
    let draft = granted(&step(false, (20, 50), RefundMoney::default()), &purchase);
    assert_eq!(draft.broken_rule(), None);
    let guards: Vec<String> = draft.clone().in_batch().guards.into_iter().map(|guard| guard.key).collect();
    assert_eq!(guards, [format!("refund/{}/2/refund.granted", purchase.purchase_id), "debt/ann".to_owned()]);
    let there = [("viewer/ann/coins", "house/coins/issued", 20), ("viewer/ann/debt", "house/coins/issued", 50)];
    assert_eq!(moved(draft), rows(&there));
    let draft = taken_back(&step(true, (20, 50), RefundMoney::default()), &purchase);
    assert_eq!(draft.broken_rule(), None);
    assert_eq!(moved(draft), rows(&there.map(|(debit, credit, coins)| (credit, debit, coins))));
    let closed = RefundStep {
        plan: CoinPlan { is_closed: true, ..step(true, (70, 0), RefundMoney::default()).plan },
        ..step(true, (70, 0), RefundMoney::default())
    };
    assert_eq!(moved(taken_back(&closed, &purchase)), rows(&[("house/coins/issued", "house/coins/suspense", 70)]));
    let granting = step(false, (20, 50), RefundMoney::default());
    let closed = RefundStep { plan: CoinPlan { is_closed: true, ..granting.plan }, ..granting };
    let draft = granted(&closed, &purchase);
    assert_eq!(draft.broken_rule(), None, "coins that came back to suspense are taken from there");
    assert_eq!(moved(draft)[0].0, "house/coins/suspense");
    let suspended = Purchase { state: PurchaseState::Suspended { posting_id: String::new() }, ..purchase };
    let draft = granted(&step(false, (70, 0), RefundMoney::default()), &suspended);
    assert_eq!((draft.broken_rule(), draft.clone().in_batch().guards.len()), (None, 1), "nothing is owed");
    assert_eq!(moved(draft), rows(&[("house/coins/suspense", "house/coins/issued", 70)]));
    let paying = DebtSettlement {
        book: BookName::try_new("demo").unwrap(),
        user: UserKey::try_new("ann").unwrap(),
        change_no: 5,
        coins: 9,
        attempt: 0,
        planned_at_ms: 1_795_827_700_001,
        posting_id: String::new(),
    };
    assert_eq!(settled(&paying).broken_rule(), None);
    assert_eq!(moved(settled(&paying)), rows(&[("viewer/ann/coins", "viewer/ann/debt", 9)]));
}

#[test]
fn the_money_of_a_refund_goes_as_it_came_and_back() {
    let (store, processor) = (bought(1_100, 100, 300), Purchase { store: StoreKind::Stripe, ..bought(1_100, 100, 0) });
    let money = RefundMoney { deferred: 286, prepaid: 86, contra: 714, commission: 214, ..RefundMoney::default() };
    let there = [
        ("house/deferred_revenue/USD", "house/prepaid_commission/USD", 86),
        ("house/deferred_revenue/USD", "house/store_receivable/USD", 200),
        ("house/contra_revenue/USD", "house/commission_expense/USD", 214),
        ("house/contra_revenue/USD", "house/store_receivable/USD", 500),
    ];
    let draft = paid_back(&step(false, (70, 0), money), &store);
    assert_eq!((draft.broken_rule(), moved(draft)), (None, rows(&there)));
    let back = paid_back(&step(true, (70, 0), RefundMoney::default().less(money)), &store);
    assert_eq!(back.broken_rule(), None);
    assert_eq!(moved(back), rows(&there.map(|(debit, credit, amount)| (credit, debit, amount))));
    let money = RefundMoney { deferred: 286, contra: 714, tax: 100, disputed: 900, ..RefundMoney::default() };
    let draft = paid_back(&step(false, (70, 0), money), &processor);
    assert_eq!(draft.broken_rule(), None);
    let there = [
        ("house/deferred_revenue/USD", "house/processor_receivable/USD", 286),
        ("house/contra_revenue/USD", "house/processor_receivable/USD", 714),
        ("house/tax_payable/USD", "house/processor_receivable/USD", 100),
        ("house/processor_receivable/USD", "house/disputed_amounts/USD", 900),
    ];
    assert_eq!(moved(draft), rows(&there));
    let back = paid_back(&step(true, (70, 0), RefundMoney::default().less(money)), &processor);
    assert_eq!(back.broken_rule(), None);
}

#[test]
fn money_of_a_dispute_is_withdrawn_with_a_fee_and_given_back_with_it_or_without() {
    let processor = Purchase { store: StoreKind::Stripe, ..bought(1_100, 100, 0) };
    let step = |withdrawn, fee| DisputeStep {
        book: BookName::try_new("demo").unwrap(),
        purchase_id: processor.purchase_id,
        step_no: 3,
        currency: Currency::try_new("USD").unwrap(),
        withdrawn,
        fee,
        withdrawn_total: 0,
        fee_total: 0,
        attempt: 0,
        planned_at_ms: 1_795_827_700_001,
        created_at_ms: 1_795_827_700_000,
        tries: 0,
        posting_id: String::new(),
    };
    let there = [
        ("house/disputed_amounts/USD", "house/processor_receivable/USD", 1_100),
        ("house/dispute_fee/USD", "house/processor_receivable/USD", 1_500),
    ];
    let draft = disputed(&step(1_100, 1_500), &processor);
    let guards: Vec<String> = draft.clone().in_batch().guards.into_iter().map(|guard| guard.key).collect();
    assert_eq!(guards, [format!("refund/{}/3/dispute.money", processor.purchase_id)]);
    assert_eq!((draft.broken_rule(), moved(draft)), (None, rows(&there)));
    let back = disputed(&step(-1_100, -1_500), &processor);
    assert_eq!((back.broken_rule(), moved(back)), (None, rows(&there.map(|(debit, credit, amount)| (credit, debit, amount)))));
    let mixed = disputed(&step(-1_100, 200), &processor);
    assert_eq!((mixed.broken_rule(), moved(mixed).len()), (None, 2));
}

#[test]
fn what_a_store_pays_and_keeps_leaves_what_it_owes_and_what_is_paid_comes_out_of_the_position_first() {
    let all = SettledAmounts {
        fee: 4,
        fee_tax: 2,
        contra: 3,
        withheld: 10,
        reserved: 5,
        exchanged: 6,
        in_transit: 7,
        claimed: 70,
        difference: -1,
    };
    let back = SettledAmounts::default().less(all).unwrap();
    for (store, receivable, fee) in [(StoreKind::Google, "store", "commission_expense"), (StoreKind::Wechat, "processor", "processor_fee")]
    {
        let posting = |amounts| SettlementPosting {
            book: BookName::try_new("demo").unwrap(),
            settlement_id: Uuid::from_u128(7),
            edition: 1,
            currency: Currency::try_new("USD").unwrap(),
            store,
            entity: "acme".to_owned(),
            bank_account: "bank-1".to_owned(),
            amounts,
            attempt: 0,
            planned_at_ms: 1_700_000_000_456,
            posting_id: String::new(),
            arrives_by: None,
            is_announced: true,
            tries: 0,
        };
        let receivable = format!("house/acme/{receivable}_receivable/USD");
        let fee = format!("house/acme/{fee}/USD");
        // Input tax is a processor's only.
        let of_processor = |amounts| if store.remits_tax() { SettledAmounts { fee_tax: 0, ..amounts } } else { amounts };
        let draft = reported(&posting(of_processor(all)));
        assert_eq!(draft.broken_rule(), None);
        let found = moved(draft);
        for (account, amount) in [("house/acme/bank_cash/bank-1/USD", 70), (fee.as_str(), 4), ("house/acme/fx_position/USD", 6)] {
            assert!(found.contains(&(account.to_owned(), receivable.clone(), amount)), "{account}: {found:?}");
        }
        assert!(found.contains(&(receivable.clone(), "house/acme/settlement_difference/USD".to_owned(), 1)), "{found:?}");
        let draft = reported(&posting(of_processor(back)));
        assert_eq!((draft.broken_rule(), draft.transfers().len()), (None, found.len()));
        // In the currency of the bank: 100 come out of the position, of which 70 are paid and 10 withheld.
        let paid = SettledAmounts { claimed: 70, withheld: 10, exchanged: -100, ..SettledAmounts::default() };
        let position = "house/acme/fx_position/USD";
        let expected = [
            ("house/acme/bank_cash/bank-1/USD", position, 70),
            ("house/acme/withholding_recoverable/USD", position, 10),
            (receivable.as_str(), position, 20),
        ];
        assert_eq!(moved(reported(&posting(paid))), rows(&expected));
    }
}

#[test]
fn every_posting_is_as_its_row_says() {
    for revenue in [(50, 15), (-50, -15), (50, 0), (0, -15), (-50, 15)] {
        assert_eq!(earned(&earning(revenue.0, revenue.1)).broken_rule(), None, "{revenue:?}");
    }
    for value in [(0, 0, 0), (1_100, 100, 300), (1_100, 0, 1_100)] {
        let plain = bought(value.0, value.1, value.2);
        let waited = Purchase { waits_since_ms: 1_700_000_000_500, ..plain.clone() };
        for draft in [sale(&plain), suspended_sale(&plain), sale(&waited), suspended_sale(&waited), waiting(&waited)] {
            assert_eq!(draft.broken_rule(), None, "{draft:?}");
        }
    }
}

#[test]
fn a_wallet_is_emptied_once_and_a_merge_changes_both_debts_from_where_they_were() {
    let of = |act: WalletAct, (coins, debt): (i64, i64)| WalletPosting {
        book: BookName::try_new("demo").unwrap(),
        change_id: Uuid::from_u128(9),
        posting_no: 2,
        user: UserKey::try_new("ann").unwrap(),
        act,
        coins,
        debt,
        debt_change_no: 3,
        into_debt_change_no: 0,
        attempt: 0,
        planned_at_ms: 1_795_827_700_001,
        posting_id: String::new(),
    };
    let keys = |draft: &PostingDraft| draft.clone().in_batch().guards.into_iter().map(|guard| guard.key).collect::<Vec<_>>();
    let once = format!("wallet/{}/2", Uuid::from_u128(9));
    let draft = emptied(&of(WalletAct::Close, (70, 0)));
    assert_eq!((draft.broken_rule(), keys(&draft)), (None, vec![once.clone()]));
    assert_eq!(moved(draft), rows(&[("viewer/ann/coins", "house/coins/issued", 70)]));
    let bob = || WalletAct::MergeInto(UserKey::try_new("bob").unwrap());
    let draft = emptied(&of(bob(), (70, 5)));
    assert_eq!((draft.broken_rule(), keys(&draft)), (None, vec![once.clone(), "debt/ann".to_owned(), "debt/bob".to_owned()]));
    assert_eq!(moved(draft), rows(&[("viewer/ann/coins", "viewer/bob/coins", 70), ("viewer/bob/debt", "viewer/ann/debt", 5)]));
    let draft = emptied(&of(bob(), (0, 0)));
    assert_eq!((draft.broken_rule(), keys(&draft), draft.transfers().len()), (None, vec![once], 0), "the lots move all the same");
    let breakage = RevenuePosting { breakage: SignedMoney { is_back: true, ..earning(50, 15).revenue }, ..earning(50, 15) };
    assert_eq!(earned(&breakage).broken_rule(), None);
    assert_eq!(
        moved(earned(&breakage))[1],
        ("house/acme-us/breakage_revenue/USD".to_owned(), "house/acme-us/deferred_revenue/USD".to_owned(), 50)
    );
}
