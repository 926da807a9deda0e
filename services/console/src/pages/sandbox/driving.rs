//! What the forms of the sandbox's page do.
use crate::{
    filters::Filters, pages::holdings::is_user_unknown, parts::ConsoleParts, playground::Playground, view::badges::word_of,
    visitor::Visitor,
};
use api::{
    gift::SendGiftRequest,
    payout::GetPayoutRequest,
    purchase::{CoinPackage, GetPurchaseRequest, GetWalletRequest, ListCoinPackagesRequest, Purchase, SalesChannel},
    support::NoteActRequest,
};
use money::{Currency, UserKey};
use scenarios::{PretendSale, Scenario, ScenarioTerms};
use tonic::Status;

/// The market in which coins are bought.
pub(super) const MARKET: &str = "US";
/// The room of gifts.
const ROOM: &str = "sandbox";
/// What is done here that no scenario is: with its effect.
const OWN: [(&str, &str); 2] = [
    ("coins.bought", "The store sold the coins, and its notification credits them"),
    ("gift.sent", "The viewer spent the coins, and the creator has the diamonds"),
];

/// What a form is to have happen.
pub(super) struct ToDrive<'a> {
    pub(super) console: &'a ConsoleParts,
    pub(super) playground: &'a Playground,
    pub(super) visitor: &'a Visitor,
    pub(super) book: &'a str,
    pub(super) form: &'a Filters,
}

/// What happened, and to what.
pub(super) struct DrivenThing {
    /// The scenario's name, or one of [`OWN`].
    pub(super) did: String,
    pub(super) kind: &'static str,
    pub(super) id: String,
}

impl DrivenThing {
    pub(super) const PURCHASE: &'static str = "purchase";
    pub(super) const PAYOUT: &'static str = "payout";
    pub(super) const GIFT: &'static str = "gift";
    /// A purchase by its store's transaction.
    pub(super) const TRANSACTION: &'static str = "transaction";
    /// Payouts to come.
    pub(super) const NEXT: &'static str = "next";
    /// Nothing that has a page.
    pub(super) const NOTHING: &'static str = "";
}

/// Why it did not happen.
pub(super) enum NotDriven {
    /// The reason was for somebody else.
    Unexplained,
    /// A service refused.
    Status(Box<Status>),
    /// The form lacks something, or a counterpart refused: in words.
    Said(String),
}

impl From<Status> for NotDriven {
    fn from(status: Status) -> Self {
        Self::Status(Box::new(status))
    }
}

/// What is done, in a sentence without its full stop. `None`: there is no such thing.
pub(super) fn effect(did: &str) -> Option<&'static str> {
    let own = OWN.into_iter().find(|(name, _)| *name == did).map(|(_, effect)| effect);
    own.or_else(|| scenarios::find(did).ok().map(|scenario| scenario.effect))
}

/// Scenarios of the bank that pays to accounts.
pub(super) fn is_of_payout(scenario: &Scenario) -> bool {
    scenario.takes.contains(&"account")
}

/// Scenarios of one purchase.
pub(super) fn is_of_purchase(scenario: &Scenario) -> bool {
    scenario.takes.contains(&"transaction")
}

/// Scenarios of how stores report.
pub(super) fn is_of_reports(scenario: &Scenario) -> bool {
    scenario.name.starts_with("webhooks.")
}

type Driven = Result<DrivenThing, NotDriven>;

fn done(did: &str, kind: &'static str, id: &str) -> DrivenThing {
    DrivenThing { did: did.to_owned(), kind, id: id.to_owned() }
}

