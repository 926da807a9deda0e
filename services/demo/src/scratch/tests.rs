//! Unit tests of removing a directory that is still written to.
use super::*;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

#[tokio::test]
async fn a_directory_goes_although_somebody_still_writes_in_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_owned();
    let (begun, enough) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let writer = std::thread::spawn({
        let (path, begun, enough) = (path.clone(), begun.clone(), enough.clone());
        move || {
            let mut files = 0_u32;
            while !enough.load(Ordering::Relaxed) && std::fs::write(path.join(format!("{files}.db-wal")), "x").is_ok() {
                files += 1;
                begun.store(true, Ordering::Relaxed);
            }
        }
    });
    while !begun.load(Ordering::Relaxed) {
        tokio::task::yield_now().await;
    }
    let stop = async {
        // Long enough for at least one attempt to fail.
        for _ in 0..10_000 {
            tokio::task::yield_now().await;
        }
        enough.store(true, Ordering::Relaxed);
    };
    let (removed, ()) = tokio::join!(remove(directory), stop);
    removed.unwrap();
    writer.join().unwrap();
    assert!(!path.exists());
}
