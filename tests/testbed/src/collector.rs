//! An OTLP collector on a real socket, which receives what processes export.
use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::{
            ExportLogsServiceRequest, ExportLogsServiceResponse,
            logs_service_server::{LogsService, LogsServiceServer},
        },
        metrics::v1::{
            ExportMetricsServiceRequest, ExportMetricsServiceResponse,
            metrics_service_server::{MetricsService, MetricsServiceServer},
        },
        trace::v1::{
            ExportTraceServiceRequest, ExportTraceServiceResponse,
            trace_service_server::{TraceService, TraceServiceServer},
        },
    },
    trace::v1::Span,
};
use std::{
    collections::BTreeSet,
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::net::TcpListener;
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};

#[derive(Default)]
struct Collected {
    span_count: usize,
    metric_count: usize,
    spans: Vec<Span>,
    metrics: BTreeSet<String>,
    /// Bodies of log records, and everything received as text, for searching.
    logs: Vec<String>,
    all: Vec<String>,
}

/// Receives exports, and keeps them or only counts them.
#[derive(Clone)]
pub struct OtlpCollector {
    keeps: bool,
    collected: Arc<Mutex<Collected>>,
}

#[tonic::async_trait]
impl TraceService for OtlpCollector {
    async fn export(&self, request: Request<ExportTraceServiceRequest>) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut collected = self.take(&request);
        let scopes = request.get_ref().resource_spans.iter().flat_map(|resource| &resource.scope_spans);
        collected.span_count += scopes.map(|scope| scope.spans.len()).sum::<usize>();
        if self.keeps {
            let scopes = request.into_inner().resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
            collected.spans.extend(scopes.flat_map(|scope| scope.spans));
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for OtlpCollector {
    async fn export(&self, request: Request<ExportMetricsServiceRequest>) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let mut collected = self.take(&request);
        let scopes = request.get_ref().resource_metrics.iter().flat_map(|resource| &resource.scope_metrics);
        collected.metric_count += scopes.map(|scope| scope.metrics.len()).sum::<usize>();
        if self.keeps {
            let scopes = request.into_inner().resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
            collected.metrics.extend(scopes.flat_map(|scope| scope.metrics).map(|metric| metric.name));
        }
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl LogsService for OtlpCollector {
    async fn export(&self, request: Request<ExportLogsServiceRequest>) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let mut collected = self.take(&request);
        if self.keeps {
            let scopes = request.into_inner().resource_logs.into_iter().flat_map(|resource| resource.scope_logs);
            collected.logs.extend(scopes.flat_map(|scope| scope.log_records).map(|record| format!("{:?}", record.body)));
        }
        Ok(Response::new(ExportLogsServiceResponse::default()))
    }
}

impl OtlpCollector {
    /// Starts a collector that keeps everything; returns its address.
    pub async fn start() -> (Self, String) {
        Self::listen(true).await.unwrap()
    }

    /// Starts a collector that only counts spans and metrics, so that the exporter is measured and not the collector. Returns its address.
    pub async fn start_counting() -> io::Result<(Self, String)> {
        Self::listen(false).await
    }

    async fn listen(keeps: bool) -> io::Result<(Self, String)> {
        let collector = Self { keeps, collected: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let server = Server::builder()
            .add_service(TraceServiceServer::new(collector.clone()))
            .add_service(MetricsServiceServer::new(collector.clone()))
            .add_service(LogsServiceServer::new(collector.clone()));
        tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
        Ok((collector, url))
    }

    fn take<T: fmt::Debug>(&self, request: &Request<T>) -> MutexGuard<'_, Collected> {
        let mut collected = self.lock();
        if self.keeps {
            collected.all.push(format!("{:?}", request.get_ref()));
        }
        collected
    }

    fn lock(&self) -> MutexGuard<'_, Collected> {
        self.collected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of spans received.
    #[must_use]
    pub fn span_count(&self) -> usize {
        self.lock().span_count
    }

    /// The number of metrics received, counted once per export.
    #[must_use]
    pub fn metric_count(&self) -> usize {
        self.lock().metric_count
    }

    /// Every span received.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        self.lock().spans.clone()
    }

    /// Every span of a trace by name, each linked to its parent in the same trace up to the caller's own span.
    #[must_use]
    pub fn names(&self, trace: &str, caller_span: &str) -> Vec<String> {
        let spans = self.spans();
        let own: Vec<&Span> = spans.iter().filter(|span| hex(&span.trace_id) == trace).collect();
        for span in &own {
            let parent = hex(&span.parent_span_id);
            let known = parent == caller_span || own.iter().any(|other| hex(&other.span_id) == parent);
            assert!(known, "{} hangs in the air", span.name);
        }
        own.iter().map(|span| span.name.clone()).collect()
    }

    /// Names of metrics received.
    #[must_use]
    pub fn metrics(&self) -> BTreeSet<String> {
        self.lock().metrics.clone()
    }

    /// Bodies of log records received.
    #[must_use]
    pub fn logs(&self) -> Vec<String> {
        self.lock().logs.clone()
    }

    /// Everything received, as text.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        self.lock().all.clone()
    }
}

/// An id as trace and span ids are written.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
