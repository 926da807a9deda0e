//! Quotes and conversions over the real ledger, with this service's tables on both engines.
#![allow(clippy::unwrap_used)]

mod crashes;
mod fixture;
mod live;
mod reasons;
mod unused;

use api::earnings::{
    AcceptQuoteRequest, CreateQuoteRequest, GetEarningsRequest, GetEarningsResponse, GetQuoteRequest, ListQuotesRequest, ListQuotesResponse,
};
use api::ledger::{
    AccountState, OpenAccountsRequest, PostingStanding, ReverseRequest, SetAccountStateRequest, ledger_service_client::LedgerServiceClient,
};
use fixture::{BOOK, Fixture, ask, both, take};
use identity::Role;
use tonic::Code;
use uuid::Uuid;

#[tokio::test]
async fn a_conversion_is_posted_exactly_as_quoted() {
    for fixture in both().await {
        fixture.give("bob", 2_001).await;
        let (quote, replayed) = fixture.quote("bob", ask(1_001, "USD")).await.unwrap();
        assert!(!replayed);
        assert_eq!((quote.rate.as_str(), quote.rate_date.as_str(), quote.posting_id.as_str()), ("0.005", "2024-01-01", ""));
        let minor = |money: &Option<api::r#type::Money>| money.clone().unwrap().minor_units;
        assert_eq!([&quote.gross, &quote.withholding, &quote.fee, &quote.net].map(minor), [500, 0, 0, 500]);
        let accepted = fixture.accept("bob", take(&quote)).await.unwrap();
        let used = accepted.quote.unwrap();
        assert_eq!((accepted.diamonds, accepted.replayed, used.posting_id.is_empty()), (1_000, false, false));
        assert_eq!(api::earnings::Quote { posting_id: String::new(), ..used.clone() }, quote);
        for (account, balance) in [
            ("creator/bob/diamonds", 1_000),
            ("creator/bob/payable/USD", 500),
            ("house/diamonds/redeemed", 1_001),
            ("house/creator_cost/USD", -500),
            ("house/accrued_creator_liability/USD", 0),
        ] {
            assert_eq!(fixture.balance(account).await, balance, "{account}");
        }
        let get = GetQuoteRequest { quote_id: quote.quote_id, ..GetQuoteRequest::default() };
        let got = fixture.earnings().get_quote(fixture.by("bob", Role::Creator, get)).await.unwrap().into_inner();
        assert_eq!(got.quote.unwrap(), used);
        fixture.verify().await;
    }
}

#[tokio::test]
async fn earnings_show_diamonds_and_money_by_currency() {
    for fixture in both().await {
        let held = |fixture: &Fixture| {
            let request = fixture.by("bob", Role::Creator, GetEarningsRequest::default());
            let mut earnings = fixture.earnings();
            async move { earnings.get_earnings(request).await.unwrap().into_inner() }
        };
        let none = GetEarningsResponse { diamonds_state: AccountState::Open.into(), ..Default::default() };
        assert_eq!(held(&fixture).await, none, "no gift was received");
        fixture.give("bob", 4_000).await;
        for currency in ["USD", "EUR"] {
            let (quote, _) = fixture.quote("bob", ask(1_000, currency)).await.unwrap();
            fixture.accept("bob", take(&quote)).await.unwrap();
        }
        let earnings = held;
        let held = earnings(&fixture).await;
        assert_eq!((held.diamonds, held.matured_diamonds), (2_000, 2_000));
        let payable: Vec<_> = held.payable.iter().map(|money| (money.currency_code.as_str(), money.minor_units)).collect();
        assert_eq!(payable[1], ("USD", 500));
        assert!(payable[0].0 == "EUR" && (440..460).contains(&payable[0].1), "{payable:?}");
        assert_eq!((held.diamonds_state(), held.frozen_currency_codes.len()), (AccountState::Open, 0));
        fixture.verify().await;
    }
}

/// Conversions of before the ledger refused this: the quote's row says nothing of the reversal.
#[tokio::test]
async fn a_quote_whose_conversion_was_reversed_says_so() {
    for fixture in both().await {
        fixture.give("bob", 1_000).await;
        let (quote, _) = fixture.quote("bob", ask(1_000, "USD")).await.unwrap();
        let get = || GetQuoteRequest { quote_id: quote.quote_id.clone(), ..GetQuoteRequest::default() };
        let got = async || fixture.earnings().get_quote(fixture.by("bob", Role::Creator, get())).await.unwrap().into_inner();
        assert_eq!(got().await.conversion_standing(), PostingStanding::Unspecified, "nothing was converted");
        let accept = AcceptQuoteRequest { request_id: Uuid::now_v7().to_string(), quote_id: quote.quote_id.clone(), ..Default::default() };
        let posting_id = fixture.accept("bob", accept).await.unwrap().quote.unwrap().posting_id;
        assert_eq!(got().await.conversion_standing(), PostingStanding::InForce);
        let (request_id, kind) = (Uuid::now_v7().to_string(), "reversal".to_owned());
        let reverse = ReverseRequest { book: BOOK.to_owned(), request_id, posting_id: posting_id.clone(), kind, ..Default::default() };
        fixture.ledger().reverse(reverse).await.unwrap();
        let reversed = got().await;
        assert_eq!((reversed.conversion_standing(), reversed.quote.unwrap().posting_id), (PostingStanding::Reversed, posting_id));
    }
}

