//! Honest callers beside people who mean harm, one way after another: how many of the gifts that are answered undisturbed are answered all the same.
//!
//! - [`scenarios`]: the ways, each bounded and ending by itself. `raw`: HTTP/2 by hand.
use super::{
    Fault, Options,
    crowd::Crowd,
    place::Place,
    plan::{HONEST, HONEST_BESIDE_HARM, Row, SEND_GIFT},
    report::Report,
    side::Side,
    stored,
};
use identity::{Books, Grant, Issuer, Role};
use money::UserKey;
use scenarios::{SCENARIOS, Scenario, Seen, Target};
use std::time::{Duration, Instant};

mod raw;
pub mod scenarios;

/// Longer than any run.
const TOKEN_TTL: Duration = Duration::from_secs(24 * 3_600);
/// Harm begins before it is measured what it does.
const BEFORE: Duration = Duration::from_millis(200);

/// What one way to do harm did.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub name: &'static str,
    /// Goodput beside it to goodput without it, in each round.
    pub ratios: Vec<f64>,
    pub seen: Seen,
    /// What the house had right after it, the most of all rounds.
    pub memory_kib: Option<u64>,
}

/// Measures it, and removes what it has made.
pub(super) async fn run(options: &Options, report: &mut Report, tell: &impl Fn(&str)) -> Result<(), Fault> {
    let place = Place::open(options, None).await?;
    let ended = all(options, place.clone(), report, tell).await;
    ended.and(place.close().await)
}

async fn all(options: &Options, place: Place, report: &mut Report, tell: &impl Fn(&str)) -> Result<(), Fault> {
    let mut side = Side::start(place, Crowd::SMALL, &[]).await?;
    stored::fund(&side.house, &side.users, &|_| {}).await?;
    let grant = Grant {
        subject: UserKey::try_new("mallory")?,
        role: Role::Viewer,
        app: String::new(),
        books: Books::Only(vec![side.place.book.clone()]),
    };
    let token = Issuer::load_or_create(&side.place.dir)?.issue(&grant, TOKEN_TTL)?;
    side.measure(SEND_GIFT, options.slice).await?;
    side.peak = side.measure(SEND_GIFT, options.slice).await?.rate();
    let mut lines = Vec::new();
    for scenario in SCENARIOS {
        tell(&format!("hostile: {}", scenario.name));
        let mut line = Line { name: scenario.name, ratios: Vec::new(), seen: Seen::default(), memory_kib: None };
        for _ in 0..options.rounds {
            one(options, &mut side, (&scenario, &token), (&mut line, report)).await?;
        }
        lines.push(line);
    }
    let problem = side.problem().await?;
    side.house.end().await?;
    report.hostile = lines;
    problem.map_or(Ok(()), |problem| Err(problem.into()))
}

async fn one(
    options: &Options,
    side: &mut Side,
    (scenario, token): (&Scenario, &str),
    (line, report): (&mut Line, &mut Report),
) -> Result<(), Fault> {
    let undisturbed = side.measure(HONEST, options.slice).await?;
    let target = Target { address: side.house.address, token: token.into(), until: Instant::now() + BEFORE + options.slice };
    let harm = tokio::spawn({
        let scenario = *scenario;
        async move { scenario.run(target).await }
    });
    tokio::time::sleep(BEFORE).await;
    let beside = side.measure(HONEST_BESIDE_HARM, options.slice).await?;
    line.memory_kib = line.memory_kib.max(side.house.memory_kib());
    line.seen = line.seen.and(harm.await??);
    line.ratios.push(beside.rate() / undisturbed.rate().max(f64::MIN_POSITIVE));
    report.add(Row::Hostile, HONEST, undisturbed);
    report.add(Row::Hostile, HONEST_BESIDE_HARM, beside);
    Ok(())
}
