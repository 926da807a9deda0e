//! Our banks as they run: which of them pays over which rail, from which account, and how each is spoken to.
//!
//! - [`connector`]: what every bank can do, whatever it speaks. [`iso20022`]: banks that speak ISO 20022. [`api`]: banks that speak JSON. [`nacha`]: banks
//!   that take ACH files.
//! - [`payees`]: which bank is asked whose an account is. [`proof`]: what proves that a callback is from a bank.

pub mod api;
pub mod connector;
pub mod iso20022;
pub mod nacha;
pub mod payees;
pub mod proof;

use crate::{
    config::{BankConfig, BankProtocol, Config, CostPolicy, RouteFacts},
    domain::{Attempt, CostBearer, attempt::ReferenceNumbering},
};
use accounts::PayoutAddress;
use api::ApiBank;
use chart::BookKind;
use connector::{BankConnector, UnusableBank};
use iso20022::Iso20022Bank;
use jiff::Timestamp;
use money::{Currency, Money, Rounding};
use nacha::NachaBank;
use proof::CallbackCheck;
use rails::{
    DatedCap, RouteChoice, RouteInputs, RouteRequest, choose,
    route::{BankTerms, ChosenRail, RefusedRail, item_cost},
};
use rust_decimal::{Decimal, RoundingStrategy};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

/// How the reason begins for which a rail can't be used because of the holder's name.
pub(crate) const HOLDER_NAME: &str = "the holder's name must";
/// How long a bank takes at most to answer where neither its options nor the rail's record say it.
const TIME_OUT: Duration = Duration::from_secs(30);

/// One of our accounts at a bank.
#[derive(Debug, Clone)]
pub struct PayingAccount {
    /// Its id in our books.
    pub id: String,
    /// Its currency.
    pub currency: Currency,
    /// Its number.
    pub address: PayoutAddress,
    /// How its short references are numbered.
    pub numbering: ReferenceNumbering,
    /// Whether payouts reserve its money before they are sent.
    pub liquidity: bool,
}

/// A rail at a bank.
#[derive(Debug, Clone)]
pub struct OfferedRail {
    /// How long the bank takes at most to answer.
    pub time_out: Duration,
    terms: BankTerms,
    minor_units_max: i64,
    recall_fee_minor_units: i64,
}

/// One bank.
#[derive(Debug, Clone)]
pub struct Bank {
    /// Its name, as payouts store it.
    pub name: String,
    /// The books whose payouts it makes.
    pub kind: BookKind,
    /// The legal entity that has the accounts.
    pub entity: String,
    /// Our name, as receivers see it.
    pub debtor_name: String,
    /// Our accounts.
    pub accounts: Vec<PayingAccount>,
    /// Its rails, by their ids.
    pub rails: BTreeMap<String, OfferedRail>,
    /// How it is spoken to.
    pub connector: Arc<dyn BankConnector>,
    /// How long it may take to say whose an account is; zero: it is not asked.
    pub payee_time_out: Duration,
    /// What proves that a callback is from it; none if it sends none.
    pub callbacks: Option<Arc<CallbackCheck>>,
    files: Option<Arc<NachaBank>>,
    bulk: Option<Arc<Iso20022Bank>>,
    paused: Option<String>,
}

/// All banks, and what a choice among their rails depends on.
#[derive(Debug, Clone)]
pub struct Banks {
    all: Vec<Bank>,
    facts: Arc<RouteFacts>,
    bearer: CostBearer,
    return_bearer: CostBearer,
    fallback: bool,
}

/// A rail that was considered for a payment, of one of our banks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankRoute {
    /// The rail, and when the money is there.
    pub rail: ChosenRail,
    /// The bank's name.
    pub bank: String,
    /// The legal entity that pays.
    pub entity: String,
    /// The account that pays, and how its references are numbered.
    pub account: (String, ReferenceNumbering),
}

/// The choice for a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankChoice {
    /// The rail and bank, if one can pay.
    pub chosen: Option<BankRoute>,
    /// Every other rail, with why not.
    pub refused: Vec<RefusedRail>,
}

/// The books and the bounds of a choice.
#[derive(Debug, Clone, Copy)]
pub struct RouteScope<'a> {
    /// TEST or LIVE.
    pub kind: BookKind,
    /// Only this legal entity; none: any.
    pub entity: Option<&'a str>,
    /// Rails that were tried already, separated by a space.
    pub rails_tried: &'a str,
    /// Rails that don't carry the holder's name, with what a name must.
    pub nameless: &'a BTreeMap<String, (usize, String)>,
}

