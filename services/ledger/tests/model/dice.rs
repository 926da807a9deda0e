//! Everything is decided by one seed: the requests, their callers and ids, and the faults.
use crate::{
    ask::Ask,
    book::{AMOUNT_MAX, Book},
    world::{Asked, CALLERS, Caller},
};
use api::ledger as pb;
use pb::guard::Operation;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

const VIEWERS: [&str; 5] = ["u1", "u2", "u3", "u4", "u5"];
const CREATORS: [&str; 3] = ["c1", "c2", "c3"];
const STATEFUL: [&str; 5] = ["viewer/u1/coins", "viewer/u2/coins", "creator/c1/diamonds", "creator/c3/payable/USD", "house/treasury/USD"];
/// Accounts that are closed while they have little in them.
const CLOSING: [&str; 3] = ["viewer/o1/coins", "viewer/o2/coins", "viewer/o3/coins"];

pub struct Dice(StdRng);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// 0 to below `count`.
    pub fn below(&mut self, count: usize) -> usize {
        self.0.random_range(0..count)
    }

    pub fn upto(&mut self, max: i64) -> i64 {
        self.0.random_range(1..=max)
    }

    pub fn percent(&mut self, chance: u32) -> bool {
        self.0.random_range(0..100) < chance
    }

    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let at = self.below(of.len());
        &of[at]
    }

    /// An account; one of [`CLOSING`] only where it exists already: otherwise only the journal's order would show who opened it first.
    fn viewer(&mut self, book: &Book) -> String {
        let closing = *self.pick(&CLOSING);
        let rare = self.percent(6) && book.accounts.contains_key(closing);
        if rare { closing.to_owned() } else { format!("viewer/{}/coins", self.pick(&VIEWERS)) }
    }

    /// A new id: mostly with the present time, some old, some without a time, a few that must be refused.
    pub fn id(&mut self, now_ms: u64) -> String {
        let random: [u8; 10] = self.0.random();
        let back = |ms: u64| now_ms.saturating_sub(ms);
        let time = match self.below(100) {
            0..70 => back(self.0.random_range(0..2_000)),
            70..78 => back(self.0.random_range(60_000..20_000_000)),
            78..80 => now_ms + 30_000,
            80..81 => now_ms + 240_000,
            81..82 => now_ms + 3_600_000,
            82..83 => back(8 * 24 * 3_600_000),
            _ => return uuid::Builder::from_random_bytes(self.0.random()).into_uuid().to_string(),
        };
        uuid::Builder::from_unix_timestamp_millis(time, &random).into_uuid().to_string()
    }

    /// A new id that is certainly accepted.
    pub fn new_id(&mut self, now_ms: u64) -> String {
        uuid::Builder::from_unix_timestamp_millis(now_ms, &self.0.random()).into_uuid().to_string()
    }

    pub fn caller(&mut self, ask: &Ask) -> Caller {
        match ask {
            Ask::Reverse(_) | Ask::SetState(_) => CALLERS[2],
            _ if self.percent(75) => CALLERS[self.below(2)],
            _ => CALLERS[2 + self.below(2)],
        }
    }

    /// A new request, or a past one: the same again, or the same id with other fields.
    pub fn asked(&mut self, book: &Book, name: &str, past: &[(Caller, Ask)], now_ms: u64) -> (Caller, Asked) {
        if !past.is_empty() && self.percent(14) {
            let (caller, ask) = self.pick(past).clone();
            let ask = if self.percent(30) { self.altered(ask) } else { ask };
            return (caller, Asked::One(ask));
        }
        if self.percent(10) {
            let count = 1 + self.below(7);
            let posts = (0..count).map(|_| self.post(book, name, now_ms)).collect();
            let caller = *self.pick(&CALLERS);
            return (caller, Asked::Batch { posts, brief: self.percent(40) });
        }
        let mut ask = self.ask(book, name, now_ms);
        if !past.is_empty() && self.percent(3) {
            // Another caller's id, or one of another RPC.
            let (_, other) = self.pick(past).clone();
            if !other.id().is_empty() {
                set_id(&mut ask, other.id());
            }
        }
        if self.percent(5) {
            match &mut ask {
                Ask::PostPending(post) => post.dry_run = true,
                Ask::VoidPending(void) => void.dry_run = true,
                Ask::Reverse(reverse) => reverse.dry_run = true,
                Ask::Post(_) | Ask::SetState(_) | Ask::Open(_) => {}
            }
        }
        (self.caller(&ask), Asked::One(ask))
    }

    fn ask(&mut self, book: &Book, name: &str, now_ms: u64) -> Ask {
        let (book_name, request_id, kind) = (name.to_owned(), self.id(now_ms), (*self.pick(&["a", "b.c"])).to_owned());
        let request_fields = self.fields();
        match self.below(100) {
            0..62 => Ask::Post(self.post(book, name, now_ms)),
            62..74 => {
                let transfer_no = self.hold(book);
                let held = book.holds.get(&transfer_no).map_or(7, |hold| hold.amount);
                let amount = match self.below(10) {
                    0..3 => 0,
                    3..5 => held,
                    5..8 => self.upto(held),
                    8 => held + 1,
                    _ => -1,
                };
                Ask::PostPending(pb::PostPendingRequest {
                    book: book_name,
                    request_id,
                    transfer_no,
                    amount,
                    kind,
                    request_fields,
                    ..Default::default()
                })
            }
            74..79 => {
                let transfer_no = self.hold(book);
                Ask::VoidPending(pb::VoidPendingRequest {
                    book: book_name,
                    request_id,
                    transfer_no,
                    kind,
                    request_fields,
                    ..Default::default()
                })
            }
            79..88 => {
                let known: Vec<&String> = book.postings.keys().collect();
                let unknown = known.is_empty() || self.percent(8);
                let posting_id = if unknown { self.id(now_ms) } else { (*self.pick(&known)).clone() };
                let allow_debt = self.percent(20);
                let book = book_name;
                Ask::Reverse(pb::ReverseRequest { book, request_id, posting_id, kind, request_fields, allow_debt, ..Default::default() })
            }
            88..94 => {
                let closing = self.percent(50);
                let account = (*if closing { self.pick(&CLOSING) } else { self.pick(&STATEFUL) }).to_owned();
                let closing = closing || account.starts_with("house/");
                let usual = [pb::AccountState::Open, pb::AccountState::Open, pb::AccountState::Frozen, pb::AccountState::Closed];
                let state = if closing && self.percent(50) { pb::AccountState::Closed } else { *self.pick(&usual) };
                Ask::SetState(pb::SetAccountStateRequest { book: book_name, request_id, account, state: state.into() })
            }
            _ => {
                let mut accounts: Vec<String> = (0..1 + self.below(3)).map(|_| format!("viewer/o{}/coins", self.below(6))).collect();
                if self.percent(5) {
                    accounts.push("nobody/knows/this".to_owned());
                }
                Ask::Open(pb::OpenAccountsRequest {
                    request_id: uuid::Uuid::now_v7().to_string(),
                    book: book_name,
                    accounts,
                    ..Default::default()
                })
            }
        }
    }

    fn fields(&mut self) -> Vec<pb::RequestField> {
        if !self.percent(25) {
            return Vec::new();
        }
        let field = |name: &str, value: i64| pb::RequestField { name: name.to_owned(), value: value.to_string() };
        vec![field("room", self.upto(3)), field("gift", self.upto(9))]
    }

    fn hold(&mut self, book: &Book) -> i64 {
        let open: Vec<i64> = book.holds.iter().filter(|(_, hold)| hold.open).map(|(no, _)| *no).collect();
        let all: Vec<i64> = book.holds.keys().copied().collect();
        let expired: Vec<i64> = book.holds.iter().filter(|(_, hold)| hold.expired).map(|(no, _)| *no).collect();
        match self.below(10) {
            0..2 if !expired.is_empty() => *self.pick(&expired),
            0..7 if !open.is_empty() => *self.pick(&open),
            7..9 if !all.is_empty() => *self.pick(&all),
            _ => self.upto(5_000),
        }
    }

    /// A posting of one of the known shapes.
    pub fn post(&mut self, book: &Book, name: &str, now_ms: u64) -> pb::PostRequest {
        let mut post = pb::PostRequest {
            book: name.to_owned(),
            request_id: self.id(now_ms),
            kind: (*self.pick(&["gift", "purchase"])).to_owned(),
            request_fields: self.fields(),
            ..Default::default()
        };
        post.dry_run = self.percent(6);
        if self.percent(10) {
            post.effective_time = Some(prost_types::Timestamp { seconds: 1_700_000_000 + self.upto(1_000_000), nanos: 5_000 });
        }
        match self.below(100) {
            0..22 => post.transfers = vec![transfer("house/coins/issued", &self.viewer(book), self.0.random_range(1..1_500))],
            22..45 => post.transfers = self.gift(book),
            45..57 => {
                post.transfers = self.gift(book);
                for leg in &mut post.transfers {
                    leg.amount = leg.amount % 9 + 1;
                }
                post.guards = self.guards(book);
            }
            57..67 => {
                post.transfers = self.gift(book);
                let all = self.percent(30);
                let ends = self.percent(70).then(|| self.end(now_ms));
                for leg in post.transfers.iter_mut().take(if all { 2 } else { 1 }) {
                    (leg.pending, leg.expire_time) = (true, ends);
                }
            }
            67..77 => post.transfers = self.many_legs(),
            77..82 => {
                post.transfers = self.gift(book);
                post.transfers[0].allow_debt = true;
            }
            82..87 => {
                post.transfers = if self.percent(50) { self.gift(book) } else { Vec::new() };
                post.refusal = "GIFT_UNKNOWN".to_owned();
                post.refusal_detail = if self.percent(50) { "gift 7".to_owned() } else { String::new() };
            }
            87..92 => post.guards = self.guards(book),
            92..94 => post.transfers = self.huge(),
            94..97 => post.transfers = self.refund(book),
            97..98 => {
                let hold = transfer("creator/c1/payable/USD", "house/in_transit/USD", self.upto(50));
                post.transfers = vec![pb::Transfer { pending: true, expire_time: Some(self.end(now_ms)), ..hold }];
            }
            _ => self.spoil(book, &mut post),
        }
        post
    }

    /// When a hold shall expire: within hours, except for a few out of range.
    fn end(&mut self, now_ms: u64) -> prost_types::Timestamp {
        let now = i64::try_from(now_ms / 1_000).expect("a clock of our time");
        let seconds = match self.below(20) {
            0 => now - 5,
            1 => now + 401 * 86_400,
            _ => now + self.upto(8_000) + 60,
        };
        prost_types::Timestamp { seconds, nanos: 1_000 }
    }

    fn gift(&mut self, book: &Book) -> Vec<pb::Transfer> {
        let (viewer, creator, amount) = (self.viewer(book), *self.pick(&CREATORS), self.upto(150));
        let coins = transfer(&viewer, "house/coins/redeemed", amount);
        vec![coins, transfer("house/diamonds/issued", &format!("creator/{creator}/diamonds"), amount)]
    }

    /// Money that circulates: later legs spend what earlier ones moved.
    fn many_legs(&mut self) -> Vec<pb::Transfer> {
        let count = if self.percent(10) { 64 } else { 2 + self.below(8) };
        let accounts =
            ["viewer/u1/coins", "viewer/u2/coins", "viewer/u6/coins", "viewer/u1/debt", "house/coins/issued", "house/coins/redeemed"];
        let leg = |dice: &mut Self| {
            let from = dice.below(accounts.len());
            let to = (from + 1 + dice.below(accounts.len() - 1)) % accounts.len();
            pb::Transfer { allow_debt: dice.percent(10), pending: dice.percent(8), ..transfer(accounts[from], accounts[to], dice.upto(60)) }
        };
        (0..count).map(|_| leg(self)).collect()
    }

    /// The available amount, and the rest as debt; rarely in an invalid form.
    fn refund(&mut self, book: &Book) -> Vec<pb::Transfer> {
        let (viewer, amount) = (self.viewer(book), self.upto(300));
        let there = pb::Transfer { up_to: true, pending: self.percent(10), ..transfer(&viewer, "house/coins/issued", amount) };
        let allow_debt = there.pending && self.percent(20);
        let rest_of = if self.percent(5) { 2 } else { 1 };
        let rest = pb::Transfer { rest_of, ..transfer("viewer/u1/debt", "house/coins/issued", 0) };
        let mut refund = vec![pb::Transfer { allow_debt, ..there }];
        if self.percent(80) {
            refund.push(rest);
        }
        if self.percent(30) {
            refund.extend(self.gift(book));
        }
        refund
    }

    /// Sums that come near a counter's maximum.
    fn huge(&mut self) -> Vec<pb::Transfer> {
        let payable = format!("creator/{}/payable/USD", self.pick(&CREATORS));
        let to = if self.percent(50) { payable } else { "house/treasury/USD".to_owned() };
        let count = if self.percent(50) { 64 } else { 1 };
        (0..count).map(|_| transfer("house/creator_cost/USD", &to, AMOUNT_MAX)).collect()
    }

    fn guards(&mut self, book: &Book) -> Vec<pb::Guard> {
        let mut guards: Vec<pb::Guard> = Vec::new();
        let mut advances = false;
        for _ in 0..1 + self.below(3) {
            if self.percent(25) {
                let key = format!("in_flight/{}", self.pick(&CLOSING));
                if guards.iter().all(|guard| guard.key != key) {
                    guards.push(pb::Guard { key, operation: Some(Operation::Add(if self.percent(60) { 1 } else { -1 })) });
                }
                continue;
            }
            let key = format!("g{}", self.below(5));
            if guards.iter().any(|guard| guard.key == key) {
                continue;
            }
            let (value, cap) = book.guards.get(&key).copied().unwrap_or_default();
            let operation = match self.below(10) {
                0..4 => {
                    let expected = if self.percent(75) { value } else { value + 1 };
                    Operation::CompareAndSet(pb::CompareAndSet { expected, next: self.0.random_range(-2..30) })
                }
                4..9 if !advances => {
                    advances = true;
                    // Rarely so far that the amounts leave their range.
                    let far = if self.percent(4) { 1 << 52 } else { self.0.random_range(-2..7) };
                    Operation::AdvanceTo((value + far).max(0))
                }
                _ => Operation::CapAt((cap.unwrap_or(value) + self.0.random_range(-3..9)).max(0)),
            };
            guards.push(pb::Guard { key, operation: Some(operation) });
        }
        guards
    }

    /// Makes a posting that violates the form the contract requires.
    fn spoil(&mut self, book: &Book, post: &mut pb::PostRequest) {
        post.transfers = self.gift(book);
        match self.below(8) {
            0 => post.transfers[0].amount = 0,
            1 => post.transfers[0].amount = AMOUNT_MAX + 1,
            2 => post.transfers[0].credit_account = "house/diamonds/redeemed".to_owned(),
            3 => post.transfers[0].credit_account = post.transfers[0].debit_account.clone(),
            4 => post.transfers[0].debit_account = "viewer//coins/x".to_owned(),
            5 => post.kind = "Not A Kind".to_owned(),
            6 => post.transfers.clear(),
            _ => post.request_id = "7".to_owned(),
        }
    }

    /// The same id with different content.
    fn altered(&mut self, mut ask: Ask) -> Ask {
        let more = |fields: &mut Vec<pb::RequestField>| fields.push(pb::RequestField { name: "more".to_owned(), value: "1".to_owned() });
        match &mut ask {
            Ask::Post(post) if self.percent(15) => post.dry_run = !post.dry_run,
            Ask::Post(post) => match post.transfers.first_mut() {
                Some(transfer) if self.percent(60) => transfer.amount = self.upto(200),
                _ => more(&mut post.request_fields),
            },
            Ask::PostPending(post) => post.amount = self.upto(50),
            Ask::VoidPending(void) => void.transfer_no += 1,
            Ask::Reverse(reverse) => reverse.allow_debt = !reverse.allow_debt,
            Ask::SetState(set) => set.account = (*self.pick(&STATEFUL)).to_owned(),
            Ask::Open(open) => open.accounts.truncate(1),
        }
        ask
    }
}

pub fn transfer(debit: &str, credit: &str, amount: i64) -> pb::Transfer {
    pb::Transfer { debit_account: debit.to_owned(), credit_account: credit.to_owned(), amount, ..Default::default() }
}

fn set_id(ask: &mut Ask, id: &str) {
    let id = id.to_owned();
    match ask {
        Ask::Post(post) => post.request_id = id,
        Ask::PostPending(post) => post.request_id = id,
        Ask::VoidPending(void) => void.request_id = id,
        Ask::Reverse(reverse) => reverse.request_id = id,
        Ask::SetState(set) => set.request_id = id,
        Ask::Open(_) => {}
    }
}