#[tokio::test]
async fn frozen_earnings_say_so() {
    for fixture in both().await {
        fixture.give("bob", 4_000).await;
        for account in ["creator/bob/diamonds", "creator/bob/payable/EUR"] {
            let freeze = SetAccountStateRequest {
                book: BOOK.to_owned(),
                request_id: Uuid::now_v7().to_string(),
                account: account.to_owned(),
                state: AccountState::Frozen.into(),
            };
            let open =
                OpenAccountsRequest { book: BOOK.to_owned(), request_id: Uuid::now_v7().to_string(), accounts: vec![account.to_owned()] };
            fixture.ledger().open_accounts(open).await.unwrap();
            LedgerServiceClient::new(fixture.bed.ledger_as("support")).set_account_state(freeze).await.unwrap();
        }
        let request = fixture.by("bob", Role::Creator, GetEarningsRequest::default());
        let frozen = fixture.earnings().get_earnings(request).await.unwrap().into_inner();
        assert_eq!((frozen.diamonds, frozen.diamonds_state()), (4_000, AccountState::Frozen));
        assert_eq!((frozen.payable.len(), frozen.frozen_currency_codes.as_slice()), (0, &["EUR".to_owned()][..]));
    }
}

#[tokio::test]
async fn a_mistyped_name_is_not_a_creator_without_earnings() {
    for fixture in both().await {
        let staff = async |user: &str| {
            let ask = GetEarningsRequest { user_id: user.to_owned(), ..Default::default() };
            fixture.earnings().get_earnings(fixture.by("sam", Role::Support, ask)).await.map(tonic::Response::into_inner)
        };
        let unknown = staff("bobb").await.unwrap_err();
        assert_eq!((unknown.code(), rpc::reason(&unknown).as_deref()), (Code::NotFound, Some("USER_UNKNOWN")));
        assert_eq!(rpc::facts(&unknown)["user_id"], "bobb");
        let own = fixture.earnings().get_earnings(fixture.by("bob", Role::Creator, GetEarningsRequest::default())).await;
        assert_eq!(own.unwrap().into_inner().diamonds, 0, "nobody's own first call is refused");
        let of_app = GetEarningsRequest { user_id: "bob".to_owned(), ..Default::default() };
        fixture.earnings().get_earnings(fixture.by("app", Role::Service, of_app)).await.unwrap();
        assert_eq!(rpc::reason(&staff("bob").await.unwrap_err()).as_deref(), Some("USER_UNKNOWN"), "a question stores nothing");
        fixture.give("bob", 4_000).await;
        assert_eq!(staff("bob").await.unwrap().diamonds, 4_000);
        // Money that was imported, paid out since: of this creator there is only the account.
        fixture.bed.post("test.import", "house/bank_cash/USD", "creator/eve/payable/USD", 5).await;
        fixture.bed.post("test.payout", "creator/eve/payable/USD", "house/bank_cash/USD", 5).await;
        assert_eq!(staff("eve").await.unwrap().payable.len(), 0);
        fixture.verify().await;
    }
}

#[tokio::test]
async fn a_quote_is_asked_for_once_and_a_retry_gets_the_first_answer() {
    for fixture in both().await {
        fixture.give("bob", 1_000).await;
        let request = ask(1_000, "USD");
        let (first, _) = fixture.quote("bob", request.clone()).await.unwrap();
        fixture.accept("bob", take(&first)).await.unwrap();
        fixture.later(3_600);
        assert_eq!(fixture.quote("bob", request.clone()).await.unwrap(), (first, true), "even after it was used and expired");
        let other = CreateQuoteRequest { diamonds: 999, ..request.clone() };
        assert_eq!(fixture.quote("bob", other).await.unwrap_err(), "REQUEST_ID_REUSED");
        // Another creator with the same id learns nothing of it.
        assert_eq!(fixture.quote("eve", request).await.unwrap_err(), "INSUFFICIENT_FUNDS");
        fixture.verify().await;
    }
}