impl Bank {
    fn try_new(config: &BankConfig, facts: &RouteFacts, payments_max: usize) -> Result<Self, UnusableBank> {
        let mut accounts = Vec::new();
        for account in &config.accounts {
            let (currency, address) = account.read()?;
            let numbering = match config.protocol {
                BankProtocol::Iso20022 | BankProtocol::Api => ReferenceNumbering::Prefix(account.reference_prefix.clone()),
                BankProtocol::Nacha => ReferenceNumbering::of_bank(&config.nacha.routing_number),
            };
            accounts.push(PayingAccount { id: account.id.clone(), currency, address, numbering, liquidity: account.liquidity });
        }
        let rails = config.rails.iter().map(|rail| {
            let recorded = facts.book.records(&rail.rail).last().and_then(|record| record.bank_answer_s);
            let time_out = match (rail.time_out, recorded) {
                (Duration::ZERO, Some(seconds)) => Duration::from_secs(seconds.into()),
                (Duration::ZERO, None) => TIME_OUT,
                (set, _) => set,
            };
            let paused = Some(rail.paused.clone()).filter(|why| !why.is_empty());
            let terms = BankTerms { lead_minutes: rail.lead_minutes, paused, ..BankTerms::default() };
            (
                rail.rail.clone(),
                OfferedRail { time_out, terms, minor_units_max: rail.minor_units_max, recall_fee_minor_units: rail.recall_fee_minor_units },
            )
        });
        let (mut files, mut bulk) = (None, None);
        let connector: Arc<dyn BankConnector> = match config.protocol {
            BankProtocol::Iso20022 => {
                let bank = Arc::new(Iso20022Bank::try_new(&config.url, config.client()?, payments_max, config.batch_booking)?);
                bulk = (payments_max > 1).then(|| bank.clone());
                bank
            }
            BankProtocol::Api => Arc::new(ApiBank::try_new(config)?),
            BankProtocol::Nacha => {
                let bank = Arc::new(NachaBank::try_new(config)?);
                files = Some(bank.clone());
                bank
            }
        };
        let callbacks = CallbackCheck::of(config)?.map(Arc::new);
        Ok(Self {
            name: config.name.clone(),
            kind: config.books.kind(),
            entity: config.entity.clone(),
            debtor_name: config.debtor_name.clone(),
            accounts,
            rails: rails.collect(),
            connector,
            files,
            bulk,
            payee_time_out: config.payee_time_out,
            callbacks,
            paused: Some(config.paused.clone()).filter(|why| !why.is_empty()),
        })
    }

    /// The bank as one that takes payments in files, if it is one: its payments are then kept with [`BankConnector::message`], collected, and sent and asked for file
    /// by file. None: [`BankConnector::send`] and [`BankConnector::ask`] are about one payment each.
    #[must_use]
    pub fn files(&self) -> Option<&NachaBank> {
        self.files.as_deref()
    }

    /// The bank as one that takes many payments in a message, if it does: payments that are ready together then go together. None: each goes alone, by
    /// [`BankConnector::message`] and [`BankConnector::send`].
    #[must_use]
    pub fn bulk(&self) -> Option<&Iso20022Bank> {
        self.bulk.as_deref()
    }

    /// How long it takes at most to answer about a payment over this rail.
    #[must_use]
    pub fn time_out(&self, rail: &str) -> Duration {
        self.rails.get(rail).map_or(TIME_OUT, |rail| rail.time_out)
    }

    /// Minutes before a cut-off by which the bank wants a payment over this rail.
    #[must_use]
    pub fn lead_minutes(&self, rail: &str) -> u32 {
        self.rails.get(rail).map_or(0, |rail| rail.terms.lead_minutes)
    }

    /// The account that pays in a currency.
    #[must_use]
    pub fn account(&self, currency: Currency) -> Option<&PayingAccount> {
        self.accounts.iter().find(|account| account.currency == currency)
    }

    /// The terms of a rail for a payment in this currency; none if the bank can't pay it.
    fn terms(&self, rail: &str, currency: Currency) -> Option<BankTerms> {
        let offered = self.rails.get(rail).filter(|_| self.account(currency).is_some())?;
        let mut terms = offered.terms.clone();
        if terms.paused.is_none() {
            terms.paused.clone_from(&self.paused);
        }
        if offered.minor_units_max > 0
            && let Ok(amount) = Money::try_new(currency, offered.minor_units_max.min(money::AMOUNT_MAX))
        {
            terms.caps.push(DatedCap { amount, from: None, or_equivalent: false });
        }
        Some(terms)
    }
}

impl Banks {
    /// The currencies of our accounts.
    #[must_use]
    pub fn currencies(&self) -> BTreeSet<Currency> {
        self.all.iter().flat_map(|bank| &bank.accounts).map(|account| account.currency).collect()
    }

