//! A day closes when everything is explained or has a case, and books and bank differ by what has a name.
use crate::{
    generator::{ACCOUNT, TODAY, planned, write_statement},
    world::{eur, run, terms},
};
use reconciliation::{
    BooksState, ExceptionClass, Item, Reconciliation,
    close::{AccountDay, CloseObstacle, close},
};

fn account_day(result: &Reconciliation, books: i128) -> AccountDay<'_> {
    let key = (ACCOUNT.to_owned(), "EUR".to_owned());
    let (balances, sums) = (&result.judged.balances[&key], result.reconciled.sums[&key]);
    AccountDay {
        account: ACCOUNT,
        currency: eur(0).currency(),
        day: balances.day,
        opening: Some(balances.opening),
        closing: Some(balances.closing),
        moved: sums.moved,
        unexplained: 0,
        books,
        to_post: sums.to_post,
        cases: &result.reconciled.cases,
        outstanding: &result.reconciled.outstanding,
    }
}

/// A random day of which the books have some payments already.
fn random_day(seed: u64) -> (Reconciliation, i128) {
    let mut statement = Vec::new();
    write_statement(&mut statement, seed, 0..1_200).unwrap();
    let mut items: Vec<Item> = (0..1_200).flat_map(|number| planned(seed, number).items).collect();
    // The statement opens with what the books had; since then they booked every third item.
    let mut books = 1_000_000;
    for item in items.iter_mut().step_by(3) {
        let is_plain = item.state == BooksState::Submitted && item.expected.standing == matching::ItemStanding::Open;
        if is_plain && item.expected.amount.currency() == eur(0).currency() {
            item.state = BooksState::Settled;
            books += item.expected.direction.signed(item.expected.amount);
        }
    }
    (run(&[&statement], &terms(), &items).0, books)
}

#[test]
fn books_and_bank_differ_by_named_items_and_nothing_else() {
    for seed in 1..4 {
        let (result, books) = random_day(seed);
        let day = account_day(&result, books);
        let closed = close(&day).unwrap();
        let named: i128 = closed.timing.iter().map(|item| item.difference).sum();
        assert_eq!(closed.books - i128::from(closed.closing), named, "seed {seed}");
        assert!(closed.timing.iter().all(|item| item.difference != 0 && !item.id.is_empty()) && closed.timing.len() > 5, "seed {seed}");
        // A cent that nobody can name.
        let Err(obstacles) = close(&AccountDay { books: books + 1, ..day }) else { panic!("seed {seed}: a cent has no name") };
        assert_eq!(obstacles, [CloseObstacle::UnnamedDifference { found: named + 1, named }], "seed {seed}");
    }
}

#[test]
fn every_obstacle_is_said() {
    let (result, books) = random_day(1);
    let day = account_day(&result, books);
    let obstacles = |day: AccountDay<'_>| close(&day).unwrap_err();
    assert!(matches!(obstacles(AccountDay { opening: None, ..day })[..], [CloseObstacle::NoStatement]));
    assert!(matches!(obstacles(AccountDay { moved: day.moved + 1, ..day })[..], [CloseObstacle::DoesNotAddUp { .. }]));
    assert_eq!(obstacles(AccountDay { unexplained: 2, ..day }), [CloseObstacle::Unexplained { count: 2 }]);
    // Without one of the cases its difference has no name.
    let fewer = day.cases.iter().skip(1).cloned().collect::<Vec<_>>();
    assert!(matches!(obstacles(AccountDay { cases: &fewer, ..day })[..], [CloseObstacle::UnnamedDifference { .. }]));
    let mut with_gap = day.cases.to_vec();
    let mut gap = with_gap[0].clone();
    (gap.class, gap.amount, gap.difference) = (ExceptionClass::Gap, None, 0);
    with_gap.push(gap.clone());
    assert!(matches!(
        obstacles(AccountDay { cases: &with_gap, ..day })[..],
        [CloseObstacle::StatementCase { class: ExceptionClass::Gap, .. }]
    ));
    // One that is only noted, or of another account, stops nothing.
    gap.is_noted_only = true;
    *with_gap.last_mut().unwrap() = gap.clone();
    assert!(close(&AccountDay { cases: &with_gap, ..day }).is_ok());
    (gap.is_noted_only, gap.account) = (false, Some("OTHER".to_owned()));
    *with_gap.last_mut().unwrap() = gap;
    assert!(close(&AccountDay { cases: &with_gap, ..day }).is_ok());
    assert_eq!(day.day, TODAY);
}
