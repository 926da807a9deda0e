//! Database addresses: names of directories, who may read them, and errors when a database is unavailable.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use db::{Database, Migration};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};

use crate::engines;

const TABLE: Migration = Migration::expand(1, "CREATE TABLE thing (id BIGINT PRIMARY KEY)");

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn at(dir: &Path) -> Database {
    Database::parse(&format!("sqlite:{}", dir.display())).unwrap()
}

#[tokio::test]
async fn a_directory_is_a_path_whatever_is_in_its_name() {
    let above = tempfile::tempdir().unwrap();
    // The names that the others would be if they were decoded.
    for other in ["pA", "a", "100%"] {
        fs::create_dir(above.path().join(other)).unwrap();
    }
    for name in ["p%41", "a%2Fb", "100%25", "g%20h", "%", "%zz", "ä ö", "a#b?c=d&e", "it's;\"so\"", "a+b", "[x]", "a\\b"] {
        let dir = above.path().join(name);
        let pool = at(&dir).open("thing", &[TABLE]).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        sqlx::query("INSERT INTO thing (id) VALUES (1)").execute(&pool).await.unwrap();
        pool.close().await;
        assert!(dir.join("thing.db").is_file(), "{name}");
    }
    for other in ["pA", "a", "100%"] {
        assert_eq!(fs::read_dir(above.path().join(other)).unwrap().count(), 0, "{other}");
    }
}

#[tokio::test]
async fn a_data_directory_and_its_files_are_their_owners_only() {
    let above = tempfile::tempdir().unwrap();
    let dir = above.path().join("made");
    let pool = at(&dir).open("thing", &[TABLE]).await.unwrap();
    assert_eq!(mode(&dir), 0o700);
    for entry in fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    pool.close().await;
    // A file of an earlier program, readable for everybody. An existing directory is its owner's business; it may have other
    // files.
    fs::set_permissions(dir.join("thing.db"), fs::Permissions::from_mode(0o644)).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
    let pool = at(&dir).open("thing", &[TABLE]).await.unwrap();
    assert_eq!((mode(&dir), mode(&dir.join("thing.db"))), (0o755, 0o600));
    pool.close().await;
}

#[tokio::test]
async fn an_error_names_host_and_database_and_never_the_password() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let free = listener.local_addr().unwrap();
    drop(listener);
    let cluster = pgtest::Cluster::start().unwrap();
    let url = cluster.url();
    let missing = url.replace("/postgres?", "/no_such_database?");
    let nobody = url.replace("postgres://postgres@", "postgres://nobody_here:hunter2@");
    for (url, words) in [
        (format!("postgres://me:hunter2@{free}/books?application_name=x&password=hunter2"), vec![free.to_string(), "books".to_owned()]),
        ("postgres://me:hunter2@no-such-host.invalid/books".to_owned(), vec!["no-such-host.invalid".to_owned(), "books".to_owned()]),
        (missing, vec!["localhost".to_owned(), "no_such_database".to_owned(), "createdb".to_owned()]),
        (nobody, vec!["localhost".to_owned(), "nobody_here".to_owned(), "postgres".to_owned()]),
    ] {
        let error = Database::parse(&url).unwrap().open("thing", &[TABLE]).await.unwrap_err().to_string();
        for word in words {
            assert!(error.contains(&word), "{word}: {error}");
        }
        // A line of PostgreSQL's own source means nothing to an operator.
        assert!(!error.contains("hunter2") && !error.contains("at line"), "{error}");
    }
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("thing.db")).unwrap();
    let error = at(dir.path()).open("thing", &[TABLE]).await.unwrap_err().to_string();
    assert!(error.contains(&dir.path().join("thing.db").canonicalize().unwrap().display().to_string()), "{error}");
}

/// What a pooler does with a client's startup parameters.
#[derive(Clone, Copy)]
enum PoolerKind {
    /// PgBouncer's default: unknown parameters are refused.
    Refuses,
    /// With `ignore_startup_parameters = options`: they are dropped.
    Drops,
}

/// A listener that treats the parameters of a connection as PgBouncer does and passes everything else on to the server's socket.
async fn pooler(socket: String, kind: PoolerKind) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            tokio::spawn(pooled(near, socket.clone(), kind));
        }
    });
    address
}

async fn pooled(mut near: TcpStream, socket: String, kind: PoolerKind) -> std::io::Result<()> {
    const SSL_REQUEST: u32 = 80_877_103;
    let parameters = loop {
        let length = near.read_u32().await?;
        let mut body = vec![0; usize::try_from(length).unwrap() - 4];
        near.read_exact(&mut body).await?;
        if body == SSL_REQUEST.to_be_bytes() {
            near.write_all(b"N").await?;
            continue;
        }
        break body[4..].to_vec();
    };
    let words: Vec<&[u8]> = parameters.split(|byte| *byte == 0).collect();
    let pairs = words.chunks(2).filter(|pair| pair.len() == 2 && !pair[0].is_empty());
    if let PoolerKind::Refuses = kind {
        let body = b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0";
        near.write_all(b"E").await?;
        near.write_u32(u32::try_from(body.len() + 4).unwrap()).await?;
        return near.write_all(body).await;
    }
    let mut startup = 196_608_u32.to_be_bytes().to_vec();
    for pair in pairs.filter(|pair| pair[0] != b"options") {
        startup.extend([pair[0], b"\0", pair[1], b"\0"].concat());
    }
    startup.push(0);
    let mut far = UnixStream::connect(socket).await?;
    far.write_u32(u32::try_from(startup.len() + 4).unwrap()).await?;
    far.write_all(&startup).await?;
    tokio::io::copy_bidirectional(&mut near, &mut far).await.map(|_| ())
}

#[tokio::test]
async fn a_pooler_in_between_is_named_and_nothing_is_made() {
    let fresh = engines::postgres();
    let url = fresh.database.postgres_url().unwrap().to_owned();
    let (before, socket_dir) = url.split_once("?host=").unwrap();
    let name = before.rsplit_once('/').unwrap().1;
    for kind in [PoolerKind::Refuses, PoolerKind::Drops] {
        let address = pooler(format!("{socket_dir}/.s.PGSQL.5432"), kind).await;
        let error = Database::parse(&format!("postgres://postgres@{address}/{name}")).unwrap().open("thing", &[TABLE]).await.unwrap_err();
        let error = error.to_string();
        assert!(error.contains("pooler") && error.contains("PgBouncer") && error.contains(&address.to_string()), "{error}");
    }
    let pool = fresh.database.open("other", &[]).await.unwrap();
    let made: i64 = sqlx::query_scalar("SELECT count(*) FROM pg_namespace WHERE nspname = 'thing'").fetch_one(&pool).await.unwrap();
    assert_eq!(made, 0);
}
