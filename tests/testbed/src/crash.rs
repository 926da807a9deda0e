//! A process that is lost between two awaits.
use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
};
use tokio::sync::Notify;

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

/// Says that what a future waited for has happened.
struct Woken(Notify);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

/// Drops `inner` as soon as `is_moment` holds. That is asked each time what it waited for has happened, before it continues: no step that it waits for is
/// passed over, however fast the machine is. `None` means that it was dropped; its output, that it came to its end and the moment never was.
pub async fn crash_at<F: Future>(inner: F, mut is_moment: impl AsyncFnMut() -> bool) -> Option<F::Output> {
    let mut inner = Box::pin(inner);
    let woken = Arc::new(Woken(Notify::new()));
    let waker = Waker::from(woken.clone());
    loop {
        if let Poll::Ready(output) = inner.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(output);
        }
        woken.0.notified().await;
        loop {
            if is_moment().await {
                return None;
            }
            // What it waited for may have happened while we were asking.
            if !pin!(woken.0.notified()).enable() {
                break;
            }
        }
    }
}
