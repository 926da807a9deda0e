//! One seed: rounds of calls with all kinds of faults in between, each explained by the model.
use crate::{
    ask::{Answer, Ask, Call, Key, Outcome},
    book::Book,
    dice::{Dice, transfer},
    explain::{Round, explain},
    injected::{Fault, Outage},
    journal::Watcher,
    met::Met,
    reads::{self, Check},
    world::{Asked, CALLERS, Caller, Node, World},
};
use api::ledger as pb;
use std::{collections::HashSet, sync::Arc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Rounds of one seed.
const ROUNDS: usize = 45;
/// Attempts until the ledger must have answered.
const ATTEMPTS_MAX: usize = 30;

pub struct Run {
    world: Arc<World>,
    /// Processes on the same store; the second is a rival.
    nodes: Vec<Arc<Node>>,
    books: Vec<Kept>,
    dice: Dice,
    /// Requests and outcomes, for people.
    trace: Vec<String>,
    met: Arc<Met>,
}

/// A book and its model.
struct Kept {
    name: String,
    model: Book,
    past: Vec<(Caller, Ask)>,
    /// The process that wrote it last.
    writer: usize,
    watcher: Watcher,
}

/// The fault of a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    None,
    Fault(Fault),
    Outage(Outage),
    FailingReads(usize),
    /// The commit hangs; then this fault happens to it.
    Hang(Option<Fault>),
    /// The commit is written, and its writer learns of it late.
    HangWritten,
    /// Both processes get requests.
    Rivals,
    /// The process is killed while a commit hangs, and its commit arrives at any later time.
    Killed,
}

/// Calls in flight.
struct Flight {
    caller: Caller,
    asked: Asked,
    node: usize,
    give_up: CancellationToken,
    task: JoinHandle<Vec<Outcome>>,
}

impl Drop for Run {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let from = self.trace.len().saturating_sub(60);
            eprintln!("the last of what was done:\n{}", self.trace[from..].join("\n"));
        }
    }
}

impl Run {
    pub async fn start(world: World, seed: u64, met: Arc<Met>) -> Self {
        let world = Arc::new(world);
        let nodes = vec![world.node().await];
        let mut books = Vec::new();
        for letter in ["a", "b"] {
            let name = format!("seed-{seed}-{letter}");
            let create = pb::CreateBookRequest {
                request_id: uuid::Uuid::now_v7().to_string(),
                book: name.clone(),
                mode: pb::BookMode::Test.into(),
                region: "test".to_owned(),
            };
            nodes[0].client().create_book(world.by(CALLERS[0], create)).await.unwrap();
            books.push(Kept { name, model: Book::default(), past: Vec::new(), writer: 0, watcher: Watcher::default() });
        }
        Self { world, nodes, books, dice: Dice::new(seed), trace: Vec::new(), met }
    }

    pub async fn all(mut self) {
        for _ in 0..ROUNDS {
            let at = self.dice.below(self.books.len());
            match self.dice.below(100) {
                0..50 => self.round(at, 1, Trouble::None).await,
                50..62 => self.many(at, Trouble::None).await,
                62..70 => self.faulty(at).await,
                70..74 => self.outage(at).await,
                74..84 => self.hang(at).await,
                84..88 => self.rivals(at).await,
                88..91 => self.killed(at).await,
                91..94 => self.restart(at).await,
                94..96 => self.leap().await,
                _ => self.check(at).await,
            }
        }
        self.finish().await;
    }

    async fn many(&mut self, at: usize, trouble: Trouble) {
        let count = 2 + self.dice.below(7);
        self.round(at, count, trouble).await;
    }

    async fn faulty(&mut self, at: usize) {
        let faults = [Fault::FailBefore, Fault::LoseBefore, Fault::LoseAfter, Fault::Zombie, Fault::LateZombie];
        let fault = *self.dice.pick(&faults);
        let trouble = if self.dice.percent(20) { Trouble::FailingReads(1 + self.dice.below(4)) } else { Trouble::Fault(fault) };
        self.many(at, trouble).await;
    }

