//! How long the balances of a past day take: 10,000 leaves under 100 summary nodes over 400 days, with as many entries as asked for and with a tenth of them.
//! `cargo run --release -p treasury --example closings -- 5000000 [postgres://…]`
use chart::{Account, HouseId, Purpose};
use db::Database;
use jiff::{ToSpan as _, civil::date};
use ledger_client::JournalPlace;
use money::Currency;
use std::{
    error::Error,
    time::{Duration, Instant},
};
use treasury::store::{ClosingBatch, ClosingPosition, Store};

const LEAVES: u64 = 10_000;
const DAYS: u64 = 400;
const ROUNDS: usize = 15;

/// A small generator with a fixed seed: both books have the same form.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

async fn fill(store: &Store, book: &str, entries: u64) -> Result<(), Box<dyn Error>> {
    let dollars = Currency::try_new("USD")?;
    let (mut random, mut balances) = (7, vec![0_i64; usize::try_from(LEAVES)?]);
    let mut batch = ClosingBatch::default();
    for seq in 1..=entries {
        let leaf = next(&mut random) % LEAVES;
        let day = date(2025, 1, 1) + i64::try_from(seq * DAYS / (entries + 1))?.days();
        let balance = &mut balances[usize::try_from(leaf)?];
        *balance += 1;
        let seq = i64::try_from(seq)?;
        let leaf = format!("leaf-{leaf:05}");
        let leaf = HouseId::try_new(&leaf).ok_or("a leaf's id")?;
        let account = Account::of_bank_account(HouseId::MAIN, leaf, Purpose::VirtualAccount, dollars);
        batch.closings.insert((account.name(), day), (*balance, seq));
        batch.position = ClosingPosition { after: JournalPlace { commit_no: seq, hash: String::new(), seq }, committed_us: seq };
        if batch.closings.len() == 2_000 {
            store.write_closings(book, &batch).await?;
            batch.closings.clear();
        }
    }
    Ok(store.write_closings(book, &batch).await?)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let entries: u64 = std::env::args().nth(1).ok_or("how many entries?")?.parse()?;
    let dir = tempfile::tempdir()?;
    let address = std::env::args().nth(2).unwrap_or_else(|| format!("sqlite:{}", dir.path().display()));
    let store = Store::open(&Database::parse(&address)?).await?;
    let books = [("few", entries / 10), ("many", entries)];
    for (book, entries) in books {
        let began = Instant::now();
        fill(&store, book, entries).await?;
        println!("{entries} entries written in {:.1} s", began.elapsed().as_secs_f64());
    }
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..ROUNDS {
        let day = date(2025, 1, 1) + i64::try_from(round * 27)?.days();
        for ((book, _), times) in books.into_iter().zip(&mut times) {
            let began = Instant::now();
            let closings = store.closings(book, day).await?;
            times.push(began.elapsed());
            assert!(!closings.is_empty(), "nothing on {day}");
        }
    }
    let [few, many] = times.map(median);
    println!(
        "all leaves on a past day: {few:.1?} with {} entries, {many:.1?} with {entries}: {:.2} times",
        entries / 10,
        many.as_secs_f64() / few.as_secs_f64()
    );
    Ok(())
}
