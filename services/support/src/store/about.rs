//! Which users an act is about. Its line names one user; requests may name more, and an act on a proposal is about everybody whose money the proposal would
//! move.
use super::{Store, text};
use crate::{
    domain::{ActPhase, StaffAct},
    whole::{PROPOSE, WholeRequest},
};
use money::{BookName, RequestId, UserKey};
use serde_json::Value;
use sqlx::AnyConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The condition under which a line is about the user in parameter `$n`.
pub(super) fn about_user(n: usize) -> String {
    format!(
        "(user_id = ${n} OR act_id IN (SELECT act_id FROM act_user WHERE user_id = ${n}) OR act_id IN (SELECT a.act_id FROM act_proposal a
        JOIN proposal_user p ON p.book = a.book AND p.proposal_id = a.proposal_id WHERE p.user_id = ${n}))"
    )
}

/// Records which users a new line's request is about, beside the user that the line names.
pub(super) async fn note(connection: &mut AnyConnection, act: &StaffAct, whole: &WholeRequest) -> Result<(), sqlx::Error> {
    if act.phase != ActPhase::Begun {
        return Ok(());
    }
    let named = pairs(&act.request_json);
    let users: BTreeSet<String> =
        named.iter().filter_map(|one| user_named(&one.name, &one.text)).chain(whole.users.iter().cloned()).collect();
    for user in users.iter().filter(|user| **user != act.user_id) {
        add_user(&mut *connection, act.act_id, &act.book, user).await?;
    }
    let accounts = named.iter().filter(|one| one.name.ends_with("ccount") && chart::form(&one.text).is_some()).map(|one| &one.text);
    for account in accounts.chain(&whole.accounts).collect::<BTreeSet<_>>() {
        let sql = "INSERT INTO act_account (book, account, act_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        sqlx::query(sql).bind(act.book.as_str()).bind(account.as_str()).bind(text(act.act_id)).execute(&mut *connection).await?;
    }
    for proposal in proposals(act, &named) {
        let sql = "INSERT INTO act_proposal (book, proposal_id, act_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let query = sqlx::query(sql).bind(act.book.as_str()).bind(text(proposal)).bind(text(act.act_id));
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

async fn add_user(connection: &mut AnyConnection, act_id: Uuid, book: &str, user: &str) -> Result<(), sqlx::Error> {
    let sql = "INSERT INTO act_user (book, user_id, act_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    sqlx::query(sql).bind(book).bind(user).bind(text(act_id)).execute(connection).await.map(drop)
}

impl Store {
    /// Whether a proposal of the book would change an account of this user, or did.
    pub async fn is_in_a_proposal(&self, book: &BookName, user: &UserKey) -> Result<bool, sqlx::Error> {
        let query = sqlx::query("SELECT proposal_id FROM proposal_user WHERE user_id = $1 AND book = $2 LIMIT 1");
        Ok(query.bind(user.as_str()).bind(book.as_str()).fetch_optional(&self.pool).await?.is_some())
    }

    /// Records which users an act turned out to be about.
    pub async fn concerns(&self, act_id: Uuid, book: &str, users: &BTreeSet<String>) -> Result<(), sqlx::Error> {
        if users.is_empty() {
            return Ok(());
        }
        let mut tx = db::begin(&self.pool).await?;
        for user in users {
            add_user(&mut tx, act_id, book, user).await?;
        }
        tx.commit().await
    }

    /// Records whose accounts a proposal would change. Safe to repeat.
    pub async fn proposal_concerns(&self, book: &BookName, proposal: Uuid, users: &BTreeSet<String>) -> Result<(), sqlx::Error> {
        let sql = "INSERT INTO proposal_user (book, proposal_id, user_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        for user in users {
            sqlx::query(sql).bind(book.as_str()).bind(text(proposal)).bind(user.as_str()).execute(&self.pool).await?;
        }
        Ok(())
    }

    /// Proposals that are recorded as being about this user.
    pub(super) async fn noted_proposals(&self, book: &BookName, user: &UserKey) -> Result<BTreeSet<Uuid>, sqlx::Error> {
        let sql = "SELECT proposal_id FROM proposal_user WHERE user_id = $1 AND book = $2";
        let ids: Vec<(String,)> = sqlx::query_as(sql).bind(user.as_str()).bind(book.as_str()).fetch_all(&self.pool).await?;
        Ok(ids.iter().filter_map(|(id,)| Uuid::try_parse(id).ok()).collect())
    }

    /// Acts that are recorded as being about this user of this book although their request does not name the user.
    pub(super) async fn linked_acts(&self, book: &str, user_id: &str) -> Result<BTreeSet<Uuid>, sqlx::Error> {
        let sql = "SELECT act_id FROM act_user WHERE user_id = $1 AND book = $2";
        let ids: Vec<(String,)> = sqlx::query_as(sql).bind(user_id).bind(book).fetch_all(&self.pool).await?;
        Ok(ids.iter().filter_map(|(id,)| Uuid::try_parse(id).ok()).collect())
    }
}

/// A text of a request.
pub(super) struct RequestText {
    /// Its field; of a list in a field, that of the list.
    pub(super) name: String,
    pub(super) text: String,
}

/// The user that a text of a request names: in `userId` and similar fields, or as the owner of an account.
fn user_named(name: &str, text: &str) -> Option<String> {
    if ["userId", "creatorId", "viewerId"].contains(&name) {
        return UserKey::is_valid(text).then(|| text.to_owned());
    }
    name.ends_with("ccount").then(|| chart::account::owner(text).map(str::to_owned)).flatten()
}

/// The proposals that a request is about, including the one it makes.
pub(super) fn proposals(act: &StaffAct, named: &[RequestText]) -> BTreeSet<Uuid> {
    let ids = |field: &'static str| named.iter().filter(move |one| one.name == field).map(|one| &one.text);
    let mut proposals: BTreeSet<Uuid> = ids("proposalId").filter_map(|text| Uuid::try_parse(text).ok()).collect();
    if act.rpc.ends_with(PROPOSE)
        && let Some(request_id) = ids("requestId").next()
        && let Ok(id) = RequestId::parse(request_id)
        && let (Ok(book), Ok(by)) = (BookName::try_new(&act.book), UserKey::try_new(&act.subject))
    {
        proposals.insert(crate::domain::proposal_id(&id, &book, &by));
    }
    proposals
}

/// Every text of a request with its field's name. A long request was truncated and is no valid JSON; its quoted texts are read as names followed by values.
pub(super) fn pairs(request_json: &str) -> Vec<RequestText> {
    let mut pairs = Vec::new();
    match serde_json::from_str(request_json) {
        Ok(request) => collect(&request, "", &mut pairs),
        Err(_) => {
            let texts: Vec<&str> = request_json.split('"').skip(1).step_by(2).collect();
            pairs.extend(texts.windows(2).map(|pair| RequestText { name: pair[0].to_owned(), text: pair[1].to_owned() }));
        }
    }
    pairs
}

fn collect(value: &Value, name: &str, pairs: &mut Vec<RequestText>) {
    match value {
        Value::String(text) => pairs.push(RequestText { name: name.to_owned(), text: text.clone() }),
        Value::Array(items) => items.iter().for_each(|item| collect(item, name, pairs)),
        Value::Object(fields) => fields.iter().for_each(|(name, field)| collect(field, name, pairs)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
