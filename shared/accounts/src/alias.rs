//! Names for accounts that a scheme resolves: telephone numbers, e-mail addresses, tax ids and the like.

use crate::{
    AddressField, AddressKind, HiddenText,
    check_digits::{is_abn, is_acn, is_cnpj, is_cpf, is_hkid, is_nric, is_uen},
    fields::{FieldReader, compacted, is_digits},
    rules::{AddressRules, CharLimit, PhonePlan},
};

/// The longest local part of an e-mail address (RFC 5321).
const EMAIL_LOCAL_CHARS_MAX: usize = 64;
/// Digits of an international number (E.164).
const E164_DIGITS: std::ops::RangeInclusive<usize> = 3..=15;

money::named! {
    /// What an alias is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum AliasType {
        /// Telephone number, international with plus.
        Phone = "phone",
        /// E-mail address.
        Email = "email",
        /// Tax id of a person in Brazil.
        Cpf = "cpf",
        /// Tax id of a company in Brazil.
        Cnpj = "cnpj",
        /// Random key of Pix.
        Evp = "evp",
        /// Australian business number.
        Abn = "abn",
        /// Australian company number.
        Acn = "acn",
        /// Organisation id of PayID.
        Organisation = "organisation",
        /// Identity number of a person in Singapore, NRIC or FIN.
        Nric = "nric",
        /// Number of an entity in Singapore, perhaps with a suffix of three.
        Uen = "uen",
        /// Virtual payment address of PayNow.
        Vpa = "vpa",
        /// Identifier of Hong Kong's FPS.
        FpsId = "fps_id",
        /// Identity card of Hong Kong.
        Hkid = "hkid",
        /// Payer id of PayPal.
        PayerId = "payer_id",
        /// User name of Venmo.
        UserName = "user_name",
    }
}

/// A provider of electronic wallets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wallet {
    /// PayPal.
    Paypal,
    /// Venmo, US only.
    Venmo,
}

impl Wallet {
    /// The name in contracts and canonical texts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Paypal => "paypal",
            Self::Venmo => "venmo",
        }
    }

    pub(crate) fn parse(reader: &mut FieldReader) -> Option<Self> {
        let given = reader.required(AddressField::Wallet)?.to_ascii_lowercase();
        let known = [Self::Paypal, Self::Venmo].into_iter().find(|wallet| wallet.name() == given);
        if known.is_none() {
            reader.fault(AddressField::Wallet, "be paypal or venmo");
        }
        known
    }
}

/// The aliases that a scheme knows, and the country of its telephone numbers, if it is one.
#[derive(Clone, Copy)]
pub(crate) struct AliasScheme {
    types: &'static [AliasType],
    phone_country: Option<&'static str>,
    is_pix: bool,
}

impl AliasScheme {
    /// The scheme of a kind of address. A wallet's depends on its provider; without one, any of theirs. `None` for accounts at banks.
    pub(crate) fn of(kind: AddressKind, wallet: Option<Wallet>) -> Option<Self> {
        use AliasType as T;
        let (types, phone_country): (&'static [AliasType], _) = match (kind, wallet) {
            (AddressKind::PixKey, _) => (&[T::Cpf, T::Cnpj, T::Phone, T::Email, T::Evp], None),
            (AddressKind::PayId, _) => (&[T::Phone, T::Email, T::Abn, T::Acn, T::Organisation], Some("AU")),
            (AddressKind::PayNow, _) => (&[T::Phone, T::Nric, T::Uen, T::Vpa], Some("SG")),
            (AddressKind::FpsProxy, _) => (&[T::FpsId, T::Phone, T::Email, T::Hkid], Some("HK")),
            (AddressKind::Interac, _) => (&[T::Email, T::Phone], Some("CA")),
            (AddressKind::Wallet, Some(Wallet::Paypal)) => (&[T::Email, T::Phone, T::PayerId], None),
            (AddressKind::Wallet, Some(Wallet::Venmo)) => (&[T::Phone, T::Email, T::UserName], Some("US")),
            (AddressKind::Wallet, None) => (&[T::Email, T::Phone, T::PayerId, T::UserName], None),
            _ => return None,
        };
        Some(Self { types, phone_country, is_pix: kind == AddressKind::PixKey })
    }
}

