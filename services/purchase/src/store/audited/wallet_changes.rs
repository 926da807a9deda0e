//! Wallets that are closed or merged, compared with the requests of those who asked for it and decided about it, and with what was posted for them.

use money::BookName;
use uuid::Uuid;

use crate::store::audited::answered::{AnsweredRequest, RequestPlace};
use crate::store::wallet_changes::change;
use crate::store::{Error, Store};
use crate::wallet_changes::change::{WalletAct, WalletChange, WalletChangeState, WalletPosting};
use db::{requests::SentFields, text};

/// The RPCs whose answers are changes of wallets: those that ask for one, and those that decide.
const ASKING: [&str; 3] = ["CloseWallet", "MergeWallets", "RequestWalletClosure"];
const DECIDING: [&str; 3] = ["ApproveWalletChange", "RejectWalletChange", "CancelWalletClosure"];
const RPCS: [&str; 6] = [ASKING[0], ASKING[1], ASKING[2], DECIDING[0], DECIDING[1], DECIDING[2]];

impl Store {
    /// A book's changes of wallets, in the order of their ids, after this one; at most `count_max`.
    pub async fn audited_wallet_changes(&self, book: &BookName, after: Option<Uuid>, count_max: i64) -> Result<Vec<WalletChange>, Error> {
        let sql = "SELECT * FROM wallet_change WHERE book = $1 AND change_id > $2 ORDER BY change_id LIMIT $3";
        let query = sqlx::query(sql).bind(book.as_str()).bind(text(after.unwrap_or(Uuid::nil()))).bind(count_max);
        query.fetch_all(&self.pool).await?.iter().map(change).collect()
    }

    /// How a change is not what people asked for and decided, if it is not. These don't change, so another process that takes it further makes no difference.
    pub(crate) async fn wallet_change_forgery(&self, of: &WalletChange) -> Result<Option<String>, Error> {
        let rpc = match of.act {
            WalletAct::Close if of.is_by_owner() => ASKING[2],
            WalletAct::Close => ASKING[0],
            WalletAct::MergeInto(_) => ASKING[1],
        };
        let Some(asked) = self.asked_with(&of.book, of.asked_by.as_str(), rpc, of.request_id, of.change_id).await? else {
            return Ok(Some(format!("no request of {} was answered with it", of.asked_by)));
        };
        if let Some(why) = forged(of, &asked) {
            return Ok(Some(why));
        }
        if !of.decided_by.is_empty() && !self.is_decided(of).await? {
            return Ok(Some(format!("no decision of {} was answered with it", of.decided_by)));
        }
        Ok(None)
    }

    /// What is wrong with a change, if anything is.
    pub async fn wallet_change_fault(&self, of: &WalletChange) -> Result<Option<String>, Error> {
        if let Some(why) = self.wallet_change_forgery(of).await? {
            return Ok(Some(why));
        }
        let sql = "SELECT COUNT(*) FROM wallet_posting WHERE book = $1 AND change_id = $2 AND state = 2";
        let query = sqlx::query_scalar(sql).bind(of.book.as_str()).bind(text(of.change_id));
        let posted: i64 = query.fetch_one(&self.pool).await?;
        Ok(unposted(of, &self.wallet_postings(&of.book, of.change_id).await?, posted).map(ToOwned::to_owned))
    }

    /// Whether who decided about a change was answered with it.
    async fn is_decided(&self, of: &WalletChange) -> Result<bool, Error> {
        let sql = "SELECT outcome FROM request WHERE book = $1 AND subject = $2 AND rpc IN ($3, $4, $5) AND state = 1";
        let query = sqlx::query_scalar::<_, Option<Vec<u8>>>(sql).bind(of.book.as_str()).bind(of.decided_by.as_str());
        let outcomes = query.bind(DECIDING[0]).bind(DECIDING[1]).bind(DECIDING[2]).fetch_all(&self.pool).await?;
        Ok(outcomes.into_iter().flatten().any(|bytes| bytes == of.change_id.as_bytes()))
    }

