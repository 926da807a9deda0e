//! The contracts: types, clients and servers generated from `proto/`, and their descriptors for reflection.
//!
//! The files in `generated/` are written by `make proto` and committed, so that a build needs no protobuf compiler; a test fails when they differ
//! from what `proto/` generates.

pub mod codec;
#[cfg(test)]
mod tests;

/// The packages under the names that generated code refers to one another by.
#[allow(clippy::all, clippy::pedantic)]
pub mod largesse {
    pub mod r#type {
        pub mod v1 {
            include!("generated/largesse.type.v1.rs");
        }
    }
    pub mod ledger {
        pub mod v1 {
            include!("generated/largesse.ledger.v1.rs");
        }
    }
    pub mod gift {
        pub mod v1 {
            include!("generated/largesse.gift.v1.rs");
        }
    }
    pub mod purchase {
        pub mod v1 {
            include!("generated/largesse.purchase.v1.rs");
        }
    }
    pub mod earnings {
        pub mod v1 {
            include!("generated/largesse.earnings.v1.rs");
        }
    }
    pub mod payout {
        pub mod v1 {
            include!("generated/largesse.payout.v1.rs");
        }
    }
    pub mod treasury {
        pub mod v1 {
            include!("generated/largesse.treasury.v1.rs");
        }
    }
    pub mod monitor {
        pub mod v1 {
            include!("generated/largesse.monitor.v1.rs");
        }
    }
    pub mod support {
        pub mod v1 {
            include!("generated/largesse.support.v1.rs");
        }
    }
}

pub use largesse::{
    earnings::v1 as earnings, gift::v1 as gift, ledger::v1 as ledger, monitor::v1 as monitor, payout::v1 as payout,
    purchase::v1 as purchase, support::v1 as support, treasury::v1 as treasury, r#type::v1 as r#type,
};

impl ledger::Posting {
    /// The value of a field of the request that was posted; `None`: it has no field with this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.request_fields.iter().find(|field| field.name == name).map(|field| field.value.as_str())
    }
}

/// Every contract's descriptor, with its comments and without source positions, as a serialised `FileDescriptorSet`.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("generated/largesse.bin");
