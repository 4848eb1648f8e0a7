//! Raw samples, compared with the histograms of the same load.

use std::{
    io::{BufRead as _, BufReader},
    time::Duration,
};

use flate2::read::GzDecoder;
use shared::time::Millis;

use super::server::{Paths, TestServer, setup};
use crate::{
    aggregator::{TrialData, write_samples},
    driver::{DriverOptions, run_with},
    flow::shop,
    sample::{OpId, Outcome},
    suite::{Arrivals, LoadModel, Phase},
    units::Quantile,
};

/// Iterations of three requests, the last of which is refused; 0.2 s of warm-up, 0.6 s measured.
fn load(samples: Option<usize>) -> TrialData {
    let model = LoadModel::Open {
        phases: vec![Phase::level("200/s".parse().unwrap(), Millis(800))],
        arrivals: Arrivals::Poisson,
    };
    let server = TestServer {
        delay: Duration::from_millis(2),
        ..TestServer::default()
    };
    let flow = &Paths(&["/", "/slow/3", "/refuse"]);
    let mut setup = setup(server.serve(), model, (200, 600), flow);
    setup.workers = 2;
    let options = DriverOptions {
        samples,
        ..DriverOptions::default()
    };
    run_with(setup, &options).unwrap()
}

/// Each line's operation, outcome, response and service time in milliseconds.
fn lines(data: &TrialData) -> Vec<(String, String, f64, f64)> {
    let mut packed = Vec::new();
    let samples = data.samples.as_ref().unwrap();
    write_samples(samples, shop().operations, &mut packed).unwrap();
    let lines = BufReader::new(GzDecoder::new(&packed[..])).lines();
    let line = |line: Result<String, std::io::Error>| {
        let line = line.unwrap();
        let cells: Vec<&str> = line.split(',').collect();
        let ms = |column: usize| cells[column].parse::<f64>().unwrap();
        (cells[0].to_owned(), cells[7].to_owned(), ms(10), ms(11))
    };
    lines.skip(1).map(line).collect()
}

/// The value at a rank, of those that were answered; a failure is infinitely slow.
fn at(mut times: Vec<f64>, quantile: Quantile, planned: u64) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    times.get(quantile.rank(planned) as usize - 1).copied()
}

#[test]
fn percentiles_of_the_lines_are_those_of_the_histograms() {
    let data = load(Some(1_000_000));
    let lines = lines(&data);
    assert_eq!(lines.len() as u64, data.total.planned);
    assert_eq!(data.samples.as_ref().unwrap().left_out(), 0);
    let (mut compared, mut beyond) = (0, 0);
    for (op, kept) in data
        .ops
        .iter()
        .map(|(op, kept)| (Some(*op), kept))
        .chain([(None, &data.total)])
    {
        let mine = |name: &str| op.is_none_or(|op| shop().operations.name(op) == name);
        let answered = lines
            .iter()
            .filter(|(name, outcome, ..)| mine(name) && outcome == "ok");
        assert_eq!(answered.clone().count() as u64, kept.count(Outcome::Ok));
        for quantile in ["p50", "p90", "p95", "p97.5", "p99", "p100"] {
            let quantile: Quantile = quantile.parse().unwrap();
            let responses = answered.clone().map(|line| line.2).collect();
            let services: Vec<f64> = answered.clone().map(|line| line.3).collect();
            let count = services.len() as u64;
            let pairs = [
                (
                    at(responses, quantile, kept.planned),
                    kept.response_slo(quantile),
                ),
                (at(services, quantile, count.max(1)), kept.service(quantile)),
            ];
            for (raw, stored) in pairs {
                let (Some(raw), Some(stored)) = (raw, stored) else {
                    // Beyond the timeout, and so by both.
                    assert_eq!((raw, stored), (None, None), "{op:?} {quantile}");
                    beyond += 1;
                    continue;
                };
                let error = (stored.as_ms() - raw).abs() / raw;
                assert!(
                    error <= 0.001,
                    "{op:?} {quantile}: {raw} ms, stored {stored:?}"
                );
                compared += 1;
            }
        }
    }
    // The refused requests are a third of all, and one operation by themselves.
    assert!(
        compared >= 20 && beyond >= 8,
        "{compared} compared, {beyond} beyond"
    );
    assert_eq!(data.ops[&OpId(2)].count(Outcome::Ok), 0);
}

#[test]
fn samples_beyond_the_limit_are_counted_and_none_are_kept_by_default() {
    let data = load(Some(20));
    let samples = data.samples.as_ref().unwrap();
    assert_eq!(samples.kept(), 20);
    assert_eq!(samples.kept() + samples.left_out(), data.total.planned);
    assert!(load(None).samples.is_none());
}