    async fn outage(&mut self, at: usize) {
        let outage = *self.dice.pick(&[Outage::DiskFull, Outage::ReadOnly]);
        self.many(at, Trouble::Outage(outage)).await;
    }

    async fn hang(&mut self, at: usize) {
        let faults = [None, None, Some(Fault::FailBefore), Some(Fault::LoseAfter), Some(Fault::LoseBefore), Some(Fault::Zombie)];
        let fault = *self.dice.pick(&faults);
        let trouble = if self.dice.percent(30) { Trouble::HangWritten } else { Trouble::Hang(fault) };
        self.many(at, trouble).await;
    }

    async fn rivals(&mut self, at: usize) {
        if self.nodes.len() < 2 {
            self.nodes.push(self.world.node().await);
        }
        self.many(at, Trouble::Rivals).await;
    }

    async fn killed(&mut self, at: usize) {
        self.many(at, Trouble::Killed).await;
    }

    /// Hours pass, in which holds expire: while the ledger runs, or before it starts.
    async fn leap(&mut self) {
        for node in std::mem::take(&mut self.nodes) {
            node.ledger.shutdown().await;
        }
        let early = self.dice.percent(50);
        if early {
            self.nodes.push(self.world.node().await);
        }
        let hours = self.dice.upto(3) * 3_600_000_000;
        let now = self.world.pass(hours);
        self.trace.push(format!("--- {hours} us go by"));
        if !early {
            self.nodes.push(self.world.node().await);
        }
        for at in 0..self.books.len() {
            self.books[at].model.expire(now);
            self.met.note("leap");
            let mut calls = Vec::new();
            self.claim(at, &mut calls).await;
            self.explained(at, &calls, &HashSet::new());
            self.check(at).await;
        }
    }

    fn explained(&mut self, at: usize, calls: &[Call], unsure: &HashSet<Key>) {
        calls.iter().for_each(|call| self.met.call(call));
        let since = self.books[at].model.next_seq;
        let before = std::mem::take(&mut self.books[at].model);
        let explained = explain(before, &Round { calls, unsure, now_ms: self.world.now_ms(), since });
        self.books[at].model = explained.unwrap_or_else(|why| panic!("{why}"));
    }

    /// Sends requests concurrently, applies the fault, retries requests with unknown outcomes, and has the model explain it all.
    async fn round(&mut self, at: usize, count: usize, trouble: Trouble) {
        self.world.pass(self.dice.upto(50_000));
        self.trace.push(format!("--- {} x {count}, {trouble:?}", self.books[at].name));
        let kind = format!("{trouble:?}");
        self.met.note(&format!("trouble {}", kind.split('(').next().unwrap_or_default()));
        let writer = self.nodes[self.books[at].writer].clone();
        match trouble {
            Trouble::None | Trouble::Rivals => {}
            Trouble::Fault(fault) => writer.store.fail_next(fault),
            Trouble::Outage(outage) => writer.store.outage(Some(outage)),
            Trouble::FailingReads(count) => writer.store.fail_reads(count),
            Trouble::Hang(_) => drop(writer.store.hang()),
            Trouble::HangWritten => drop(writer.store.hang_written()),
            Trouble::Killed => drop(if self.dice.percent(50) { writer.store.hang() } else { writer.store.hang_written() }),
        }
        let flights = self.take_off(at, count, trouble);
        let calm = matches!(trouble, Trouble::None) && count > 1;
        let seen = if calm { self.look(at).await } else { Vec::new() };
        if let Trouble::Hang(_) | Trouble::HangWritten | Trouble::Killed = trouble {
            self.while_it_hangs(at, &flights, &writer).await;
        }
        if let Trouble::Hang(Some(fault)) = trouble {
            writer.store.fail_next(fault);
        }
        if let Trouble::Hang(_) | Trouble::HangWritten = trouble {
            writer.store.release();
        }
        if trouble == Trouble::Killed {
            self.kill(at, &flights).await;
        } else if self.dice.percent(25) {
            self.give_up(&flights).await;
        }
        let (mut calls, mut unsure, again) = self.land(at, flights, trouble).await;
        if !matches!(trouble, Trouble::Killed) {
            writer.store.heal();
        }
        self.ask_again(at, again, &mut calls, &mut unsure).await;
        if let Trouble::Killed = trouble {
            writer.store.release();
            writer.ledger.shutdown().await;
        }
        if matches!(trouble, Trouble::Rivals | Trouble::Killed) {
            self.claim(at, &mut calls).await;
            self.look_again(at, &mut calls).await;
        }
        let since = self.books[at].model.next_seq;
        self.explained(at, &calls, &unsure);
        for (name, account) in seen {
            let moment = reads::account_at_some_moment(&self.books[at].model, since, &name, account.as_ref());
            moment.unwrap_or_else(|why| panic!("{why}"));
        }
        if self.dice.percent(if trouble == Trouble::None { 5 } else { 40 }) {
            self.check(at).await;
        }
    }

