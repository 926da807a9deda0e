//! Root, intermediate and leaf as Apple arranges them: the intermediate and the leaf carry Apple's marker extensions, by which a verifier distinguishes a
//! receipt signer from other certificates below the same root. All keys are P-256.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, CustomExtension, DistinguishedName, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, date_time_ymd,
};

use super::Error;

/// Apple's marker of the Worldwide Developer Relations intermediate.
pub const INTERMEDIATE_OID: [u64; 7] = [1, 2, 840, 113_635, 100, 6, 2];
/// Apple's marker of a receipt-signing leaf.
pub const LEAF_OID: [u64; 7] = [1, 2, 840, 113_635, 100, 6, 11];
/// The last number of both markers; certificates with another one are not Apple's.
const MARKER: u64 = 1;
/// The last number of an unknown marker, for hostile receipts.
const WRONG_MARKER: u64 = 2;
/// ASN.1 NULL, the content of both marker extensions.
const NULL: [u8; 2] = [5, 0];

const ROOT: &str = "root.der";
const INTERMEDIATE: &str = "intermediate.der";
const LEAF: &str = "leaf.der";
const ROOT_KEY: &str = "root.key";
const INTERMEDIATE_KEY: &str = "intermediate.key";
const LEAF_KEY: &str = "leaf.key";

/// The certificates (DER) and their keys.
#[derive(Debug)]
pub struct CertificateChain {
    pub(super) root: Vec<u8>,
    pub(super) intermediate: Vec<u8>,
    pub(super) leaf: Vec<u8>,
    pub(super) leaf_key: KeyPair,
    intermediate_key: KeyPair,
    root_key: KeyPair,
}

/// A leaf with its key below the genuine or another intermediate, for hostile receipts.
pub(super) struct CertificateBranch {
    pub(super) intermediate: Vec<u8>,
    pub(super) leaf: Vec<u8>,
    pub(super) leaf_key: KeyPair,
}

impl CertificateChain {
    /// Loads `dir`'s chain, or creates one. If several processes create one at once, the first to rename its directory wins.
    pub(super) fn load_or_create(dir: &Path) -> Result<CertificateChain, Error> {
        let home = dir.join("app-store");
        if !home.exists() {
            let chain = CertificateChain::generate()?;
            chain.save(dir, &home)?;
        }
        CertificateChain::load(&home)
    }

    /// Generates a chain in memory.
    pub(super) fn generate() -> Result<CertificateChain, Error> {
        let (root_key, intermediate_key, leaf_key) = (new_key()?, new_key()?, new_key()?);
        let root = root_params().self_signed(&root_key)?;
        let intermediate = intermediate(MARKER, &intermediate_key, &root_key)?;
        let leaf = leaf(MARKER, &leaf_key, &intermediate_key)?;
        Ok(CertificateChain {
            root: root.der().to_vec(),
            intermediate: intermediate.der().to_vec(),
            leaf: leaf.der().to_vec(),
            leaf_key,
            intermediate_key,
            root_key,
        })
    }

    /// A leaf of the genuine intermediate that lacks the receipt signer's marker.
    pub(super) fn leaf_for_something_else(&self) -> Result<CertificateBranch, Error> {
        let leaf_key = new_key()?;
        let leaf = leaf(WRONG_MARKER, &leaf_key, &self.intermediate_key)?;
        Ok(CertificateBranch { intermediate: self.intermediate.clone(), leaf: leaf.der().to_vec(), leaf_key })
    }

    /// An intermediate of the genuine root that lacks its marker, with a leaf that has its own.
    pub(super) fn intermediate_for_something_else(&self) -> Result<CertificateBranch, Error> {
        let (intermediate_key, leaf_key) = (new_key()?, new_key()?);
        let intermediate = intermediate(WRONG_MARKER, &intermediate_key, &self.root_key)?;
        let leaf = leaf(MARKER, &leaf_key, &intermediate_key)?;
        Ok(CertificateBranch { intermediate: intermediate.der().to_vec(), leaf: leaf.der().to_vec(), leaf_key })
    }

