//! Each kind of rule, its times, and what is never swept.
use super::{record::*, rule::*, *};
use crate::domain::{
    Change, FundsClass, FundsUse, Leaf, LeafState, LeafSums, Node, NodeKind, PhysicalAccount, StandardLeaf, terms::LeafBounds,
};
use jiff::{civil::date, tz::TimeZone};
use money::Currency;
use rails::{HolidayCalendars, record::DayMinute};

/// Two accounts in dollars and one in euros; `rail` is to be kept full enough, `pool` gives and takes.
fn structure(funds: FundsClass, uses: &[FundsUse]) -> Structure {
    let account = |id: &str, currency: &str| PhysicalAccount {
        id: id.to_owned(),
        name: id.to_owned(),
        bank: "A bank".to_owned(),
        branch: "TESTUS33".to_owned(),
        currency: Currency::try_new(currency).unwrap(),
        entity: "main".to_owned(),
        number: id.to_owned(),
        number_root: String::new(),
        client_money: false,
    };
    let leaf = |id: &str, parent: &str, entity: &str, (funds, uses): (FundsClass, &[FundsUse])| Node {
        id: id.to_owned(),
        parent: parent.to_owned(),
        name: id.to_owned(),
        entity: entity.to_owned(),
        level: None,
        kind: NodeKind::Leaf(Leaf { funds, uses: uses.iter().copied().collect(), state: LeafState::Open, standard: None }),
    };
    let swept: (FundsClass, &[FundsUse]) = (FundsClass::Own, &[FundsUse::Sweep]);
    let mut structure = Structure::default();
    for (id, currency) in [("rail", "USD"), ("bank", "USD"), ("euro", "EUR")] {
        structure.accounts.insert(id.to_owned(), account(id, currency));
        for node in StandardLeaf::ALL.map(|standard| standard.node(&structure.accounts[id])) {
            structure.nodes.insert(node.id.clone(), node);
        }
    }
    let other = (funds, uses);
    for (id, parent, entity, class) in [
        ("prefund", "rail", "main", swept),
        ("aside", "rail", "main", other),
        ("pool", "bank", "main", swept),
        ("acme", "bank", "acme", swept),
        ("euros", "euro", "main", swept),
    ] {
        structure.nodes.insert(id.to_owned(), leaf(id, parent, entity, class));
    }
    structure
}

fn view(leaves: &[(&str, i64, i64)], cash: &[(&str, i64)]) -> BookView {
    let sums =
        |(id, booked, held): &(&str, i64, i64)| ((*id).to_owned(), LeafSums { booked: *booked, pending_debits: *held, pending_credits: 0 });
    BookView {
        leaves: leaves.iter().map(sums).collect(),
        cash: cash.iter().map(|(id, amount)| ((*id).to_owned(), *amount)).collect(),
        positions: BTreeMap::new(),
    }
}

fn rule(lower: Option<i64>, upper: i64) -> SweepRule {
    SweepRule {
        leaf: "prefund".to_owned(),
        other_leaf: "pool".to_owned(),
        lower,
        upper,
        calendar: Some("US-FED".to_owned()),
        zone: TimeZone::get("America/New_York").unwrap(),
        opens: DayMinute::parse("16:00").unwrap(),
        cutoff: DayMinute::parse("17:30").unwrap(),
        overnight: false,
    }
}

fn wanted(rule: &SweepRule, view: &BookView, coming: i64) -> Result<Option<(String, String, i64, i64)>, SweepBan> {
    let (structure, terms) = (structure(FundsClass::Client, &[]), TreasuryTerms::default());
    let coming = BTreeMap::from([("rail".to_owned(), coming)]);
    let facts = SweepFacts { structure: &structure, view, terms: &terms, today: date(2026, 11, 27), coming: &coming };
    let moved = rule.wanted(&facts).map_err(|refusal| refusal.ban)?;
    Ok(moved.map(|moved| (moved.from, moved.to, moved.amount, moved.short)))
}

fn moved(from: &str, to: &str, amount: i64, short: i64) -> Result<Option<(String, String, i64, i64)>, SweepBan> {
    Ok(Some((from.to_owned(), to.to_owned(), amount, short)))
}

#[test]
fn a_zero_rule_gives_all_that_is_free_and_never_fills() {
    let zero = rule(None, 0);
    let all = view(&[("prefund", 700, 100), ("aside", 300, 0)], &[("rail", 1_000)]);
    // What is held stays, and other leaves' money with it.
    assert_eq!(wanted(&zero, &all, 0), moved("prefund", "pool", 600, 300));
    let sent = view(&[("prefund", 0, 0), ("rail-in-transit", 700, 0)], &[("rail", 700)]);
    assert_eq!(wanted(&zero, &sent, 0), Ok(None), "it is on its way out already");
    assert_eq!(wanted(&zero, &view(&[("pool", 500, 0)], &[("bank", 500)]), 0), Ok(None));
    let overdrawn = view(&[("prefund", -5, 0), ("pool", 500, 0)], &[("rail", -5), ("bank", 500)]);
    assert_eq!(wanted(&zero, &overdrawn, 0), Ok(None));
}

