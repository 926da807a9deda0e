//! Reads structure files: TOML, whose every value must have the right form. An error names the line.
//!
//! ```toml
//! [[account]]
//! id = "bank-usd"
//! name = "Operating account"
//! bank = "A bank"
//! branch = "Main Street"
//! currency = "USD"
//! entity = "main"
//! number = "000123456789"
//!
//! [[summary]]
//! id = "app-usd"
//! parent = "bank-usd"
//! name = "The app"
//! entity = "main"
//! level = "app"
//!
//! [[leaf]]
//! id = "app-usd-creators"
//! parent = "app-usd"
//! name = "Creators"
//! entity = "main"
//! funds = "client"
//! claims = ["live-eu"]
//! ```
use crate::domain::{
    FundsClass, FundsUse, Leaf, LeafState, Level, Node, NodeKind, NumberForm, PhysicalAccount, StructureFile, WantedAccount, WantedClaims,
    WantedNode,
    file::{FILE_BYTES_MAX, WantedNumber},
    node::{ACCOUNT_ID_BYTES_MAX, is_id},
    number,
};
use accounts::holder::HolderName;
use jiff::civil::Date;
use money::{BookName, Currency, text::is_plain};
use serde::Deserialize;
use settings::document::{self, DocumentFault, DocumentLines};
use std::collections::BTreeSet;
use toml::Spanned;

#[cfg(test)]
mod tests;