#[tokio::test]
async fn refusals_of_a_quote_stay_the_answer() {
    for fixture in both().await {
        let poor = ask(1_000, "USD");
        assert_eq!(fixture.quote("bob", poor.clone()).await.unwrap_err(), "INSUFFICIENT_FUNDS");
        fixture.give("bob", 1_000).await;
        assert_eq!(fixture.quote("bob", poor).await.unwrap_err(), "INSUFFICIENT_FUNDS");
        assert_eq!(fixture.quote("bob", ask(1_000, "JPY")).await.unwrap_err(), "CURRENCY_UNSUPPORTED");
        assert_eq!(fixture.quote("bob", ask(1_000, "ZZZ")).await.unwrap_err(), "CURRENCY_UNSUPPORTED");
        assert_eq!(fixture.quote("bob", ask(199, "USD")).await.unwrap_err(), "AMOUNT_TOO_SMALL");
        for bad in [ask(0, "USD"), ask(-1, "USD"), ask(1, "usd"), CreateQuoteRequest { request_id: String::new(), ..ask(1_000, "USD") }] {
            assert_eq!(fixture.quote("bob", bad).await.unwrap_err(), "MALFORMED");
        }
        fixture.verify().await;
    }
}

#[tokio::test]
async fn a_creator_lists_open_and_past_quotes_the_newest_first() {
    for fixture in both().await {
        fixture.give("bob", 9_000).await;
        fixture.give("eve", 9_000).await;
        let listed = async |who: &str, role: Role, ask: ListQuotesRequest| -> Result<ListQuotesResponse, String> {
            testbed::reason(fixture.earnings().list_quotes(fixture.by(who, role, ask)).await)
        };
        let mut made = Vec::new();
        for diamonds in 1..=5 {
            // Ids of version 4 have no time, so the list is not in the order of ids.
            let request_id = if diamonds % 2 == 0 { Uuid::new_v4() } else { Uuid::now_v7() }.to_string();
            let request = CreateQuoteRequest { request_id, ..ask(1_000 + diamonds, "USD") };
            made.insert(0, fixture.quote("bob", request).await.unwrap().0);
            fixture.quote("eve", ask(1_000, "USD")).await.unwrap();
            fixture.later(1);
        }
        let accepted = fixture.accept("bob", take(&made[1])).await.unwrap().quote.unwrap();
        fixture.later(3_600);
        made.insert(0, fixture.quote("bob", ask(2_000, "EUR")).await.unwrap().0);
        made[2] = accepted;
        let (mut found, mut ask_for) = (Vec::new(), ListQuotesRequest { page_size: 4, ..Default::default() });
        loop {
            let page = listed("bob", Role::Creator, ask_for.clone()).await.unwrap();
            found.extend(page.quotes);
            if page.next_page_token.is_empty() {
                break;
            }
            ask_for.page_token = page.next_page_token;
            let foreign = listed("eve", Role::Creator, ask_for.clone()).await;
            assert_eq!(foreign.unwrap_err(), "PAGE_TOKEN");
        }
        assert_eq!(found, made);
        assert_eq!(found.iter().filter(|quote| quote.posting_id.is_empty()).count(), 5);
        let of = |user: &str| ListQuotesRequest { user_id: user.to_owned(), ..Default::default() };
        assert_eq!(listed("sam", Role::Support, of("bob")).await.unwrap().quotes, made);
        assert_eq!(listed("sam", Role::Support, of("bobb")).await.unwrap_err(), "USER_UNKNOWN");
        assert_eq!(listed("eve", Role::Creator, of("bob")).await.unwrap_err(), "PERMISSION_DENIED");
        assert!(listed("new", Role::Creator, of("")).await.unwrap().quotes.is_empty());
        for wrong in [ListQuotesRequest { page_size: -1, ..of("") }, of("a b")] {
            assert_eq!(listed("sam", Role::Support, wrong).await.unwrap_err(), "MALFORMED");
        }
        fixture.verify().await;
    }
}

#[tokio::test]
async fn a_quote_is_used_once_and_its_acceptance_can_be_retried() {
    for fixture in both().await {
        fixture.give("bob", 3_000).await;
        let (quote, _) = fixture.quote("bob", ask(1_000, "USD")).await.unwrap();
        let request = take(&quote);
        let first = fixture.accept("bob", request.clone()).await.unwrap();
        fixture.later(3_600);
        let again = fixture.accept("bob", request.clone()).await.unwrap();
        assert_eq!(again, api::earnings::AcceptQuoteResponse { replayed: true, ..first });
        assert_eq!(fixture.accept("bob", take(&quote)).await.unwrap_err(), "QUOTE_USED", "used comes before expired");
        let (other, _) = fixture.quote("bob", ask(500, "USD")).await.unwrap();
        let reused = AcceptQuoteRequest { quote_id: other.quote_id.clone(), ..request };
        assert_eq!(fixture.accept("bob", reused).await.unwrap_err(), "REQUEST_ID_REUSED");
        assert_eq!(fixture.accept("bob", take(&other)).await.unwrap().diamonds, 1_500);
        fixture.verify().await;
    }
}

