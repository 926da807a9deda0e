//! `largesse treasury move|moves|positions|accrue|allocate|allocations|forecast`.
use super::ServiceArguments;
use api::treasury::{AccrueInterestRequest, AllocateChargesRequest, AllocationBasis, ChargeKind, MoveFundsRequest};
use clap::{Subcommand, ValueEnum};
use jiff::civil::Date;
use operations::{
    OperationFault,
    structure::{self, StructureCaller},
};
use serde_json::Value;
use uuid::Uuid;

/// What to do with the money in the structure.
#[derive(Debug, Subcommand)]
pub enum FundsTask {
    /// Moves money between two leaves of one physical account; between legal entities as a loan, or back.
    Move {
        /// The leaf that gives.
        #[arg(value_name = "FROM")]
        from: String,
        /// The leaf that receives.
        #[arg(value_name = "TO")]
        to: String,
        /// How much, in minor units.
        #[arg(value_name = "MINOR_UNITS")]
        minor_units: i64,
        /// ISO 4217 code of the account's currency.
        #[arg(value_name = "CURRENCY")]
        currency: String,
        /// The id of this move: repeating it moves nothing again. A new one unless given.
        #[arg(long, value_name = "UUID")]
        request_id: Option<Uuid>,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Prints the newest moves.
    Moves {
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Prints what legal entities owe each other, by age.
    Positions {
        /// At the end of this day, such as 2026-11-01.
        #[arg(long, value_name = "DAY")]
        on: Option<Date>,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Books the interest of a position until a day that is over. Repeating it books nothing again.
    Accrue {
        /// The legal entity that is owed.
        #[arg(value_name = "LENDER")]
        lender: String,
        /// The legal entity that owes.
        #[arg(value_name = "BORROWER")]
        borrower: String,
        /// ISO 4217 code.
        #[arg(value_name = "CURRENCY")]
        currency: String,
        /// The last day.
        #[arg(long, value_name = "DAY")]
        until: Date,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Divides interest or fees that the bank booked among an account's leaves. Repeating it divides nothing again.
    Allocate {
        /// The physical account.
        #[arg(value_name = "ACCOUNT")]
        account: String,
        /// What the bank booked.
        #[arg(value_name = "KIND")]
        kind: KindWord,
        /// By what it is divided.
        #[arg(value_name = "BASIS")]
        basis: BasisWord,
        /// How much, in minor units.
        #[arg(value_name = "MINOR_UNITS")]
        minor_units: i64,
        /// The first day of the bank's period.
        #[arg(long, value_name = "DAY")]
        from: Date,
        /// The last day of it.
        #[arg(long, value_name = "DAY")]
        until: Date,
        /// The leaf that takes the difference.
        #[arg(long, value_name = "LEAF", default_value = "")]
        residue_leaf: String,
        /// 1 and more: a later amount for the same period.
        #[arg(long, value_name = "NUMBER", default_value_t = 0)]
        sequence: i32,
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Prints the newest allocations with their shares.
    Allocations {
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
    /// Prints whether physical accounts have enough until they can be funded again.
    Forecast {
        #[command(flatten)]
        service: Box<ServiceArguments>,
    },
}

/// What the bank booked.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum KindWord {
    /// Interest that it paid.
    CreditInterest,
    /// Interest that it took.
    DebitInterest,
    /// Fees.
    Fees,
}

/// By what an amount is divided.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum BasisWord {
    /// Daily balances.
    Balances,
    /// The leaves' own rates.
    Rates,
    /// The same for each leaf.
    Flat,
    /// Entries of each leaf.
    Items,
    /// What went in and out.
    Turnover,
}

impl FundsTask {
    /// The running service that the task asks.
    pub fn service(&self) -> &ServiceArguments {
        match self {
            Self::Move { service, .. }
            | Self::Moves { service }
            | Self::Positions { service, .. }
            | Self::Accrue { service, .. }
            | Self::Allocate { service, .. }
            | Self::Allocations { service }
            | Self::Forecast { service } => service,
        }
    }

    /// Does it, as JSON and text.
    pub async fn run(&self, caller: &StructureCaller<'_>) -> Result<(Value, String), OperationFault> {
        match self {
            Self::Move { from, to, minor_units, currency, request_id, .. } => {
                let request = MoveFundsRequest {
                    request_id: request_id.unwrap_or_else(Uuid::now_v7).to_string(),
                    from_leaf: from.clone(),
                    to_leaf: to.clone(),
                    minor_units: *minor_units,
                    currency_code: currency.clone(),
                    ..MoveFundsRequest::default()
                };
                let moved: Vec<_> = caller.move_funds(request).await?.funds_move.into_iter().collect();
                Ok((structure::moves_json(&moved), structure::moves_text(&moved)))
            }
            Self::Moves { .. } => caller.moves().await.map(|moves| (structure::moves_json(&moves), structure::moves_text(&moves))),
            Self::Positions { on, .. } => {
                let positions = caller.positions(&on.map(|on| on.to_string()).unwrap_or_default()).await?;
                Ok((structure::positions_json(&positions), structure::positions_text(&positions)))
            }
            Self::Accrue { lender, borrower, currency, until, .. } => {
                let (lender, borrower, currency_code) = (lender.clone(), borrower.clone(), currency.clone());
                let request = AccrueInterestRequest { lender, borrower, currency_code, until_date: until.to_string(), book: String::new() };
                let interest = caller.accrue_interest(request).await?;
                Ok((structure::interest_json(&interest), structure::interest_text(&interest)))
            }
            Self::Allocate { account, kind, basis, minor_units, from, until, residue_leaf, sequence, .. } => {
                let request = AllocateChargesRequest {
                    book: String::new(),
                    physical_account: account.clone(),
                    kind: kind.message().into(),
                    from_date: from.to_string(),
                    until_date: until.to_string(),
                    minor_units: *minor_units,
                    basis: basis.message().into(),
                    residue_leaf: residue_leaf.clone(),
                    sequence: *sequence,
                };
                let allocated: Vec<_> = caller.allocate(request).await?.allocation.into_iter().collect();
                Ok((structure::allocations_json(&allocated), structure::allocations_text(&allocated)))
            }
            Self::Forecast { .. } => {
                let forecasts = caller.forecasts().await?;
                Ok((structure::forecasts_json(&forecasts), structure::forecasts_text(&forecasts)))
            }
            Self::Allocations { .. } => {
                let allocations = caller.allocations().await?;
                Ok((structure::allocations_json(&allocations), structure::allocations_text(&allocations)))
            }
        }
    }
}

impl KindWord {
    const fn message(self) -> ChargeKind {
        match self {
            Self::CreditInterest => ChargeKind::CreditInterest,
            Self::DebitInterest => ChargeKind::DebitInterest,
            Self::Fees => ChargeKind::Fees,
        }
    }
}

impl BasisWord {
    const fn message(self) -> AllocationBasis {
        match self {
            Self::Balances => AllocationBasis::Balances,
            Self::Rates => AllocationBasis::Rates,
            Self::Flat => AllocationBasis::Flat,
            Self::Items => AllocationBasis::Items,
            Self::Turnover => AllocationBasis::Turnover,
        }
    }
}
