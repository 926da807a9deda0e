//! Files that a bank answers with: returns, and notifications of change. A file whose counts, hashes or totals are wrong is refused whole.

use super::super::connector::{AchCorrection, AchReturn, CallbackNews};
use crate::domain::evidence::plain;

/// Longest code that is kept, in characters.
const CODE_CHARS_MAX: usize = 4;

/// The returns and corrections of a file, in its order.
pub fn read(body: &[u8]) -> Result<Vec<CallbackNews>, String> {
    let file = bankfiles::nacha::read(body).map_err(|refusal| {
        let first = refusal.problems.first().map(|problem| format!("{}: {}", problem.place, problem.what)).unwrap_or_default();
        format!("the file is refused whole; {} problems, the first: {first}", refusal.problems.len())
    })?;
    let mut news = Vec::new();
    for entry in file.batches.iter().flat_map(|batch| &batch.entries) {
        if let Some(answer) = entry.returned() {
            let code = plain(&answer.code, CODE_CHARS_MAX);
            news.push(CallbackNews::AchReturn(AchReturn { trace: answer.original_trace.clone(), code, cents: entry.amount_cents }));
        } else if let Some(answer) = entry.change() {
            news.push(CallbackNews::AchCorrection(AchCorrection {
                trace: answer.original_trace.clone(),
                code: plain(&answer.code, CODE_CHARS_MAX),
                change: answer.account_change(),
            }));
        } else {
            // Whatever it is, a person looks at the file, which is kept.
            return Err(format!("entry {} is neither a return nor a notification of change", entry.trace));
        }
    }
    Ok(news)
}