    /// From the options, which were checked.
    pub fn try_new(config: &Config) -> Result<Self, UnusableBank> {
        let facts = config.route.read()?;
        let all = config.banks.iter().map(|bank| Bank::try_new(bank, &facts, config.payments_max_of(bank))).collect::<Result<_, _>>()?;
        let of = |policy: CostPolicy| match policy {
            CostPolicy::House => CostBearer::House,
            CostPolicy::Creator => CostBearer::Creator,
        };
        let (bearer, return_bearer) = (of(config.route.cost_bearer), of(config.returns.charge_bearer));
        Ok(Self { all, facts: Arc::new(facts), bearer, return_bearer, fallback: config.route.fallback })
    }

    /// Whether an attempt needs a reservation of its account's money.
    #[must_use]
    pub fn needs_liquidity(&self, attempt: &Attempt, currency: Currency) -> bool {
        let account = self.of(attempt).and_then(|bank| bank.account(currency));
        account.is_some_and(|account| account.liquidity && account.id == attempt.bank_account)
    }

    /// Whether any account needs reservations.
    #[must_use]
    pub fn any_liquidity(&self) -> bool {
        self.all.iter().flat_map(|bank| &bank.accounts).any(|account| account.liquidity)
    }

    /// All banks.
    #[must_use]
    pub fn all(&self) -> &[Bank] {
        &self.all
    }

    /// Who bears the cost of new payouts.
    #[must_use]
    pub fn bearer(&self) -> CostBearer {
        self.bearer
    }

    /// Who bears what returning banks keep.
    #[must_use]
    pub fn bears_return_charges(&self) -> CostBearer {
        self.return_bearer
    }

    /// Whether a refused payment may be tried over another rail.
    #[must_use]
    pub fn falls_back(&self) -> bool {
        self.fallback
    }

    /// Records of rails, calendars, participants and policy.
    #[must_use]
    pub fn facts(&self) -> &RouteFacts {
        &self.facts
    }

    /// The bank of an attempt. A payout that an older program made names none: it was made by the first bank that offers its rail.
    #[must_use]
    pub fn of(&self, attempt: &Attempt) -> Option<&Bank> {
        let named = |bank: &&Bank| match attempt.bank.as_str() {
            "" => bank.kind == BookKind::Test && bank.rails.contains_key(&attempt.rail),
            name => bank.name == name,
        };
        self.all.iter().find(named)
    }

    /// The account of this legal entity that is a physical account of treasury's: with its id, with or without the currency at the end. `None`: there is none, or
    /// more than one.
    #[must_use]
    pub fn own_account(&self, kind: BookKind, entity: &str, physical: &str, currency: Currency) -> Option<(&Bank, &PayingAccount)> {
        let with_currency = |id: &str| format!("{id}-{}", currency.code().to_ascii_lowercase());
        let is_it =
            |account: &PayingAccount| account.currency == currency && (account.id == physical || with_currency(&account.id) == physical);
        let banks = self.all.iter().filter(|bank| bank.kind == kind && bank.entity == entity);
        let mut found =
            banks.flat_map(|bank| bank.accounts.iter().map(move |account| (bank, account))).filter(|(_, account)| is_it(account));
        found.next().filter(|_| found.next().is_none())
    }

    /// The rail that a bank's transfer takes; `None`: none of its rails takes it.
    #[must_use]
    pub fn own_rail(&self, bank: &Bank, request: &RouteRequest<'_>) -> Option<ChosenRail> {
        let alone = Self { all: vec![bank.clone()], ..self.clone() };
        let scope = RouteScope { kind: bank.kind, entity: None, rails_tried: "", nameless: &BTreeMap::new() };
        alone.choose(request, scope).chosen.map(|route| route.rail)
    }

    /// The attempt's bank, if it takes payments in files.
    #[must_use]
    pub fn files_of(&self, attempt: &Attempt) -> Option<&NachaBank> {
        self.of(attempt)?.files()
    }

    /// How long the attempt's bank takes at most to answer.
    #[must_use]
    pub fn time_out(&self, attempt: &Attempt) -> Duration {
        self.of(attempt).map_or(TIME_OUT, |bank| bank.time_out(&attempt.rail))
    }

    /// How long any bank takes at most to answer over any rail.
    #[must_use]
    pub fn longest_time_out(&self) -> Duration {
        let times = self.all.iter().flat_map(|bank| bank.rails.values().map(|rail| rail.time_out));
        times.fold(TIME_OUT, Duration::max)
    }

