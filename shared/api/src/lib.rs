//! The contracts: types, clients and servers generated from `proto/`, and their descriptors for reflection.
#![allow(clippy::all, clippy::pedantic)]

pub mod codec;

/// The packages under the names that generated code refers to one another by.
pub mod largesse {
    pub mod r#type {
        pub mod v1 {
            // The package's name is a keyword, and so is its file's.
            include!(concat!(env!("OUT_DIR"), "/largesse.r#type.v1.rs"));
        }
    }
    pub mod ledger {
        pub mod v1 {
            tonic::include_proto!("largesse.ledger.v1");
        }
    }
    pub mod gift {
        pub mod v1 {
            tonic::include_proto!("largesse.gift.v1");
        }
    }
    pub mod purchase {
        pub mod v1 {
            tonic::include_proto!("largesse.purchase.v1");
        }
    }
    pub mod earnings {
        pub mod v1 {
            tonic::include_proto!("largesse.earnings.v1");
        }
    }
    pub mod payout {
        pub mod v1 {
            tonic::include_proto!("largesse.payout.v1");
        }
    }
    pub mod monitor {
        pub mod v1 {
            tonic::include_proto!("largesse.monitor.v1");
        }
    }
    pub mod support {
        pub mod v1 {
            tonic::include_proto!("largesse.support.v1");
        }
    }
}

pub use largesse::{
    earnings::v1 as earnings, gift::v1 as gift, ledger::v1 as ledger, monitor::v1 as monitor, payout::v1 as payout,
    purchase::v1 as purchase, support::v1 as support, r#type::v1 as r#type,
};

/// Every contract's descriptor, with comments, as a serialised `FileDescriptorSet`.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/largesse.bin"));
