//! The column `act` of a proposal: a `largesse.support.v1.Proposal` in which only the act is set.
use super::unreadable;
use crate::{act_message, domain::ProposedAct};
use api::support::Proposal;
use prost::Message as _;

/// Encodes an act for the table.
pub(crate) fn write(act: &ProposedAct) -> Vec<u8> {
    Proposal { act: Some(act_message::write(act)), ..Proposal::default() }.encode_to_vec()
}

/// Decodes what [`write`] stored.
pub(crate) fn read(bytes: &[u8]) -> Result<ProposedAct, sqlx::Error> {
    let stored = Proposal::decode(bytes).map_err(unreadable)?;
    act_message::read(stored.act.ok_or_else(|| unreadable("a proposal without its act"))?).map_err(|wrong| {
        let wrong: Vec<_> = wrong.iter().map(ToString::to_string).collect();
        unreadable(wrong.join("; "))
    })
}

#[cfg(test)]
mod tests;
