//! TRY: calls ready to paste, for a story that is kept running.
use super::{
    StoryTelling,
    summary::{PayoutSummary, SummaryProcess, TrySummary},
};
use identity::Role;
use identity::Service;
use runtime::command::UntypedError;

/// The lines to try, or how to get them.
pub fn attempts(story: &StoryTelling, paid: &[PayoutSummary]) -> Result<TrySummary, UntypedError> {
    if !story.options.keep {
        let line = "`largesse demo --keep` leaves it running and prints calls to paste".to_owned();
        return Ok(TrySummary { lines: vec![line], processes: Vec::new() });
    }
    let (viewer, creator) = (&story.plan.buyers[0], paid.first().ok_or("somebody was paid")?);
    let call = |service: Service, token: &str, method: &str, body: &str| {
        let url = story.fleet.url(service)?;
        let name = service.grpc_name().and_then(|name| name.rsplit('.').next()).ok_or("a service with RPCs")?;
        let body = if body.is_empty() { String::new() } else { format!(" '{body}'") };
        let why = if token == "AUDITOR" { " --reason 'trying it out'" } else { "" };
        Ok::<_, UntypedError>(format!("largesse call {name}/{method}{body} --url {url} --token-file <(echo \"${token}\"){why}"))
    };
    let cheapest = story.plan.gifts.iter().filter(|gift| gift.calls.len() == 1).min_by_key(|gift| gift.cost_coins);
    let gift = cheapest.ok_or("a plan has gifts")?;
    let send = serde_json::json!({
        "request_id": uuid::Uuid::now_v7(),
        "room_id": "room-01",
        "creator_id": creator.creator,
        "gift_id": gift.calls[0].request.gift_id,
    });
    let payout = serde_json::json!({ "payout_id": creator.payout_id });
    let lines = vec![
        "paste these; the tokens are good for six hours:".to_owned(),
        format!("VIEWER={}", story.installation.token(viewer, Role::Viewer)?),
        format!("AUDITOR={}", story.installation.token("auditor", Role::Auditor)?),
        call(Service::Purchase, "VIEWER", "GetWallet", "")?,
        call(Service::Gift, "VIEWER", "ListGifts", "")?,
        call(Service::Gift, "VIEWER", "SendGift", &send.to_string())?,
        call(Service::Payout, "AUDITOR", "GetPayout", &payout.to_string())?,
        call(Service::Payout, "AUDITOR", "ListReviews", "")?,
        call(Service::Payout, "AUDITOR", "ListReturns", "")?,
        call(Service::Ledger, "AUDITOR", "GetTrialBalance", "")?,
        format!("curl {0}/statements/USD {0}/ach/statements/USD", story.fleet.http_url("bank")?),
    ];
    // Of several processes none has the console.
    let console = story.fleet.http_url("console").ok().map(|url| format!("or open {url}/ and sign in by one click"));
    let lines = lines.into_iter().chain(console).collect();
    let process = |(process_id, services): (Option<u32>, Vec<Service>)| {
        let services = services.iter().map(ToString::to_string).collect();
        Some(SummaryProcess { process_id: process_id?, services })
    };
    Ok(TrySummary { lines, processes: story.fleet.processes().into_iter().filter_map(process).collect() })
}
