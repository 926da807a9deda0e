//! Keys that prove what a wallet says: bare ones, and those of certificates, which have a serial number and an end.

use bankapi::RsaCheckingKey;
use md5::{Digest as _, Md5};
use x509_validator::prelude::Pem;
use x509_validator::store::CertificateStore;
use x509_validator::{Certificate, FromDer as _, RFC5280Policy, Validator};

use super::{Error, Naming};

/// How signatures are named that are made with RSA; roots with others are left out of the number of Alipay's roots, as its own libraries do.
const RSA_SIGNATURES: &str = "1.2.840.113549.1.1.";
/// The mark of a certificate in PEM.
const CERTIFICATE: &str = "CERTIFICATE";

/// A key that proves what a wallet says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvingKey {
    name: String,
    key: RsaCheckingKey,
    valid_s: Option<(i64, i64)>,
}

impl ProvingKey {
    /// A key without a certificate, which never ends. `name`: by what answers choose it; empty where they name none.
    #[must_use]
    pub fn bare(name: &str, key: RsaCheckingKey) -> Self {
        Self { name: name.to_owned(), key, valid_s: None }
    }

    /// By what answers choose it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &RsaCheckingKey {
        &self.key
    }

    /// Whether its certificate is valid at this time, in Unix seconds.
    #[must_use]
    pub fn is_valid(&self, at_s: i64) -> bool {
        self.valid_s.is_none_or(|(from_s, until_s)| (from_s..=until_s).contains(&at_s))
    }

    /// When its certificate ends, in Unix seconds; `None`: it has none.
    #[must_use]
    pub fn ends_s(&self) -> Option<i64> {
        self.valid_s.map(|(_, until_s)| until_s)
    }
}

/// Whether a text is PEM with certificates.
pub(crate) fn has_certificates(pem: &str) -> bool {
    pem.contains("-----BEGIN CERTIFICATE-----")
}

/// The certificates (DER) of a PEM file, in order. Other things in it are passed over.
pub(crate) fn certificates(naming: Naming<'_>, option: &str, pem: &str) -> Result<Vec<Vec<u8>>, Error> {
    let mut found = Vec::new();
    for part in Pem::iter_from_buffer(pem.as_bytes()) {
        let part = part.map_err(|_| naming.no(format!("{option}: not PEM")))?;
        if part.label == CERTIFICATE {
            found.push(part.contents);
        }
    }
    if found.is_empty() { Err(naming.no(format!("{option}: not PEM with a certificate"))) } else { Ok(found) }
}

/// A certificate that was read.
pub(crate) struct ReadCertificate<'a>(Certificate<'a>);

impl<'a> ReadCertificate<'a> {
    /// Reads DER.
    pub(crate) fn new(naming: Naming<'_>, option: &str, der: &'a [u8]) -> Result<Self, Error> {
        let whole = Certificate::from_der(der).ok().filter(|(rest, _)| rest.is_empty());
        whole.map(|(_, read)| Self(read)).ok_or_else(|| naming.no(format!("{option}: not a certificate")))
    }

    /// Its serial number in hexadecimal, upper case, without leading zeros.
    pub(crate) fn serial(&self) -> String {
        plain_serial(&hex::encode(self.0.raw_serial()))
    }

    /// The number by which Alipay knows it: MD5 over its issuer, the last part first, and its serial number in decimal (opendocs.alipay.com/common/056zub).
    pub(crate) fn alipay_number(&self) -> String {
        let parts: Vec<String> = self
            .0
            .issuer()
            .iter_attributes()
            .map(|part| part_of_name(&part.attr_type().to_id_string(), part.as_str().unwrap_or_default()))
            .collect();
        let issuer: Vec<String> = parts.into_iter().rev().collect();
        hex::encode(Md5::digest(format!("{}{}", issuer.join(","), self.0.tbs_certificate.serial).as_bytes()))
    }

    fn is_signed_with_rsa(&self) -> bool {
        self.0.signature_algorithm.algorithm.to_id_string().starts_with(RSA_SIGNATURES)
    }

    /// Its key, which answers choose by this name.
    pub(crate) fn proving_key(&self, naming: Naming<'_>, option: &str, name: String) -> Result<ProvingKey, Error> {
        let key = RsaCheckingKey::from_spki_der(self.0.tbs_certificate.subject_pki.raw)
            .map_err(|error| naming.no(format!("{option}: {error}")))?;
        let validity = self.0.validity();
        Ok(ProvingKey { name, key, valid_s: Some((validity.not_before.timestamp(), validity.not_after.timestamp())) })
    }

    /// Whether it leads to one of these roots, perhaps over others, as of its first moment: when it ends is looked at whenever it proves something.
    pub(crate) fn leads_to(self, roots: Vec<Self>, others: Vec<Self>) -> bool {
        let begins_s = self.0.validity().not_before.timestamp();
        let (mut trusted, mut between) = (CertificateStore::new(), CertificateStore::new());
        roots.into_iter().for_each(|root| trusted.append(root.0));
        others.into_iter().for_each(|other| between.append(other.0));
        Validator::with_policy(trusted, RFC5280Policy::new(begins_s)).validate(&self.0, &between).is_ok()
    }
}

/// The number of all of Alipay's roots that are signed with RSA.
pub(crate) fn alipay_roots_number(roots: &[ReadCertificate<'_>]) -> String {
    let numbers: Vec<String> = roots.iter().filter(|root| root.is_signed_with_rsa()).map(ReadCertificate::alipay_number).collect();
    numbers.join("_")
}

/// A serial number in hexadecimal, so that two spellings of one are the same.
pub(crate) fn plain_serial(serial: &str) -> String {
    serial.trim_start_matches('0').to_uppercase()
}

/// A part of a name as RFC 2253 writes it.
fn part_of_name(oid: &str, value: &str) -> String {
    let keyword = match oid {
        "2.5.4.3" => "CN",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        other => other,
    };
    format!("{keyword}={value}")
}