    fn take_off(&mut self, at: usize, count: usize, trouble: Trouble) -> Vec<Flight> {
        let (mut flights, now_ms): (Vec<Flight>, u64) = (Vec::new(), self.world.now_ms());
        for _ in 0..count {
            let kept = &mut self.books[at];
            let twin = flights.last().filter(|_| self.dice.percent(15)).map(|last| (last.caller, last.asked.clone()));
            let (caller, asked) = twin.unwrap_or_else(|| self.dice.asked(&kept.model, &kept.name, &kept.past, now_ms));
            kept.past.extend(asked.asks().into_iter().map(|ask| (caller, ask)));
            let node = if trouble == Trouble::Rivals { self.dice.below(2) } else { kept.writer };
            let give_up = CancellationToken::new();
            let task = tokio::spawn({
                let (world, node) = (self.world.clone(), self.nodes[node].clone());
                let (given_up, asked) = (give_up.clone(), asked.clone());
                async move {
                    let lost = vec![Outcome::Unsure("gave up".to_owned()); asked.asks().len()];
                    given_up.run_until_cancelled(world.ask(&node, caller, asked)).await.unwrap_or(lost)
                }
            });
            flights.push(Flight { caller, asked, node, give_up, task });
        }
        flights
    }

    /// Reads while calls are in flight.
    async fn look(&mut self, at: usize) -> Vec<(String, Option<pb::Account>)> {
        let kept = &self.books[at];
        let mut seen = Vec::new();
        for name in ["viewer/u1/coins", "viewer/u2/coins", "house/coins/redeemed", "creator/c1/diamonds"] {
            let account = reads::account(&self.world, &self.nodes[kept.writer], &kept.name, name).await;
            seen.push((name.to_owned(), account.unwrap_or_else(|why| panic!("{why}"))));
        }
        seen
    }

    /// A process without a lease does not notice that another process has become the writer, and shows outdated accounts. This function therefore reads
    /// the accounts from the writer.
    async fn look_again(&mut self, at: usize, calls: &mut Vec<Call>) {
        let kept = &self.books[at];
        for call in calls.iter_mut() {
            let Answer::Done(accounts) = &mut call.answer else { continue };
            for account in accounts {
                let now = reads::account(&self.world, &self.nodes[kept.writer], &kept.name, &account.account).await;
                *account = now.unwrap_or_else(|why| panic!("{why}")).expect("it was shown before");
            }
        }
        // For the same reason its dry runs, which no commit confirms, are ignored.
        *calls = without_dry_runs(std::mem::take(calls));
    }

    /// While a commit hangs, readers see the book as it was before. Unless there was nothing to commit.
    async fn while_it_hangs(&mut self, at: usize, flights: &[Flight], writer: &Node) {
        while writer.store.is_idle() && flights.iter().any(|flight| !flight.task.is_finished()) {
            tokio::task::yield_now().await;
        }
        let kept = &self.books[at];
        let check = Check { world: &self.world, node: writer, name: &kept.name, book: &kept.model };
        check.some(&mut self.dice).await.unwrap_or_else(|why| panic!("while a commit hangs: {why}"));
        if self.dice.percent(40) {
            self.give_up(flights).await;
        }
    }