/// An alias in its canonical form.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Alias {
    alias_type: AliasType,
    text: HiddenText,
}

impl Alias {
    pub(crate) fn parse(reader: &mut FieldReader, scheme: AliasScheme, rules: &AddressRules) -> Option<Self> {
        let given_type = reader.required(AddressField::AliasType);
        let text = reader.required(AddressField::Alias);
        let given_type = given_type?.to_ascii_lowercase();
        let Some(alias_type) = AliasType::from_name(&given_type).filter(|known| scheme.types.contains(known)) else {
            let names: Vec<&str> = scheme.types.iter().map(|known| known.name()).collect();
            reader.fault(AddressField::AliasType, format!("be one of {}", names.join(", ")));
            return None;
        };
        match canonical(alias_type, &text?, scheme, rules) {
            Ok(text) => Some(Self { alias_type, text: HiddenText::new(text) }),
            Err(must) => {
                reader.fault(AddressField::Alias, must);
                None
            }
        }
    }

    /// Whether it is a telephone number, an e-mail address, or an id of which sort.
    #[must_use]
    pub fn alias_type(&self) -> AliasType {
        self.alias_type
    }

    /// The canonical form, as schemes take it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }
}

/// The canonical form of an alias, or what it must be.
fn canonical(alias_type: AliasType, text: &str, scheme: AliasScheme, rules: &AddressRules) -> Result<String, String> {
    let upper = |separators: &[char]| compacted(text, separators);
    let number = |fits: fn(&str) -> bool, form: &str| {
        let compact = upper(&['-', '.', '/', '(', ')']);
        if fits(&compact) { Ok(compact) } else { Err(form.to_owned()) }
    };
    match alias_type {
        AliasType::Phone => phone(text, scheme.phone_country.map(|country| plan(rules, country))),
        AliasType::Email => email(text, scheme.is_pix, if scheme.is_pix { &rules.pix_email } else { &rules.email }),
        AliasType::Cpf => number(is_cpf, "be a CPF: eleven digits, the last two of them check digits, not all equal"),
        AliasType::Cnpj => number(is_cnpj, "be a CNPJ: twelve digits or letters and two check digits"),
        AliasType::Evp => evp(text),
        AliasType::Abn => number(is_abn, "be an ABN: eleven digits with valid check digits"),
        AliasType::Acn => number(is_acn, "be an ACN: nine digits, the last of them the check digit"),
        AliasType::Organisation => {
            let text = text.to_ascii_lowercase();
            let form = || format!("be an organisation id of {} characters of ASCII", rules.au_organisation.range());
            let fits = rules.au_organisation.fits(&text) && text.bytes().all(|b| b.is_ascii_graphic() || b == b' ');
            if fits { Ok(text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")) } else { Err(form()) }
        }
        AliasType::Nric => number(is_nric, "be an NRIC or FIN: S, T, F, G or M, seven digits and their check letter"),
        AliasType::Uen => number(is_suffixed_uen, "be a UEN with a valid check letter, perhaps with a suffix of three letters or digits"),
        AliasType::Vpa => vpa(&upper(&[]), &rules.sg_vpa),
        AliasType::FpsId => number(|text| is_digits(text, 7..=7) || is_digits(text, 9..=9), "be 7 or 9 digits"),
        AliasType::Hkid => number(is_hkid, "be a Hong Kong identity card: one or two letters, six digits and their check character"),
        AliasType::PayerId => {
            let text = upper(&[]);
            let fits = rules.paypal_id.fits(&text) && text.bytes().all(|b| b.is_ascii_alphanumeric());
            if fits { Ok(text) } else { Err(format!("be a payer id of {} letters or digits", rules.paypal_id.range())) }
        }
        AliasType::UserName => {
            let name = text.strip_prefix('@').unwrap_or(text).to_ascii_lowercase();
            let fits = rules.venmo_handle.fits(&name) && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
            if fits { Ok(name) } else { Err(format!("be a user name of {} letters, digits, - or _", rules.venmo_handle.range())) }
        }
    }
}

fn plan<'a>(rules: &'a AddressRules, country: &'static str) -> Result<&'a PhonePlan, &'static str> {
    rules.phone_plans.iter().find(|plan| plan.country == country).ok_or(country)
}

/// `+` and digits. Where the scheme belongs to a country, the number may be written without its prefix.
fn phone(text: &str, plan: Option<Result<&PhonePlan, &'static str>>) -> Result<String, String> {
    let compact = compacted(&text.replace("(0)", ""), &['-', '.', '/', '(', ')']);
    let international = compact.strip_prefix('+');
    let digits = international.unwrap_or(&compact);
    match plan {
        None => {
            let fits = is_digits(digits, E164_DIGITS) && !digits.starts_with('0');
            international
                .filter(|_| fits)
                .map(|_| compact.clone())
                .ok_or_else(|| "be + and 3 to 15 digits with the country first".to_owned())
        }
        Some(Err(country)) => Err(format!("be of another type: no telephone plan of {country} is configured")),
        Some(Ok(plan)) => {
            let national = |rest: &str| is_digits(rest, plan.digits..=plan.digits) && !rest.starts_with('0');
            let with_prefix = digits.strip_prefix(plan.prefix.as_ref()).filter(|rest| national(rest));
            let within = || {
                let rest = digits.strip_prefix(plan.trunk.as_ref()).unwrap_or(digits);
                (international.is_none() && national(rest)).then_some(rest)
            };
            let rest = with_prefix.or_else(within);
            let form = || format!("be a telephone number of {}: +{} and {} digits", plan.country, plan.prefix, plan.digits);
            rest.map(|rest| format!("+{}{rest}", plan.prefix)).ok_or_else(form)
        }
    }
}

/// In lower case: providers do not tell capital letters apart.
fn email(text: &str, is_pix: bool, limit: &CharLimit) -> Result<String, String> {
    let text = text.to_ascii_lowercase();
    let local_fits = |local: &str| {
        let sign = |b: u8| b".!#$&'*+/=?^_`{|}~-".contains(&b) || (b == b'%' && !is_pix);
        (1..=EMAIL_LOCAL_CHARS_MAX).contains(&local.len()) && local.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || sign(b))
    };
    let label_fits = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let fits = text.split_once('@').is_some_and(|(local, domain)| local_fits(local) && domain.split('.').all(label_fits));
    if fits && limit.fits(&text) { Ok(text) } else { Err(format!("be an e-mail address of at most {} characters of ASCII", limit.max)) }
}