/// Longest name for people, in characters: what messages to banks carry (`Max140Text` of ISO 20022).
const NAME_CHARS_MAX: usize = 140;
/// Longest number or branch of a bank, in characters: `Max34Text` of ISO 20022.
const BANK_TEXT_CHARS_MAX: usize = 34;
/// Faults that one answer names.
const FAULTS_MAX: usize = 64;

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StructureFault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, with the key.
    pub why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    effective: Option<Spanned<String>>,
    #[serde(default)]
    account: Vec<AccountText>,
    #[serde(default)]
    summary: Vec<SummaryText>,
    #[serde(default)]
    leaf: Vec<LeafText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountText {
    id: Spanned<String>,
    name: Spanned<String>,
    bank: Spanned<String>,
    branch: Spanned<String>,
    currency: Spanned<String>,
    entity: Spanned<String>,
    number: Spanned<String>,
    number_root: Option<Spanned<String>>,
    #[serde(default)]
    client_money: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SummaryText {
    id: Spanned<String>,
    parent: Spanned<String>,
    name: Spanned<String>,
    entity: Spanned<String>,
    level: Option<Spanned<String>>,
    funds: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeafText {
    id: Spanned<String>,
    parent: Spanned<String>,
    name: Spanned<String>,
    entity: Spanned<String>,
    level: Option<Spanned<String>>,
    funds: Option<Spanned<String>>,
    #[serde(default)]
    uses: Vec<Spanned<String>>,
    claims: Option<Vec<Spanned<String>>>,
    state: Option<Spanned<String>>,
    #[serde(default)]
    number: Vec<NumberText>,
}

/// One of `iban`, `segments` and `dynamic`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NumberText {
    iban: Option<Spanned<String>>,
    segments: Option<Spanned<String>>,
    dynamic: Option<Spanned<String>>,
    holder: Option<Spanned<String>>,
    from: Option<Spanned<String>>,
    until: Option<Spanned<String>>,
}

/// Reads a file; or everything that is wrong with its form.
pub fn read(text: &str) -> Result<StructureFile, Vec<StructureFault>> {
    if text.len() > FILE_BYTES_MAX {
        let why = format!(
            "the file has {} bytes, and at most {FILE_BYTES_MAX} are read: divide it, what a file leaves out stays as it is",
            text.len()
        );
        return Err(vec![StructureFault { line: 1, why }]);
    }
    let mut reader = FileReader::new(text);
    let file = document::parse::<FileText>(text).map_err(|DocumentFault { line, why }| vec![StructureFault { line, why }])?;
    let read = StructureFile {
        effective: file.effective.as_ref().and_then(|text| reader.date("effective", text)),
        effective_line: file.effective.as_ref().map_or(1, |text| reader.line(text.span().start)),
        accounts: file.account.iter().filter_map(|account| reader.account(account)).collect(),
        nodes: file
            .summary
            .iter()
            .map(|summary| reader.summary(summary))
            .collect::<Vec<_>>()
            .into_iter()
            .chain(file.leaf.iter().map(|leaf| reader.leaf(leaf)).collect::<Vec<_>>())
            .collect(),
        claims: file.leaf.iter().filter_map(|leaf| reader.claims(leaf)).collect(),
    };
    if reader.faults.is_empty() {
        return Ok(read);
    }
    reader.faults.sort_by_key(|fault| fault.line);
    reader.faults.truncate(FAULTS_MAX);
    Err(reader.faults)
}

/// A file's lines, and what is wrong so far.
struct FileReader {
    lines: DocumentLines,
    faults: Vec<StructureFault>,
}

impl FileReader {
    fn new(text: &str) -> Self {
        Self { lines: DocumentLines::of(text), faults: Vec::new() }
    }

    fn line(&self, at: usize) -> usize {
        self.lines.line(at)
    }

    fn fault(&mut self, key: &str, text: &Spanned<String>, why: &str) {
        let line = self.line(text.span().start);
        self.faults.push(StructureFault { line, why: format!("{key} {why}") });
    }

    /// A text of 1 to `chars_max` characters; an empty one where it is wrong.
    fn text(&mut self, key: &str, text: &Spanned<String>, chars_max: usize) -> String {
        let value = text.get_ref();
        if value.trim() != value || !is_plain(value) || !(1..=chars_max).contains(&value.chars().count()) {
            self.fault(key, text, &format!("must have 1 to {chars_max} characters, none of them hidden, and no blanks around them"));
        }
        value.clone()
    }

    fn id(&mut self, key: &str, text: &Spanned<String>, bytes_max: usize) -> String {
        let value = text.get_ref();
        if !is_id(value) || value.len() > bytes_max {
            self.fault(key, text, &format!("must have 1 to {bytes_max} of the characters a to z, 0 to 9 and -"));
        }
        value.clone()
    }

    fn node_id(&mut self, key: &str, text: &Spanned<String>) -> String {
        self.id(key, text, 32)
    }

    fn date(&mut self, key: &str, text: &Spanned<String>) -> Option<Date> {
        let date = text.get_ref().parse::<Date>().ok().filter(|_| text.get_ref().len() == "2026-11-27".len());
        if date.is_none() {
            self.fault(key, text, "must be a day such as \"2026-11-27\"");
        }
        date
    }

    /// A word of a list.
    fn word<T>(&mut self, key: &str, text: &Spanned<String>, from_name: impl Fn(&str) -> Option<T>, words: &[&str]) -> Option<T> {
        let found = from_name(text.get_ref());
        if found.is_none() {
            self.fault(key, text, &format!("must be one of {}", words.join(", ")));
        }
        found
    }

    fn level(&mut self, text: Option<&Spanned<String>>) -> Option<Level> {
        self.word("level", text?, Level::from_name, &Level::ALL.map(Level::name))
    }

    fn funds(&mut self, text: Option<&Spanned<String>>) -> Option<FundsClass> {
        self.word("funds", text?, FundsClass::from_name, &FundsClass::ALL.map(FundsClass::name))
    }

    fn account(&mut self, given: &AccountText) -> Option<WantedAccount> {
        let root = given.number_root.as_ref();
        if let Some(root) = root.filter(|root| !number::is_segments(root.get_ref()) || root.get_ref().contains('-')) {
            self.fault("number_root", root, "must have digits and capital letters only");
        }
        let currency = Currency::try_new(given.currency.get_ref());
        if currency.is_err() {
            self.fault("currency", &given.currency, "must be an ISO 4217 code in use, in upper case");
        }
        let line = self.line(given.id.span().start);
        let account = PhysicalAccount {
            id: self.id("id", &given.id, ACCOUNT_ID_BYTES_MAX),
            name: self.text("name", &given.name, NAME_CHARS_MAX),
            bank: self.text("bank", &given.bank, NAME_CHARS_MAX),
            branch: self.text("branch", &given.branch, BANK_TEXT_CHARS_MAX),
            currency: currency.ok()?,
            entity: self.node_id("entity", &given.entity),
            number: self.text("number", &given.number, BANK_TEXT_CHARS_MAX),
            number_root: root.map(|root| root.get_ref().clone()).unwrap_or_default(),
            client_money: given.client_money,
        };
        Some(WantedAccount { line, account })
    }

    fn summary(&mut self, given: &SummaryText) -> WantedNode {
        let line = self.line(given.id.span().start);
        let node = Node {
            id: self.node_id("id", &given.id),
            parent: self.node_id("parent", &given.parent),
            name: self.text("name", &given.name, NAME_CHARS_MAX),
            entity: self.node_id("entity", &given.entity),
            level: self.level(given.level.as_ref()),
            kind: NodeKind::Summary { funds: self.funds(given.funds.as_ref()) },
        };
        WantedNode { line, node, numbers: Vec::new() }
    }

    fn leaf(&mut self, given: &LeafText) -> WantedNode {
        let line = self.line(given.id.span().start);
        let state =
            given.state.as_ref().and_then(|text| self.word("state", text, LeafState::from_name, &LeafState::ALL.map(LeafState::name)));
        let uses: BTreeSet<FundsUse> =
            given.uses.iter().filter_map(|text| self.word("uses", text, FundsUse::from_name, &FundsUse::ALL.map(FundsUse::name))).collect();
        let leaf = Leaf {
            funds: self.funds(given.funds.as_ref()).unwrap_or(FundsClass::Own),
            uses,
            state: state.unwrap_or(LeafState::Open),
            standard: None,
        };
        let node = Node {
            id: self.node_id("id", &given.id),
            parent: self.node_id("parent", &given.parent),
            name: self.text("name", &given.name, NAME_CHARS_MAX),
            entity: self.node_id("entity", &given.entity),
            level: self.level(given.level.as_ref()),
            kind: NodeKind::Leaf(leaf),
        };
        let numbers = given.number.iter().filter_map(|number| self.number(line, number)).collect();
        WantedNode { line, node, numbers }
    }

    /// The claims that the file names for a leaf; `None`: it names none, so they stay.
    fn claims(&mut self, given: &LeafText) -> Option<WantedClaims> {
        let line = self.line(given.id.span().start);
        let mut apps = BTreeSet::new();
        for app in given.claims.as_ref()? {
            match BookName::try_new(app.get_ref()) {
                Ok(name) => drop(apps.insert(name.to_string())),
                Err(error) => self.fault("claims", app, &format!("must have names of books; one {}", error.must())),
            }
        }
        Some(WantedClaims { line, leaf: given.id.get_ref().clone(), apps })
    }

    /// A number of a leaf that is on `leaf_line`.
    fn number(&mut self, leaf_line: usize, given: &NumberText) -> Option<WantedNumber> {
        let (text, form) = match (&given.iban, &given.segments, &given.dynamic) {
            (Some(text), None, None) => (text, NumberForm::VirtualIban),
            (None, Some(text), None) => (text, NumberForm::Static),
            (None, None, Some(text)) => (text, NumberForm::Dynamic),
            (iban, segments, dynamic) => {
                let some = [iban, segments, dynamic].into_iter().flatten().next();
                let line = some.map_or(leaf_line, |text| self.line(text.span().start));
                self.faults.push(StructureFault { line, why: "number must have one of the keys iban, segments and dynamic".to_owned() });
                return None;
            }
        };
        let number = match form {
            NumberForm::VirtualIban => number::virtual_iban(text.get_ref()).map_err(|must| self.fault("iban", text, &must)).ok()?,
            NumberForm::Static | NumberForm::Dynamic => {
                if !number::is_segments(text.get_ref()) {
                    let why = format!(
                        "must have at most {} digits and capital letters, in groups with - between them",
                        number::SEGMENTS_BYTES_MAX
                    );
                    self.fault(if form == NumberForm::Static { "segments" } else { "dynamic" }, text, &why);
                    return None;
                }
                text.get_ref().clone()
            }
        };
        let holder = given
            .holder
            .as_ref()
            .map(|text| HolderName::parse(text.get_ref()).map_err(|fault| self.fault("holder", text, &format!("must {}", fault.must))));
        let holder = holder.and_then(Result::ok);
        match form {
            NumberForm::VirtualIban if given.holder.is_none() => self.fault("iban", text, "needs the key holder: who uses the number"),
            NumberForm::VirtualIban if given.from.is_none() => self.fault("iban", text, "needs the key from: the first day of its use"),
            NumberForm::Static | NumberForm::Dynamic if given.holder.is_some() => {
                self.fault("segments", text, "has no holder: only a virtual IBAN has one")
            }
            _ => {}
        }
        let from = given.from.as_ref().and_then(|text| self.date("from", text));
        let until = given.until.as_ref().and_then(|text| self.date("until", text));
        Some(WantedNumber { line: self.line(text.span().start), number, form, holder, from, until })
    }
}
