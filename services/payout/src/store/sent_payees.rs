//! The table of those whom attempts pay, as their first sending said it.

use super::{Error, Store};
use crate::{
    domain::{Payout, PayoutKey},
    vault::Vault,
};
use db::sets::{self, SetValue};
use sqlx::AnyConnection;

/// The place to which a row is bound: it can't be shown as another attempt's.
pub(crate) fn sealed_for(payout_key: &PayoutKey, attempt_no: i64) -> String {
    format!("sent_payee {} {} {attempt_no}", payout_key.book, payout_key.payout_id)
}

/// Keeps whom the attempts of these payouts, which differ, pay; what an attempt has already is left as it is.
pub(crate) async fn insert_all(tx: &mut AnyConnection, vault: &Vault, payees: &[(&Payout, &[u8])]) -> Result<(), Error> {
    let mut rows: Vec<[SetValue; 4]> = Vec::new();
    for (payout, payee) in payees {
        let (payout_key, attempt_no) = (payout.key(), payout.attempt.number);
        let [book, payout_id] = payout_key.columns();
        rows.push([book, payout_id, attempt_no.into(), vault.seal(&sealed_for(&payout_key, attempt_no), payee)?.into()]);
    }
    let sql =
        "INSERT INTO sent_payee (book, payout_id, attempt_no, sealed) VALUES {rows} ON CONFLICT (book, payout_id, attempt_no) DO NOTHING";
    sets::changed(tx, sql, &rows).await?;
    Ok(())
}

impl Store {
    /// Whom a payout's attempt pays, opened; none if it was not sent, or by older programs only.
    pub(crate) async fn sent_payee(&self, vault: &Vault, payout: &Payout) -> Result<Option<Vec<u8>>, Error> {
        let (payout_key, attempt_no) = (payout.key(), payout.attempt.number);
        let query = sqlx::query_scalar("SELECT sealed FROM sent_payee WHERE book = $1 AND payout_id = $2 AND attempt_no = $3");
        let query = query.bind(payout_key.book.as_str().to_owned()).bind(payout_key.payout_id.to_string()).bind(attempt_no);
        let sealed: Option<Vec<u8>> = query.fetch_optional(self.pool()).await?;
        Ok(sealed.map(|sealed| vault.unseal(&sealed_for(&payout_key, attempt_no), &sealed)).transpose()?)
    }
}
