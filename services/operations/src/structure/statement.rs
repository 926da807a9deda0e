//! Statements as files: asked for, and written whole or not at all.
use super::StructureCaller;
use crate::{OperationFault, broken_pipe, staff_call, staff_call::told, unfinished_file::UnfinishedFile};
use api::treasury::{RenderStatementRequest, RenderStatementResponse, Statement, StatementFormat};
use serde_json::{Value, json};
use std::{
    io::{self, Write},
    path::Path,
};

/// The formats by the names that people give them.
const FORMATS: [(&str, StatementFormat); 7] = [
    ("csv", StatementFormat::Csv),
    ("camt053", StatementFormat::Camt053),
    ("camt052", StatementFormat::Camt052),
    ("camt054", StatementFormat::Camt054),
    ("mt940", StatementFormat::Mt940),
    ("bai2", StatementFormat::Bai2),
    ("pdf", StatementFormat::Pdf),
];

/// The format of that name.
pub fn format(name: &str) -> Result<StatementFormat, String> {
    let found = FORMATS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, format)| *format);
    let names = FORMATS.map(|(name, _)| name).join(", ");
    found.ok_or_else(|| format!("must be one of {names}"))
}

/// A file that was written.
pub struct WrittenStatement {
    /// What it is: the first message of the answer.
    head: RenderStatementResponse,
    bytes: u64,
}

impl StructureCaller<'_> {
    /// Writes the statement of a day; to standard output for the path `-`.
    pub async fn write_statement(
        &self,
        node: &str,
        day: &str,
        format: StatementFormat,
        out: &Path,
    ) -> Result<WrittenStatement, OperationFault> {
        let (book, node_id, day) = (self.book.to_owned(), node.to_owned(), day.to_owned());
        let request = RenderStatementRequest { book, node_id, day, format: format.into() };
        let mut request = staff_call::request(request, self.token, self.reason)?;
        // A long file takes longer than any single call may.
        request.metadata_mut().remove("grpc-timeout");
        let mut parts = self.client().render_statement(request).await.map_err(told)?.into_inner();
        let head = parts.message().await.map_err(told)?.ok_or("the service sent no file")?;
        let mut written = WrittenStatement { head, bytes: 0 };
        if out == Path::new("-") {
            let mut output = io::stdout().lock();
            return match written.copy(&mut parts, &mut output).await {
                // Whoever read it has read enough.
                Err(error) if error.downcast_ref().is_some_and(broken_pipe) => Ok(written),
                copied => copied.map(|()| written),
            };
        }
        let mut file = UnfinishedFile::create(out)?;
        written.copy(&mut parts, &mut file).await?;
        file.finish()?;
        Ok(written)
    }
}

impl WrittenStatement {
    async fn copy(&mut self, parts: &mut tonic::Streaming<RenderStatementResponse>, output: &mut impl Write) -> Result<(), OperationFault> {
        while let Some(part) = parts.message().await.map_err(told)? {
            output.write_all(&part.content)?;
            self.bytes += part.content.len() as u64;
        }
        Ok(output.flush()?)
    }
}

/// What was written, in words.
#[must_use]
pub fn written_text(written: &WrittenStatement, out: &Path) -> String {
    let WrittenStatement { head, bytes } = written;
    let none = Statement::default();
    let Statement { node_id, number, day, .. } = head.statement.as_ref().unwrap_or(&none);
    let which = if *number > 0 { format!("statement {number}") } else { "not a statement yet".to_owned() };
    let mut text = format!("{}: {which} of {node_id} for {day}, {bytes} bytes of {}\n", out.display(), head.media_type);
    for loss in &head.losses {
        text.push_str(&format!("  not in this format: {loss}\n"));
    }
    text
}

/// The same as JSON.
#[must_use]
pub fn written_json(written: &WrittenStatement) -> Value {
    let WrittenStatement { head, bytes } = written;
    let statement = head.statement.as_ref();
    json!({
        "node_id": statement.map(|one| &one.node_id),
        "day": statement.map(|one| &one.day),
        "number": statement.map(|one| one.number),
        "hash": statement.map(|one| &one.hash),
        "media_type": head.media_type,
        "losses": head.losses,
        "bytes": bytes,
    })
}