    /// Chooses rail, bank and account of a payment. Of several banks that offer a rail, the one that is in use and cheapest; of equal ones the first.
    #[must_use]
    pub fn choose(&self, request: &RouteRequest<'_>, scope: RouteScope<'_>) -> BankChoice {
        let mut offers: BTreeMap<String, (usize, BankTerms)> = BTreeMap::new();
        let currency = request.amount.currency();
        for (at, bank) in self.all.iter().enumerate() {
            if bank.kind != scope.kind || scope.entity.is_some_and(|entity| entity != bank.entity) {
                continue;
            }
            for rail in bank.rails.keys() {
                let Some(mut terms) = bank.terms(rail, currency) else { continue };
                if scope.rails_tried.split(' ').any(|tried| tried == rail) {
                    terms.paused = Some("it was tried for this payout".to_owned());
                } else if let Some((_, must)) = scope.nameless.get(rail) {
                    terms.paused = Some(format!("{HOLDER_NAME} {must}"));
                }
                let rank = |terms: &BankTerms| {
                    let cost = terms.cost.as_ref().and_then(|cost| item_cost(cost, request.amount));
                    (terms.paused.is_some(), cost.is_none(), cost.unwrap_or_default())
                };
                let better = offers.get(rail).is_none_or(|(_, other)| rank(&terms) < rank(other));
                if better {
                    offers.insert(rail.clone(), (at, terms));
                }
            }
        }
        let terms: BTreeMap<String, BankTerms> = offers.iter().map(|(rail, (_, terms))| (rail.clone(), terms.clone())).collect();
        let inputs =
            RouteInputs { book: &self.facts.book, participants: &self.facts.participants, bank: &terms, policy: &self.facts.policy };
        let RouteChoice { chosen, refused } = choose(request, inputs);
        let route = chosen.and_then(|rail| {
            let bank = &self.all[offers.get(&rail.rail)?.0];
            let account = bank.account(currency)?;
            let account = (account.id.clone(), account.numbering.clone());
            Some(BankRoute { rail, bank: bank.name.clone(), entity: bank.entity.clone(), account })
        });
        BankChoice { chosen: route, refused }
    }

    /// What a payment over this route costs, in minor units: rounded up where the person paid bears it, so that we never pay a part of it. 0 if it is not known
    /// in the payment's currency.
    #[must_use]
    pub fn cost_minor_units(&self, route: &BankRoute, amount: Money) -> i64 {
        let Some(cost) = route.rail.cost else { return 0 };
        let digits = amount.currency().minor_digits();
        let rounded = match self.bearer {
            CostBearer::Creator => cost.round_dp_with_strategy(digits, RoundingStrategy::AwayFromZero),
            CostBearer::House => cost.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero),
        };
        Money::from_decimal(amount.currency(), rounded.max(Decimal::ZERO), Rounding::HalfUp).map_or(0, |cost| cost.minor_units())
    }

    /// The attempt over a route; its short reference is taken when it is stored.
    #[must_use]
    pub fn attempt(&self, number: i64, route: &BankRoute, amount: Money) -> Attempt {
        Attempt {
            number,
            rail: route.rail.rail.clone(),
            bank: route.bank.clone(),
            entity: route.entity.clone(),
            bank_account: route.account.0.clone(),
            reference: String::new(),
            cost_minor_units: self.cost_minor_units(route, amount),
            starts_at_ms: route.rail.expectation.starts.as_millisecond(),
            expected_at_ms: route.rail.expectation.typical.as_millisecond(),
        }
    }

    /// What the bank of an attempt charges for a recall over its rail, in minor units; 0: nothing.
    #[must_use]
    pub fn recall_fee(&self, attempt: &Attempt) -> i64 {
        self.of(attempt).and_then(|bank| bank.rails.get(&attempt.rail)).map_or(0, |rail| rail.recall_fee_minor_units)
    }

    /// Until when a recall over this rail that is asked for now is to be answered by the rail's rule; none: there is no rule.
    #[must_use]
    pub fn recall_answer_by(&self, rail: &str, now: Timestamp) -> Option<Timestamp> {
        let record = self.facts.book.record_at(rail, now)?;
        let time = record.recall_answer.as_ref()?;
        let day = now.to_zoned(record.zone.clone()).date();
        let last = self.facts.book.calendars().add_business_days(time.calendar.as_deref(), day, time.business_days.into());
        let last =
            last.inspect_err(|gap| tracing::error!(rail, %gap, "the time of a recall's answer can't be counted in business days")).ok()?;
        Some(last.tomorrow().ok()?.to_zoned(record.zone.clone()).ok()?.timestamp())
    }

    /// Until when a payment over this rail that settled now may come back as a matter of course, in Unix milliseconds; 0: it is final.
    #[must_use]
    pub fn returnable_until_ms(&self, rail: &str, now: Timestamp) -> i64 {
        let record = self.facts.book.record_at(rail, now);
        let until = record.and_then(|record| record.final_at(self.facts.book.calendars(), now).ok());
        until.filter(|until| *until > now).map_or(0, Timestamp::as_millisecond)
    }
}

#[cfg(test)]
mod tests;
