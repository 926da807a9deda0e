//! The addenda that only IAT entries have: types 10 to 16 and 18. They are read, and written as they were read; no IAT entries are made
//! here.

use super::error::AchProblems;
use super::lines::AchRecord;
use serde::Serialize;

/// An addenda record of an IAT entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "part", rename_all = "snake_case")]
pub enum IatAddenda {
    /// 10: what is paid.
    Transaction {
        /// Such as `BUS`, `SAL`, `ANN`.
        type_code: String,
        /// In the foreign currency, 18 characters as in the file; may be blank.
        foreign_amount: String,
        /// 22 characters.
        foreign_trace: String,
        /// Receiver's name, 35 characters.
        receiver_name: String,
    },
    /// 11.
    OriginatorName {
        /// 35 characters.
        name: String,
        /// 35 characters.
        street: String,
    },
    /// 12.
    OriginatorPlace(IatPlace),
    /// 13: the originating bank.
    OriginatingBank(IatBank),
    /// 14: the receiving bank.
    ReceivingBank(IatBank),
    /// 15.
    ReceiverStreet {
        /// 15 characters.
        receiver_id: String,
        /// 35 characters.
        street: String,
    },
    /// 16.
    ReceiverPlace(IatPlace),
    /// 18: a bank between them.
    CorrespondentBank {
        /// The bank.
        bank: IatBank,
        /// From 1 in each entry.
        sequence: u16,
    },
}

/// City and country of a party.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IatPlace {
    /// City and state, with an asterisk between and a backslash after them. 35 characters.
    pub city_and_state: String,
    /// Country and postal code in the same way. 35 characters.
    pub country_and_postal_code: String,
    /// Date of birth, 10 characters, or empty.
    pub birth_date: String,
}

/// A bank in an IAT entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IatBank {
    /// 35 characters.
    pub name: String,
    /// What the identification is: 01 a number of the national clearing, 02 a BIC, 03 an IBAN.
    pub id_kind: String,
    /// 34 characters.
    pub id: String,
    /// Country of the branch, 3 characters.
    pub country: String,
}

/// A field of an addenda record: first and last position, and its text.
pub type PlacedText<'a> = (usize, usize, &'a str);

impl IatAddenda {
    /// Reads types 10 to 16 and 18. `None` for other types, and where reserved positions are not blank.
    pub fn read(record: &AchRecord<'_>) -> Result<Option<Self>, AchProblems> {
        let text = |from, to| record.text(from, to);
        let place = || IatPlace { city_and_state: text(4, 38), country_and_postal_code: text(39, 73), birth_date: text(74, 83) };
        let bank = || IatBank { name: text(4, 38), id_kind: text(39, 40), id: text(41, 74), country: text(75, 77) };
        let addenda = match record.raw(2, 3) {
            "10" => Self::Transaction {
                type_code: text(4, 6),
                foreign_amount: text(7, 24),
                foreign_trace: text(25, 46),
                receiver_name: text(47, 81),
            },
            "11" => Self::OriginatorName { name: text(4, 38), street: text(39, 73) },
            "12" => Self::OriginatorPlace(place()),
            "13" => Self::OriginatingBank(bank()),
            "14" => Self::ReceivingBank(bank()),
            "15" => Self::ReceiverStreet { receiver_id: text(4, 18), street: text(19, 53) },
            "16" => Self::ReceiverPlace(place()),
            "18" => {
                let sequence = record.number("addenda sequence number", 84, 87)?;
                Self::CorrespondentBank { bank: bank(), sequence: u16::try_from(sequence).unwrap_or(u16::MAX) }
            }
            _ => return Ok(None),
        };
        let reserved_from = 1 + addenda.fields().iter().map(|(_, to, _)| *to).max().unwrap_or(3);
        let reserved_to = if matches!(addenda, Self::CorrespondentBank { .. }) { 83 } else { 87 };
        let blank = record.raw(reserved_from, reserved_to).bytes().all(|byte| byte == b' ');
        Ok(blank.then_some(addenda))
    }

    /// The two digits of the type.
    #[must_use]
    pub const fn type_code(&self) -> u8 {
        match self {
            Self::Transaction { .. } => 10,
            Self::OriginatorName { .. } => 11,
            Self::OriginatorPlace(_) => 12,
            Self::OriginatingBank(_) => 13,
            Self::ReceivingBank(_) => 14,
            Self::ReceiverStreet { .. } => 15,
            Self::ReceiverPlace(_) => 16,
            Self::CorrespondentBank { .. } => 18,
        }
    }

    /// Its fields, without the numbers at the end.
    pub(super) fn fields(&self) -> Vec<PlacedText<'_>> {
        match self {
            Self::Transaction { type_code, foreign_amount, foreign_trace, receiver_name } => {
                vec![(4, 6, type_code), (7, 24, foreign_amount), (25, 46, foreign_trace), (47, 81, receiver_name)]
            }
            Self::OriginatorName { name, street } => vec![(4, 38, name), (39, 73, street)],
            Self::OriginatorPlace(place) | Self::ReceiverPlace(place) => place.fields(),
            Self::OriginatingBank(bank) | Self::ReceivingBank(bank) | Self::CorrespondentBank { bank, .. } => bank.fields(),
            Self::ReceiverStreet { receiver_id, street } => vec![(4, 18, receiver_id), (19, 53, street)],
        }
    }
}

impl IatPlace {
    fn fields(&self) -> Vec<PlacedText<'_>> {
        vec![(4, 38, &self.city_and_state), (39, 73, &self.country_and_postal_code), (74, 83, &self.birth_date)]
    }
}

impl IatBank {
    fn fields(&self) -> Vec<PlacedText<'_>> {
        vec![(4, 38, &self.name), (39, 40, &self.id_kind), (41, 74, &self.id), (75, 77, &self.country)]
    }
}
