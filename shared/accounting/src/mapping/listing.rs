//! The chart of accounts: what a mapping does with every account that a book can have.
use super::{GlAccount, Mapping};
use crate::table::{CsvFault, cell, write};
use chart::pattern::{AccountPattern, PatternUnit};
use chart::{AccountClass, Purpose, Unit};
use serde::Serialize;

/// Columns of a chart.
const CHART_COLUMNS: [&str; 8] = ["ledger", "entities", "unit", "gl_code", "gl_name", "type", "normal_side", "source"];
/// Stands for every user, entity and currency.
const ANY: &str = "*";
/// Where patterns of classes have the currency.
const CURRENCY: char = '¤';
/// The type of accounts in coins and diamonds.
const MEMO: &str = "memo";

/// The accounts in coins and diamonds.
const MEMO_CLASSES: [(AccountClass, Unit); 9] = [
    (AccountClass::ViewerCoins, Unit::Coin),
    (AccountClass::ViewerDebt, Unit::Coin),
    (AccountClass::CoinsIssued, Unit::Coin),
    (AccountClass::CoinsRedeemed, Unit::Coin),
    (AccountClass::CoinsSuspense, Unit::Coin),
    (AccountClass::CreatorDiamonds, Unit::Diamond),
    (AccountClass::AgencyDiamonds, Unit::Diamond),
    (AccountClass::DiamondsIssued, Unit::Diamond),
    (AccountClass::DiamondsRedeemed, Unit::Diamond),
];

/// Ledger accounts, and the account of the general ledger that they belong to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChartRow {
    /// The accounts, as rules name them: `house/bank_cash/*`; between entities `between/*/*`.
    pub ledger: String,
    /// The entities for which it is so; empty for all, or all others.
    pub entities: Vec<String>,
    /// `COIN`, `DIAMOND`, a currency, or `*` for every currency, or every other one.
    pub unit: String,
    /// Code in the general ledger; empty for coins and diamonds, and for what the mapping has no account for.
    pub gl_code: String,
    /// The account's name there; empty where it has no code.
    pub gl_name: String,
    /// `asset`, `liability`, `equity`, `income`, `expense`; `memo` for coins and diamonds; empty where there is no account.
    #[serde(rename = "type")]
    pub gl_type: String,
    /// `debit` or `credit`; empty where there is no account.
    pub normal_side: String,
    /// `rule`; `suspense` for what no rule covers; `intercompany`; `memo`; `none` for what an export would be refused for.
    pub source: String,
}

impl Mapping {
    /// Every account that a book can have: those in money by code, then what lies between entities, then coins and diamonds.
    #[must_use]
    pub fn chart(&self) -> Vec<ChartRow> {
        let mut rows: Vec<ChartRow> = Vec::new();
        for rule in &self.rules {
            let entities = rule.entities.iter().flatten().cloned().collect();
            rows.push(of_gl(pattern(rule.pattern), entities, self.accounts.get(&rule.code), "rule"));
        }
        let money = Purpose::ALL.map(AccountClass::House).into_iter().chain([AccountClass::CreatorPayable, AccountClass::AgencyPayable]);
        for class in money {
            let is_all = |rule: &super::MappingRule| {
                rule.pattern.class == class && rule.pattern.unit == PatternUnit::AnyCurrency && rule.entities.is_none()
            };
            if !self.rules.iter().any(is_all) {
                let rest = pattern(AccountPattern { class, unit: PatternUnit::AnyCurrency });
                rows.push(of_gl(rest, Vec::new(), self.suspense.as_ref().and_then(|code| self.accounts.get(code)), "suspense"));
            }
        }
        rows.sort_by(|one, other| (&one.gl_code, &one.ledger, &one.entities).cmp(&(&other.gl_code, &other.ledger, &other.entities)));
        let between = PatternText { ledger: format!("between/{ANY}/{ANY}"), unit: ANY.to_owned() };
        rows.push(of_gl(between, Vec::new(), self.intercompany.as_ref().and_then(|code| self.accounts.get(code)), "intercompany"));
        rows.extend(MEMO_CLASSES.map(|(class, unit)| ChartRow {
            ledger: class.line(),
            entities: Vec::new(),
            unit: unit.to_string(),
            gl_code: String::new(),
            gl_name: String::new(),
            gl_type: MEMO.to_owned(),
            normal_side: side(memo_is_debit_normal(class)).to_owned(),
            source: MEMO.to_owned(),
        }));
        rows
    }
}

/// A pattern as it is shown.
struct PatternText {
    ledger: String,
    unit: String,
}

/// A row in money; without an account of the general ledger where the mapping has none.
fn of_gl(PatternText { ledger, unit }: PatternText, entities: Vec<String>, gl: Option<&GlAccount>, source: &str) -> ChartRow {
    let text = |of: fn(&GlAccount) -> &str| gl.map_or("", of).to_owned();
    ChartRow {
        ledger,
        entities,
        unit,
        gl_code: text(|gl| &gl.code),
        gl_name: text(|gl| &gl.name),
        gl_type: text(|gl| gl.gl_type.name()),
        normal_side: text(|gl| side(gl.gl_type.is_debit_normal())),
        source: if gl.is_some() { source.to_owned() } else { "none".to_owned() },
    }
}

fn pattern(pattern: AccountPattern) -> PatternText {
    let unit = match pattern.unit {
        PatternUnit::AnyCurrency => ANY.to_owned(),
        PatternUnit::Fixed(unit) => unit.to_string(),
    };
    PatternText { ledger: pattern.class.line().replace(CURRENCY, &unit), unit }
}

const fn side(is_debit: bool) -> &'static str {
    if is_debit { "debit" } else { "credit" }
}

/// Whether the balance of accounts in coins or diamonds is normally a debit: of what was issued, and of what is owed. What people have, what was spent and what
/// waits are credits.
const fn memo_is_debit_normal(class: AccountClass) -> bool {
    match class {
        AccountClass::ViewerDebt | AccountClass::CoinsIssued | AccountClass::DiamondsIssued => true,
        AccountClass::ViewerCoins
        | AccountClass::CreatorDiamonds
        | AccountClass::AgencyDiamonds
        | AccountClass::CoinsRedeemed
        | AccountClass::CoinsSuspense
        | AccountClass::DiamondsRedeemed
        | AccountClass::CreatorPayable
        | AccountClass::AgencyPayable
        | AccountClass::House(_) => false,
    }
}

/// A chart as CSV, with a header. Entities of one row are separated by spaces.
pub fn chart_csv(rows: &[ChartRow]) -> Result<String, CsvFault> {
    let row = |row: &ChartRow| {
        let ChartRow { ledger, entities, unit, gl_code, gl_name, gl_type, normal_side, source } = row;
        [ledger, &entities.join(" "), unit, gl_code, gl_name, gl_type, normal_side, source].map(|text| cell(text)).to_vec()
    };
    write(&CHART_COLUMNS, rows.iter().map(row))
}
