//! A process that is lost between two awaits.
use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// Drops the inner future after so many polls, as a crash between two awaits would.
pub struct Crash<F> {
    inner: Option<Pin<Box<F>>>,
    polls: usize,
}

impl<F: Future> Future for Crash<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            self.inner = None;
            return Poll::Ready(None);
        }
        self.polls -= 1;
        let inner = self.inner.as_mut().expect("not polled after it was ready");
        inner.as_mut().poll(context).map(Some)
    }
}

/// Drops `inner` after so many polls.
pub fn crash<F: Future>(inner: F, polls: usize) -> Crash<F> {
    Crash { inner: Some(Box::pin(inner)), polls }
}
