//! Bookings in the treasury's book on several days, and statements of them.
use crate::fixture::{BOOK, Fixture};
use api::{
    ledger::{PostRequest, RequestField, Transfer, VoidPendingRequest},
    treasury::{GetStatementRequest, RenderStatementRequest, RenderStatementResponse, Statement, StatementEntry, StatementFormat},
};
use testbed::Storage;
use tonic::Status;

pub const UNALLOCATED: &str = "house/main/virtual_account/bank-usd-unallocated/USD";

/// Whose clocks go together.
pub async fn start(tables: Storage) -> Fixture {
    Fixture::on_one_clock(tables).await
}

/// The same on both engines.
pub async fn both() -> Vec<Fixture> {
    vec![start(Storage::sqlite()).await, start(Storage::postgres()).await]
}

/// What is posted.
#[derive(Clone, Copy)]
pub struct Booking<'a> {
    pub first: (&'a str, &'a str, i64),
    pub second: Option<(&'a str, &'a str, i64)>,
    pub is_hold: bool,
    /// Days after now when it happened; mostly 0 or less.
    pub effective_days: i64,
    pub kind: &'a str,
    pub fields: &'a [(&'a str, &'a str)],
}

impl<'a> Booking<'a> {
    pub fn of(debit: &'a str, credit: &'a str, amount: i64) -> Self {
        Self { first: (debit, credit, amount), second: None, is_hold: false, effective_days: 0, kind: "adjustment", fields: &[] }
    }
}

pub fn reason(status: &Status) -> String {
    rpc::reason(status).unwrap_or_else(|| status.to_string())
}

pub fn request(node: &str, day: &str) -> GetStatementRequest {
    GetStatementRequest { book: BOOK.to_owned(), node_id: node.to_owned(), day: day.to_owned(), ..Default::default() }
}

/// Whose entry it is, what it did, and the other side.
pub fn line(entry: &StatementEntry) -> (&str, i64, &str) {
    let change = if entry.is_credit { entry.minor_units } else { -entry.minor_units };
    (&entry.node_id, change, &entry.other_node_id)
}

impl Fixture {
    /// Posts; the number of its first transfer.
    pub async fn book(&self, booking: Booking<'_>) -> i64 {
        let transfer = |(debit, credit, amount): (&str, &str, i64)| Transfer {
            debit_account: debit.to_owned(),
            credit_account: credit.to_owned(),
            amount,
            pending: booking.is_hold,
            ..Default::default()
        };
        let noon = format!("{}T12:00:00Z", self.day(booking.effective_days)).parse::<jiff::Timestamp>().unwrap();
        let effective = prost_types::Timestamp { seconds: noon.as_second(), nanos: 0 };
        let field = |(name, value): &(&str, &str)| RequestField { name: (*name).to_owned(), value: (*value).to_owned() };
        let post = PostRequest {
            book: BOOK.to_owned(),
            // Of no time: the ledger's clock is the test's.
            request_id: uuid::Uuid::new_v4().to_string(),
            kind: booking.kind.to_owned(),
            transfers: std::iter::once(booking.first).chain(booking.second).map(transfer).collect(),
            request_fields: booking.fields.iter().map(field).collect(),
            effective_time: (booking.effective_days != 0).then_some(effective),
            ..Default::default()
        };
        let posting = self.bed.client().post(post).await.unwrap().into_inner().posting.unwrap();
        posting.transfers[0].transfer_no
    }

    /// Releases a hold.
    pub async fn void(&self, transfer_no: i64) {
        let request_id = uuid::Uuid::new_v4().to_string();
        let void =
            VoidPendingRequest { book: BOOK.to_owned(), request_id, transfer_no, kind: "adjustment".to_owned(), ..Default::default() };
        self.bed.client().void_pending(void).await.unwrap();
    }

    /// A statement with its first thousand entries.
    pub async fn statement(&self, node: &str, day: &str) -> Result<(Statement, Vec<StatementEntry>), Status> {
        let request = GetStatementRequest { page_size: 1_000, ..request(node, day) };
        let answer = self.client().get_statement(self.by(request)).await?.into_inner();
        Ok((answer.statement.unwrap(), answer.entries))
    }

    /// A statement as a file: the first message, and the bytes.
    pub async fn file(&self, node: &str, day: &str, format: StatementFormat) -> Result<(RenderStatementResponse, Vec<u8>), Status> {
        let request =
            RenderStatementRequest { book: BOOK.to_owned(), node_id: node.to_owned(), day: day.to_owned(), format: format.into() };
        let mut parts = self.client().render_statement(self.by(request)).await?.into_inner();
        let first = parts.message().await?.unwrap();
        let mut bytes = Vec::new();
        while let Some(part) = parts.message().await? {
            bytes.extend(part.content);
        }
        Ok((first, bytes))
    }
}
