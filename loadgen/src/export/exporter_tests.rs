//! The exporter against scrapers and collectors of every kind.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Instant,
};

use opentelemetry_proto::tonic::{
    collector::metrics::v1::{
        ExportMetricsPartialSuccess, ExportMetricsServiceRequest, ExportMetricsServiceResponse,
    },
    metrics::v1::{metric::Data, number_data_point::Value},
};
use prost::Message as _;

use super::*;
use loadgen_engine::driver::BUCKET_BOUNDS_MS;
use loadgen_experiment::events::{self, Begun, OperationNow, Tick};

fn begun() -> Event {
    Event::Begun(Begun {
        command: "run".into(),
        name: "smoke".into(),
        question: String::new(),
        load: String::new(),
        at: chrono::DateTime::UNIX_EPOCH,
        folder: "2026_run_smoke".into(),
    })
}

fn tick(ok: u64) -> Tick {
    let mut bucket_counts = vec![0; BUCKET_BOUNDS_MS.len() + 1];
    bucket_counts[2] = ok;
    Tick {
        arm: "run".into(),
        phase: "measure".into(),
        completed: ok + 1,
        operations: vec![OperationNow {
            name: "mentors.list".into(),
            count: ok + 1,
            failed: 1,
            errors: BTreeMap::from([("timeout".to_owned(), 1)]),
            bucket_counts,
            response_sum_s: 0.25,
            ..OperationNow::default()
        }],
        ..Tick::default()
    }
}

fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

fn get(address: SocketAddr, path: &str) -> String {
    ask(address, &format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n"))
}

#[test]
fn a_scrape_shows_the_events_so_far_and_does_not_delay_the_end() {
    let (publisher, mut heard) = events::channels(2);
    let received = heard.remove(0);
    let address = Some(([127, 0, 0, 1], 0).into());
    let exporter = Exporter::start(heard.remove(0), address, None, &publisher).unwrap();
    let page = exporter.page().unwrap();
    assert_eq!(
        received.recv().unwrap(),
        Event::Note(format!("metrics at http://{page}/metrics"))
    );
    publisher.send(begun());
    publisher.tick(tick(7));
    let wanted = r#"loadgen_requests_total{arm="run",operation="mentors.list",outcome="ok"} 7"#;
    let deadline = Instant::now() + Duration::from_mins(1);
    let text = loop {
        let text = get(page, "/metrics");
        if text.contains(wanted) || Instant::now() > deadline {
            break text;
        }
    };
    assert!(
        text.starts_with("HTTP/1.1 200") && text.contains(wanted),
        "{text}"
    );
    assert!(
        text.contains("content-type: text/plain; version=0.0.4"),
        "{text}"
    );
    assert!(get(page, "/").starts_with("HTTP/1.1 404"));
    assert!(ask(page, "POST /metrics HTTP/1.1\r\nhost: a\r\n\r\n").starts_with("HTTP/1.1 405"));
    // Clients that connect and send nothing, and a publisher that is still alive.
    let _silent: Vec<_> = (0..20).map(|_| TcpStream::connect(page).unwrap()).collect();
    let begin = Instant::now();
    exporter.flush();
    // Without that, it would wait for its clients: ten seconds.
    assert!(begin.elapsed() < Duration::from_secs(5));
    drop(publisher);
    assert!(
        TcpStream::connect(page).is_err(),
        "the page outlives the run"
    );
}

#[test]
fn an_address_in_use_is_an_error_that_says_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let (publisher, mut heard) = events::channels(1);
    let heard = heard.remove(0);
    let refused = Exporter::start(heard, Some(address), None, &publisher).unwrap_err();
    assert!(refused.to_string().contains("--metrics"), "{refused}");
}

/// A collector that takes one message, answers with this status, and gives back what it got.
fn collector(status: &'static str) -> (OtlpEndpoint, JoinHandle<(String, Vec<u8>)>) {
    answering(status, Vec::new())
}

/// The same with a body in its answer.
fn answering(status: &'static str, said: Vec<u8>) -> (OtlpEndpoint, JoinHandle<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let took = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let length = head.split("content-length: ").nth(1).unwrap();
        let length = length.split("\r\n").next().unwrap().parse().unwrap();
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n",
            said.len()
        );
        stream.write_all(answer.as_bytes()).unwrap();
        stream.write_all(&said).unwrap();
        (head, body)
    });
    (format!("http://{address}").parse().unwrap(), took)
}

