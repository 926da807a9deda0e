//! Rails: how many payouts went over each, how fast, how many came back, and what they cost beside an e-wallet.
use crate::{
    answer::{ask_reason, failed, page, refused, without_frame},
    filters::Filters,
    frame::{PAYOUT_REPORT, PageFrame},
    parts::Console,
    view::{
        amounts::{amount, count},
        badges::{ChoiceView, choice, choices},
        calls::{CallView, may},
        facts::joined,
        times::read,
    },
    visitor::Visitor,
};
use api::payout::{GetPayoutReportRequest, GetPayoutReportResponse, PayoutReportLine, ReportDimension, WalletComparison, WalletCostLevel};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use money::{
    text::shown,
    time::{moment_ms, now_ms},
};
use rpc::wire::timestamp;
use serde_json::json;

/// What the lines are divided by; the first is what is shown without being asked for.
const DIMENSIONS: [(&str, ReportDimension); 4] = [
    ("rail", ReportDimension::Rail),
    ("bank", ReportDimension::Bank),
    ("country", ReportDimension::Country),
    ("day", ReportDimension::Day),
];
/// Days that are reported on if none are named.
const DAYS: i64 = 30;

/// Sums of payouts.
struct SumsView {
    of: String,
    payouts: String,
    amount: String,
    paid: String,
    instant: String,
    times: String,
    rejects: String,
    back: String,
    unknown: String,
    cost: String,
}

/// A wallet's figures beside the bank's, at one level.
struct LevelView {
    level: String,
    wallet: String,
    bank: String,
    cheaper: String,
    faster: String,
}

/// The same payouts beside a wallet.
struct WalletView {
    name: String,
    of: String,
    levels: Vec<LevelView>,
    sources: String,
}

#[derive(Template)]
#[template(path = "rails.html")]
struct RailsPage {
    frame: PageFrame,
    from: String,
    until: String,
    by: Vec<ChoiceView>,
    word: &'static str,
    lines: Vec<SumsView>,
    totals: Vec<SumsView>,
    wallets: Vec<WalletView>,
}

pub(crate) async fn show(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Rails", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let words = DIMENSIONS.map(|(word, _)| word);
    let now = moment_ms(now_ms());
    let time = |name: &str, usual: Timestamp| if filters.get(name).is_empty() { Some(usual) } else { read(filters.get(name)) };
    let month = now.checked_sub(SignedDuration::from_hours(24 * DAYS)).unwrap_or(now);
    let (Some(word), Some(from), Some(until)) = (choice(&words, filters.get("by")), time("from", month), time("until", now)) else {
        let why = "A date or a time in UTC is needed, such as 2026-11-20, and one of rail, bank, country and day.";
        return failed(frame, StatusCode::BAD_REQUEST, "This can't be asked", why);
    };
    let by = DIMENSIONS.into_iter().find(|(known, _)| *known == word).map_or(ReportDimension::Rail, |(_, by)| by);
    let message = json!({"book": frame.book, "createdFrom": from.to_string(), "createdUntil": until.to_string(), "by": [by.as_str_name()]});
    frame.calls = vec![CallView::new(&console.target, PAYOUT_REPORT, &message)];
    if may(visitor.person.role, PAYOUT_REPORT) && visitor.reason.is_none() {
        return ask_reason(frame);
    }
    let request = GetPayoutReportRequest {
        book: frame.book.clone(),
        created_from: Some(timestamp(from)),
        created_until: Some(timestamp(until)),
        by: vec![by.into()],
        instant_ms_max: 0,
    };
    let found = match console.more.payout_client() {
        Ok(mut client) => client.get_payout_report(visitor.request(request)).await,
        Err(status) => Err(status),
    };
    match found {
        Ok(answer) => page(StatusCode::OK, &rails(frame, word, filters.get("from"), filters.get("until"), &answer.into_inner())),
        Err(status) => refused(frame, &visitor, &status),
    }
}

fn rails(frame: PageFrame, word: &'static str, from: &str, until: &str, answer: &GetPayoutReportResponse) -> RailsPage {
    RailsPage {
        from: from.to_owned(),
        until: until.to_owned(),
        by: choices(&DIMENSIONS.map(|(word, _)| word), word),
        word,
        lines: answer.lines.iter().map(sums).collect(),
        totals: answer.totals.iter().map(sums).collect(),
        wallets: answer.wallets.iter().map(wallet).collect(),
        frame,
    }
}

