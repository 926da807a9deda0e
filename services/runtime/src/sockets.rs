//! Sockets to listen on.
use crate::Error;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// As [`bind`], if there is an address.
pub(crate) async fn bind_some(what: &'static str, address: Option<SocketAddr>) -> Result<Option<(TcpListener, SocketAddr)>, Error> {
    match address {
        Some(address) => bind(what, address).await.map(Some),
        None => Ok(None),
    }
}

/// Binds a listener and returns its actual address. `what` names it in the error.
pub(crate) async fn bind(what: &'static str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), Error> {
    let failed = |source| Error::Listen { what, address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}