#[tokio::test]
async fn many_acceptances_at_once_convert_once() {
    for fixture in both().await {
        fixture.give("bob", 3_000).await;
        let (quote, _) = fixture.quote("bob", ask(1_000, "USD")).await.unwrap();
        let answers = futures::future::join_all((0..8).map(|_| fixture.accept("bob", take(&quote)))).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
        assert!(answers.iter().flat_map(|answer| answer.as_ref().err()).all(|reason| reason == "QUOTE_USED"), "{answers:?}");
        assert_eq!(fixture.balance("creator/bob/diamonds").await, 2_000);
        fixture.verify().await;
    }
}

#[tokio::test]
async fn an_expired_quote_is_refused_for_good() {
    for fixture in both().await {
        fixture.give("bob", 1_000).await;
        let (quote, _) = fixture.quote("bob", ask(1_000, "USD")).await.unwrap();
        fixture.later(15 * 60 + 1);
        let late = take(&quote);
        assert_eq!(fixture.accept("bob", late.clone()).await.unwrap_err(), "QUOTE_EXPIRED");
        assert_eq!(fixture.accept("bob", late).await.unwrap_err(), "QUOTE_EXPIRED");
        assert_eq!(fixture.balance("creator/bob/diamonds").await, 1_000);
        fixture.verify().await;
    }
}

#[tokio::test]
async fn a_quote_is_its_owners() {
    for fixture in both().await {
        fixture.give("bob", 1_000).await;
        fixture.give("eve", 1_000).await;
        let (quote, _) = fixture.quote("bob", ask(1_000, "USD")).await.unwrap();
        let get = |quote_id: &str| GetQuoteRequest { quote_id: quote_id.to_owned(), ..GetQuoteRequest::default() };
        let foreign = fixture.earnings().get_quote(fixture.by("eve", Role::Creator, get(&quote.quote_id))).await.unwrap_err();
        let guess = Uuid::now_v7().to_string();
        let missing = fixture.earnings().get_quote(fixture.by("eve", Role::Creator, get(&guess))).await.unwrap_err();
        // Each names the requested id, and nothing else distinguishes them.
        let told = foreign.message().replace(&quote.quote_id, &guess);
        assert_eq!((foreign.code(), told.as_str()), (Code::NotFound, missing.message()), "a guess learns nothing");
        assert_eq!(fixture.accept("eve", take(&quote)).await.unwrap_err(), "QUOTE_UNKNOWN");
        let staff = fixture.earnings().get_quote(fixture.by("sue", Role::Support, get(&quote.quote_id))).await.unwrap().into_inner();
        assert_eq!(staff.quote.unwrap(), quote);
        let named = AcceptQuoteRequest { user_id: "bob".to_owned(), ..take(&quote) };
        let denied = fixture.earnings().accept_quote(fixture.by("eve", Role::Creator, named.clone())).await.unwrap_err();
        assert_eq!(denied.code(), Code::PermissionDenied);
        fixture.earnings().accept_quote(fixture.by("relay", Role::Service, named)).await.unwrap();
        assert_eq!((fixture.balance("creator/bob/diamonds").await, fixture.balance("creator/eve/diamonds").await), (0, 1_000));
        fixture.verify().await;
    }
}

#[tokio::test]
async fn withholding_and_fee_go_where_they_belong() {
    let card = tempfile::NamedTempFile::new().unwrap();
    let text = "version = \"w\"\n[terms]\nwithholding_bps = 3000\nmaturity_days = 0\nquote_ttl_minutes = 15\n[[rates]]\ncurrency = \"USD\"\n\
        from = \"2024-01-01\"\nper_diamond = \"0.005\"\nbasis = \"b\"\nminimum_minor_units = 1\nfee_minor_units = 25\n";
    std::fs::write(card.path(), text).unwrap();
    let fixture = Fixture::start(testbed::Storage::sqlite(), Some(card.path().to_owned())).await;
    fixture.give("bob", 1_010).await;
    let (quote, _) = fixture.quote("bob", ask(1_010, "USD")).await.unwrap();
    fixture.accept("bob", take(&quote)).await.unwrap();
    for (account, balance) in [
        ("creator/bob/payable/USD", 328),
        ("house/withholding_payable/USD", 152),
        ("house/fee_income/USD", 25),
        ("house/creator_cost/USD", -505),
        ("house/accrued_creator_liability/USD", 0),
    ] {
        assert_eq!(fixture.balance(account).await, balance, "{account}");
    }
    fixture.verify().await;
}