    /// Some callers stop waiting.
    async fn give_up(&mut self, flights: &[Flight]) {
        for _ in 0..self.dice.below(20) {
            tokio::task::yield_now().await;
        }
        for flight in flights {
            if self.dice.percent(40) {
                flight.give_up.cancel();
            }
        }
    }

    /// The process is gone for its callers, another takes its place. Its commit may still be in flight.
    async fn kill(&mut self, at: usize, flights: &[Flight]) {
        flights.iter().for_each(|flight| flight.give_up.cancel());
        let gone = self.books[at].writer;
        if self.dice.percent(50) {
            self.nodes[gone].store.release();
        }
        self.nodes[gone] = self.world.node().await;
    }

    /// The answers; the keys whose outcome is unknown; the requests to be retried.
    async fn land(&mut self, at: usize, flights: Vec<Flight>, trouble: Trouble) -> (Vec<Call>, HashSet<Key>, Vec<(Caller, Asked)>) {
        let (mut calls, mut unsure, mut again) = (Vec::new(), HashSet::new(), Vec::new());
        for flight in flights {
            let outcomes = flight.task.await.unwrap_or_else(|error| panic!("a call broke: {error}"));
            let spoken = flight.give_up.is_cancelled() || matches!(trouble, Trouble::FailingReads(_) | Trouble::Killed);
            self.trace.push(format!("{} at {}: {:?}\n    -> {outcomes:?}", flight.caller.name, flight.node, flight.asked));
            let told = note(&mut calls, &mut unsure, flight.caller, &flight.asked, &outcomes);
            for outcome in &outcomes {
                match outcome {
                    Outcome::Unsure(why) => {
                        assert!(spoken, "nobody gave up, and yet: {why}");
                        self.met.note("gave up");
                    }
                    Outcome::Nothing(why) => {
                        assert_ne!(trouble, Trouble::None, "nothing was wrong, and yet: {why}");
                        self.met.note("nothing happened");
                    }
                    Outcome::Answered(_) => {}
                }
            }
            let lost = outcomes.iter().any(|outcome| matches!(outcome, Outcome::Unsure(_)));
            if lost || (!told && self.dice.percent(60)) {
                again.push((flight.caller, flight.asked));
            }
        }
        let _ = at;
        (calls, unsure, again)
    }

    async fn ask_again(&mut self, at: usize, again: Vec<(Caller, Asked)>, calls: &mut Vec<Call>, unsure: &mut HashSet<Key>) {
        for (caller, asked) in again {
            self.until_told(at, caller, asked, &mut *calls, &mut *unsure).await;
        }
    }

    async fn until_told(&mut self, at: usize, caller: Caller, asked: Asked, calls: &mut Vec<Call>, unsure: &mut HashSet<Key>) {
        for _ in 0..ATTEMPTS_MAX {
            let node = self.nodes[self.books[at].writer].clone();
            let outcomes = self.world.ask(&node, caller, asked.clone()).await;
            self.trace.push(format!("{} again: {asked:?}\n    -> {outcomes:?}", caller.name));
            if note(calls, unsure, caller, &asked, &outcomes) {
                return;
            }
        }
        panic!("{ATTEMPTS_MAX} attempts, and no answer to {asked:?}");
    }

    /// Makes one of the processes the writer for certain.
    async fn claim(&mut self, at: usize, calls: &mut Vec<Call>) {
        self.books[at].writer = self.dice.below(self.nodes.len());
        let kept = &self.books[at];
        let post = pb::PostRequest {
            book: kept.name.clone(),
            request_id: self.dice.new_id(self.world.now_ms()),
            kind: "claim".to_owned(),
            transfers: vec![transfer("house/coins/issued", "viewer/claim/coins", 1)],
            ..Default::default()
        };
        self.until_told(at, CALLERS[0], Asked::One(Ask::Post(post)), calls, &mut HashSet::new()).await;
    }

