//! An address that answers with a file.
use super::IntakeFault;
use crate::{
    config::{InvalidOption, StatementSource},
    treasury::Treasury,
    wire::reconciliation::FILE_BYTES_MAX,
};
use http_client::BodyError;
use reqwest::{Client, StatusCode, Url, header::AUTHORIZATION};
use sha2::{Digest as _, Sha256};
use std::{path::PathBuf, time::Duration};

/// How long a file may take: a large one over a slow line.
const TIME_OUT: Duration = Duration::from_mins(5);
/// How long a bank may take to accept a connection.
const CONNECT_TIME_OUT: Duration = Duration::from_secs(10);

/// An address with what it gets to know us by.
pub(super) struct FetchedAddress {
    client: Client,
    url: Url,
    token_file: PathBuf,
    /// Hash of the last file that was imported or refused: the same bytes again are not worth a look.
    last: Option<[u8; 32]>,
}

impl FetchedAddress {
    pub(super) fn try_new(row: &StatementSource) -> Result<Self, InvalidOption> {
        let (url, client) = row.client()?;
        let client = client.timeout(TIME_OUT).connect_timeout(CONNECT_TIME_OUT).build();
        let client = client.map_err(|error| InvalidOption {
            option: "statement_sources",
            must: format!("have certificates that a client can be made with, for {}: {error}", row.source),
        })?;
        Ok(Self { client, url, token_file: row.token_file.clone(), last: None })
    }

    /// Fetches the file and imports it, unless it is the last one again.
    pub(super) async fn look(&mut self, treasury: &Treasury, source: &str) -> Result<(), IntakeFault> {
        let Some(bytes) = self.fetch().await? else { return Ok(()) };
        let hash: [u8; 32] = Sha256::digest(&bytes).into();
        if self.last == Some(hash) {
            return Ok(());
        }
        treasury.take_in(source, &bytes).await.map_err(IntakeFault::Import)?;
        self.last = Some(hash);
        Ok(())
    }

    /// The file; `None`: there is none at the moment.
    async fn fetch(&self) -> Result<Option<Vec<u8>>, IntakeFault> {
        // The address may have a secret in it, so no error names it.
        let unreachable = |error: reqwest::Error| IntakeFault::Unreachable(error.without_url());
        let mut request = self.client.get(self.url.clone());
        if !self.token_file.as_os_str().is_empty() {
            let token = tokio::fs::read_to_string(&self.token_file).await.map_err(IntakeFault::Token)?;
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.trim()));
        }
        let answer = request.send().await.map_err(unreachable)?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NO_CONTENT => return Ok(None),
            status => return Err(IntakeFault::Status(status.as_u16())),
        }
        let bytes_max = usize::try_from(FILE_BYTES_MAX).unwrap_or(usize::MAX);
        match http_client::read(answer, bytes_max).await {
            Ok(bytes) if bytes.is_empty() => Ok(None),
            Ok(bytes) => Ok(Some(bytes.to_vec())),
            Err(BodyError::TooLong { bytes_max }) => Err(IntakeFault::TooLong(bytes_max)),
            Err(BodyError::Broken(error)) => Err(unreachable(error)),
        }
    }
}
