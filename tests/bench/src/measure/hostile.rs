//! Honest callers beside attackers, one attack after another: the share of gifts answered without the attack that is still answered during it.
use super::{
    fill::fund,
    findings::{BenchFindings, HarmFound},
    place::BenchPlace,
    server,
    side::BenchSide,
};
use crate::{
    load::{
        crowd::BenchCrowd,
        scenarios::{HarmScenario, HarmSeen, HarmTarget, SCENARIOS},
    },
    options::Options,
    plan::{BenchRow, HONEST, HONEST_BESIDE_HARM, SEND_GIFT},
};
use identity::{BookScope, Grant, Issuer, Role};
use money::UserKey;
use runtime::command::UntypedError;
use std::time::{Duration, Instant};

/// Longer than any run.
const TOKEN_TTL: Duration = Duration::from_secs(24 * 3_600);
/// Connections of the attackers who hold resources.
const HOLDERS: usize = 300;
/// An attack begins this long before its effect is measured.
const BEFORE: Duration = Duration::from_millis(200);

/// Measures all attacks, and removes the temporary files.
pub(crate) async fn run(options: &Options, findings: &mut BenchFindings, tell: &impl Fn(&str)) -> Result<(), UntypedError> {
    let mut place = BenchPlace::open(options, None).await?;
    place.services = server::CALLED;
    let ended = all(options, place.clone(), findings, tell).await;
    ended.and(place.close().await)
}

async fn all(options: &Options, place: BenchPlace, findings: &mut BenchFindings, tell: &impl Fn(&str)) -> Result<(), UntypedError> {
    let mut side = BenchSide::start(place, BenchCrowd::SMALL, &[]).await?;
    fund(&side.house, &side.users, &|_| {}).await?;
    let grant = Grant {
        subject: UserKey::try_new("mallory")?,
        role: Role::Viewer,
        app: String::new(),
        books: BookScope::Only(vec![side.place.book.clone()]),
    };
    let token = Issuer::load_or_create(&side.place.dir)?.issue(&grant, TOKEN_TTL)?;
    side.measure(SEND_GIFT, options.slice).await?;
    side.peak = side.measure(SEND_GIFT, options.slice).await?.rate();
    let mut lines = Vec::new();
    for scenario in SCENARIOS {
        tell(&format!("hostile: {}", scenario.name));
        let mut line = HarmFound { name: scenario.name, ratios: Vec::new(), seen: HarmSeen::default(), memory_kib: None };
        for _ in 0..options.rounds {
            one(options, &mut side, &scenario, &token, &mut line, findings).await?;
        }
        lines.push(line);
    }
    let problem = side.problem().await?;
    side.house.end().await?;
    findings.hostile = lines;
    problem.map_or(Ok(()), |problem| Err(problem.into()))
}

async fn one(
    options: &Options,
    side: &mut BenchSide,
    scenario: &HarmScenario,
    token: &str,
    line: &mut HarmFound,
    findings: &mut BenchFindings,
) -> Result<(), UntypedError> {
    let undisturbed = side.measure(HONEST, options.slice).await?;
    let until = Instant::now() + BEFORE + options.slice;
    let http = side.house.http.ok_or("the server has no HTTP listener")?;
    let target = HarmTarget { address: side.house.address, http, token: token.into(), until, holders: HOLDERS };
    let harm = tokio::spawn({
        let scenario = *scenario;
        async move { scenario.run(target).await }
    });
    tokio::time::sleep(BEFORE).await;
    let beside = side.measure(HONEST_BESIDE_HARM, options.slice).await?;
    line.memory_kib = line.memory_kib.max(side.house.memory_kib());
    line.seen = line.seen.and(harm.await??);
    line.ratios.push(beside.rate() / undisturbed.rate().max(f64::MIN_POSITIVE));
    findings.add(BenchRow::Hostile, HONEST, undisturbed);
    findings.add(BenchRow::Hostile, HONEST_BESIDE_HARM, beside);
    Ok(())
}
