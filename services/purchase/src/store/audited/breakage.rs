//! Lots that became breakage, compared with what was decided about them, in both directions. Both are written in one transaction, so that one statement finds them alike.

use money::BookName;

use crate::store::{Error, Store};

/// Where a comparison is: the last decision and the last lot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BreakagePlace {
    decision: i64,
    lot: i64,
}

impl Store {
    /// How decisions and lots after this place contradict each other, at most `count_max` of each; where to continue, `None` after the last. Decisions that a rebuild of the
    /// lots has not come to yet are left out.
    pub async fn breakage_faults(
        &self,
        book: &BookName,
        from: BreakagePlace,
        count_max: i64,
    ) -> Result<(Vec<String>, Option<BreakagePlace>), Error> {
        let sql = "SELECT b.breakage_no, b.lot_no, b.day, b.coins, COALESCE(l.broken_coins, 0) FROM lot_breakage b
            JOIN lot_cursor c ON c.book = b.book AND c.broken_no >= b.breakage_no
            LEFT JOIN coin_lot l ON l.book = b.book AND l.lot_no = b.lot_no AND l.posting_id = b.posting_id
            WHERE b.book = $1 AND b.breakage_no > $2 ORDER BY b.breakage_no LIMIT $3";
        let query = sqlx::query_as::<_, (i64, i64, String, i64, i64)>(sql).bind(book.as_str()).bind(from.decision).bind(count_max);
        let decisions = query.fetch_all(&self.pool).await?;
        let sql = "SELECT l.lot_no, l.broken_coins, COALESCE(b.coins, 0) FROM coin_lot l
            LEFT JOIN lot_breakage b ON b.book = l.book AND b.lot_no = l.lot_no AND b.posting_id = l.posting_id
            WHERE l.book = $1 AND l.broken_coins > 0 AND l.lot_no > $2 ORDER BY l.lot_no LIMIT $3";
        let query = sqlx::query_as::<_, (i64, i64, i64)>(sql).bind(book.as_str()).bind(from.lot).bind(count_max);
        let lots = query.fetch_all(&self.pool).await?;
        let mut faults: Vec<String> = Vec::new();
        for (number, lot_no, day, coins, broken) in &decisions {
            if coins != broken {
                faults.push(format!(
                    "decision {number} says that {coins} coins of lot {lot_no} are breakage of {day}, and of the lot {broken} are"
                ));
            }
        }
        for (lot_no, broken, _) in lots.iter().filter(|(.., decided)| *decided == 0) {
            faults.push(format!("of lot {lot_no} {broken} coins are breakage, and nothing decided that"));
        }
        let is_full = |count: usize| i64::try_from(count).is_ok_and(|count| count >= count_max);
        let next = BreakagePlace {
            decision: decisions.last().map_or(from.decision, |last| last.0),
            lot: lots.last().map_or(from.lot, |last| last.0),
        };
        Ok((faults, Some(next).filter(|_| is_full(decisions.len()) || is_full(lots.len()))))
    }
}
