//! Closes a connection so that its last answers arrive. A socket that is closed with unread bytes resets the connection, and the peer's system then drops what
//! the peer has not read yet: answers, and the GOAWAY that says which calls were not processed. So our half is closed first, and what the peer still sends is
//! read and dropped until it closes too.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf, sink},
    time::timeout,
};
use tokio_util::task::TaskTracker;

/// How long a peer may take to close its half.
const LINGER_MAX: Duration = Duration::from_secs(1);
/// How many bytes of it are read meanwhile: what a client sends before it sees the end, not what an attacker likes to.
const LINGER_BYTES_MAX: u64 = 4 << 20;

/// A connection that lingers when it is dropped.
#[derive(Debug)]
pub(crate) struct Lingering<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> {
    /// None only while it is dropped.
    io: Option<T>,
    tasks: TaskTracker,
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Lingering<T> {
    /// `tasks` waits for the connections that linger.
    pub(crate) fn new(io: T, tasks: TaskTracker) -> Self {
        Self { io: Some(io), tasks }
    }

    fn io(self: Pin<&mut Self>) -> Pin<&mut T> {
        Pin::new(self.get_mut().io.as_mut().expect("it is taken by drop only"))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> Drop for Lingering<T> {
    fn drop(&mut self) {
        let Some(mut io) = self.io.take() else { return };
        // At the end of the runtime nobody is left to linger.
        if tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        self.tasks.spawn(async move {
            let lingered = async {
                io.shutdown().await?;
                tokio::io::copy(&mut (&mut io).take(LINGER_BYTES_MAX), &mut sink()).await
            };
            // Whatever goes wrong now, the connection is over.
            let _over = timeout(LINGER_MAX, lingered).await;
        });
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> AsyncRead for Lingering<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.io().poll_read(cx, buffer)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + 'static> AsyncWrite for Lingering<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.io().poll_write(cx, bytes)
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.io().poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io().poll_shutdown(cx)
    }
}