#[test]
fn a_target_rule_moves_both_ways_and_counts_what_is_on_its_way() {
    let target = rule(Some(1_000), 1_000);
    let high = view(&[("prefund", 1_400, 0)], &[("rail", 1_400)]);
    assert_eq!(wanted(&target, &high, 0), moved("prefund", "pool", 400, 0));
    let low = view(&[("prefund", 300, 0), ("pool", 5_000, 0)], &[("rail", 300), ("bank", 5_000)]);
    assert_eq!(wanted(&target, &low, 0), moved("pool", "prefund", 700, 0));
    assert_eq!(wanted(&target, &low, 700), Ok(None), "an earlier sweep brings it");
    assert_eq!(wanted(&target, &low, 200), moved("pool", "prefund", 500, 0));
    let poor = view(&[("prefund", 300, 0), ("pool", 5_000, 4_900)], &[("rail", 300), ("bank", 5_000)]);
    assert_eq!(wanted(&target, &poor, 0), moved("pool", "prefund", 100, 600), "what is there");
    let empty = view(&[("prefund", 300, 0), ("pool", 5_000, 5_000)], &[("rail", 300), ("bank", 5_000)]);
    assert_eq!(wanted(&target, &empty, 0), Err(SweepBan::LeafAvailable));
    let cashless = view(&[("prefund", 300, 0), ("pool", 5_000, 0), ("bank-in-transit", 50, 0)], &[("rail", 300), ("bank", 50)]);
    assert_eq!(wanted(&target, &cashless, 0), Err(SweepBan::PhysicalAvailable));
    assert_eq!(wanted(&target, &view(&[("prefund", 1_000, 0)], &[("rail", 1_000)]), 0), Ok(None));
}

#[test]
fn a_threshold_rule_leaves_what_is_between() {
    let threshold = rule(Some(500), 2_000);
    for (has, expected) in [
        (499, moved("pool", "prefund", 1, 0)),
        (500, Ok(None)),
        (1_300, Ok(None)),
        (2_000, Ok(None)),
        (2_001, moved("prefund", "pool", 1, 0)),
    ] {
        let view = view(&[("prefund", has, 0), ("pool", 9_000, 0)], &[("rail", has), ("bank", 9_000)]);
        assert_eq!(wanted(&threshold, &view, 0), expected, "{has}");
    }
}

#[test]
fn bounds_of_leaves_hold_for_sweeps_too() {
    let (structure, rule) = (structure(FundsClass::Own, &[]), rule(Some(1_000), 1_000));
    let row = |minimum, maximum| BTreeMap::from([(date(2026, 1, 1), LeafBounds { minimum, maximum })]);
    let terms = TreasuryTerms {
        leaves: BTreeMap::from([("prefund".to_owned(), row(950, None)), ("pool".to_owned(), row(0, Some(30)))]),
        ..TreasuryTerms::default()
    };
    let coming = BTreeMap::new();
    let has = |view: &BookView| {
        let facts = SweepFacts { structure: &structure, view, terms: &terms, today: date(2026, 11, 27), coming: &coming };
        rule.wanted(&facts).unwrap().map(|moved| (moved.amount, moved.short))
    };
    assert_eq!(has(&view(&[("prefund", 1_000, 0)], &[("rail", 1_400)])), Some((30, 370)), "the receiver's maximum");
    assert_eq!(has(&view(&[("prefund", 960, 0)], &[("rail", 1_400)])), Some((10, 390)), "the giver's minimum");
}

#[test]
fn what_is_not_ours_or_not_meant_for_it_is_never_swept() {
    let (terms, coming) = (TreasuryTerms::default(), BTreeMap::new());
    let view = view(&[("aside", 900, 0), ("prefund", 900, 0), ("pool", 900, 0)], &[("rail", 1_800), ("bank", 900)]);
    let ban = |structure: &Structure, leaf: &str, other: &str, overnight: bool| {
        let facts = SweepFacts { structure, view: &view, terms: &terms, today: date(2026, 11, 27), coming: &coming };
        let rule = SweepRule { leaf: leaf.to_owned(), other_leaf: other.to_owned(), overnight, ..rule(None, 0) };
        rule.wanted(&facts).err().map(|refusal| refusal.ban)
    };
    let sweep: &[FundsUse] = &[FundsUse::Sweep];
    for class in [FundsClass::Client, FundsClass::Blocked] {
        // Even where a structure of an older program gave it the use.
        assert_eq!(ban(&structure(class, sweep), "aside", "pool", false), Some(SweepBan::Funds), "{class}");
        assert_eq!(ban(&structure(class, sweep), "pool", "aside", false), Some(SweepBan::Funds), "into {class}");
    }
    let own = structure(FundsClass::Own, &[]);
    assert_eq!(ban(&own, "aside", "pool", false), Some(SweepBan::Use));
    assert_eq!(ban(&own, "pool", "aside", false), None);
    assert_eq!(ban(&own, "pool", "aside", true), Some(SweepBan::Use), "it could never come back");
    assert_eq!(ban(&own, "nothing", "pool", false), Some(SweepBan::Leaf));
    assert_eq!(ban(&own, "bank", "prefund", false), Some(SweepBan::Leaf));
    assert_eq!(ban(&own, "prefund", "aside", false), Some(SweepBan::SameAccount));
    assert_eq!(ban(&own, "prefund", "euros", false), Some(SweepBan::OtherCurrency));
    assert_eq!(ban(&own, "rail-suspense", "pool", false), Some(SweepBan::StandardLeaf));
    assert_eq!(ban(&own, "prefund", "acme", false), Some(SweepBan::OtherEntity));
    let mut closing = own.clone();
    closing.make(&Change::SetState { id: "pool".to_owned(), before: LeafState::Open, state: LeafState::PendingClose });
    assert_eq!(ban(&closing, "prefund", "pool", false), Some(SweepBan::State));
    assert_eq!(ban(&closing, "pool", "prefund", false), None, "it still gives");
    let mut taken = own;
    taken.nodes.insert("bank-incoming".to_owned(), Node { id: "bank-incoming".to_owned(), ..taken.nodes["aside"].clone() });
    assert_eq!(ban(&taken, "prefund", "pool", false), Some(SweepBan::StandardLeaf), "an old account whose id is taken");
}

