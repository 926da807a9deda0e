//! Crashes at any moment.

use std::task::{Context, Poll};
use std::{future::Future, pin::Pin};

/// A future that is dropped after so many polls, as by a crash.
pub struct Dying<F> {
    whole: Pin<Box<F>>,
    polls_left: usize,
}

impl<F> Dying<F> {
    pub fn after(polls: usize, whole: F) -> Self {
        Self { whole: Box::pin(whole), polls_left: polls }
    }
}

impl<F: Future> Future for Dying<F> {
    /// Whether it came to its end.
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        if self.polls_left == 0 {
            return Poll::Ready(false);
        }
        self.polls_left -= 1;
        self.whole.as_mut().poll(context).map(|_| true)
    }
}
