//! A collector on a real socket: everything that processes export over OTLP.
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
    sync::{Arc, Mutex},
};
use tonic::{Request, Response, Status};

#[derive(Default)]
struct Got {
    spans: Vec<Span>,
    metrics: BTreeSet<String>,
    /// What log records say, and everything as it came, for searching.
    logs: Vec<String>,
    all: Vec<String>,
}

/// Takes what it is sent.
#[derive(Clone, Default)]
pub struct Collector(Arc<Mutex<Got>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(&self, request: Request<ExportTraceServiceRequest>) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut got = self.0.lock().unwrap();
        got.all.push(format!("{:?}", request.get_ref()));
        let scopes = request.into_inner().resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        got.spans.extend(scopes.flat_map(|scope| scope.spans));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl MetricsService for Collector {
    async fn export(&self, request: Request<ExportMetricsServiceRequest>) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        let mut got = self.0.lock().unwrap();
        got.all.push(format!("{:?}", request.get_ref()));
        let scopes = request.into_inner().resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
        got.metrics.extend(scopes.flat_map(|scope| scope.metrics).map(|metric| metric.name));
        Ok(Response::new(ExportMetricsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl LogsService for Collector {
    async fn export(&self, request: Request<ExportLogsServiceRequest>) -> Result<Response<ExportLogsServiceResponse>, Status> {
        let mut got = self.0.lock().unwrap();
        got.all.push(format!("{:?}", request.get_ref()));
        let scopes = request.into_inner().resource_logs.into_iter().flat_map(|resource| resource.scope_logs);
        got.logs.extend(scopes.flat_map(|scope| scope.log_records).map(|record| format!("{:?}", record.body)));
        Ok(Response::new(ExportLogsServiceResponse::default()))
    }
}

impl Collector {
    /// Starts one, and says where.
    pub async fn start() -> (Self, String) {
        let collector = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(collector.clone()))
            .add_service(MetricsServiceServer::new(collector.clone()))
            .add_service(LogsServiceServer::new(collector.clone()));
        tokio::spawn(server.serve_with_incoming(tokio_stream::wrappers::TcpListenerStream::new(listener)));
        (collector, url)
    }

    /// Every span there is.
    pub fn spans(&self) -> Vec<Span> {
        self.0.lock().unwrap().spans.clone()
    }

    /// Every span of a trace by name, each linked to its parent in the same trace up to the caller's own span.
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

    /// Names of metrics.
    pub fn metrics(&self) -> BTreeSet<String> {
        self.0.lock().unwrap().metrics.clone()
    }

    /// What log lines say.
    pub fn logs(&self) -> Vec<String> {
        self.0.lock().unwrap().logs.clone()
    }

    /// Everything that came, as text.
    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().all.clone()
    }
}

/// As trace and span ids are written.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
