//! The requests of a scenario, made of its deed and its terms.
use crate::{
    addresses::SandboxAddresses,
    deeds::{BankDeed, Deed, DeliveryDeed, FailureDeed, PretendStore, StoreDeed},
    scenario::Scenario,
    sending::ScenarioCall,
    terms::ScenarioTerms,
};
use form_urlencoded::byte_serialize;
use serde_json::{Map, Value, json};

/// As the account of a scenario: any account.
const ANY_ACCOUNT: &str = "*";
/// Seconds of a day, as the ACH bank's clock counts them.
const DAY_SECONDS: u32 = 86_400;
/// The most days that the clock is moved at once.
const DAYS_MAX: u32 = 366;
/// An amount where none is given, in minor units.
const USUAL_AMOUNT: u64 = 100;
/// Thousandths of a percent in a percent, as Apple counts them.
const MILLIUNITS: u32 = 1_000;
/// Apple's code of a request that is refused for their number.
const RATE_LIMITED: i64 = 4_290_000;

type Calls = Result<Vec<ScenarioCall>, String>;

impl Scenario {
    /// The requests that make it happen. The error says what is missing or too much; nothing was sent.
    pub fn calls(&self, terms: &ScenarioTerms, addresses: &SandboxAddresses) -> Calls {
        if let Some(name) = terms.given().into_iter().find(|name| !self.takes.contains(name)) {
            return Err(format!("{} takes no --{name}, only --{}", self.name, self.takes.join(", --")));
        }
        if let Some(0) = terms.times {
            return Err("--times must be at least 1".to_owned());
        }
        match self.deed {
            Deed::Bank(deed) => of_bank(deed, terms, addresses),
            Deed::JsonBank(behaviour, code) => of_json_bank(self.name, behaviour, code, terms, addresses),
            Deed::Statement(fault) => of_statement(self.name, fault, terms, addresses),
            Deed::Days => of_clock(terms, addresses),
            Deed::Purchase(deeds) => of_purchase(self.name, deeds, terms, addresses),
            Deed::Deliveries(deed) => of_deliveries(deed, terms, addresses),
            Deed::Failure(deed) => of_failure(self.name, deed, terms, addresses),
        }
    }
}

/// An id as one part of a path.
fn part(id: &str) -> String {
    byte_serialize(id.as_bytes()).collect::<String>().replace('+', "%20")
}

/// The fields that have a value.
fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let given = fields.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(given.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

fn of_bank(deed: BankDeed, terms: &ScenarioTerms, addresses: &SandboxAddresses) -> Calls {
    let end_to_end_id = terms.end_to_end_id()?;
    if end_to_end_id.is_some() && terms.account.is_some() {
        return Err("give --payout or --account, and not both".to_owned());
    }
    let code = if deed.code.is_empty() { Value::Null } else { json!(terms.code_or(deed.code)) };
    let amount = if deed.minor_units == 0 { Value::Null } else { json!(terms.minor_units.unwrap_or(deed.minor_units)) };
    if deed.returns {
        if let Some(id) = end_to_end_id {
            if terms.delay_ms.is_some() || terms.times.is_some() {
                return Err("a payout that is named comes back at once: no --delay-ms, no --times".to_owned());
            }
            let body = object([("code", code), ("minor_units", amount), ("charge", json!(terms.charge))]);
            return Ok(vec![ScenarioCall::post(addresses.bank(&format!("/payments/{}/returns", part(&id))), body)]);
        }
        if terms.charge.is_some() {
            return Err("--charge goes with --payout: what comes back later has the bank's own charge".to_owned());
        }
    }
    let account = match (&end_to_end_id, &terms.account) {
        (Some(_), _) => None,
        (None, Some(account)) => Some(account.as_str()),
        (None, None) => Some(ANY_ACCOUNT),
    };
    // Whoever names neither a payout nor an account means the next payment.
    let times = terms.times.or((account == Some(ANY_ACCOUNT)).then_some(1));
    let body = object([
        ("end_to_end_id", json!(end_to_end_id)),
        ("account", json!(account)),
        ("behaviour", json!(deed.behaviour)),
        ("code", code),
        ("minor_units", amount),
        ("delay_ms", json!(terms.delay_ms)),
        ("times", json!(times)),
    ]);
    Ok(vec![ScenarioCall::post(addresses.bank("/scenarios"), body)])
}

fn of_json_bank(name: &str, behaviour: &str, code: &str, terms: &ScenarioTerms, addresses: &SandboxAddresses) -> Calls {
    let end_to_end_id = terms.end_to_end_id()?;
    if end_to_end_id.is_some() == terms.holder.is_some() {
        return Err(format!("{name} needs --payout or --holder, the name of whom is paid"));
    }
    let behaviour = if code.is_empty() { behaviour.to_owned() } else { format!("{behaviour}:{}", terms.code_or(code)) };
    let body = object([
        ("end_to_end_id", json!(end_to_end_id)),
        ("holder", json!(terms.holder)),
        ("behaviour", json!(behaviour)),
        ("times", json!(terms.times)),
    ]);
    Ok(vec![ScenarioCall::post(addresses.bank("/global/scenarios"), body)])
}

fn of_statement(name: &str, fault: &str, terms: &ScenarioTerms, addresses: &SandboxAddresses) -> Calls {
    let currency = terms.currency.as_deref().unwrap_or("USD");
    let end_to_end_id = terms.end_to_end_id()?;
    if fault == "duplicate_debit" && end_to_end_id.is_none() {
        return Err(format!("{name} needs --payout"));
    }
    let amount = if end_to_end_id.is_some() { Value::Null } else { json!(terms.minor_units.unwrap_or(USUAL_AMOUNT)) };
    let body = object([("fault", json!(fault)), ("end_to_end_id", json!(end_to_end_id)), ("minor_units", amount)]);
    Ok(vec![ScenarioCall::post(addresses.bank(&format!("/statements/{}/faults", part(currency))), body)])
}

fn of_clock(terms: &ScenarioTerms, addresses: &SandboxAddresses) -> Calls {
    let days = terms.days.unwrap_or(1);
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(format!("--days must be 1 to {DAYS_MAX}"));
    }
    Ok(vec![ScenarioCall::post(addresses.bank("/ach/clock"), json!({"advance_seconds": days * DAY_SECONDS}))])
}

