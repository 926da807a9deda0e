//! Pages of rows by time, the newest first, where many may have the same time.

use futures::future::BoxFuture;
use uuid::Uuid;

use super::Error;

/// The most rows of one time that are listed.
const AT_ONCE_MAX: i64 = 1_000;

/// The rows after this place, at most `count_max`. `between`: the newest of those from a time until another, at most so many; rows of one time are in the order of what
/// their places have beside it.
pub(super) async fn newest<'a, T>(
    after: Option<(i64, Uuid)>,
    count_max: i64,
    between: impl Fn(i64, i64, i64) -> BoxFuture<'a, Result<Vec<T>, Error>>,
    place: impl Fn(&T) -> (i64, Uuid),
) -> Result<Vec<T>, Error> {
    let until_ms = after.map_or(i64::MAX, |(at_ms, _)| at_ms);
    let mut found = match after {
        Some((at_ms, _)) => between(at_ms, at_ms, AT_ONCE_MAX).await?,
        None => Vec::new(),
    };
    let older = between(i64::MIN, until_ms.saturating_sub(i64::from(after.is_some())), count_max).await?;
    if let Some(last) = older.last().map(|one| place(one).0) {
        // Those of the last time whole, so that their order is the same on the next page.
        found.extend(older.into_iter().filter(|one| place(one).0 > last));
        found.extend(between(last, last, AT_ONCE_MAX).await?);
    }
    found.sort_by_key(|one| (std::cmp::Reverse(place(one).0), place(one).1));
    found.retain(|one| after.is_none_or(|(at_ms, rest)| place(one).0 < at_ms || place(one).1 > rest));
    found.truncate(usize::try_from(count_max).unwrap_or(usize::MAX));
    Ok(found)
}
