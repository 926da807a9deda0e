//! CASH: creators turn diamonds into money, exactly as quoted.
use super::{
    StoryTelling,
    fates::FATES,
    gift::ReceivedDiamonds,
    summary::{CashSummary, SummaryAmount},
};
use crate::installation::authorised;
use api::{
    earnings::{AcceptQuoteRequest, CreateQuoteRequest, GetEarningsRequest, GetEarningsResponse, GetQuoteRequest},
    r#type::Money,
};
use identity::Role;
use runtime::command::UntypedError;
use uuid::Uuid;

/// The creators who earned most convert everything.
pub async fn cash(story: &mut StoryTelling, received: &ReceivedDiamonds) -> Result<Vec<CashSummary>, UntypedError> {
    let mut creators: Vec<(&String, i64)> = received.iter().map(|(creator, diamonds)| (creator, *diamonds)).collect();
    creators.sort_by_key(|(creator, diamonds)| (std::cmp::Reverse(*diamonds), *creator));
    let mut done = Vec::new();
    for ((creator, diamonds), fate) in creators.into_iter().zip(FATES) {
        let held = earnings(story, creator).await?.diamonds;
        story.same(&format!("diamonds {creator} received and holds"), diamonds, held);
        done.push(convert(story, creator, held, fate.currency).await?);
        story.bar.inc(1);
    }
    Ok(done)
}

/// A creator's earnings.
pub async fn earnings(story: &StoryTelling, creator: &str) -> Result<GetEarningsResponse, UntypedError> {
    let token = story.installation.token(creator, Role::Creator)?;
    let request = authorised(GetEarningsRequest::default(), &token)?;
    Ok(story.installation.earnings().get_earnings(request).await?.into_inner())
}

async fn convert(story: &mut StoryTelling, creator: &str, diamonds: i64, currency: &str) -> Result<CashSummary, UntypedError> {
    let token = story.installation.token(creator, Role::Creator)?;
    let mut client = story.installation.earnings();
    let request_id = Uuid::now_v7().to_string();
    let ask = CreateQuoteRequest { request_id, diamonds, currency_code: currency.to_owned(), ..Default::default() };
    let offered = client.create_quote(authorised(ask, &token)?).await?.into_inner().quote.ok_or("a quote is told")?;
    let accept = AcceptQuoteRequest { request_id: Uuid::now_v7().to_string(), quote_id: offered.quote_id.clone(), ..Default::default() };
    client.accept_quote(authorised(accept, &token)?).await?;
    let ask = GetQuoteRequest { quote_id: offered.quote_id, ..Default::default() };
    let quote = client.get_quote(authorised(ask, &token)?).await?.into_inner().quote.ok_or("a quote is told")?;
    let amount = |money: Option<Money>| {
        money.map_or_else(|| SummaryAmount::try_new(currency, 0), |m| SummaryAmount::try_new(&m.currency_code, m.minor_units))
    };
    let cash = CashSummary {
        creator: creator.to_owned(),
        diamonds: quote.diamonds,
        rate: quote.rate,
        rate_date: quote.rate_date,
        gross: amount(quote.gross)?,
        withholding: amount(quote.withholding)?,
        fee: amount(quote.fee)?,
        net: amount(quote.net)?,
        posting_id: quote.posting_id,
    };
    let payable = earnings(story, creator).await?.payable.iter().find(|money| money.currency_code == currency).map_or(0, |m| m.minor_units);
    story.same(&format!("{currency} quoted to {creator} and payable in the ledger"), cash.net.minor_units, payable);
    story.expect(&format!("the conversion of {creator} names its posting"), !cash.posting_id.is_empty(), "none");
    Ok(cash)
}