/// The store of a name.
fn store_of(name: &str) -> Result<PretendStore, String> {
    let named = PretendStore::ALL.into_iter().find(|store| store.name() == name.trim());
    named.ok_or_else(|| format!("no store is named {name:?}; the stores are {}", PretendStore::ALL.map(PretendStore::name).join(", ")))
}

fn of_purchase(name: &str, deeds: &[(PretendStore, StoreDeed)], terms: &ScenarioTerms, addresses: &SandboxAddresses) -> Calls {
    let stores = || deeds.iter().map(|(store, _)| store.name()).collect::<Vec<_>>().join(", ");
    let store = match (&terms.store, deeds) {
        (Some(named), _) => store_of(named)?,
        (None, [(only, _)]) => *only,
        (None, _) => return Err(format!("{name} needs --store: one of {}", stores())),
    };
    let Some((_, deed)) = deeds.iter().find(|(other, _)| *other == store) else {
        return Err(format!("{name} is nothing that {} does; it is of {}", store.name(), stores()));
    };
    let Some(id) = terms.transaction.as_deref().map(str::trim).filter(|id| !id.is_empty()) else {
        return Err(format!("{name} needs --transaction: the purchase's transaction_id, or before it is paid the order"));
    };
    let too_much = |fits: &str| {
        let parts =
            [("minor-units", terms.minor_units.is_some()), ("quantity", terms.quantity.is_some()), ("percent", terms.percent.is_some())];
        let other = parts.into_iter().find(|(name, given)| *given && *name != fits);
        other.map_or(Ok(()), |(other, _)| Err(format!("{} takes no --{other}", store.name())))
    };
    let call = match *deed {
        StoreDeed::Notify(kind) => {
            too_much("percent")?;
            if terms.percent.is_some_and(|percent| !(1..=100).contains(&percent)) {
                return Err("--percent must be 1 to 100".to_owned());
            }
            let milliunits = terms.percent.map(|percent| percent * MILLIUNITS);
            let url = json!(addresses.webhook(store.name()));
            let body = object([("notification_type", json!(kind)), ("refunded_milliunits", json!(milliunits)), ("url", url)]);
            ScenarioCall::post(addresses.store(&format!("/apple/transactions/{}/notifications", part(id))), body)
        }
        StoreDeed::Change(command, reason) => {
            too_much("quantity")?;
            let reason = if reason == 0 { Value::Null } else { json!(reason) };
            let body = object([("quantity", json!(terms.quantity)), ("reason", reason)]);
            ScenarioCall::post(addresses.store(&format!("/google/purchases/{}/{command}", part(id))), body)
        }
        StoreDeed::Command(command) => {
            too_much("minor-units")?;
            let body = match store {
                PretendStore::Stripe => object([("command", json!(command)), ("session", json!(id)), ("amount", json!(terms.minor_units))]),
                _ => object([("command", json!(command)), ("trade", json!(trade(id))), ("amount", json!(terms.minor_units))]),
            };
            ScenarioCall::post(addresses.store(&format!("/{}/commands", store.name())), body)
        }
    };
    Ok(vec![call])
}