    /// Everything stops in good order and starts again on the same store.
    async fn restart(&mut self, at: usize) {
        let gone = self.books[at].writer;
        self.trace.push(format!("--- restart of {gone}"));
        self.met.note("restart");
        let old = self.nodes[gone].clone();
        old.ledger.shutdown().await;
        self.nodes[gone] = self.world.node().await;
        self.check(at).await;
    }

    async fn check(&mut self, at: usize) {
        let (kept, world) = (&mut self.books[at], &self.world);
        let followed = kept.watcher.follow(world, &self.nodes[kept.writer], &kept.name, &kept.model).await;
        followed.unwrap_or_else(|why| panic!("{}: {why}", kept.name));
        let check = Check { world: &self.world, node: &self.nodes[kept.writer], name: &kept.name, book: &kept.model };
        check.all(&mut self.dice).await.unwrap_or_else(|why| panic!("{}: {why}", kept.name));
    }

    /// The books are right, in this process and in one that reads them from the store only, and every kept answer is still returned.
    async fn finish(&mut self) {
        for at in 0..self.books.len() {
            self.check(at).await;
            self.books[at].model.expiries.iter().for_each(|_| self.met.note("hold expired"));
        }
        for node in std::mem::take(&mut self.nodes) {
            node.ledger.shutdown().await;
        }
        self.nodes.push(self.world.node().await);
        for at in 0..self.books.len() {
            self.books[at].writer = 0;
            self.check(at).await;
            for (caller, ask) in self.books[at].past.clone() {
                if self.books[at].model.is_kept(&ask, caller.scope()) && self.dice.percent(40) {
                    let (mut calls, mut unsure) = (Vec::new(), HashSet::new());
                    self.until_told(at, caller, Asked::One(ask), &mut calls, &mut unsure).await;
                    self.explained(at, &calls, &unsure);
                }
            }
            self.check(at).await;
            let kept = &self.books[at];
            let check = Check { world: &self.world, node: &self.nodes[0], name: &kept.name, book: &kept.model };
            check.verified().await.unwrap_or_else(|why| panic!("{}: {why}", kept.name));
        }
        self.nodes[0].ledger.shutdown().await;
    }
}

/// Adds answers to `calls`, and unknown outcomes to `unsure`. Returns whether everything was answered.
fn note(calls: &mut Vec<Call>, unsure: &mut HashSet<Key>, caller: Caller, asked: &Asked, outcomes: &[Outcome]) -> bool {
    let scope = caller.scope();
    let whole = outcomes.iter().all(|outcome| matches!(outcome, Outcome::Answered(_)));
    let asks = asked.asks();
    let sure = asks.iter().all(|ask| !unsure.contains(&ask.key(scope)));
    let first = calls.len();
    for (ask, outcome) in asks.into_iter().zip(outcomes) {
        match outcome {
            Outcome::Answered(answer) => {
                // Items of one batch are decided in their order, if it was decided in one go.
                let after = (whole && sure && calls.len() > first).then(|| calls.len() - 1);
                let answer: Answer = answer.clone();
                calls.push(Call { ask, scope: scope.to_owned(), answer, after });
            }
            Outcome::Nothing(_) => {}
            Outcome::Unsure(_) => {
                unsure.insert(ask.key(scope));
            }
        }
    }
    whole
}

/// The other calls. A call that followed a dry run now follows the call before that.
fn without_dry_runs(calls: Vec<Call>) -> Vec<Call> {
    let mut places = Vec::new();
    for call in &calls {
        let kept = !call.ask.is_dry_run();
        let last = places.iter().filter(|(kept, _)| *kept).count();
        places.push((kept, last));
    }
    let before: Vec<Option<usize>> = calls.iter().map(|call| call.after).collect();
    let kept_before = |mut after: Option<usize>| loop {
        match after {
            Some(at) if !places[at].0 => after = before[at],
            Some(at) => return Some(places[at].1),
            None => return None,
        }
    };
    calls.into_iter().filter(|call| !call.ask.is_dry_run()).map(|call| Call { after: kept_before(call.after), ..call }).collect()
}