/// A random key has a UUID's form, of any version: the central bank's own example is none of version 4.
fn evp(text: &str) -> Result<String, String> {
    let text = text.to_ascii_lowercase();
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let hex = groups.iter().all(|group| group.bytes().all(|b| b.is_ascii_hexdigit()));
    if hex && lengths == [8, 4, 4, 4, 12] {
        Ok(text)
    } else {
        Err("be a random key: 32 hexadecimal digits in groups of 8-4-4-4-12".to_owned())
    }
}

fn is_suffixed_uen(text: &str) -> bool {
    let suffixed = || {
        let at = text.len().checked_sub(3).filter(|at| text.is_char_boundary(*at))?;
        let (uen, suffix) = text.split_at(at);
        Some(is_uen(uen) && suffix.bytes().all(|b| b.is_ascii_alphanumeric()))
    };
    is_uen(text) || suffixed().unwrap_or(false)
}

/// A name, `#` and the provider.
fn vpa(text: &str, limit: &CharLimit) -> Result<String, String> {
    let parts = text.split_once('#').is_some_and(|(name, provider)| {
        let sign = |b: u8| b.is_ascii_alphanumeric() || b"+._-".contains(&b);
        !name.is_empty() && name.bytes().all(sign) && !provider.is_empty() && provider.bytes().all(|b| b.is_ascii_alphanumeric())
    });
    if parts && limit.fits(text) { Ok(text.to_owned()) } else { Err(format!("be name#provider of {} letters and digits", limit.range())) }
}

#[cfg(test)]
mod tests;
