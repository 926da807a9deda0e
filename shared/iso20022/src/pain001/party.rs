//! The ends of a transfer: parties, their accounts and their banks, as messages name them.

use super::payment_type::TypeCode;
use crate::{
    Error,
    value::{NAME_CHARS_MAX, REFERENCE_CHARS_MAX, text_leaf, texts},
    xml::Element,
};
use accounts::{
    AddressField,
    holder::{HolderAddress, LINES_MAX},
};

mod paid_to;

/// The number of an account that a proxy alone names: the schemas require one.
pub const NUMBER_NOT_PROVIDED: &str = "NOTPROVIDED";
/// `Max34Text` of `Othr/Id`.
const NUMBER_CHARS_MAX: usize = 34;
/// The longest proxy that is written; the schema has 2,048, no scheme more than an e-mail address.
const PROXY_CHARS_MAX: usize = 320;

/// One end of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Party {
    /// `Nm`.
    pub name: Option<String>,
    /// `PstlAdr`.
    pub postal: Option<PostalAddress>,
    /// `Id` with the scheme `TXID`.
    pub tax_id: Option<TaxId>,
    /// The account, as written.
    pub account: Option<AccountId>,
    /// The account's `Tp`, such as `CACC` or `SVGS`.
    pub account_type: Option<TypeCode>,
    /// The account's bank.
    pub agent: Agent,
}

/// An account in a message; not checked, since a bank must be able to reject a wrong one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AccountId {
    /// `IBAN`.
    Iban(String),
    /// `Othr`.
    Other {
        /// `Id`, such as a US account number.
        number: String,
        /// `SchmeNm`: what the number is, such as `BBAN`. Banks often leave it out.
        scheme: Option<TypeCode>,
    },
    /// `Prxy`: a telephone number or the like, which the rail resolves to an account. `Id` says that there is no number.
    Proxy {
        /// `Tp`.
        kind: Option<TypeCode>,
        /// `Id`.
        id: String,
    },
}

impl AccountId {
    /// A national account number (`BBAN`).
    #[must_use]
    pub fn bban(number: &str) -> Self {
        Self::Other { number: number.to_owned(), scheme: Some(TypeCode::Code("BBAN".to_owned())) }
    }

    /// The number or the proxy: what two writings of one account have in common, whichever scheme they state.
    #[must_use]
    pub fn number(&self) -> &str {
        match self {
            Self::Iban(number) | Self::Other { number, .. } | Self::Proxy { id: number, .. } => number,
        }
    }
}

/// A bank in a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Agent {
    /// `BICFI`.
    pub bic: Option<String>,
    /// `ClrSysId/Cd`, such as `USABA`.
    pub clearing_system: Option<String>,
    /// `MmbId`, such as a routing number.
    pub member_id: Option<String>,
    /// `BrnchId/Id`.
    pub branch: Option<String>,
}

/// A postal address (`PstlAdr`), structured, hybrid or in lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PostalAddress {
    /// `StrtNm`.
    pub street: Option<String>,
    /// `BldgNb`.
    pub building: Option<String>,
    /// `PstCd`.
    pub postal_code: Option<String>,
    /// `TwnNm`.
    pub town: Option<String>,
    /// `CtrySubDvsn`.
    pub region: Option<String>,
    /// `Ctry`, ISO 3166 alpha-2.
    pub country: Option<String>,
    /// `AdrLine`, at most seven.
    pub lines: Vec<String>,
}

/// An id at a tax authority, of scheme `TXID`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TaxId {
    /// `PrvtId`: of a person.
    Person(String),
    /// `OrgId`: of a company.
    Organisation(String),
}

impl TaxId {
    /// A Brazilian id: a CPF, which has eleven digits, is a person's, a CNPJ a company's.
    #[must_use]
    pub fn brazilian(id: &str) -> Self {
        if id.len() == 11 { Self::Person(id.to_owned()) } else { Self::Organisation(id.to_owned()) }
    }
}

impl From<&HolderAddress> for PostalAddress {
    fn from(holder: &HolderAddress) -> Self {
        let part = |field| holder.value(field).map(str::to_owned);
        Self {
            street: part(AddressField::Street),
            building: part(AddressField::Building),
            postal_code: part(AddressField::PostalCode),
            town: part(AddressField::Town),
            region: part(AddressField::Region),
            country: part(AddressField::Country),
            lines: holder.lines().map(str::to_owned).collect(),
        }
    }
}