    /// Of the next `rows_max` requests those that were answered with changes of wallets, and where to continue; `None`: those were the last.
    pub async fn wallet_requests(
        &self,
        book: &BookName,
        after: &RequestPlace,
        rows_max: i64,
    ) -> Result<(Vec<AnsweredRequest>, Option<RequestPlace>), Error> {
        self.answered(book, &RPCS, after, rows_max).await
    }

    /// How the change that a request was answered with is not what the request did, if it is not.
    pub async fn wallet_request_fault(&self, book: &BookName, of: &AnsweredRequest) -> Result<Option<String>, Error> {
        let RequestPlace { subject, rpc, request_id } = &of.place;
        let about = format!("request {request_id} of {subject} ({rpc})");
        let Some(change) = self.wallet_change(book, of.row_id).await? else {
            return Ok(Some(format!("{about} was answered with change {} of a wallet, which is not there", of.row_id)));
        };
        let is_rejected = change.state == WalletChangeState::Rejected;
        let agrees = match rpc.as_str() {
            // One that was approved may be taken back, by anybody, as long as nothing of it is posted.
            rpc if rpc == DECIDING[0] => is_rejected || (change.decided_by == *subject && change.state != WalletChangeState::Asked),
            rpc if DECIDING.contains(&rpc) => is_rejected && change.decided_by == *subject,
            rpc => {
                let is_act = (rpc == ASKING[1]) == change.act.into_user().is_some() && (rpc == ASKING[2]) == change.is_by_owner();
                is_act && change.asked_by.as_str() == subject && text(change.request_id) == *request_id
            }
        };
        let why = || format!("{about} was answered with change {} of a wallet, which does not say so", of.row_id);
        Ok((!agrees).then(why))
    }
}

/// How a change is not what was asked for, or was not decided as it had to be.
fn forged(of: &WalletChange, asked: &SentFields) -> Option<String> {
    let wallets = SentFields::new().with("user_id", &of.user);
    let wallets = match of.act.into_user() {
        Some(into) => wallets.with("into_user_id", into),
        None => wallets,
    };
    if *asked != wallets {
        return Some("its request named other wallets".to_owned());
    }
    if of.waits_until_ms != 0 && (!of.is_by_owner() || of.waits_until_ms < of.created_at_ms) {
        return Some("nobody could take it back until that time".to_owned());
    }
    if of.is_by_owner() && of.waits_until_ms == 0 {
        return Some("its owner asked for it, and has no time to take it back".to_owned());
    }
    let is_approved = !matches!(of.state, WalletChangeState::Asked | WalletChangeState::Rejected | WalletChangeState::Stopped);
    if is_approved && of.act.into_user().is_some() && of.decided_by.is_empty() {
        return Some("it is a merge, and no second person approved it".to_owned());
    }
    (is_approved && of.decided_by == of.asked_by.as_str()).then(|| format!("{} asked for it and approved it", of.asked_by))
}

/// How a change and its postings, of which so many are posted, contradict each other.
fn unposted(of: &WalletChange, postings: &[WalletPosting], posted: i64) -> Option<&'static str> {
    let planned = i64::try_from(postings.len()).unwrap_or(i64::MAX) - posted;
    let is_in_order = postings.iter().zip(1..).all(|(posting, number)| posting.posting_no == number);
    match of.state {
        _ if !is_in_order => Some("its postings are not numbered one after the other"),
        WalletChangeState::Posting if planned != 1 => Some("it is being posted, and not one posting of it is planned"),
        WalletChangeState::Asked | WalletChangeState::Rejected if !postings.is_empty() => Some("nobody decided it, and it has postings"),
        WalletChangeState::Closing | WalletChangeState::Done if planned != 0 => Some("it is posted, and a posting of it is still planned"),
        // A merge posts in any case, so that the lots follow.
        WalletChangeState::Closing | WalletChangeState::Done if of.act.into_user().is_some() && posted == 0 => {
            Some("it is a merge, and posted nothing")
        }
        _ => None,
    }
}
