//! A report whose dates can't all be read: its sums are checked all the same.

use super::{AccountReports, ReportFinding};
use crate::{
    Error,
    value::{moment_or_day, time},
    xml::{Element, envelope::Enveloped},
};

/// Stands in for a required date that can't be read. Nothing that is added up depends on it, and it does not leave this file.
const ANY_TIME: &str = "1970-01-01T00:00:00Z";

impl AccountReports {
    /// What does not add up in a message that [`Self::from_enveloped`] may refuse because of its dates: they are left out here, and the rest must be readable.
    pub fn findings_without_dates(enveloped: &Enveloped) -> Result<Vec<ReportFinding>, Error> {
        Ok(Self::from_message(&without_wrong_dates(&enveloped.message))?.findings())
    }
}

fn without_wrong_dates(message: &Element) -> Element {
    message.with_changed(|part| {
        Some(match part.name() {
            "GrpHdr" => part.with_changed(|child| (child.name() != "CreDtTm").then(|| child.clone())).with_leaf("CreDtTm", ANY_TIME),
            "Rpt" | "Stmt" | "Ntfctn" => part.with_changed(report_part),
            _ => part.clone(),
        })
    })
}

fn report_part(part: &Element) -> Option<Element> {
    match part.name() {
        "CreDtTm" => time(part).is_ok().then(|| part.clone()),
        "FrToDt" => None,
        "Bal" => {
            let date = Element::new("Dt").with_leaf("DtTm", ANY_TIME);
            Some(part.with_changed(|child| (child.name() != "Dt").then(|| child.clone())).with(date))
        }
        "Ntry" => Some(part.with_changed(|child| {
            let is_wrong = matches!(child.name(), "BookgDt" | "ValDt") && moment_or_day(child).is_err();
            (!is_wrong).then(|| child.clone())
        })),
        _ => Some(part.clone()),
    }
}