#[test]
fn a_collector_gets_the_last_figures_as_protobuf_with_the_name_of_the_run() {
    let (publisher, mut heard) = events::channels(1);
    let (collector, took) = collector("200 OK");
    let exporter = Exporter::start(heard.remove(0), None, Some(collector), &publisher).unwrap();
    publisher.send(begun());
    publisher.tick(tick(41));
    exporter.flush();
    let (head, body) = took.join().unwrap();
    assert!(head.starts_with("post /v1/metrics http/1.1"), "{head}");
    assert!(
        head.contains("content-type: application/x-protobuf"),
        "{head}"
    );
    let message = ExportMetricsServiceRequest::decode(body.as_slice()).unwrap();
    let received = &message.resource_metrics[0];
    let resource = format!("{:?}", received.resource);
    for word in ["service.name", "\"loadgen\"", "2026_run_smoke", "\"smoke\""] {
        assert!(resource.contains(word), "{word} is missing: {resource}");
    }
    let metrics = &received.scope_metrics[0].metrics;
    let data = |name: &str| {
        let metric = metrics.iter().find(|metric| metric.name == name);
        metric
            .unwrap_or_else(|| panic!("no {name}"))
            .data
            .clone()
            .unwrap()
    };
    let Data::Sum(requests) = data("loadgen_requests_total") else {
        panic!("not a sum");
    };
    assert!(requests.is_monotonic && requests.aggregation_temporality == 2);
    let values: Vec<_> = requests
        .data_points
        .iter()
        .map(|point| point.value)
        .collect();
    assert_eq!(values, [Some(Value::AsInt(41)), Some(Value::AsInt(1))]);
    let point = &requests.data_points[0];
    assert!(0 < point.start_time_unix_nano && point.start_time_unix_nano < point.time_unix_nano);
    let Data::Histogram(response) = data("loadgen_response_seconds") else {
        panic!("not a histogram");
    };
    let point = &response.data_points[0];
    assert_eq!((point.count, point.bucket_counts[2]), (42, 41));
    assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
    assert!((point.sum.unwrap() - 0.25).abs() < 1e-9);
    assert!(matches!(data("loadgen_in_flight"), Data::Gauge(_)));
}

/// What is published while a run of no length ends, and how long its end takes.
fn ends(collector: OtlpEndpoint) -> (Vec<Event>, Duration) {
    let (publisher, mut heard) = events::channels(2);
    let received = heard.remove(0);
    let exporter = Exporter::start(heard.remove(0), None, Some(collector), &publisher).unwrap();
    publisher.send(begun());
    let begin = Instant::now();
    exporter.flush();
    let took = begin.elapsed();
    drop(publisher);
    (received.iter().skip(1).collect(), took)
}

#[test]
fn a_collector_that_is_down_or_refuses_costs_one_warning() {
    // No program listens there; a port that has just become free may be the next that another test gets.
    let down: OtlpEndpoint = "http://127.0.0.1:1".parse().unwrap();
    let (refusing, took) = collector("503 Service Unavailable");
    for (collector, why) in [(down, "refused"), (refusing, "503")] {
        let (received, _) = ends(collector);
        let [Event::Warning(warning)] = received.as_slice() else {
            panic!("{received:?}");
        };
        assert!(
            warning.contains(why) && warning.contains("goes on"),
            "{warning}"
        );
    }
    took.join().unwrap();
}

#[test]
fn a_collector_that_takes_a_part_says_what_it_rejected() {
    let said = |rejected_data_points: i64, reason: &str| {
        let part = ExportMetricsPartialSuccess {
            rejected_data_points,
            error_message: reason.to_owned(),
        };
        let answer = ExportMetricsServiceResponse {
            partial_success: Some(part),
        };
        answer.encode_to_vec()
    };
    let (rejecting, took) = answering("200 OK", said(3, "too many\u{1b}[2J labels"));
    let (received, _) = ends(rejecting);
    let [Event::Warning(warning)] = received.as_slice() else {
        panic!("{received:?}");
    };
    assert!(
        warning.contains("rejected 3 data points: too many") && !warning.contains('\u{1b}'),
        "{warning}"
    );
    took.join().unwrap();
    // Advice is no rejection, and neither is an answer in another form.
    for body in [said(0, "send less"), b"thank you".to_vec(), Vec::new()] {
        let (content, took) = answering("200 OK", body);
        let (received, _) = ends(content);
        assert!(received.is_empty(), "{received:?}");
        took.join().unwrap();
    }
}

#[test]
fn a_collector_that_never_answers_delays_the_end_by_two_seconds_at_most() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let (received, took) = ends(format!("http://{address}").parse().unwrap());
    assert!(took < Duration::from_millis(3_900), "{took:?}");
    assert!(
        matches!(received.as_slice(), [Event::Warning(text)] if text.contains("2 s")),
        "{received:?}"
    );
}