impl ToDrive<'_> {
    /// Has what the form asks for happen, in TEST books only: its page has checked that.
    pub(super) async fn drive(&self) -> Driven {
        match self.form.get("act") {
            "buy" => self.buy().await,
            "gift" => self.gift().await,
            "purchase" => self.purchase().await,
            "payout" => self.payout().await,
            "reports" => self.reports().await,
            _ => Err(NotDriven::Said("The form is not one of this page; nothing was done.".to_owned())),
        }
    }

    fn field(&self, name: &str, what: &str) -> Result<&str, NotDriven> {
        let value = self.form.get(name);
        if value.is_empty() { Err(NotDriven::Said(format!("The form names no {what}; nothing was done."))) } else { Ok(value) }
    }

    fn user(&self, name: &str, what: &str) -> Result<UserKey, NotDriven> {
        let value = self.field(name, what)?;
        UserKey::try_new(value).map_err(|error| NotDriven::Said(format!("The {what} is no user: {error}; nothing was done.")))
    }

    /// Fails unless the reader's reason is for this user.
    fn about(&self, user: &str) -> Result<(), NotDriven> {
        if self.console.sessions.covers(&self.visitor.secret, &[user]) { Ok(()) } else { Err(NotDriven::Unexplained) }
    }

    /// Looks at a user's wallet as the reader, so that the audit log has who has a pretend user do something, and why. Nothing need be known of the user yet.
    async fn look(&self, user: &UserKey) -> Result<(), NotDriven> {
        let wallet = GetWalletRequest { book: self.book.to_owned(), user_id: user.to_string(), ..GetWalletRequest::default() };
        match self.console.more.purchase_client()?.get_wallet(self.visitor.request(wallet)).await {
            Ok(_) => Ok(()),
            Err(status) if is_user_unknown(&status) => Ok(()),
            Err(status) => Err(status.into()),
        }
    }

    /// The scenario that the form chooses among those of its part of the page.
    fn scenario(&self, is_it: fn(&Scenario) -> bool) -> Result<&'static Scenario, NotDriven> {
        let found = scenarios::find(self.form.get("scenario")).map_err(|why| NotDriven::Said(format!("{why}; nothing was done.")))?;
        if is_it(found) { Ok(found) } else { Err(NotDriven::Said(format!("{} is of another form; nothing was done.", found.name))) }
    }

    /// Notes in the audit log, as the reader, what is about to be done: of this thing, and of this user if it is somebody's. Nothing is done that can't be noted.
    async fn note(&self, what: &str, about: &str, user: &str) -> Result<(), NotDriven> {
        let note = NoteActRequest {
            book: self.book.to_owned(),
            what: format!("sandbox: {what}"),
            about: about.to_owned(),
            user_id: user.to_owned(),
        };
        self.console.support_client().note_act(self.visitor.request(note)).await?;
        Ok(())
    }

    /// Has a scenario happen to something of a user; both are empty for what is nobody's.
    async fn trigger(&self, scenario: &Scenario, terms: &ScenarioTerms, about: &str, user: &str) -> Result<(), NotDriven> {
        let said = |why: String| NotDriven::Said(format!("{why}."));
        let calls = scenario.calls(terms, self.playground.addresses()).map_err(said)?;
        self.note(scenario.name, about, user).await?;
        for call in calls {
            self.playground.send(&call).await.map_err(|error| said(error.to_string()))?;
        }
        Ok(())
    }

    /// The App Store sells coins to a user, and says so by a notification.
    async fn buy(&self) -> Driven {
        let (user, product) = (self.user("user", "viewer")?, self.field("product", "package")?);
        self.about(user.as_str())?;
        self.look(&user).await?;
        let mut purchases = self.console.more.purchase_client()?;
        let list = ListCoinPackagesRequest {
            book: self.book.to_owned(),
            market: MARKET.to_owned(),
            sales_channel: SalesChannel::App.into(),
            ..ListCoinPackagesRequest::default()
        };
        let packages = purchases.list_coin_packages(self.visitor.request(list)).await?.into_inner().packages;
        let package = packages.iter().find(|package| package.product_id == product);
        let Some((price, currency)) = package.and_then(price) else {
            return Err(NotDriven::Said("No such package is on sale; nothing was done.".to_owned()));
        };
        // As the viewer's app asks before it buys: only then is there a token for a new user.
        let wallet = GetWalletRequest { book: self.book.to_owned(), ..GetWalletRequest::default() };
        let wallet = purchases.get_wallet(self.playground.as_viewer(&user, self.book, wallet)?).await?.into_inner();
        self.note("coins.bought", product, user.as_str()).await?;
        let app = self.playground.app_of(self.book);
        let token = &wallet.app_account_token;
        let sale = PretendSale {
            app: &app,
            product,
            price,
            currency,
            app_account_token: token,
            request_id: self.field("request_id", "request id")?,
        };
        let sent = self.playground.send(&sale.call(self.playground.addresses())).await;
        let answer = sent.map_err(|error| NotDriven::Said(format!("{error}.")))?;
        Ok(done("coins.bought", DrivenThing::TRANSACTION, &PretendSale::transaction(&answer).unwrap_or_default()))
    }

    /// A viewer sends a gift.
    async fn gift(&self) -> Driven {
        let (viewer, creator) = (self.user("viewer", "viewer")?, self.user("creator", "creator")?);
        self.about(viewer.as_str())?;
        let gift_id =
            self.field("gift", "gift")?.parse().map_err(|_| NotDriven::Said("The gift is no number; nothing was done.".to_owned()))?;
        self.look(&viewer).await?;
        let send = SendGiftRequest {
            request_id: self.field("request_id", "request id")?.to_owned(),
            book: self.book.to_owned(),
            room_id: ROOM.to_owned(),
            creator_id: creator.to_string(),
            gift_id,
            ..SendGiftRequest::default()
        };
        self.note("gift.sent", creator.as_str(), viewer.as_str()).await?;
        let sent = self.console.more.gift_client()?.send_gift(self.playground.as_viewer(&viewer, self.book, send)?).await;
        match sent {
            Ok(answer) => Ok(done("gift.sent", DrivenThing::GIFT, &answer.into_inner().posting_id)),
            Err(status) => Err(NotDriven::Said(format!("The gift was refused: {}.", crate::answer::in_words(&status)))),
        }
    }

    /// A store, the buyer or the buyer's bank does something about a purchase.
    async fn purchase(&self) -> Driven {
        let scenario = self.scenario(is_of_purchase)?;
        let purchase_id = self.field("purchase", "purchase")?;
        let request =
            GetPurchaseRequest { book: self.book.to_owned(), purchase_id: purchase_id.to_owned(), ..GetPurchaseRequest::default() };
        let found = self.console.more.purchase_client()?.get_purchase(self.visitor.request(request)).await?.into_inner();
        let purchase = found.purchase.unwrap_or_default();
        self.about(&purchase.user_id)?;
        self.trigger(scenario, &of_purchase(&purchase), &purchase.purchase_id, &purchase.user_id).await?;
        Ok(done(scenario.name, DrivenThing::PURCHASE, &purchase.purchase_id))
    }

    /// The bank does something with a payout, or with the next one.
    async fn payout(&self) -> Driven {
        let scenario = self.scenario(is_of_payout)?;
        let code = Some(self.form.get("code")).filter(|code| !code.is_empty()).map(str::to_owned);
        let mut terms = ScenarioTerms { code, ..ScenarioTerms::default() };
        let payout_id = self.form.get("payout");
        if payout_id.is_empty() {
            self.trigger(scenario, &terms, "", "").await?;
            return Ok(done(scenario.name, DrivenThing::NEXT, DrivenThing::NEXT));
        }
        let request = GetPayoutRequest { book: self.book.to_owned(), payout_id: payout_id.to_owned() };
        let found = self.console.more.payout_client()?.get_payout(self.visitor.request(request)).await?.into_inner();
        let payout = found.payout.unwrap_or_default();
        self.about(&payout.user_id)?;
        // Of the attempt that is not given up.
        let attempt = payout.attempts.last().map(|attempt| attempt.end_to_end_id.clone());
        terms.payout = attempt.filter(|id| !id.is_empty()).or_else(|| Some(payout.payout_id.clone()));
        self.trigger(scenario, &terms, &payout.payout_id, &payout.user_id).await?;
        Ok(done(scenario.name, DrivenThing::PAYOUT, &payout.payout_id))
    }

    /// How stores report from now on.
    async fn reports(&self) -> Driven {
        let scenario = self.scenario(is_of_reports)?;
        self.trigger(scenario, &ScenarioTerms::default(), "", "").await?;
        Ok(done(scenario.name, DrivenThing::NOTHING, ""))
    }
}

fn of_purchase(purchase: &Purchase) -> ScenarioTerms {
    ScenarioTerms {
        store: Some(word_of(purchase.store_kind().as_str_name(), "STORE_KIND_")),
        transaction: Some(purchase.transaction_id.clone()),
        ..ScenarioTerms::default()
    }
}

/// The price of a package in thousandths of its currency's unit, as Apple states it, and the currency.
fn price(package: &CoinPackage) -> Option<(i64, &str)> {
    let price = package.price.as_ref()?;
    let digits = Currency::try_new(&price.currency_code).ok()?.minor_digits();
    Some((price.minor_units.checked_mul(1_000)? / 10_i64.pow(digits), &price.currency_code))
}
