//! Dishonoured returns (R61 to R70: our bank disputes a return) and contested ones (R71 to R77: the receiving bank disputes that).

use super::model::AchAnswer;
use serde::Serialize;

/// What an addenda record 99 of a dishonoured or contested return says beside its code. Settlement days are days of the year, three digits.
/// Texts are empty where the record has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AchDispute {
    /// Trace number of the return.
    pub return_trace: String,
    /// When the return settled.
    pub return_settlement_day: String,
    /// Reason code of the return, with its R.
    pub return_code: String,
    /// What the dispute answers, if it is contested.
    pub contested: Option<AchContest>,
    /// What our bank adds to a dishonoured return, 21 characters; with R69, which fields of the return are wrong.
    pub information: String,
}

/// What a contested dishonoured return says of the dishonoured one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AchContest {
    /// When the entry that was returned settled.
    pub original_settlement_day: String,
    /// Trace number of the dishonoured return.
    pub dishonour_trace: String,
    /// When the dishonoured return settled.
    pub dishonour_settlement_day: String,
    /// Reason code of the dishonoured return, with its R.
    pub dishonour_code: String,
}

impl AchAnswer {
    /// The parts of a dishonoured or contested return; `None` for other codes. For these codes, `date` is the day on which the entry was
    /// returned.
    #[must_use]
    pub fn dispute(&self) -> Option<AchDispute> {
        let contested = match self.code.as_str() {
            "R61" | "R62" | "R67" | "R68" | "R69" | "R70" => false,
            "R71" | "R72" | "R73" | "R74" | "R75" | "R76" | "R77" => true,
            _ => return None,
        };
        // Positions of the record; the information begins at 36. Nothing but ASCII is read, and what else a caller may have put there is
        // taken as absent.
        let text = |from: usize, to: usize| {
            let end = self.information.len().min(to - 35);
            self.information.get(from - 36..end).unwrap_or_default().trim_matches(' ').to_owned()
        };
        let code =
            |from, to| Some(text(from, to)).filter(|digits| !digits.is_empty()).map(|digits| format!("R{digits}")).unwrap_or_default();
        Some(AchDispute {
            return_trace: text(39, 53),
            return_settlement_day: text(54, 56),
            return_code: code(57, 58),
            contested: contested.then(|| AchContest {
                original_settlement_day: text(36, 38),
                dishonour_trace: text(59, 73),
                dishonour_settlement_day: text(74, 76),
                dishonour_code: code(77, 78),
            }),
            information: if contested { String::new() } else { text(59, 79) },
        })
    }
}

#[cfg(test)]
mod tests;