#[test]
fn a_rule_is_due_between_its_times_on_business_days_of_its_zone() {
    let calendars = HolidayCalendars::default();
    let at = |now: &str| {
        let window = rule(None, 0).window(&calendars, now.parse().unwrap()).unwrap();
        (window.day.to_string(), window.time, window.next.to_string())
    };
    let named = |day: &str, time, next: &str| (day.to_owned(), time, next.to_owned());
    assert_eq!(at("2026-11-25T20:59:59Z"), named("2026-11-25", SweepTime::Early, "2026-11-25T21:00:00Z"));
    assert_eq!(at("2026-11-25T21:00:00Z"), named("2026-11-25", SweepTime::Due, "2026-11-25T22:30:00Z"));
    // At the cut-off it is over; Thursday is Thanksgiving.
    assert_eq!(at("2026-11-25T22:30:00Z"), named("2026-11-25", SweepTime::CutoffPassed, "2026-11-27T21:00:00Z"));
    assert_eq!(at("2026-11-26T21:00:00Z"), named("2026-11-26", SweepTime::ClosedDay, "2026-11-27T21:00:00Z"));
    // A Saturday in New York, a Sunday in UTC.
    assert_eq!(at("2026-11-29T02:00:00Z"), named("2026-11-28", SweepTime::ClosedDay, "2026-11-30T21:00:00Z"));
    let day = rule(None, 0).return_day(&calendars, date(2026, 11, 25)).unwrap();
    assert_eq!(day, date(2026, 11, 27));
    let back = rule(None, 0).return_window(&calendars, "2026-11-27T05:00:00Z".parse().unwrap()).unwrap();
    assert_eq!((back.day, back.time), (day, SweepTime::Due), "from midnight on");
    let unknown = SweepRule { calendar: Some("XX-NONE".to_owned()), ..rule(None, 0) };
    assert!(unknown.window(&calendars, "2026-11-27T05:00:00Z".parse().unwrap()).is_err());
}

#[test]
fn a_rule_is_what_its_last_row_says() {
    let rows =
        BTreeMap::from([(date(2026, 11, 1), Some(rule(None, 0))), (date(2026, 12, 1), None), (date(2027, 1, 1), Some(rule(None, 5)))]);
    let dated = DatedSweepRule { id: "nightly".to_owned(), rows };
    let upper = |day| dated.on(day).map(|rule| rule.upper);
    assert_eq!([date(2026, 10, 31), date(2026, 11, 30), date(2026, 12, 31), date(2027, 1, 1)].map(upper), [None, Some(0), None, Some(5)]);
}

#[test]
fn steps_follow_each_other_and_are_done_once() {
    use SweepState::{Cancelled, Cancelling, Credited, Debited, Instructing, Planned, Refused, Reversed, Sent};
    let follow = |step: SweepStep| SweepState::ALL.into_iter().filter(|state| step.follows(*state)).collect::<Vec<_>>();
    assert_eq!(follow(SweepStep::Send), [Planned, Instructing]);
    assert_eq!(follow(SweepStep::Debit), [Planned, Instructing, Sent, Cancelling]);
    assert_eq!(follow(SweepStep::Credit), [Debited]);
    assert_eq!(follow(SweepStep::Cancel), [Planned, Instructing, Sent, Cancelling]);
    for step in [SweepStep::Send, SweepStep::Debit, SweepStep::Credit, SweepStep::Cancel] {
        assert!(step.is_done(step.makes()) && !step.follows(step.makes()), "{step:?}");
        assert!(!step.is_done(Refused) && !step.follows(Refused));
    }
    assert!(SweepStep::Credit.is_done(Reversed) && SweepStep::Send.is_done(Credited) && !SweepStep::Send.is_done(Cancelled));
    for state in SweepState::ALL {
        assert_eq!(SweepState::from_name(state.name()), Some(state));
    }
}