/// Our id of an order at a wallet: the checkout's without hyphens. The wallet's own numbers have none.
fn trade(id: &str) -> String {
    id.replace('-', "")
}

fn of_deliveries(deed: DeliveryDeed, terms: &ScenarioTerms, addresses: &SandboxAddresses) -> Calls {
    let chosen = terms.store.as_deref().map(store_of).transpose()?;
    if chosen == Some(PretendStore::Apple) {
        return Err("the App Store reports where each scenario says, at once; nothing of it waits".to_owned());
    }
    let reporting = [PretendStore::Google, PretendStore::Stripe, PretendStore::Alipay, PretendStore::Wechat];
    let mut calls = Vec::new();
    for store in reporting.into_iter().filter(|store| chosen.is_none_or(|chosen| chosen == *store)) {
        let url = addresses.webhook(store.name());
        if store == PretendStore::Google {
            let body = match deed {
                DeliveryDeed::Normal => json!({"url": url}),
                // They wait, so that there is an order to be reversed.
                DeliveryDeed::Held | DeliveryDeed::Reversed => json!({"url": url, "held": true}),
                DeliveryDeed::Twice => json!({"url": url, "copies": 2}),
                DeliveryDeed::Lost if chosen.is_none() => continue,
                DeliveryDeed::Lost => return Err("google loses nothing on command; webhooks.late holds its reports".to_owned()),
            };
            calls.push(ScenarioCall::put(addresses.store("/google/subscription"), body));
            if matches!(deed, DeliveryDeed::Normal | DeliveryDeed::Reversed) {
                let body = json!({"reversed": deed == DeliveryDeed::Reversed});
                calls.push(ScenarioCall::post(addresses.store("/google/deliveries"), body));
            }
            continue;
        }
        let body = match deed {
            DeliveryDeed::Normal => json!({"url": url}),
            DeliveryDeed::Held => json!({"url": url, "held": true}),
            DeliveryDeed::Twice => json!({"url": url, "copies": 2}),
            DeliveryDeed::Reversed => json!({"url": url, "reversed": true}),
            DeliveryDeed::Lost => json!({"url": url, "dropped": terms.times.unwrap_or(1)}),
        };
        calls.push(ScenarioCall::put(addresses.store(&format!("/{}/webhook", store.name())), body));
    }
    Ok(calls)
}

fn of_failure(name: &str, deed: FailureDeed, terms: &ScenarioTerms, addresses: &SandboxAddresses) -> Calls {
    let Some(store) = &terms.store else {
        return Err(format!("{name} needs --store: one of {}", PretendStore::ALL.map(PretendStore::name).join(", ")));
    };
    let (store, times) = (store_of(store)?, terms.times.unwrap_or(1));
    let (path, body) = match store {
        PretendStore::Apple => {
            let body = match deed {
                FailureDeed::Unreachable => json!({"cut": true, "times": times}),
                FailureDeed::Overloaded => json!({"status": 429, "error_code": RATE_LIMITED, "times": times}),
                FailureDeed::Broken => json!({"status": 500, "times": times}),
                FailureDeed::AnswerLost => json!({"cut": true, "after": true, "times": times}),
            };
            ("/apple/faults".to_owned(), body)
        }
        PretendStore::Google => {
            let body = match deed {
                FailureDeed::Unreachable => json!({"status": 503, "times": times}),
                FailureDeed::Overloaded => json!({"status": 429, "times": times}),
                FailureDeed::Broken => json!({"status": 500, "times": times}),
                FailureDeed::AnswerLost => json!({"status": 503, "after": true, "times": times}),
            };
            ("/google/faults".to_owned(), body)
        }
        PretendStore::Stripe | PretendStore::Alipay | PretendStore::Wechat => {
            let fault = match deed {
                FailureDeed::Unreachable => "down",
                FailureDeed::Overloaded => "429",
                FailureDeed::Broken => "500",
                FailureDeed::AnswerLost => "cut",
            };
            (format!("/{}/commands", store.name()), json!({"command": "fault", "fault": fault, "times": times}))
        }
    };
    Ok(vec![ScenarioCall::post(addresses.store(&path), body)])
}
