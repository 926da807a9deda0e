//! An installation in separate processes: one for all services, or one for each. Processes can be killed and restarted in place.
use futures::{FutureExt as _, future::BoxFuture};
use identity::Service;
use std::{
    collections::BTreeMap,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

/// How long a process may take from its start until it is ready.
const READY_MAX: Duration = Duration::from_secs(60);
/// How long a process may take to finish its calls and stop.
const STOP_MAX: Duration = Duration::from_secs(40);

/// Has a process choose a port.
const ANY_PORT: &str = "127.0.0.1:0";

/// Why a fleet could not start or be stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The process can't be started or watched.
    #[error("process {name}: {source}")]
    Process {
        /// Its services, joined by hyphens.
        name: String,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// It ended or did not answer in time before it was ready.
    #[error("process {0} did not get ready; its log is {1}")]
    NotReady(String, PathBuf),
    /// No process has that service or listener.
    #[error("no process has {0}")]
    Unknown(String),
}

/// The configuration of a fleet.
#[derive(Debug, Clone)]
pub struct Options {
    /// The `largesse` binary.
    pub binary: PathBuf,
    /// `sqlite:DIR` or `postgres://…`.
    pub database: String,
    /// For keys, certificates and logs.
    pub data_dir: PathBuf,
    /// The book to create.
    pub book: String,
    /// A process for each service instead of one for all.
    pub split: bool,
    /// The services to run.
    pub services: Vec<Service>,
    /// Additional environment variables of every process.
    pub environment: Vec<(String, String)>,
    /// How the other processes reach the pretend bank, instead of its own address: `http://…` of something in between.
    pub bank_line: Option<String>,
}

/// One process and its configuration.
struct FleetMember {
    services: Vec<Service>,
    arguments: Vec<String>,
    addresses: BTreeMap<String, String>,
    child: Child,
}

impl FleetMember {
    /// Sends SIGTERM, waits for the process to end, and kills it if it does not.
    async fn stop(&mut self) -> Result<(), Error> {
        let name = || self.services.iter().map(|service| service.as_str()).collect::<Vec<_>>().join("-");
        let Some(id) = self.child.id() else { return Ok(()) };
        let term = Command::new("kill").args(["-TERM", &id.to_string()]).status().await;
        let term = term.map_err(|source| Error::Process { name: name(), source })?;
        // A process stopped with SIGSTOP, as in a staged crash, handles no signal until it is continued.
        let _gone = Command::new("kill").args(["-CONT", &id.to_string()]).stderr(Stdio::null()).status().await;
        let ended = if term.success() { timeout(STOP_MAX, self.child.wait()).await.is_ok() } else { false };
        if ended {
            return Ok(());
        }
        let killed = self.child.kill().await;
        killed.map_err(|source| Error::Process { name: name(), source })
    }
}

/// Running processes. Those still running are killed on drop.
pub struct Fleet {
    options: Options,
    members: Vec<FleetMember>,
}

impl Fleet {
    /// Starts all processes in the order of their dependencies. When it returns, every service answers.
    pub fn start(options: Options) -> BoxFuture<'static, Result<Self, Error>> {
        Self::begin(options).boxed()
    }

    async fn begin(options: Options) -> Result<Self, Error> {
        let mut fleet = Self { options, members: Vec::new() };
        let groups: Vec<Vec<Service>> = if fleet.options.split {
            // Staff actions at the ledger are recorded by the support service, which needs the ledger, so they share a process.
            let with_ledger = |service: &Service| matches!(service, Service::Ledger | Service::Support);
            let (ledger, mut others): (Vec<Service>, Vec<Service>) =
                fleet.options.services.iter().partition(|service| with_ledger(service));
            // Payouts reserve at treasury only if they know its address when they start.
            others.sort_by_key(|service| *service != Service::Treasury);
            let others = others.into_iter().map(|service| vec![service]);
            std::iter::once(ledger).filter(|group| !group.is_empty()).chain(others).collect()
        } else {
            vec![fleet.options.services.clone()]
        };
        for services in groups {
            let arguments = fleet.arguments(&services)?;
            let mut member = fleet.spawn(&services, &arguments).await?;
            // A restart uses the same ports, so that clients need no new address.
            pin(&mut member);
            fleet.members.push(member);
        }
        Ok(fleet)
    }

    fn arguments(&self, services: &[Service]) -> Result<Vec<String>, Error> {
        let names: Vec<&str> = services.iter().map(|service| service.as_str()).collect();
        let Options { database, data_dir, book, .. } = &self.options;
        let data_dir = data_dir.display().to_string();
        let fixed = ["serve", "--sandbox", "--database", database, "--data-dir", &data_dir, "--book", book, "--services", &names.join(",")];
        let mut arguments: Vec<String> = fixed.map(str::to_owned).to_vec();
        for listener in ["--listen", "--http", "--bank-listen", "--login-listen"] {
            arguments.extend([listener.to_owned(), ANY_PORT.to_owned()]);
        }
        // Where a process has everything that the console's pages call.
        if [Service::Ledger, Service::Support, Service::Monitor].iter().all(|needed| services.contains(needed)) {
            arguments.extend(["--console-listen".to_owned(), ANY_PORT.to_owned()]);
        }
        // Where the pretend stores listen; for processes that start after them, where they are.
        let store = self.members.iter().find_map(|member| member.addresses.get("store"));
        arguments.extend(["--store-listen".to_owned(), store.map_or(ANY_PORT, String::as_str).to_owned()]);
        for member in &self.members {
            for service in &member.services {
                let bank = || self.options.bank_line.clone().map_or_else(|| self.http_url("bank"), Ok);
                let url = if service.grpc_name().is_some() { self.url(*service)? } else { bank()? };
                arguments.extend([format!("--{service}-url"), url]);
            }
        }
        Ok(arguments)
    }

    async fn spawn(&self, services: &[Service], arguments: &[String]) -> Result<FleetMember, Error> {
        let name = services.iter().map(|service| service.as_str()).collect::<Vec<_>>().join("-");
        let failed = |source| Error::Process { name: name.clone(), source };
        let log_path = self.options.data_dir.join(format!("{name}.log"));
        // Readable only by its owner: it contains keys and personal data.
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.options.data_dir).map_err(failed)?;
        let log = std::fs::File::options().create(true).append(true).open(&log_path).map_err(failed)?;
        let mut command = Command::new(&self.options.binary);
        command.args(arguments).envs(self.options.environment.iter().cloned());
        // Temporary files of SQLite, which a killed process can leave, are removed with the directory.
        command.env("SQLITE_TMPDIR", &self.options.data_dir);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
        // Ctrl-C in a terminal signals its whole group. Whoever started these processes stops them, when it has stopped calling them.
        command.process_group(0);
        let mut child = command.spawn().map_err(failed)?;
        let mut lines = BufReader::new(child.stdout.take().expect("its standard output is a pipe")).lines();
        let mut addresses = BTreeMap::new();
        let ready = async {
            while let Some(line) = lines.next_line().await? {
                if line == "ready" {
                    return Ok(true);
                }
                if let Some((name, address)) = line.split_once(" on ") {
                    addresses.insert(name.to_owned(), address.to_owned());
                }
            }
            Ok(false)
        };
        match timeout(READY_MAX, ready).await {
            Ok(Ok(true)) => {}
            Ok(Err(source)) => return Err(failed(source)),
            Ok(Ok(false)) | Err(_) => return Err(Error::NotReady(name, log_path)),
        }
        Ok(FleetMember { services: services.to_vec(), arguments: arguments.to_vec(), addresses, child })
    }

    fn member(&self, service: Service) -> Result<usize, Error> {
        let found = self.members.iter().position(|member| member.services.contains(&service));
        found.ok_or_else(|| Error::Unknown(service.to_string()))
    }

    /// A service's address, as `http://…`.
    pub fn url(&self, service: Service) -> Result<String, Error> {
        let address = self.members[self.member(service)?].addresses.get("grpc");
        address.map(|address| format!("http://{address}")).ok_or_else(|| Error::Unknown(service.to_string()))
    }

    /// The address of a listener that is not gRPC: `bank` or `store`.
    pub fn http_url(&self, name: &str) -> Result<String, Error> {
        let address = self.members.iter().find_map(|member| member.addresses.get(name));
        address.map(|address| format!("http://{address}")).ok_or_else(|| Error::Unknown(name.to_owned()))
    }

    /// The HTTP address of the process with this service, as `http://…`, where stores and banks report.
    pub fn http_url_of(&self, service: Service) -> Result<String, Error> {
        let address = self.members[self.member(service)?].addresses.get("http");
        address.map(|address| format!("http://{address}")).ok_or_else(|| Error::Unknown(service.to_string()))
    }

    /// Each process's HTTP address, as `http://…`, in the order they were started.
    #[must_use]
    pub fn http_urls(&self) -> Vec<String> {
        let addresses = self.members.iter().filter_map(|member| member.addresses.get("http"));
        addresses.map(|address| format!("http://{address}")).collect()
    }

    /// Where keys, certificates and logs are.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        &self.options.data_dir
    }

    /// The process id of the process with this service.
    pub fn process_id(&self, service: Service) -> Result<Option<u32>, Error> {
        Ok(self.members[self.member(service)?].child.id())
    }

    /// Processes and their services, as shown to people.
    #[must_use]
    pub fn processes(&self) -> Vec<(Option<u32>, Vec<Service>)> {
        self.members.iter().map(|member| (member.child.id(), member.services.clone())).collect()
    }

    /// Kills the process with this service (SIGKILL), and waits until it is gone.
    pub async fn kill(&mut self, service: Service) -> Result<(), Error> {
        let at = self.member(service)?;
        self.members[at].child.kill().await.map_err(|source| Error::Process { name: service.to_string(), source })
    }

    /// Starts the process with this service again, on its old ports.
    pub async fn restart(&mut self, service: Service) -> Result<(), Error> {
        let at = self.member(service)?;
        let (services, arguments) = (self.members[at].services.clone(), self.members[at].arguments.clone());
        self.members[at] = self.spawn(&services, &arguments).await?;
        Ok(())
    }

    /// Stops all processes as an operator would (SIGTERM), the last started first.
    pub async fn stop(mut self) -> Result<(), Error> {
        while let Some(mut member) = self.members.pop() {
            member.stop().await?;
        }
        Ok(())
    }

    /// Stops the process with this service as an operator would, and restarts it on its old ports.
    pub async fn replace(&mut self, service: Service) -> Result<(), Error> {
        let at = self.member(service)?;
        self.members[at].stop().await?;
        self.restart(service).await
    }

    /// Leaves all processes running and forgets them.
    pub fn leave_running(self) {
        for member in self.members {
            // Dropping the child would kill it, because it has kill-on-drop set.
            std::mem::forget(member.child);
        }
    }
}

/// Replaces port 0 in the arguments by the ports that were assigned.
fn pin(member: &mut FleetMember) {
    let listeners = [
        ("--listen", "grpc"),
        ("--http", "http"),
        ("--bank-listen", "bank"),
        ("--store-listen", "store"),
        ("--login-listen", "login"),
        ("--console-listen", "console"),
    ];
    for (listener, name) in listeners {
        let at = member.arguments.iter().position(|argument| argument == listener);
        if let (Some(at), Some(address)) = (at, member.addresses.get(name)) {
            member.arguments[at + 1].clone_from(address);
        }
    }
}
