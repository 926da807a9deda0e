//! What the bank tells of its own accord: statuses of payments, in every shape that it has had.

use super::super::connector::CallbackNews;
use bankapi::{RETURNED, read_callback};

/// Reads a callback. Only which payments it is about, and that one came back: their statuses are asked for.
pub(crate) fn read(body: &[u8]) -> Result<Vec<CallbackNews>, String> {
    let callback = read_callback(body).map_err(|error| error.to_string())?;
    let named = callback.items.into_iter().filter_map(|item| {
        let end_to_end_id = item.status.end_to_end_id?;
        Some(if item.status.status == RETURNED { CallbackNews::Returned(end_to_end_id) } else { CallbackNews::Payment(end_to_end_id) })
    });
    let news: Vec<CallbackNews> = named.collect();
    if news.is_empty() {
        return Err("it names its payments by the bank's ids only, which are not kept here".to_owned());
    }
    Ok(news)
}

#[cfg(test)]
mod tests;
