//! Reads mapping files: TOML, whose every value must have the right form. An error names the line.
use super::{GlAccount, GlType, MAPPING_BYTES_MAX, Mapping, MappingFault, MappingRule, hash};
use crate::account;
use chart::pattern::{AccountPattern, PatternUnit};
use chart::{AccountClass, Purpose, Unit};
use money::text::is_plain;
use serde::Deserialize;
use settings::document::{self, DocumentFault, DocumentLines};
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;

/// Longest code of an account or a company, in characters: what the import files of general ledgers take.
const CODE_CHARS_MAX: usize = 32;
/// Longest name of an account, in characters.
const NAME_CHARS_MAX: usize = 80;
/// Faults that are named at once.
const FAULTS_MAX: usize = 64;
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MappingText {
    suspense: Option<Spanned<String>>,
    intercompany: Option<Spanned<String>>,
    #[serde(default)]
    entity: Vec<CompanyText>,
    #[serde(default)]
    account: Vec<GlAccountText>,
    #[serde(default)]
    rule: Vec<MappingRuleText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CompanyText {
    id: Spanned<String>,
    company: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GlAccountText {
    code: Spanned<String>,
    name: Spanned<String>,
    r#type: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MappingRuleText {
    ledger: Spanned<String>,
    entities: Option<Vec<Spanned<String>>>,
    account: Spanned<String>,
}

pub(super) fn read(text: &str) -> Result<Mapping, Vec<MappingFault>> {
    if text.len() > MAPPING_BYTES_MAX {
        let why = format!("the file has {} bytes, and at most {MAPPING_BYTES_MAX} are read", text.len());
        return Err(vec![MappingFault { line: 1, why }]);
    }
    let mut reader = Reader { lines: DocumentLines::of(text), faults: Vec::new() };
    let file: MappingText = document::parse(text).map_err(|DocumentFault { line, why }| vec![MappingFault { line, why }])?;
    let companies = reader.companies(&file.entity);
    let accounts = reader.accounts(&file.account);
    for code in [&file.suspense, &file.intercompany].into_iter().flatten() {
        reader.known_account(code, &accounts);
    }
    let rules = reader.rules(&file.rule, &companies, &accounts);
    if reader.faults.is_empty() {
        let code = |text: Option<Spanned<String>>| text.map(Spanned::into_inner);
        let (suspense, intercompany) = (code(file.suspense), code(file.intercompany));
        return Ok(Mapping { companies, accounts, rules, suspense, intercompany, hash: hash(text) });
    }
    reader.faults.sort_by_key(|fault| fault.line);
    reader.faults.truncate(FAULTS_MAX);
    Err(reader.faults)
}

/// A file's lines, and what is wrong so far.
struct Reader {
    lines: DocumentLines,
    faults: Vec<MappingFault>,
}

impl Reader {
    fn fault(&mut self, text: &Spanned<String>, why: String) {
        let line = self.lines.line(text.span().start);
        self.faults.push(MappingFault { line, why });
    }

    /// A code. It stands in files whose readers split at commas, so it has none, nor anything else that means something there.
    fn code(&mut self, key: &str, text: &Spanned<String>) -> String {
        let value = text.get_ref();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if !(1..=CODE_CHARS_MAX).contains(&value.len()) || !value.chars().all(fits) || value.starts_with('-') {
            self.fault(
                text,
                format!("{key} must have 1 to {CODE_CHARS_MAX} letters, digits, dots, underscores or dashes, and no dash in front"),
            );
        }
        value.clone()
    }

    fn companies(&mut self, entities: &[CompanyText]) -> BTreeMap<String, String> {
        let mut companies = BTreeMap::new();
        for entity in entities {
            let id = entity.id.get_ref();
            if !account::is_entity(id) {
                self.fault(&entity.id, "id must be a legal entity's: 1 to 32 of the characters a to z, 0 to 9 and -".to_owned());
            }
            let company = self.code("company", &entity.company);
            if companies.values().any(|known| *known == company) {
                self.fault(&entity.company, format!("company {company} is another entity's already"));
            }
            if companies.insert(id.clone(), company).is_some() {
                self.fault(&entity.id, format!("entity {id} is there twice"));
            }
        }
        companies
    }

    fn accounts(&mut self, texts: &[GlAccountText]) -> BTreeMap<String, GlAccount> {
        let mut accounts = BTreeMap::new();
        for one in texts {
            let code = self.code("code", &one.code);
            let name = one.name.get_ref().clone();
            if name.trim() != name || !is_plain(&name) || !(1..=NAME_CHARS_MAX).contains(&name.chars().count()) {
                self.fault(
                    &one.name,
                    format!("name must have 1 to {NAME_CHARS_MAX} characters, none of them hidden, and no blanks around them"),
                );
            }
            let gl_type = GlType::from_name(one.r#type.get_ref());
            if gl_type.is_none() {
                let types = GlType::ALL.map(GlType::name).join(", ");
                self.fault(&one.r#type, format!("type must be one of {types}"));
            }
            let account = GlAccount { code: code.clone(), name, gl_type: gl_type.unwrap_or(GlType::Asset) };
            if accounts.insert(code.clone(), account).is_some() {
                self.fault(&one.code, format!("account {code} is there twice"));
            }
        }
        accounts
    }

    fn known_account(&mut self, code: &Spanned<String>, accounts: &BTreeMap<String, GlAccount>) {
        if !accounts.contains_key(code.get_ref()) {
            self.fault(code, format!("there is no [[account]] with the code {:?}", code.get_ref()));
        }
    }

    fn rules(
        &mut self,
        texts: &[MappingRuleText],
        companies: &BTreeMap<String, String>,
        accounts: &BTreeMap<String, GlAccount>,
    ) -> Vec<MappingRule> {
        let mut rules: Vec<(MappingRule, usize)> = Vec::new();
        for text in texts {
            self.known_account(&text.account, accounts);
            let entities = text.entities.as_ref().map(|entities| self.entities(text, entities, companies));
            let Some(pattern) = pattern(text.ledger.get_ref()) else {
                let [one, two] = [AccountClass::House(Purpose::BankCash), AccountClass::CreatorPayable].map(|class| spelled(class, "*"));
                let why = format!("ledger {:?} is no pattern of accounts in money, such as {one} and {two}", text.ledger.get_ref());
                self.fault(&text.ledger, why);
                continue;
            };
            let rule = MappingRule { pattern, entities, code: text.account.get_ref().clone() };
            let line = self.lines.line(text.ledger.span().start);
            if let Some((_, earlier)) = rules.iter().find(|(known, _)| known.overlaps(&rule)) {
                let why = format!("ledger {:?} covers accounts that the rule of line {earlier} covers", text.ledger.get_ref());
                self.fault(&text.ledger, why);
            }
            rules.push((rule, line));
        }
        rules.into_iter().map(|(rule, _)| rule).collect()
    }

    fn entities(&mut self, rule: &MappingRuleText, texts: &[Spanned<String>], companies: &BTreeMap<String, String>) -> BTreeSet<String> {
        if texts.is_empty() {
            self.fault(&rule.ledger, "entities must name one at least; without the key the rule is for all".to_owned());
        }
        for text in texts.iter().filter(|text| !companies.contains_key(text.get_ref())) {
            self.fault(text, format!("there is no [[entity]] with the id {:?}", text.get_ref()));
        }
        texts.iter().map(|text| text.get_ref().clone()).collect()
    }
}

/// A pattern as the chart reads it, without an entity: the rule names entities beside it.
fn pattern(text: &str) -> Option<AccountPattern> {
    let pattern = AccountPattern::parse(text)?;
    let unit = match pattern.unit {
        PatternUnit::AnyCurrency => "*".to_owned(),
        PatternUnit::Fixed(Unit::Currency(currency)) => currency.code().to_owned(),
        PatternUnit::Fixed(Unit::Coin | Unit::Diamond) => return None,
    };
    (spelled(pattern.class, &unit) == text).then_some(pattern)
}

fn spelled(class: AccountClass, unit: &str) -> String {
    class.line().replace('¤', unit)
}
