//! What proves that Alipay said something: its public keys, or certificates below its roots, of which an answer names one (`alipay_cert_sn`). A notification names none,
//! so that any of them may have signed it (opendocs.alipay.com/common/056zub, and the source of alipay-easysdk).

use bankapi::RsaSigningKey;

use crate::config::PretendCertificates;
use crate::stores::wallet::{
    self, Error, Naming,
    proving::{self, ProvingKey, ReadCertificate},
};

/// The options, for errors.
const APP: &str = "app_cert_file";
const ALIPAY: &str = "alipay_cert_files";
const ROOTS: &str = "alipay_root_cert_file";

/// Why nothing proves a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotProved {
    /// It names a certificate that is not configured.
    #[error("it names a certificate of Alipay's (alipay_cert_sn) that is not configured")]
    Unknown,
    /// What could prove it has ended, or has not begun.
    #[error("the certificate that it is signed with has ended, or has not begun")]
    Expired,
    /// None of the keys made the signature.
    #[error("it is not signed by Alipay, or with a key that is not configured")]
    Signature,
}

/// How an app that signs by certificate names its own certificate and Alipay's roots in requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CertificateNumbers {
    pub(super) app: String,
    pub(super) roots: String,
}

/// What proves what Alipay says to an app, and how the app names its certificates.
#[derive(Debug, Clone)]
pub(super) struct AlipayKeys {
    keys: Vec<ProvingKey>,
    pub(super) numbers: Option<CertificateNumbers>,
}

impl AlipayKeys {
    /// Reads public keys (PEM; empty: none) and certificates, which must be those of our key and of Alipay's roots.
    pub(super) fn read(
        naming: Naming<'_>,
        public_keys: &str,
        certificates: Option<(&PretendCertificates, &RsaSigningKey)>,
    ) -> Result<Self, Error> {
        let mut keys = Vec::new();
        if certificates.is_none() || !public_keys.is_empty() {
            let read = naming.checking_keys("alipay_public_key_file", public_keys)?;
            keys.extend(read.into_iter().map(|key| ProvingKey::bare("", key)));
        }
        let Some((certificates, ours)) = certificates else { return Ok(Self { keys, numbers: None }) };
        let roots = proving::certificates(naming, ROOTS, &certificates.roots)?;
        let read_roots = || roots.iter().map(|root| ReadCertificate::new(naming, ROOTS, root)).collect::<Result<Vec<_>, _>>();
        for pem in &certificates.alipay {
            let found = proving::certificates(naming, ALIPAY, pem)?;
            let mut chain = found.iter().map(|der| ReadCertificate::new(naming, ALIPAY, der)).collect::<Result<Vec<_>, _>>()?;
            let leaf = chain.remove(0);
            keys.push(leaf.proving_key(naming, ALIPAY, leaf.alipay_number())?);
            if !leaf.leads_to(read_roots()?, chain) {
                return Err(naming.no(format!("{ALIPAY}: a certificate does not lead to one of those in {ROOTS}")));
            }
        }
        let app = proving::certificates(naming, APP, &certificates.app)?;
        let app = ReadCertificate::new(naming, APP, app.first().map(Vec::as_slice).unwrap_or_default())?;
        if *app.proving_key(naming, APP, String::new())?.key() != ours.checking_key() {
            return Err(naming.no(format!("{APP}: it is not the certificate of private_key_file")));
        }
        let roots = proving::alipay_roots_number(&read_roots()?);
        if roots.is_empty() {
            return Err(naming.no(format!("{ROOTS}: none of the roots is signed with RSA")));
        }
        Ok(Self { keys, numbers: Some(CertificateNumbers { app: app.alipay_number(), roots }) })
    }

    /// When each certificate ends, in Unix seconds.
    pub(super) fn certificate_ends(&self) -> impl Iterator<Item = i64> {
        self.keys.iter().filter_map(ProvingKey::ends_s)
    }

    /// Whether Alipay signed a text, by the certificate of this number if it names one.
    pub(super) fn check(&self, number: Option<&str>, text: &[u8], signature: &str) -> Result<(), NotProved> {
        let named: Vec<&ProvingKey> = self.keys.iter().filter(|key| number.is_none_or(|number| key.name() == number)).collect();
        if named.is_empty() {
            return Err(NotProved::Unknown);
        }
        let now_s = money::time::now_ms() / 1_000;
        let (valid, ended): (Vec<&ProvingKey>, Vec<&ProvingKey>) = named.into_iter().partition(|key| key.is_valid(now_s));
        let signed_by = |keys: &[&ProvingKey]| wallet::is_signed(keys.iter().map(|key| key.key()), text, signature);
        match (signed_by(&valid), signed_by(&ended)) {
            (true, _) => Ok(()),
            (false, true) => Err(NotProved::Expired),
            (false, false) => Err(NotProved::Signature),
        }
    }
}