/// Reads a party (`Cdtr`, `Dbtr`): name, address and tax id.
pub(super) fn read_party(element: &Element) -> Result<Party, Error> {
    Ok(Party {
        name: element.optional_text("Nm")?.map(str::to_owned),
        postal: element.optional("PstlAdr")?.map(read_postal).transpose()?,
        tax_id: element.optional("Id")?.and_then(read_tax_id),
        ..Party::default()
    })
}

fn read_postal(element: &Element) -> Result<PostalAddress, Error> {
    let part = |name| -> Result<Option<String>, Error> { Ok(element.optional_text(name)?.map(str::to_owned)) };
    Ok(PostalAddress {
        street: part("StrtNm")?,
        building: part("BldgNb")?,
        postal_code: part("PstCd")?,
        town: part("TwnNm")?,
        region: part("CtrySubDvsn")?,
        country: part("Ctry")?,
        lines: texts(element.all("AdrLine"))?,
    })
}

/// The first id of scheme `TXID`. Other ids of a party, and those that can't be read, are none of ours and no reason to refuse a payment.
fn read_tax_id(element: &Element) -> Option<TaxId> {
    let of = |sort| -> Option<String> {
        let mut others = element.all(sort).flat_map(|id| id.all("Othr"));
        let tax = others.find(|other| {
            other.all("SchmeNm").next().and_then(|scheme| scheme.optional_text("Cd").ok().flatten()).is_some_and(|code| code == "TXID")
        });
        tax.and_then(|other| other.text_of("Id").ok()).map(str::to_owned)
    };
    of("PrvtId").map(TaxId::Person).or_else(|| of("OrgId").map(TaxId::Organisation))
}

pub(crate) fn read_account(element: &Element) -> Result<AccountId, Error> {
    let id = element.one("Id")?;
    match (id.optional_text("IBAN")?, id.optional("Othr")?) {
        (Some(iban), None) => Ok(AccountId::Iban(iban.to_owned())),
        (None, Some(other)) => {
            let number = other.text_of("Id")?;
            match element.optional("Prxy")? {
                Some(proxy) if number == NUMBER_NOT_PROVIDED => {
                    let kind = proxy.optional("Tp")?.and_then(TypeCode::read_if_any);
                    Ok(AccountId::Proxy { kind, id: proxy.text_of("Id")?.to_owned() })
                }
                _ => {
                    let scheme = other.optional("SchmeNm")?.and_then(TypeCode::read_if_any);
                    Ok(AccountId::Other { number: number.to_owned(), scheme })
                }
            }
        }
        _ => Err(Error::value(element.name(), "an account with either IBAN or Othr")),
    }
}

/// The account's `Tp`.
pub(super) fn read_account_type(element: &Element) -> Result<Option<TypeCode>, Error> {
    Ok(element.optional("Tp")?.and_then(TypeCode::read_if_any))
}

pub(super) fn read_agent(element: &Element) -> Result<Agent, Error> {
    let institution = element.one("FinInstnId")?;
    let member = institution.optional("ClrSysMmbId")?;
    let system = member.map(|member| member.optional("ClrSysId")).transpose()?.flatten();
    let branch = element.optional("BrnchId")?.map(|branch| branch.optional_text("Id")).transpose()?.flatten();
    Ok(Agent {
        bic: institution.optional_text("BICFI")?.map(str::to_owned),
        clearing_system: system.map(|system| system.optional_text("Cd")).transpose()?.flatten().map(str::to_owned),
        member_id: member.map(|member| member.text_of("MmbId")).transpose()?.map(str::to_owned),
        branch: branch.map(str::to_owned),
    })
}

