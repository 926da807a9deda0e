//! A certificate authority for tests, and the certificates it signs.
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType,
    date_time_ymd,
};
use std::path::{Path, PathBuf};

/// An authority that signs certificates of servers and callers.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// Where its files are.
    pub dir: PathBuf,
}

/// Whether a certificate is valid now.
#[derive(Clone, Copy, PartialEq)]
pub enum Age {
    /// It is.
    Now,
    /// It ended long ago.
    Over,
}

impl Authority {
    /// Writes its certificate to `<name>.pem` in `dir`.
    pub fn new(dir: &Path, name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        std::fs::write(dir.join(format!("{name}.pem")), issuer.pem()).unwrap();
        Self { issuer, dir: dir.to_owned() }
    }

    /// A certificate for 127.0.0.1 and `identity`, and its key, as `<name>.pem` and `<name>.key`.
    pub fn sign(&self, name: &str, identity: &str, age: Age) -> (PathBuf, PathBuf) {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.subject_alt_names = vec![SanType::IpAddress("127.0.0.1".parse().unwrap()), SanType::URI(identity.try_into().unwrap())];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        if age == Age::Over {
            (params.not_before, params.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let (chain, private) = (self.dir.join(format!("{name}.pem")), self.dir.join(format!("{name}.key")));
        std::fs::write(&chain, certificate.pem()).unwrap();
        std::fs::write(&private, key.serialize_pem()).unwrap();
        (chain, private)
    }
}
