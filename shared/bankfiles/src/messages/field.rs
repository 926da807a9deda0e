//! What a table says of an element.

use iso20022::codes::handling::CodeList;

/// What an element's content is.
#[derive(Debug, Clone, Copy)]
pub(super) enum ContentKind {
    /// A text.
    Text,
    /// A date, plain or as a choice of `Dt` and `DtTm`.
    Day,
    /// A time.
    Moment,
    /// An amount with its currency.
    Money,
    /// A number without a currency: a rate, or a control sum (which is money).
    Decimal,
    /// A count.
    Count,
    /// `true` or `false`.
    Flag,
    /// `CRDT` or `DBIT`.
    Direction,
    /// A choice of a code and a text of the bank's own, neither of them a status.
    Choice,
    /// A status or reason of a list, plain or as a choice.
    Code(CodeList),
    /// A party; its name is read and nothing else of it.
    Party,
    /// A bank.
    Agent,
    /// An account.
    Account,
    /// Elements below, with a table of their own.
    Group(&'static [ElementField]),
    /// Elements below, of which exactly one may be there.
    OneOf(&'static [ElementField]),
    /// Elements of which only the amounts are taken, under their names in the message: with a currency as money, without one as a number.
    Amounts,
}

/// One element that a table has.
#[derive(Debug, Clone, Copy)]
pub(super) struct ElementField {
    /// Its name in the message.
    pub element: &'static str,
    /// Its key in the JSON.
    pub key: &'static str,
    /// Its content.
    pub kind: ContentKind,
    /// Whether it may occur several times.
    pub is_many: bool,
    /// Whether the message is not whole without it.
    pub is_required: bool,
}

/// An element that may occur once.
pub(super) const fn one(element: &'static str, key: &'static str, kind: ContentKind) -> ElementField {
    ElementField { element, key, kind, is_many: false, is_required: false }
}

/// An element that must occur once.
pub(super) const fn must(element: &'static str, key: &'static str, kind: ContentKind) -> ElementField {
    ElementField { element, key, kind, is_many: false, is_required: true }
}

/// An element that may occur several times.
pub(super) const fn many(element: &'static str, key: &'static str, kind: ContentKind) -> ElementField {
    ElementField { element, key, kind, is_many: true, is_required: false }
}

impl ContentKind {
    /// Whether an amount or a decision may be lost with it.
    pub(super) const fn touches_money(self) -> bool {
        match self {
            Self::Money | Self::Decimal | Self::Count | Self::Direction | Self::Code(_) => true,
            Self::Group(_) | Self::OneOf(_) | Self::Amounts => true,
            Self::Text | Self::Day | Self::Moment | Self::Flag | Self::Choice | Self::Party | Self::Agent | Self::Account => false,
        }
    }
}
