//! What the address of the payments page asks for, the same for the page and its export.
use crate::{
    figures::AskedFigures,
    filters::Filters,
    parts::Console,
    view::{amounts, times},
    visitor::Visitor,
};
use api::monitor::{ListPaymentsRequest, PaymentKind};
use chart::Unit;
use rpc::wire::timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Payments of a page.
const LINES: i32 = 50;

/// Kinds by the word in the address; the first is any.
const KINDS: [(&str, PaymentKind); 4] = [
    ("any", PaymentKind::Unspecified),
    ("purchase", PaymentKind::Purchase),
    ("payout", PaymentKind::Payout),
    ("house", PaymentKind::House),
];

/// A kind that can be chosen.
pub(crate) struct KindChoice {
    pub(crate) word: &'static str,
    pub(crate) chosen: bool,
}

/// The filters of the list.
pub(crate) struct AskedList {
    pub(crate) book: String,
    pub(crate) kind: &'static str,
    pub(crate) user: String,
    pub(crate) state: String,
    pub(crate) from: String,
    pub(crate) until: String,
    /// The smallest amount, as the person wrote it.
    pub(crate) amount_min: String,
    pub(crate) unit: String,
    pub(crate) account: String,
}

/// The filters of the page.
pub(crate) struct AskedPayments {
    pub(crate) figures: AskedFigures,
    pub(crate) list: AskedList,
}

impl AskedList {
    /// The filters and the call that they stand for, or what is wrong with them.
    pub(crate) fn read(book: &str, filters: &Filters) -> Result<(Self, ListPaymentsRequest), String> {
        let field = |name: &str| filters.get(name).to_owned();
        let asked = if filters.get("kind").is_empty() { "any" } else { filters.get("kind") };
        let known = KINDS.into_iter().find(|(word, _)| *word == asked);
        let (word, kind) = known.ok_or("There is no such kind of payments.")?;
        let time = |name: &str| match (filters.get(name), times::read(filters.get(name))) {
            ("", _) => Ok(None),
            (_, Some(moment)) => Ok(Some(timestamp(moment))),
            (_, None) => Err(format!("{name}: a date or a time in UTC is needed, such as 2026-11-20 23:51")),
        };
        if kind == PaymentKind::House && !chart::account::is_house(filters.get("account")) {
            return Err("What moves between the company's accounts is listed of one of them: name it as the account.".to_owned());
        }
        let amount_min = least(filters)?;
        let states = field("state").to_ascii_lowercase().replace(' ', "_");
        let request = ListPaymentsRequest {
            book: book.to_owned(),
            kinds: if kind == PaymentKind::Unspecified { Vec::new() } else { vec![kind.into()] },
            user_id: field("user"),
            states: states.split(',').filter(|state| !state.is_empty()).map(str::to_owned).collect(),
            from: time("from")?,
            to: time("until")?,
            amount_min,
            unit: field("amount_unit"),
            account: field("account"),
            page_size: LINES,
            page_token: field("page"),
            ..ListPaymentsRequest::default()
        };
        let read = Self {
            book: book.to_owned(),
            kind: word,
            user: field("user"),
            state: field("state"),
            from: field("from"),
            until: field("until"),
            amount_min: field("amount_min"),
            unit: field("amount_unit"),
            account: field("account"),
        };
        Ok((read, request))
    }

    /// The fields of the address, without book and page.
    pub(crate) fn fields(&self) -> [(&'static str, &str); 8] {
        let kind = if self.kind == KINDS[0].0 { "" } else { self.kind };
        let amount = [("amount_min", &*self.amount_min), ("amount_unit", &self.unit), ("account", &self.account)];
        let [amount_min, unit, account] = amount;
        [
            ("kind", kind),
            ("user", &self.user),
            ("state", &self.state),
            ("from", &self.from),
            ("until", &self.until),
            amount_min,
            unit,
            account,
        ]
    }

    /// Whether a reason was given that is for this.
    pub(crate) fn is_covered(&self, console: &Console, visitor: &Visitor) -> bool {
        let owner = chart::account::owner(&self.account);
        let about: BTreeSet<&str> = [Some(&*self.user).filter(|user| !user.is_empty()), owner].into_iter().flatten().collect();
        let about: Vec<&str> = about.into_iter().collect();
        visitor.reason.is_some() && console.sessions.covers(&visitor.secret, &about)
    }

    /// Whether it is about the company's accounts alone.
    pub(crate) fn is_house(&self) -> bool {
        self.kind == "house"
    }

    pub(crate) fn kinds(&self) -> Vec<KindChoice> {
        KINDS.into_iter().map(|(word, _)| KindChoice { word, chosen: word == self.kind }).collect()
    }

    /// The call's message.
    pub(crate) fn message(&self, request: &ListPaymentsRequest) -> Value {
        let mut message = json!({"book": self.book, "pageSize": LINES});
        if !self.user.is_empty() {
            message["userId"] = json!(self.user);
        }
        if !request.states.is_empty() {
            message["states"] = json!(request.states);
        }
        if request.amount_min > 0 {
            message["amountMin"] = json!(request.amount_min.to_string());
        }
        for (name, text) in [("unit", &self.unit), ("account", &self.account)] {
            if !text.is_empty() {
                message[name] = json!(text);
            }
        }
        let kinds: Vec<&str> = request.kinds().map(|kind| kind.as_str_name()).collect();
        if !kinds.is_empty() {
            message["kinds"] = json!(kinds);
        }
        for (name, text) in [("from", &self.from), ("to", &self.until)] {
            if let Some(moment) = times::read(text) {
                message[name] = json!(money::time::rfc3339(moment));
            }
        }
        message
    }
}

/// The smallest amount in the smallest parts of its unit; 0 for any.
fn least(filters: &Filters) -> Result<i64, String> {
    let (unit, text) = (filters.get("amount_unit"), filters.get("amount_min"));
    if !unit.is_empty() && !matches!(Unit::parse(unit), Some(Unit::Coin | Unit::Currency(_))) {
        return Err("A unit is COIN or the code of a currency, such as USD.".to_owned());
    }
    match (text, unit) {
        ("", _) => Ok(0),
        (_, "") => Err("A smallest amount needs its unit, such as USD or COIN.".to_owned()),
        _ => amounts::read(unit, text)
            .ok_or_else(|| format!("An amount in {unit} is needed, such as {}.", if unit == "COIN" { "70" } else { "12.50" })),
    }
}

impl AskedPayments {
    /// The fields of the address, without book and page.
    pub(crate) fn fields(&self) -> Vec<(&'static str, &str)> {
        [self.figures.fields().as_slice(), &self.list.fields()].concat()
    }

    pub(crate) fn address(&self, path: &str, page: &str) -> String {
        let book = [("book", &*self.list.book)];
        Filters::address(path, &[book.as_slice(), &self.fields(), &[("page", page)]].concat())
    }
}
