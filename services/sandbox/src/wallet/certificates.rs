//! Certificates of both pretend wallets and of the seller, below a root of their own, and the numbers by which Alipay knows them. Their keys are public, so they protect
//! nothing.

use super::keys::SELLER_KEY;
use md5::{Digest as _, Md5};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, SerialNumber,
    date_time_ymd,
};

/// The root's name as Alipay's number has it: the last part of the certificate's name first.
const ROOT_NAME: &str = "CN=Largesse sandbox root,OU=Certification,O=Largesse sandbox,C=CN";
const ROOT_SERIAL: u64 = 0x4D69_7A75_4D6F_7269;
const ROOT_KEY: &str = include_str!("root.pem");
const CERTIFIED_KEY: &str = include_str!("certified.pem");

/// A certificate that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PretendCertificate {
    /// The root.
    Root,
    /// The seller's app's.
    App,
    /// The wallet's.
    Wallet,
    /// The wallet's that has ended.
    Ended,
    /// One for the wallet's key that another root signed.
    Stranger,
}

impl PretendCertificate {
    fn serial_number(self) -> u64 {
        match self {
            Self::Root => ROOT_SERIAL,
            Self::App => 0x5157_F09E_FDC0_96DE,
            Self::Wallet => 0x6E1A_2B3C_4D5E_6F70,
            Self::Ended => 0x1A2B_3C4D_5E6F_7081,
            Self::Stranger => 0x7012_3456_789A_BCDE,
        }
    }

    /// Its serial number in hexadecimal, as WeChat Pay's headers have it.
    #[must_use]
    pub fn serial(self) -> String {
        format!("{:X}", self.serial_number())
    }

    /// The number by which Alipay knows it: MD5 over its issuer and its serial number in decimal.
    #[must_use]
    pub fn alipay_number(self) -> String {
        let digest = Md5::digest(format!("{ROOT_NAME}{}", self.serial_number()).as_bytes());
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// PEM.
    #[must_use]
    pub fn pem(self) -> String {
        let root = key(ROOT_KEY);
        if self == Self::Root {
            return root_params().self_signed(&root).expect("constants").pem();
        }
        let (owner, subject) = match self {
            Self::App => (key(SELLER_KEY), "Largesse sandbox seller"),
            _ => (key(CERTIFIED_KEY), "Largesse sandbox wallet"),
        };
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, subject);
        params.serial_number = Some(SerialNumber::from(self.serial_number()));
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        // Fixed dates, as those of the pretend App Store's: only one has ended.
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = if self == Self::Ended { date_time_ymd(2025, 1, 1) } else { date_time_ymd(2049, 1, 1) };
        let issuer = if self == Self::Stranger { key(CERTIFIED_KEY) } else { root };
        params.signed_by(&owner, &Issuer::new(root_params(), issuer)).expect("constants").pem()
    }
}

fn root_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "CN");
    params.distinguished_name.push(DnType::OrganizationName, "Largesse sandbox");
    params.distinguished_name.push(DnType::OrganizationalUnitName, "Certification");
    params.distinguished_name.push(DnType::CommonName, "Largesse sandbox root");
    params.serial_number = Some(SerialNumber::from(ROOT_SERIAL));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2049, 1, 1);
    params
}

fn key(pem: &str) -> KeyPair {
    KeyPair::from_pem_and_sign_algo(pem, &PKCS_RSA_SHA256).expect("a constant")
}