fn sums(line: &PayoutReportLine) -> SumsView {
    let money = |number: i64| amount(&line.currency_code, number);
    let some = |number: i64, text: String| if number == 0 { String::new() } else { text };
    let of = joined([&line.rail, &line.bank, &line.country, &line.day].map(|text| shown(text).into_owned()), ", ");
    let rejects: Vec<String> =
        line.rejects.iter().map(|reject| format!("{} × {}", count(reject.payouts), shown(&reject.reason_code))).collect();
    let seconds = |ms: i64| format!("{}.{} s", ms / 1_000, ms % 1_000 / 100);
    SumsView {
        of: if of.is_empty() { "not known".to_owned() } else { of },
        payouts: count(line.payouts),
        amount: money(line.amount_minor_units),
        paid: joined([count(line.paid_payouts), some(line.paid_payouts, format!("({})", money(line.paid_minor_units)))], " "),
        instant: percent(&line.instant_share),
        times: some(line.paid_payouts, format!("{} / {}", seconds(line.account_time_p50_ms), seconds(line.account_time_p99_ms))),
        rejects: rejects.join(", "),
        back: some(line.returned_payouts, format!("{} ({})", count(line.returned_payouts), money(line.returned_minor_units))),
        unknown: some(line.unknown_payouts, count(line.unknown_payouts)),
        cost: money(line.cost_minor_units),
    }
}

/// A share with four places as a percentage.
fn percent(share: &str) -> String {
    let digits = share.strip_prefix("0.").filter(|digits| digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()));
    match digits {
        Some(digits) => format!("{}.{} %", digits[..2].trim_start_matches('0').parse().unwrap_or(0_u8), &digits[2..]),
        None if share.starts_with('1') => "100 %".to_owned(),
        None => shown(share).into_owned(),
    }
}

fn wallet(found: &WalletComparison) -> WalletView {
    let currency = shown(&found.currency_code).into_owned();
    let left_out = if found.left_out_payouts == 0 {
        String::new()
    } else {
        format!("; {} are left out, whose cost is not known", count(found.left_out_payouts))
    };
    WalletView {
        name: shown(&found.name).into_owned(),
        of: format!(
            "{} {} of {}{left_out}",
            count(found.payouts),
            if found.payouts == 1 { "payout" } else { "payouts" },
            amount(&found.currency_code, found.amount_minor_units)
        ),
        levels: found.levels.iter().map(|level| level_view(level, &currency)).collect(),
        sources: format!(
            "Figures of {}; sources: {}",
            shown(&found.as_of),
            found.sources.iter().map(|text| shown(text)).collect::<Vec<_>>().join("; ")
        ),
    }
}

fn level_view(level: &WalletCostLevel, currency: &str) -> LevelView {
    LevelView {
        level: shown(&level.level).into_owned(),
        wallet: format!("{} {currency}", shown(&level.wallet_total)),
        bank: format!("{} {currency}", shown(&level.bank_total)),
        cheaper: times(&level.times_cheaper, "not cheaper"),
        faster: times(&level.times_faster, "not faster"),
    }
}

/// How many times better something is; a thousand times and more without fractions.
fn times(text: &str, not: &str) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    match whole.parse::<i64>() {
        Ok(0) => not.to_owned(),
        Ok(whole) if whole >= 1_000 || fraction.is_empty() => format!("{} times", count(whole)),
        Ok(whole) => format!("{whole}.{fraction} times"),
        Err(_) => shown(text).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    //! Unit tests of the report.
    use super::*;
    use crate::pages::samples::{MARKUP, assert_text};
    use api::payout::RejectedPayouts;

    #[test]
    fn markup_in_every_field_is_text() {
        let text = MARKUP.to_owned();
        let line = PayoutReportLine {
            currency_code: text.clone(),
            rail: text.clone(),
            bank: text.clone(),
            instant_share: text.clone(),
            rejects: vec![RejectedPayouts { reason_code: text.clone(), payouts: 1 }],
            ..PayoutReportLine::default()
        };
        let level =
            WalletCostLevel { level: text.clone(), wallet_total: text.clone(), times_cheaper: text.clone(), ..WalletCostLevel::default() };
        let wallet =
            WalletComparison { name: text.clone(), levels: vec![level], sources: vec![text.clone()], ..WalletComparison::default() };
        let answer = GetPayoutReportResponse { lines: vec![line.clone()], totals: vec![line], wallets: vec![wallet] };
        assert_text(&rails(PageFrame::bare("Rails", None), "rail", MARKUP, MARKUP, &answer), 10);
    }

    #[test]
    fn how_many_times_is_read_by_people() {
        for (text, says) in [("0.40", "no"), ("1.00", "1.00 times"), ("635294.1", "635,294 times"), ("", ""), ("<b>", "<b>")] {
            assert_eq!(times(text, "no"), says);
        }
    }

    #[test]
    fn a_share_is_a_percentage() {
        for (share, text) in [("0.9731", "97.31 %"), ("0.0005", "0.05 %"), ("1.0000", "100 %"), ("", ""), ("0.97", "0.97")] {
            assert_eq!(percent(share), text);
        }
    }
}