    fn save(&self, dir: &Path, home: &Path) -> Result<(), Error> {
        let half = dir.join(format!(".app-store-{}", uuid::Uuid::new_v4()));
        let files: [(&str, &[u8]); 6] = [
            (ROOT, &self.root),
            (INTERMEDIATE, &self.intermediate),
            (LEAF, &self.leaf),
            (ROOT_KEY, self.root_key.serialized_der()),
            (INTERMEDIATE_KEY, self.intermediate_key.serialized_der()),
            (LEAF_KEY, self.leaf_key.serialized_der()),
        ];
        create_private(&half).map_err(directory(&half))?;
        for (name, bytes) in files {
            std::fs::write(half.join(name), bytes).map_err(directory(&half))?;
        }
        match std::fs::rename(&half, home) {
            Ok(()) => Ok(()),
            // Another process was first; its chain is used.
            Err(_) if home.exists() => std::fs::remove_dir_all(&half).map_err(directory(&half)),
            Err(error) => Err(directory(home)(error)),
        }
    }

    fn load(home: &Path) -> Result<CertificateChain, Error> {
        let read = |name: &str| std::fs::read(home.join(name)).map_err(directory(home));
        let key = |name: &'static str| KeyPair::try_from(read(name)?).map_err(|_| Error::Key { file: name });
        Ok(CertificateChain {
            root: read(ROOT)?,
            intermediate: read(INTERMEDIATE)?,
            leaf: read(LEAF)?,
            leaf_key: key(LEAF_KEY)?,
            intermediate_key: key(INTERMEDIATE_KEY)?,
            root_key: key(ROOT_KEY)?,
        })
    }
}

/// The directory holds keys, so only its owner may read it.
fn create_private(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

fn directory(path: &Path) -> impl Fn(std::io::Error) -> Error {
    let path: PathBuf = path.to_owned();
    move |source| Error::Directory { path: path.display().to_string(), source }
}

fn new_key() -> Result<KeyPair, Error> {
    Ok(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?)
}

fn params(name: &str, is_ca: IsCa, usages: Vec<KeyUsagePurpose>) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.distinguished_name.push(DnType::OrganizationName, "Largesse sandbox, not Apple");
    params.is_ca = is_ca;
    params.key_usages = usages;
    // Fixed dates: a chain must not expire between two runs of a demo, and its age does not matter.
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2049, 1, 1);
    params
}

fn root_params() -> CertificateParams {
    let usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params("Pretend App Store root", IsCa::Ca(BasicConstraints::Unconstrained), usages)
}

fn intermediate_params(marker: u64) -> CertificateParams {
    let usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let mut params = params("Pretend App Store intermediate", IsCa::Ca(BasicConstraints::Constrained(0)), usages);
    params.use_authority_key_identifier_extension = true;
    params.custom_extensions = vec![marked(&INTERMEDIATE_OID, marker)];
    params
}

fn intermediate(marker: u64, key: &KeyPair, root_key: &KeyPair) -> Result<Certificate, Error> {
    Ok(intermediate_params(marker).signed_by(key, &Issuer::new(root_params(), root_key))?)
}

fn leaf(marker: u64, key: &KeyPair, intermediate_key: &KeyPair) -> Result<Certificate, Error> {
    let mut params = params("Pretend App Store receipt signing", IsCa::ExplicitNoCa, vec![KeyUsagePurpose::DigitalSignature]);
    params.use_authority_key_identifier_extension = true;
    params.custom_extensions = vec![marked(&LEAF_OID, marker)];
    Ok(params.signed_by(key, &Issuer::new(intermediate_params(MARKER), intermediate_key))?)
}

fn marked(oid: &[u64], marker: u64) -> CustomExtension {
    let mut oid = oid.to_vec();
    oid.push(marker);
    CustomExtension::from_oid_content(&oid, NULL.to_vec())
}