/// Writes a party: name, address and tax id.
pub(super) fn write_party(element: &str, party: &Party) -> Result<Element, Error> {
    let name = party.name.as_deref().ok_or_else(|| Error::value(element, "a party with a name"))?;
    let mut written = Element::new(element).with(text_leaf("Nm", name, NAME_CHARS_MAX)?);
    if let Some(postal) = &party.postal {
        written = written.with(write_postal(postal)?);
    }
    if let Some(tax_id) = &party.tax_id {
        let (sort, id) = match tax_id {
            TaxId::Person(id) => ("PrvtId", id),
            TaxId::Organisation(id) => ("OrgId", id),
        };
        let scheme = Element::new("SchmeNm").with_leaf("Cd", "TXID");
        let other = Element::new("Othr").with(text_leaf("Id", id, REFERENCE_CHARS_MAX)?).with(scheme);
        written = written.with(Element::new("Id").with(Element::new(sort).with(other)));
    }
    Ok(written)
}

fn write_postal(postal: &PostalAddress) -> Result<Element, Error> {
    let mut element = Element::new("PstlAdr");
    let parts = [
        ("StrtNm", &postal.street, 70),
        ("BldgNb", &postal.building, 16),
        ("PstCd", &postal.postal_code, 16),
        ("TwnNm", &postal.town, 35),
        ("CtrySubDvsn", &postal.region, 35),
        ("Ctry", &postal.country, 2),
    ];
    for (name, text, chars_max) in parts {
        if let Some(text) = text {
            element = element.with(text_leaf(name, text, chars_max)?);
        }
    }
    if postal.lines.len() > LINES_MAX {
        return Err(Error::value("AdrLine", "at most seven lines"));
    }
    for line in &postal.lines {
        element = element.with(text_leaf("AdrLine", line, 70)?);
    }
    if element.children().is_empty() {
        return Err(Error::value("PstlAdr", "an address with at least a country"));
    }
    Ok(element)
}

/// Writes an account: `Id`, and the proxy if that names it.
pub(crate) fn write_account(element: &str, account: &AccountId) -> Result<Element, Error> {
    write_typed_account(element, account, None)
}

/// Writes an account with its type. The schemas have the type between the account and its proxy.
pub(super) fn write_typed_account(element: &str, account: &AccountId, account_type: Option<&TypeCode>) -> Result<Element, Error> {
    let other = |number: &str| -> Result<Element, Error> { Ok(Element::new("Othr").with(text_leaf("Id", number, NUMBER_CHARS_MAX)?)) };
    let (id, proxy) = match account {
        AccountId::Iban(iban) => (text_leaf("IBAN", iban, NUMBER_CHARS_MAX)?, None),
        AccountId::Other { number, scheme: None } => (other(number)?, None),
        AccountId::Other { number, scheme: Some(scheme) } => (other(number)?.with(scheme.write("SchmeNm")?), None),
        AccountId::Proxy { kind, id } => (other(NUMBER_NOT_PROVIDED)?, Some((kind, id))),
    };
    let mut written = Element::new(element).with(Element::new("Id").with(id));
    if let Some(kind) = account_type {
        written = written.with(kind.write("Tp")?);
    }
    if let Some((kind, id)) = proxy {
        let mut proxy = Element::new("Prxy");
        if let Some(kind) = kind {
            proxy = proxy.with(kind.write("Tp")?);
        }
        written = written.with(proxy.with(text_leaf("Id", id, PROXY_CHARS_MAX)?));
    }
    Ok(written)
}

pub(super) fn write_agent(element: &str, agent: &Agent) -> Result<Element, Error> {
    let mut institution = Element::new("FinInstnId");
    if let Some(bic) = &agent.bic {
        institution = institution.with(text_leaf("BICFI", bic, 11)?);
    }
    if let Some(member_id) = &agent.member_id {
        let mut member = Element::new("ClrSysMmbId");
        if let Some(system) = &agent.clearing_system {
            member = member.with(Element::new("ClrSysId").with(text_leaf("Cd", system, 5)?));
        }
        institution = institution.with(member.with(text_leaf("MmbId", member_id, REFERENCE_CHARS_MAX)?));
    }
    if agent.bic.is_none() && agent.member_id.is_none() {
        // The placeholder for a bank that is not named (EPC115-06): the account itself identifies it.
        institution = institution.with(Element::new("Othr").with_leaf("Id", NUMBER_NOT_PROVIDED));
    }
    let mut written = Element::new(element).with(institution);
    if let Some(branch) = &agent.branch {
        written = written.with(Element::new("BrnchId").with(text_leaf("Id", branch, REFERENCE_CHARS_MAX)?));
    }
    Ok(written)
}
