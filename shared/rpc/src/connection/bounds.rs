//! How many connections there may be, and for how long.
use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

/// How many connections a listener accepts, and for how long. Connections above the limit are closed silently; one that lasts too long is asked to
/// close, and cut off if it does not. A zero duration means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionBounds {
    /// Maximum over all addresses; the last eighth is for addresses that have less than four.
    pub connections_max: usize,
    /// Maximum from one address; 0 for no limit, as behind a balancer that hides its callers.
    pub per_address_max: usize,
    /// How long a connection may last without a call with a valid token.
    pub unproven: Duration,
    /// How long a connection may last without any call in flight.
    pub idle: Duration,
    /// How long a connection may last even when used: its certificate is then checked again.
    pub age: Duration,
    /// How long calls in flight may take once a connection is asked to close.
    pub grace: Duration,
}

impl Default for ConnectionBounds {
    fn default() -> Self {
        Self {
            connections_max: 10_000,
            // A fifth: enough for an office with many phones or a balancer, but not everything.
            per_address_max: 2_000,
            unproven: Duration::from_secs(10),
            idle: Duration::from_secs(900),
            // As long as a stream of requests stays open.
            age: Duration::from_secs(3_600),
            grace: Duration::from_secs(30),
        }
    }
}

/// The address that is counted: an IPv6 caller has the 2^64 addresses of its network (RFC 4291 section 2.5.1).
pub(crate) fn counted_address(address: IpAddr) -> IpAddr {
    const INTERFACE_BITS: u32 = 64;
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> INTERFACE_BITS << INTERFACE_BITS).into(),
    }
}
