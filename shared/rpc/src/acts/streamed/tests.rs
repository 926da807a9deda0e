//! Unit tests of the beginning of streams.
use super::*;
use http_body_util::StreamBody;

fn message(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [&[0], &length[..], bytes].concat()
}

fn body(frames: Vec<Vec<u8>>) -> Body {
    let frames = frames.into_iter().map(|frame| Ok::<_, Status>(Frame::data(Bytes::from(frame))));
    Body::new(StreamBody::new(futures::stream::iter(frames)))
}

#[tokio::test]
async fn the_first_message_is_read_and_nothing_of_the_stream_is_lost() {
    let all = [message(b"first"), message(b"second"), message(b"")].concat();
    for size in [1, 2, 7, 11, all.len()] {
        let (first, rest) = begun(body(all.chunks(size).map(<[u8]>::to_vec).collect())).await.unwrap();
        assert_eq!(first.unwrap(), message(b"first"), "frames of {size}");
        assert_eq!(rest.collect().await.unwrap().to_bytes(), all, "frames of {size}");
    }
    for cut in [Vec::new(), b"\0\0\0".to_vec(), message(b"first")[..7].to_vec()] {
        let (first, rest) = begun(body(vec![cut.clone()])).await.unwrap();
        assert_eq!((first, rest.collect().await.unwrap().to_bytes()), (None, Bytes::from(cut)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_message_that_is_too_large_or_never_comes_is_refused() {
    let long = begun(body(vec![b"\0\x7f\xff\xff\xff".to_vec()])).await.map(|_| ()).unwrap_err();
    assert_eq!(crate::reason(&long).unwrap(), "MALFORMED");
    let silent = Body::new(StreamBody::new(futures::stream::pending::<Result<Frame<Bytes>, Status>>()));
    let late = begun(silent).await.map(|_| ()).unwrap_err();
    assert_eq!(late.code(), tonic::Code::DeadlineExceeded);
}
